/** The values of a series line: `1 2 _ stale 0+10x5 {{sum:1}}x3`. */
import { addHistograms, subtractHistograms } from "../../model/histogram/arithmetic.ts";
import { histogramFromDescription } from "../../model/histogram/description.ts";
import type { FloatHistogram } from "../../model/histogram/float_histogram.ts";
import { parseHistogramLiteral } from "./histogram_literal.ts";

export type SequenceValue =
  | { readonly kind: "gap" }
  | { readonly kind: "stale" }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "histogram"; readonly histogram: FloatHistogram; readonly namesHint: boolean };

/** A script is a text that somebody wrote by hand; a repetition beyond this is a slip. */
const VALUES_MAX = 1_000_000;

const NUMBER = String
  .raw`[+-]?(?:[Ii]nf|NaN|nan|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)`;
const ITEM = new RegExp(`^(_|stale|${NUMBER})(?:([+-])(${NUMBER}))?(?:x([0-9]+))?$`);
const AFTER_HISTOGRAM = /^(?:([+-])(\{\{.*\}\}))?(?:x([0-9]+))?$/;

/** Throws an `Error` with the reason for text that is none. */
export function parseSequence(text: string): readonly SequenceValue[] {
  const values: SequenceValue[] = [];
  for (const item of itemsOf(text)) {
    if (item.startsWith("{{")) pushHistograms(item, values);
    else pushFloats(item, values);
    if (values.length > VALUES_MAX) throw new Error(`more than ${VALUES_MAX} values in a series`);
  }
  return values;
}

/** Splits at spaces outside `{{…}}`. */
function itemsOf(text: string): readonly string[] {
  const items: string[] = [];
  let item = "";
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const pair = text.slice(i, i + 2);
    if (pair === "{{" || pair === "}}") {
      depth += pair === "{{" ? 1 : -1;
      item += pair;
      i++;
    } else if (depth === 0 && /\s/.test(text[i]!)) {
      if (item !== "") items.push(item);
      item = "";
    } else {
      item += text[i];
    }
  }
  if (item !== "") items.push(item);
  return items;
}

export function parseNumber(text: string): number {
  const sign = text.startsWith("-") ? -1 : 1;
  const digits = text.replace(/^[+-]/, "");
  if (/^inf$/i.test(digits)) return sign * Infinity;
  if (/^nan$/i.test(digits)) return NaN;
  return sign * Number(digits);
}

function pushFloats(item: string, values: SequenceValue[]): void {
  const match = ITEM.exec(item);
  if (match === null) throw new Error(`expected a value, got ${JSON.stringify(item)}`);
  const [, start, sign, delta, times] = match;
  const count = times === undefined ? 1 : Number(times) + (start === "_" ? 0 : 1);
  if (count > VALUES_MAX) throw new Error(`more than ${VALUES_MAX} values in ${JSON.stringify(item)}`);
  if (start === "_" || start === "stale") {
    if (delta !== undefined) throw new Error(`${start} has no increment, got ${JSON.stringify(item)}`);
    for (let i = 0; i < count; i++) values.push({ kind: start === "_" ? "gap" : "stale" });
    return;
  }
  let value = parseNumber(start!);
  const step = delta === undefined ? 0 : (sign === "-" ? -1 : 1) * parseNumber(delta);
  for (let i = 0; i < count; i++) {
    values.push({ kind: "float", value });
    value += step;
  }
}

function pushHistograms(item: string, values: SequenceValue[]): void {
  const end = item.indexOf("}}") + 2;
  const match = AFTER_HISTOGRAM.exec(item.slice(end));
  if (end < 2 || match === null) throw new Error(`expected a histogram, got ${JSON.stringify(item)}`);
  const [, sign, delta, times] = match;
  const literal = parseHistogramLiteral(item.slice(0, end));
  const namesHint = literal.counterResetHint !== "";
  let histogram = histogramFromDescription(literal);
  const step = delta === undefined ? undefined : histogramFromDescription(parseHistogramLiteral(delta));
  if (step !== undefined && histogram.schema > step.schema) {
    throw new Error(`cannot add schema ${step.schema} to the finer ${histogram.schema}`);
  }
  const count = times === undefined ? 1 : Number(times) + 1;
  if (count > VALUES_MAX) throw new Error(`more than ${VALUES_MAX} values in ${JSON.stringify(item)}`);
  for (let i = 0; i < count; i++) {
    values.push({ kind: "histogram", histogram, namesHint });
    if (step !== undefined) histogram = shifted(histogram, step, sign === "-" ? -1 : 1);
  }
}

function shifted(histogram: FloatHistogram, step: FloatHistogram, sign: 1 | -1): FloatHistogram {
  const result = sign === 1 ? addHistograms(histogram, step) : subtractHistograms(histogram, step);
  if (result === undefined) throw new Error("cannot add custom to exponential buckets");
  return result.histogram;
}
