/**
 * Series in memory as a `SeriesSource`: for scripts and tests. Series with the same timestamps are given out as one
 * group, as a cohort would be; every other series is a group of its own.
 */
import type { FloatHistogram } from "../../model/histogram/float_histogram.ts";
import { type HistogramTable, holdsHistograms, shiftHistograms } from "../../model/histogram_cell.ts";
import {
  compareLabels,
  compareUtf8,
  keepLabels,
  type Labels,
  labelsKey,
  labelValue,
} from "../../model/labels.ts";
import { type Matcher, matchesLabels } from "../../model/matchers.ts";
import { isAbsent, wordsOf } from "../../model/stale.ts";
import type { ColumnGroup, SelectRequest, SeriesSource, TimeRange } from "../../storage/source.ts";

interface MemorySeries {
  readonly labels: Labels;
  tMs: Float64Array;
  values: Float64Array;
  /** 0 where it is not known; undefined where it is known of no sample. */
  startTimesMs: Float64Array | undefined;
}

export interface MemoryExtras {
  /** What histogram cells of the values point into. */
  readonly histograms?: HistogramTable;
  /** When each sample began to be counted, 0 where that is not known. */
  readonly startTimesMs?: Float64Array;
}

interface GroupParts {
  readonly tMs: Float64Array;
  readonly series: Labels[];
  readonly columns: Float64Array[];
  readonly startTimesMs: (Float64Array | undefined)[];
}

/** Where scripts load series into and read them from. */
export interface ScriptSource extends SeriesSource {
  clear(): void;
  add(labels: Labels, tMs: Float64Array, values: Float64Array, extras?: MemoryExtras): void;
}

export class MemorySource implements ScriptSource {
  readonly #series = new Map<string, MemorySeries>();

  #histograms: FloatHistogram[] = [];

  clear(): void {
    this.#series.clear();
    this.#histograms = [];
  }

  /**
   * Adds samples, whose times need not follow those already there. A sample at a time that is taken replaces it.
   * Values are taken as bits, so that staleness markers survive; absent cells are left out.
   */
  add(labels: Labels, tMs: Float64Array, values: Float64Array, extras: MemoryExtras = {}): void {
    const words = wordsOf(values);
    const kept: number[] = [];
    for (let i = 0; i < tMs.length; i++) if (!isAbsent(words, i)) kept.push(i);
    if (kept.length === 0) return;
    const key = labelsKey(labels);
    const before = this.#series.get(key);
    const newT = new Float64Array(kept.length);
    const newV = new Float64Array(kept.length);
    const starts = extras.startTimesMs === undefined ? undefined : new Float64Array(kept.length);
    kept.forEach((from, at) => {
      newT[at] = tMs[from]!;
      newV.set(values.subarray(from, from + 1), at);
      if (starts !== undefined) starts[at] = extras.startTimesMs![from]!;
    });
    if (extras.histograms !== undefined) {
      shiftHistograms(wordsOf(newV), 0, kept.length, this.#histograms.length);
      for (const histogram of extras.histograms) this.#histograms.push(histogram);
    }
    const own = { tMs: newT, values: newV, startTimesMs: starts };
    const merged = before === undefined ? own : mergeSamples(before, own);
    this.#series.set(key, { labels, ...merged });
  }

  async *select(request: SelectRequest, signal: AbortSignal): AsyncGenerator<ColumnGroup> {
    const { startMs, endMs } = request.range;
    const groups = new Map<string, GroupParts>();
    // What is not asked for is left out, so that a plan that asks for too little is found out.
    const seen = request.labelNames === undefined ? undefined : new Set(request.labelNames);
    for (const series of this.#matching([request.matchers])) {
      const from = firstAtOrAfter(series.tMs, startMs);
      const to = firstAtOrAfter(series.tMs, endMs + 1);
      if (from >= to) continue;
      const tMs = series.tMs.subarray(from, to);
      const key = `${tMs.length},${tMs[0]},${tMs[tMs.length - 1]},${checksum(tMs)}`;
      const column = series.values.subarray(from, to);
      let group = groups.get(key);
      if (group === undefined) {
        group = { tMs, series: [], columns: [], startTimesMs: [] };
        groups.set(key, group);
      }
      group.series.push(seen === undefined ? series.labels : keepLabels(series.labels, seen));
      group.columns.push(column);
      group.startTimesMs.push(series.startTimesMs?.subarray(from, to));
    }
    for (const group of groups.values()) {
      signal.throwIfAborted();
      const { columns, startTimesMs } = group;
      const mixed = columns.some((column) => holdsHistograms(wordsOf(column), 0, column.length));
      yield {
        ...group,
        gaps: columns.map(hasNan),
        histograms: mixed ? this.#histograms : undefined,
        startTimesMs: startTimesMs.some((times) => times !== undefined) ? startTimesMs : undefined,
      };
    }
  }

  series(matcherSets: readonly (readonly Matcher[])[], range: TimeRange): Promise<readonly Labels[]> {
    return Promise.resolve(this.#inRange(matcherSets, range).map(({ labels }) => labels));
  }

  labelNames(matcherSets: readonly (readonly Matcher[])[], range: TimeRange): Promise<readonly string[]> {
    const names = new Set<string>();
    for (const { labels } of this.#inRange(matcherSets, range)) {
      for (let i = 0; i < labels.length; i += 2) names.add(labels[i]!);
    }
    return Promise.resolve([...names].sort(compareUtf8));
  }

  labelValues(
    name: string,
    matcherSets: readonly (readonly Matcher[])[],
    range: TimeRange,
  ): Promise<readonly string[]> {
    const values = new Set<string>();
    for (const { labels } of this.#inRange(matcherSets, range)) values.add(labelValue(labels, name));
    values.delete("");
    return Promise.resolve([...values].sort(compareUtf8));
  }

  #matching(matcherSets: readonly (readonly Matcher[])[]): readonly MemorySeries[] {
    return [...this.#series.values()]
      .filter(({ labels }) =>
        matcherSets.length === 0 || matcherSets.some((matchers) => matchesLabels(matchers, labels))
      )
      .sort((a, b) => compareLabels(a.labels, b.labels));
  }

  #inRange(matcherSets: readonly (readonly Matcher[])[], range: TimeRange): readonly MemorySeries[] {
    return this.#matching(matcherSets).filter(({ tMs }) =>
      firstAtOrAfter(tMs, range.startMs) < firstAtOrAfter(tMs, range.endMs + 1)
    );
  }
}

function firstAtOrAfter(tMs: Float64Array, at: number): number {
  let low = 0;
  let high = tMs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (tMs[middle]! < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Tells rows of timestamps apart well enough: they also share their length and ends. */
function checksum(tMs: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < tMs.length; i++) sum = (Math.imul(sum, 31) + (tMs[i]! % 0x7fffffff)) | 0;
  return sum;
}

function hasNan(values: Float64Array): boolean {
  for (let i = 0; i < values.length; i++) if (values[i] !== values[i]) return true;
  return false;
}

type Samples = Pick<MemorySeries, "tMs" | "values" | "startTimesMs">;

function mergeSamples(before: Samples, added: Samples): Samples {
  const byTime = new Map<number, { from: Samples; at: number }>();
  for (const from of [before, added]) from.tMs.forEach((t, at) => byTime.set(t, { from, at }));
  const tMs = Float64Array.from(byTime.keys()).sort();
  const values = new Float64Array(tMs.length);
  const hasStarts = before.startTimesMs !== undefined || added.startTimesMs !== undefined;
  const startTimesMs = hasStarts ? new Float64Array(tMs.length) : undefined;
  tMs.forEach((t, i) => {
    const { from, at } = byTime.get(t)!;
    values.set(from.values.subarray(at, at + 1), i);
    if (startTimesMs !== undefined) startTimesMs[i] = from.startTimesMs?.[at] ?? 0;
  });
  return { tMs, values, startTimesMs };
}
