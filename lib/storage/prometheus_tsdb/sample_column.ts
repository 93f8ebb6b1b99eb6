/**
 * Samples of one series as they are decoded: times and values, the values by their bits, histograms in a table beside
 * them. Grows as it fills.
 */
import type { FloatHistogram } from "../../model/histogram/float_histogram.ts";
import { histogramAt, type HistogramTable, putHistogram } from "../../model/histogram_cell.ts";
import { STALE_HIGH, STALE_LOW, wordsOf } from "../../model/stale.ts";

/** What a histogram takes in memory beside its counts, in samples of 16 bytes. */
const HISTOGRAM_WEIGHT = 30;

export interface SortedSamples {
  readonly tMs: Float64Array<ArrayBuffer>;
  readonly values: Float64Array<ArrayBuffer>;
  /** What cells of `values` point into, among others; undefined: there are none. */
  readonly histograms: HistogramTable | undefined;
}

/** In samples of 16 bytes. */
export function weightOf(histogram: FloatHistogram): number {
  return HISTOGRAM_WEIGHT + ((histogram.positive.counts.length + histogram.negative.counts.length) >> 1);
}

export class SampleColumn {
  count = 0;
  #histograms: FloatHistogram[] | undefined;
  tMs: Float64Array<ArrayBuffer>;
  values: Float64Array<ArrayBuffer>;
  words: Uint32Array;

  constructor(capacity = 128) {
    this.tMs = new Float64Array(capacity);
    this.values = new Float64Array(capacity);
    this.words = wordsOf(this.values);
  }

  push(tMs: number, high: number, low: number): void {
    if (this.count === this.tMs.length) this.#grow(Math.max(16, this.count * 2));
    this.tMs[this.count] = tMs;
    this.words[2 * this.count] = low;
    this.words[2 * this.count + 1] = high;
    this.count++;
  }

  /** Undefined: the series ended here. */
  pushHistogram(tMs: number, histogram: FloatHistogram | undefined): void {
    this.push(tMs, STALE_HIGH, STALE_LOW);
    if (histogram !== undefined) putHistogram(this.words, this.count - 1, this.#histograms ??= [], histogram);
  }

  #grow(capacity: number): void {
    const tMs = new Float64Array(capacity);
    tMs.set(this.tMs);
    const values = new Float64Array(capacity);
    const words = wordsOf(values);
    words.set(this.words);
    this.tMs = tMs;
    this.values = values;
    this.words = words;
  }

  clear(): void {
    this.count = 0;
    this.#histograms = undefined;
  }

  /** Of the samples from `from` on. */
  keepIf(from: number, keep: (tMs: number) => boolean): void {
    let kept = from;
    for (let i = from; i < this.count; i++) {
      if (!keep(this.tMs[i]!)) continue;
      this.tMs[kept] = this.tMs[i]!;
      this.words[2 * kept] = this.words[2 * i]!;
      this.words[2 * kept + 1] = this.words[2 * i + 1]!;
      kept++;
    }
    this.count = kept;
  }

  /** Ascending times, of equal ones the first; copies of just the size. */
  sorted(): SortedSamples {
    const { count, tMs } = this;
    const histograms = this.#histograms;
    let ascending = true;
    for (let i = 1; i < count && ascending; i++) ascending = tMs[i]! > tMs[i - 1]!;
    if (ascending) return { tMs: tMs.slice(0, count), values: this.values.slice(0, count), histograms };
    // Stable: of equal times the one pushed first stays first.
    const order = Uint32Array.from({ length: count }, (_, i) => i).sort((a, b) => tMs[a]! - tMs[b]! || a - b);
    const times = new Float64Array(count);
    const values = new Float64Array(count);
    const words = wordsOf(values);
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const from = order[i]!;
      if (kept > 0 && times[kept - 1] === tMs[from]) continue;
      times[kept] = tMs[from]!;
      words[2 * kept] = this.words[2 * from]!;
      words[2 * kept + 1] = this.words[2 * from + 1]!;
      kept++;
    }
    return { tMs: times.slice(0, kept), values: values.slice(0, kept), histograms };
  }

  /** As `sorted`, of what is not younger than `throughMs`; the rest stays. */
  take(throughMs: number): SortedSamples {
    const { tMs, values, histograms } = this.sorted();
    let count = tMs.length;
    while (count > 0 && tMs[count - 1]! > throughMs) count--;
    this.tMs = tMs.slice(count);
    this.values = values.slice(count);
    this.words = wordsOf(this.values);
    this.count = this.tMs.length;
    this.#histograms = histograms === undefined ? undefined : this.#own(histograms);
    return { tMs: tMs.slice(0, count), values: values.slice(0, count), histograms };
  }

  /** Those that the samples still here point at, so that the others may go. */
  #own(histograms: HistogramTable): FloatHistogram[] | undefined {
    const own: FloatHistogram[] = [];
    for (let i = 0; i < this.count; i++) {
      const histogram = histogramAt(this.words, i, histograms);
      if (histogram !== undefined) putHistogram(this.words, i, own, histogram);
    }
    return own.length === 0 ? undefined : own;
  }
}
