/**
 * The storage of one rule test: its series become visible as its time goes on, and what rules make is appended behind
 * them. In memory, appended at the end only, as a real head without out-of-order samples would take it.
 */
import type { FloatHistogram } from "../model/histogram/float_histogram.ts";
import { histogramAt, holdsHistograms, putHistogram } from "../model/histogram_cell.ts";
import {
  compareLabels,
  compareUtf8,
  formatLabels,
  type Labels,
  labelsKey,
  labelValue,
} from "../model/labels.ts";
import { type Matcher, matchesLabels } from "../model/matchers.ts";
import { setStale, wordsOf } from "../model/stale.ts";
import type { SeriesLine } from "../promql/script/series_line.ts";
import { asStored } from "../model/histogram/stored_hint.ts";
import type { RuleVector } from "../rules/vector.ts";
import type { ColumnGroup, SelectRequest, SeriesSource, TimeRange } from "../storage/source.ts";

interface GrowingSeries {
  readonly labels: Labels;
  count: number;
  tMs: Float64Array;
  values: Float64Array;
  startTimesMs: Float64Array | undefined;
  previous: FloatHistogram | undefined;
}

interface Pending {
  readonly line: SeriesLine;
  /** Of the first value that is not yet visible. */
  next: number;
}

const COUNT_MIN = 16;

export class TestSource implements SeriesSource {
  readonly #series = new Map<string, GrowingSeries>();
  readonly #pending: readonly Pending[];
  readonly #startMs: number;
  readonly #stepMs: number;
  readonly #histograms: FloatHistogram[] = [];

  /** Value i of each series is at `startMs` and i steps. */
  constructor(lines: readonly SeriesLine[], startMs: number, stepMs: number) {
    this.#pending = lines.map((line) => ({ line, next: 0 }));
    this.#startMs = startMs;
    this.#stepMs = stepMs;
  }

  /** Makes the test's own values up to this time visible. Says which series could not take one. */
  advance(untilMs: number): string | undefined {
    let refused: string | undefined;
    for (const pending of this.#pending) {
      const { line } = pending;
      for (; pending.next < line.values.length; pending.next++) {
        const tMs = this.#startMs + pending.next * this.#stepMs;
        if (tMs > untilMs) break;
        if (!this.#appendOwn(line, pending.next, tMs)) refused ??= formatLabels(line.labels);
      }
    }
    return refused === undefined ? undefined : `out of order sample in series ${refused}`;
  }

  #appendOwn(line: SeriesLine, index: number, tMs: number): boolean {
    const value = line.values[index]!;
    if (value.kind === "gap") return true;
    const series = this.#of(line.labels);
    const at = this.#place(series, tMs);
    if (at === undefined) return false;
    const words = wordsOf(series.values);
    if (value.kind === "histogram") this.#putHistogram(series, at, value.histogram);
    else {
      series.previous = undefined;
      if (value.kind === "float") series.values[at] = value.value;
      else setStale(words, at);
    }
    const offset = line.startOffsetsMs?.[index];
    if (offset !== undefined) {
      series.startTimesMs ??= new Float64Array(series.tMs.length);
      series.startTimesMs[at] = tMs + offset;
    }
    return true;
  }

  /** What rules made at one time. A series that has this time or a later one keeps what it has. */
  append(tMs: number, { labels, values, histograms }: RuleVector): void {
    const words = wordsOf(values);
    labels.forEach((own, i) => {
      const series = this.#of(own);
      const at = this.#place(series, tMs);
      if (at === undefined) return;
      const histogram = histogramAt(words, i, histograms);
      if (histogram !== undefined) return this.#putHistogram(series, at, histogram);
      series.previous = undefined;
      series.values.set(values.subarray(i, i + 1), at);
    });
  }

  #putHistogram(series: GrowingSeries, at: number, histogram: FloatHistogram): void {
    const stored = asStored(histogram, series.previous);
    series.previous = stored;
    putHistogram(wordsOf(series.values), at, this.#histograms, stored);
  }

  #of(labels: Labels): GrowingSeries {
    const key = labelsKey(labels);
    let series = this.#series.get(key);
    if (series === undefined) {
      const tMs = new Float64Array(COUNT_MIN);
      const values = new Float64Array(COUNT_MIN);
      series = { labels, count: 0, tMs, values, startTimesMs: undefined, previous: undefined };
      this.#series.set(key, series);
    }
    return series;
  }

  /** Of a new sample; undefined where time would not go on. */
  #place(series: GrowingSeries, tMs: number): number | undefined {
    const at = series.count;
    if (at > 0 && series.tMs[at - 1]! >= tMs) return undefined;
    if (at === series.tMs.length) {
      series.tMs = grown(series.tMs);
      series.values = grown(series.values);
      if (series.startTimesMs !== undefined) series.startTimesMs = grown(series.startTimesMs);
    }
    series.tMs[at] = tMs;
    series.count = at + 1;
    return at;
  }

  async *select({ matchers, range }: SelectRequest, signal: AbortSignal): AsyncGenerator<ColumnGroup> {
    for (const series of this.#matching([matchers])) {
      signal.throwIfAborted();
      const [from, to] = boundsOf(series, range);
      if (from >= to) continue;
      const column = series.values.subarray(from, to);
      const mixed = holdsHistograms(wordsOf(column), 0, column.length);
      yield {
        tMs: series.tMs.subarray(from, to),
        series: [series.labels],
        columns: [column],
        gaps: [true],
        histograms: mixed ? this.#histograms : undefined,
        startTimesMs: series.startTimesMs === undefined
          ? undefined
          : [series.startTimesMs.subarray(from, to)],
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
    const values = new Set(this.#inRange(matcherSets, range).map(({ labels }) => labelValue(labels, name)));
    values.delete("");
    return Promise.resolve([...values].sort(compareUtf8));
  }

  #matching(matcherSets: readonly (readonly Matcher[])[]): readonly GrowingSeries[] {
    return [...this.#series.values()]
      .filter(({ labels }) =>
        matcherSets.length === 0 || matcherSets.some((matchers) => matchesLabels(matchers, labels))
      )
      .sort((a, b) => compareLabels(a.labels, b.labels));
  }

  #inRange(matcherSets: readonly (readonly Matcher[])[], range: TimeRange): readonly GrowingSeries[] {
    return this.#matching(matcherSets).filter((series) => {
      const [from, to] = boundsOf(series, range);
      return from < to;
    });
  }
}

function grown(array: Float64Array): Float64Array {
  const next = new Float64Array(array.length * 2);
  next.set(array);
  return next;
}

function boundsOf({ tMs, count }: GrowingSeries, { startMs, endMs }: TimeRange): [from: number, to: number] {
  return [firstAtOrAfter(tMs, count, startMs), firstAtOrAfter(tMs, count, endMs + 1)];
}

function firstAtOrAfter(tMs: Float64Array, count: number, at: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (tMs[middle]! < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
