/**
 * The buckets of a histogram with their bounds: in columns for kernels, as objects for printing. A list is refilled
 * for each histogram and allocates only when it meets a larger one.
 */
import { customBound, exponentialBound } from "./bounds.ts";
import { type Buckets, type FloatHistogram, usesCustomBuckets } from "./float_histogram.ts";

export interface Bucket {
  readonly lower: number;
  readonly upper: number;
  readonly lowerInclusive: boolean;
  readonly upperInclusive: boolean;
  readonly count: number;
}

/** The upper bound of a positive bucket, exponential or custom. */
export function upperBound(h: FloatHistogram, index: number): number {
  return usesCustomBuckets(h) ? customBound(index, h.customValues) : exponentialBound(index, h.schema);
}

/**
 * All buckets, ascending: negative, zero, positive. As Prometheus (AllBucketIterator): the zero bucket is there only
 * if it has observations, and a neighbour that overlaps it is cut off at the zero threshold; explicit empty buckets stay.
 */
export class BucketList {
  lowers = new Float64Array(0);
  uppers = new Float64Array(0);
  counts = new Float64Array(0);
  length = 0;

  fill(h: FloatHistogram): void {
    const { negative, positive } = h;
    this.#reserve(negative.counts.length + positive.counts.length + 1);
    this.#pushNegative(negative, h.schema, h.zeroThreshold);
    if (h.zeroCount > 0) this.#push(-h.zeroThreshold, h.zeroThreshold, h.zeroCount);
    if (usesCustomBuckets(h)) this.#pushCustom(positive, h.customValues);
    else this.#pushPositive(positive, h.schema, h.zeroThreshold);
  }

  #reserve(length: number): void {
    this.length = 0;
    if (this.counts.length >= length) return;
    const capacity = Math.max(length, 2 * this.counts.length);
    this.lowers = new Float64Array(capacity);
    this.uppers = new Float64Array(capacity);
    this.counts = new Float64Array(capacity);
  }

  #push(lower: number, upper: number, count: number): void {
    this.lowers[this.length] = lower;
    this.uppers[this.length] = upper;
    this.counts[this.length++] = count;
  }

  #pushNegative({ indexes, counts }: Buckets, schema: number, zeroThreshold: number): void {
    for (let i = indexes.length - 1; i >= 0; i--) {
      const upper = -exponentialBound(indexes[i]! - 1, schema);
      const cut = upper < 0 && upper > -zeroThreshold ? -zeroThreshold : upper;
      this.#push(-exponentialBound(indexes[i]!, schema), cut, counts[i]!);
    }
  }

  #pushPositive({ indexes, counts }: Buckets, schema: number, zeroThreshold: number): void {
    for (let i = 0; i < indexes.length; i++) {
      const lower = exponentialBound(indexes[i]! - 1, schema);
      const cut = lower > 0 && lower < zeroThreshold ? zeroThreshold : lower;
      this.#push(cut, exponentialBound(indexes[i]!, schema), counts[i]!);
    }
  }

  #pushCustom({ indexes, counts }: Buckets, customValues: Float64Array): void {
    for (let i = 0; i < indexes.length; i++) {
      const index = indexes[i]!;
      this.#push(customBound(index - 1, customValues), customBound(index, customValues), counts[i]!);
    }
  }
}

/** The buckets of `BucketList` as objects, with the bounds that belong to them. */
export function allBuckets(h: FloatHistogram): readonly Bucket[] {
  const list = new BucketList();
  list.fill(h);
  const custom = usesCustomBuckets(h);
  const first = h.positive.indexes[0] === 0;
  const zeroAt = h.zeroCount > 0 ? h.negative.counts.length : -1;
  return Array.from({ length: list.length }, (_, i) => {
    const [lower, upper] = [list.lowers[i]!, list.uppers[i]!];
    return {
      lower,
      upper,
      lowerInclusive: i === zeroAt || (custom ? i === 0 && first : lower < 0),
      upperInclusive: i === zeroAt || custom || upper > 0,
      count: list.counts[i]!,
    };
  });
}
