/** Samples of one series as they are decoded: times and values, the values by their bits. Grows as it fills. */
import { wordsOf } from "../../model/stale.ts";

export class SampleColumn {
  count = 0;
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
  sorted(): { readonly tMs: Float64Array<ArrayBuffer>; readonly values: Float64Array<ArrayBuffer> } {
    const { count, tMs } = this;
    let ascending = true;
    for (let i = 1; i < count && ascending; i++) ascending = tMs[i]! > tMs[i - 1]!;
    if (ascending) return { tMs: tMs.slice(0, count), values: this.values.slice(0, count) };
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
    return { tMs: times.slice(0, kept), values: values.slice(0, kept) };
  }

  /** As `sorted`, of what is not younger than `throughMs`; the rest stays. */
  take(throughMs: number): ReturnType<SampleColumn["sorted"]> {
    const { tMs, values } = this.sorted();
    let count = tMs.length;
    while (count > 0 && tMs[count - 1]! > throughMs) count--;
    this.tMs = tMs.slice(count);
    this.values = values.slice(count);
    this.words = wordsOf(this.values);
    this.count = this.tMs.length;
    return { tMs: tMs.slice(0, count), values: values.slice(0, count) };
  }
}
