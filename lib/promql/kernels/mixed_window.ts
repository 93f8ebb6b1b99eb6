/**
 * Windows over the samples of a series that holds histograms, or knows when its samples began to be counted. They are
 * looked at one window at a time, sample by sample: series of floats alone never come here.
 */
import type { FloatHistogram } from "../../model/histogram/float_histogram.ts";
import { histogramAt, type HistogramTable } from "../../model/histogram_cell.ts";
import { type Labels, labelValue, METRIC_NAME, quoteGo } from "../../model/labels.ts";
import { isGap, wordsOf } from "../../model/stale.ts";
import type { Annotations } from "../annotations.ts";
import type { Position } from "../ast.ts";
import type { CellValue } from "./mixed_binary.ts";

/** The samples of one series without gaps and staleness markers. Arrays may be longer than `count`. */
export interface MixedSamples {
  readonly count: number;
  readonly tMs: Float64Array;
  readonly values: readonly CellValue[];
  /** When each sample began to be counted, 0 where that is not known. */
  readonly startTimesMs: Float64Array;
}

export interface MixedNotes {
  readonly annotations: Annotations;
  /** Of the range vector. */
  readonly pos: Position;
  readonly labels: Labels;
}

/** Samples `from` up to, excluding, `to`; with extended edges they reach further than the range itself. */
export interface MixedWindow {
  readonly samples: MixedSamples;
  readonly from: number;
  readonly to: number;
  readonly endMs: number;
  readonly rangeMs: number;
  readonly notes: MixedNotes;
}

/** Undefined for no value. */
export type MixedKernel = (window: MixedWindow) => CellValue | undefined;

export function gatherMixed(
  tMs: Float64Array,
  column: Float64Array,
  table: HistogramTable | undefined,
  startTimesMs: Float64Array | undefined,
): MixedSamples {
  const words = wordsOf(column);
  const outT = new Float64Array(tMs.length);
  const outStarts = new Float64Array(tMs.length);
  const values: CellValue[] = [];
  for (let i = 0; i < tMs.length; i++) {
    if (isGap(words, i)) continue;
    outT[values.length] = tMs[i]!;
    if (startTimesMs !== undefined) outStarts[values.length] = startTimesMs[i]!;
    values.push(histogramAt(words, i, table) ?? column[i]!);
  }
  return { count: values.length, tMs: outT, values, startTimesMs: outStarts };
}

/** What kinds of samples a window holds; undefined for none. */
export function kindOf({ samples, from, to }: MixedWindow): "floats" | "histograms" | "mixed" | undefined {
  if (to <= from) return undefined;
  let floats = 0;
  for (let i = from; i < to; i++) if (typeof samples.values[i] === "number") floats++;
  return floats === to - from ? "floats" : floats === 0 ? "histograms" : "mixed";
}

/** The histograms of a window that holds nothing else. */
export function histogramsOf({ samples, from, to }: MixedWindow): readonly FloatHistogram[] {
  const out: FloatHistogram[] = [];
  for (let i = from; i < to; i++) {
    const value = samples.values[i]!;
    if (typeof value !== "number") out.push(value);
  }
  return out;
}

/** The floats of a window that holds nothing else. */
export function floatsOf({ samples, from, to }: MixedWindow): Float64Array {
  const out = new Float64Array(to - from);
  for (let i = from; i < to; i++) {
    const value = samples.values[i]!;
    if (typeof value === "number") out[i - from] = value;
  }
  return out;
}

export function metricName(labels: Labels): string {
  return quoteGo(labelValue(labels, METRIC_NAME));
}

export function warnMixed({ annotations, pos, labels }: MixedNotes): void {
  annotations.warn(`encountered a mix of histograms and floats for metric name ${metricName(labels)}`, pos);
}

export function warnBuckets({ annotations, pos, labels }: MixedNotes): void {
  annotations.warn(
    "vector contains a mix of histograms with exponential and custom buckets schemas for metric name " +
      metricName(labels),
    pos,
  );
}

export function warnNotCounter({ annotations, pos, labels }: MixedNotes): void {
  annotations.warn(`this native histogram metric is not a counter: ${metricName(labels)}`, pos);
}

export function warnNotGauge({ annotations, pos, labels }: MixedNotes): void {
  annotations.warn(`this native histogram metric is not a gauge: ${metricName(labels)}`, pos);
}

export function warnCollision({ annotations, pos }: MixedNotes, what: string): void {
  annotations.warn(`conflicting counter resets during histogram ${what}`, pos);
}

export function informReconciled({ annotations, pos }: MixedNotes, what: string): void {
  annotations.inform(`mismatched custom buckets were reconciled during ${what}`, pos);
}

export function informIgnored({ annotations, pos, labels }: MixedNotes): void {
  annotations.inform(
    "ignored histograms in a range containing both floats and histograms for metric name " +
      metricName(labels),
    pos,
  );
}
