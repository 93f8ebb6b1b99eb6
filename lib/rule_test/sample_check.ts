/** What an expression answers against what a test expects of it. */
import { messageOf, UserError } from "../core/errors.ts";
import { formatDescription } from "../model/histogram/format.ts";
import { histogramAt } from "../model/histogram_cell.ts";
import { compareLabels, type Labels, quoteGo } from "../model/labels.ts";
import { wordsOf } from "../model/stale.ts";
import { parseMetricSelector } from "../promql/parse.ts";
import { parseSequence } from "../promql/script/sequence.ts";
import { parseSeriesLine } from "../promql/script/series_line.ts";
import type { RuleVector } from "../rules/vector.ts";
import { floatText, labelsText } from "./go_texts.ts";
import type { ExpectedSample } from "./test_file.ts";

export interface ShownSample {
  readonly labels: Labels;
  readonly value: number;
  /** In the notation of tests; "" for a float. Compared as text. */
  readonly histogram: string;
}

/** Sorted by labels. Throws an `Error` with the reason for labels or a histogram that cannot be read. */
export function expectedSamples(expected: readonly ExpectedSample[]): readonly ShownSample[] {
  return sorted(expected.map(expectedSample));
}

function expectedSample({ labels, value, histogram }: ExpectedSample): ShownSample {
  try {
    const own = labelsOfText(labels.trim());
    return histogram === ""
      ? { labels: own, value, histogram: "" }
      : { labels: own, value: 0, histogram: histogramOfText(histogram) };
  } catch (error) {
    throw new UserError("bad_data", `labels ${quoteGo(labels)}: ${messageOf(error)}`, { cause: error });
  }
}

function labelsOfText(text: string): Labels {
  // For the place of the mistake, which a line of a script would not tell.
  if (text.includes("{") && !text.includes("}")) parseMetricSelector(text);
  const { labels, values } = parseSeriesLine(text);
  if (values.length > 0) throw new UserError("bad_data", "expected labels only, got values after them");
  return labels;
}

function histogramOfText(text: string): string {
  const values = parseSequence(text);
  const [value] = values;
  if (values.length !== 1) throw new UserError("bad_data", `expected 1 value, got ${values.length}`);
  if (value!.kind !== "histogram") throw new UserError("bad_data", `expected histogram, got ${text.trim()}`);
  return formatDescription(value!.histogram);
}

export function samplesOf({ labels, values, histograms }: RuleVector): readonly ShownSample[] {
  const words = wordsOf(values);
  return sorted(labels.map((own, i) => {
    const histogram = histogramAt(words, i, histograms);
    return histogram === undefined
      ? { labels: own, value: values[i]!, histogram: "" }
      : { labels: own, value: 0, histogram: formatDescription(histogram) };
  }));
}

function sorted(samples: readonly ShownSample[]): readonly ShownSample[] {
  return samples.toSorted((a, b) => compareLabels(a.labels, b.labels));
}

/** `fuzzy`: a float next to the expected one is equal to it. As promtool: NaN equals nothing. */
export function sameSamples(
  expected: readonly ShownSample[],
  got: readonly ShownSample[],
  fuzzy: boolean,
): boolean {
  return expected.length === got.length && expected.every((sample, i) => {
    const other = got[i]!;
    return compareLabels(sample.labels, other.labels) === 0 && sample.histogram === other.histogram &&
      (sample.histogram !== "" || sameFloat(sample.value, other.value, fuzzy));
  });
}

function sameFloat(a: number, b: number, fuzzy: boolean): boolean {
  return a === b || (fuzzy && (nextFloat(a, -1) === b || nextFloat(a, 1) === b));
}

/** The neighbour of a float. */
function nextFloat(value: number, direction: 1 | -1): number {
  if (Number.isNaN(value) || value === direction * Infinity) return value;
  if (value === 0) return direction * Number.MIN_VALUE;
  const bits = new BigInt64Array(Float64Array.of(value).buffer);
  bits[0] = bits[0]! + ((value > 0) === (direction > 0) ? 1n : -1n);
  return new Float64Array(bits.buffer)[0]!;
}

export function samplesText(samples: readonly ShownSample[]): string {
  if (samples.length === 0) return "nil";
  return samples.map(({ labels, value, histogram }) =>
    `${labelsText(labels)} ${histogram === "" ? floatText(value) : histogram}`
  ).join(", ");
}
