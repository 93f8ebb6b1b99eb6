/** Whether a result is what a script expects: the reason why not, or undefined. */
import { compareLabels, formatLabels, type Labels, labelsKey } from "../../model/labels.ts";
import { formatDescription } from "../../model/histogram/format.ts";
import { histogramAt, type HistogramTable } from "../../model/histogram_cell.ts";
import { isAbsent, isStale, wordsOf } from "../../model/stale.ts";
import type { MatrixSeries, QueryResult, QueryValue } from "../result.ts";
import { floatsEqual, sameHistogram } from "./compare_histogram.ts";
import { type Expectations, matchesText, type TextMatch } from "./expectations.ts";
import type { SequenceValue } from "./sequence.ts";

export function compareAnnotations(expected: Expectations, result: QueryResult): string | undefined {
  return compareKind("warning", expected.warn, expected.noWarn, result.warnings) ??
    compareKind("info", expected.info, expected.noInfo, result.infos);
}

function compareKind(
  kind: string,
  expected: readonly TextMatch[],
  none: boolean,
  actual: readonly string[],
): string | undefined {
  if (none && actual.length > 0) return `expected no ${kind}, got ${JSON.stringify(actual[0])}`;
  for (const match of expected) {
    if (!actual.some((text) => matchesText(match, text))) {
      const wanted = match.kind === "text"
        ? match.text
        : match.kind === "regex"
        ? String(match.regex)
        : "any";
      return `expected ${kind} ${JSON.stringify(wanted)}, got ${JSON.stringify(actual)}`;
    }
  }
  if (expected.length === 0) return undefined;
  for (const text of actual) {
    if (!expected.some((match) => matchesText(match, text))) {
      return `unexpected ${kind} ${JSON.stringify(text)}`;
    }
  }
  return undefined;
}

export function compareInstant(expected: Expectations, value: QueryValue): string | undefined {
  if (expected.string !== undefined) {
    if (value.kind !== "string") return `expected a string, got a ${value.kind}`;
    return value.value === expected.string
      ? undefined
      : `expected ${JSON.stringify(expected.string)}, got ${JSON.stringify(value.value)}`;
  }
  if (expected.rangeVector !== undefined) {
    const { startMs, endMs, stepMs } = expected.rangeVector;
    return compareMatrix(expected, value, { startMs, endMs, stepMs });
  }
  if (expected.scalar !== undefined) {
    if (value.kind !== "scalar") return `expected a scalar, got a ${value.kind}`;
    return floatsEqual(expected.scalar, value.value)
      ? undefined
      : `expected ${expected.scalar}, got ${value.value}`;
  }
  switch (value.kind) {
    case "vector":
      return compareVector(expected, value.labels, value.values, value.histograms);
    case "matrix":
      return expected.series.length === 0 && value.series.length === 0
        ? undefined
        : "expected a vector, got a matrix";
    default:
      return `expected a vector, got a ${value.kind} ${value.value}`;
  }
}

export function compareVector(
  expected: Expectations,
  labels: readonly Labels[],
  values: Float64Array,
  histograms: HistogramTable | undefined,
): string | undefined {
  const words = wordsOf(values);
  const positions = new Map<string, number>();
  for (let i = 0; i < labels.length; i++) {
    const key = labelsKey(labels[i]!);
    if (positions.has(key)) return `${formatLabels(labels[i]!)} occurs twice in the result`;
    positions.set(key, i);
  }
  let found = 0;
  for (let i = 0; i < expected.series.length; i++) {
    const line = expected.series[i]!;
    const wanted = line.values[0] ?? { kind: "gap" };
    if (wanted.kind === "gap") continue;
    const at = positions.get(labelsKey(line.labels));
    if (at === undefined) return `expected ${formatLabels(line.labels)}, which is not in the result`;
    if (expected.ordered && at !== i) {
      return `expected ${formatLabels(line.labels)} at position ${i + 1}, got it at ${at + 1}`;
    }
    const reason = compareCell(wanted, { values, words, at, histograms });
    if (reason !== undefined) return `${formatLabels(line.labels)}: ${reason}`;
    found++;
  }
  if (found === labels.length) return undefined;
  const wanted = new Set(expected.series.map((line) => labelsKey(line.labels)));
  const extra = labels.findIndex((of) => !wanted.has(labelsKey(of)));
  return `unexpected ${
    extra < 0 ? "series" : `${formatLabels(labels[extra]!)} ${values[extra]}`
  } in the result`;
}

export interface ExpectedGrid {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

export function compareMatrix(
  expected: Expectations,
  value: QueryValue,
  grid: ExpectedGrid,
): string | undefined {
  if (value.kind !== "matrix") return `expected a matrix, got a ${value.kind}`;
  for (let i = 1; i < value.series.length; i++) {
    if (compareLabels(value.series[i - 1]!.labels, value.series[i]!.labels) >= 0) {
      return `the result is not ordered by labels at ${formatLabels(value.series[i]!.labels)}`;
    }
  }
  const lines = expected.scalar === undefined
    ? expected.series
    : [{ labels: [], values: [{ kind: "float", value: expected.scalar } as const] }];
  const bySeries = new Map(value.series.map((series) => [labelsKey(series.labels), series]));
  for (const line of lines) {
    const key = labelsKey(line.labels);
    const series = bySeries.get(key);
    bySeries.delete(key);
    const reason = compareSeries(line.values, series, grid);
    if (reason !== undefined) return `${formatLabels(line.labels)}: ${reason}`;
  }
  const [extra] = bySeries.values();
  return extra === undefined ? undefined : `unexpected ${formatLabels(extra.labels)} in the result`;
}

function compareSeries(
  wanted: readonly SequenceValue[],
  series: MatrixSeries | undefined,
  grid: ExpectedGrid,
): string | undefined {
  const words = series === undefined ? undefined : wordsOf(series.values);
  const byTime = new Map<number, number>();
  series?.tMs.forEach((tMs, i) => {
    if (!isAbsent(words!, i)) byTime.set(tMs, i);
  });
  for (let i = 0; i < wanted.length; i++) {
    const tMs = grid.startMs + i * grid.stepMs;
    const at = byTime.get(tMs);
    byTime.delete(tMs);
    const value = wanted[i]!;
    if (value.kind === "gap") {
      if (at !== undefined) return `unexpected ${series!.values[at]} at ${tMs} ms`;
      continue;
    }
    if (at === undefined) return `expected a point at ${tMs} ms, got none`;
    const { values, histograms } = series!;
    const reason = compareCell(value, { values, words: words!, at, histograms });
    if (reason !== undefined) return `at ${tMs} ms: ${reason}`;
  }
  const [extra] = byTime.keys();
  return extra === undefined ? undefined : `unexpected point at ${extra} ms`;
}

interface Cell {
  readonly values: Float64Array;
  readonly words: Uint32Array;
  readonly at: number;
  readonly histograms: HistogramTable | undefined;
}

function compareCell(wanted: SequenceValue, cell: Cell): string | undefined {
  const { values, words, at, histograms } = cell;
  const histogram = histogramAt(words, at, histograms);
  const got = histogram === undefined ? values[at] : formatDescription(histogram);
  switch (wanted.kind) {
    case "float":
      return histogram === undefined && floatsEqual(wanted.value, values[at]!)
        ? undefined
        : `expected ${wanted.value}, got ${got}`;
    case "stale":
      return isStale(words, at) ? undefined : `expected a staleness marker, got ${got}`;
    case "histogram":
      return histogram !== undefined && sameHistogram(wanted.histogram, histogram, wanted.namesHint)
        ? undefined
        : `expected ${formatDescription(wanted.histogram)}, got ${got}`;
    case "gap":
      return `expected nothing, got ${got}`;
  }
}
