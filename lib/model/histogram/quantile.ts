/**
 * Quantiles and fractions of a native histogram. As Prometheus (promql/quantile.go): linear interpolation in custom
 * buckets and in the zero bucket, exponential in all others.
 */
import { BucketList } from "./bucket_list.ts";
import { type FloatHistogram, usesCustomBuckets } from "./float_histogram.ts";

/** What is worth an info: the histogram counts observations that no bucket holds, since they were NaN. */
export type NanNote = "none" | "result is NaN" | "skewed";

/** Written by each call; ask before the next one. */
export interface QuantileNotes {
  nan: NanNote;
}

/** Refilled on each call: calls do not nest, and nothing keeps it. */
const list = new BucketList();

export function histogramQuantile(q: number, h: FloatHistogram, notes: QuantileNotes): number {
  notes.nan = "none";
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  if (h.count === 0 || q !== q) return NaN;
  list.fill(h);
  const hasNan = h.sum !== h.sum;
  // NaN observations count as larger than any bucket, so they are only right when counted from below.
  const forward = hasNan || q < 0.5;
  let rank = forward ? q * h.count : (1 - q) * h.count;
  const step = forward ? 1 : -1;
  const end = forward ? list.length : -1;
  let count = 0;
  let at = forward ? 0 : list.length - 1;
  let last = -1;
  for (; at !== end; at += step) {
    last = at;
    count += list.counts[at]!;
    if (list.counts[at] !== 0 && count >= rank) break;
  }
  let lower = last < 0 ? 0 : list.lowers[last]!;
  let upper = last < 0 ? 0 : list.uppers[last]!;
  const inBucket = last < 0 ? 0 : list.counts[last]!;
  if (usesCustomBuckets(h)) {
    if (lower === -Infinity) {
      if (upper <= 0) return upper;
      lower = 0;
    } else if (upper === Infinity) return lower;
  } else if (lower < 0 && upper > 0) {
    if (hasOnlyPositive(h)) lower = 0;
    else if (hasOnlyNegative(h)) upper = 0;
  }
  if (count > h.count) count = h.count;
  if (count < rank) {
    if (!hasNan) return upper;
    notes.nan = "result is NaN";
    return NaN;
  }
  rank = forward ? rank - (count - inBucket) : count - rank;
  if (hasNan && count + countAfter(at) < h.count) notes.nan = "skewed";
  return interpolate(lower, upper, rank / inBucket, usesCustomBuckets(h));
}

function countAfter(at: number): number {
  let count = 0;
  for (let i = at + 1; i < list.length; i++) count += list.counts[i]!;
  return count;
}

function interpolate(lower: number, upper: number, fraction: number, linear: boolean): number {
  if (linear || (lower <= 0 && upper >= 0)) return lower + (upper - lower) * fraction;
  const logLower = Math.log2(Math.abs(lower));
  const logUpper = Math.log2(Math.abs(upper));
  if (lower > 0) return 2 ** (logLower + (logUpper - logLower) * fraction);
  return -(2 ** (logUpper + (logLower - logUpper) * (1 - fraction)));
}

function hasOnlyPositive(h: FloatHistogram): boolean {
  return h.negative.counts.length === 0 && h.positive.counts.length > 0;
}

function hasOnlyNegative(h: FloatHistogram): boolean {
  return h.positive.counts.length === 0 && h.negative.counts.length > 0;
}

/** The estimated fraction of observations between two values. */
export function histogramFraction(
  lower: number,
  upper: number,
  h: FloatHistogram,
  notes: QuantileNotes,
): number {
  notes.nan = "none";
  if (h.count === 0 || lower !== lower || upper !== upper) return NaN;
  if (lower >= upper) return 0;
  list.fill(h);
  let count = h.count;
  if (h.sum !== h.sum) {
    count = countAfter(-1);
    if (count < h.count) notes.nan = "skewed";
  }
  const lowerRank = Math.min(rankAt(lower, h, count), count);
  const upperRank = Math.min(rankAt(upper, h, count), count);
  return (upperRank - lowerRank) / h.count;
}

/** How many observations lie below a value: `count` if it is above all buckets. */
function rankAt(value: number, h: FloatHistogram, count: number): number {
  const linear = usesCustomBuckets(h);
  let rank = 0;
  for (let i = 0; i < list.length; i++) {
    let lower = list.lowers[i]!;
    let upper = list.uppers[i]!;
    const aroundZero = lower <= 0 && upper >= 0;
    if (aroundZero && hasOnlyPositive(h)) lower = 0;
    else if (aroundZero && hasOnlyNegative(h)) upper = 0;
    if (lower >= value) return rank;
    if (upper > value) {
      const inBucket = list.counts[i]!;
      if (!linear && !aroundZero) return rank + inBucket * exponentialShare(value, lower, upper);
      // An infinite bucket has no inside to interpolate in.
      if (lower === -Infinity) return inBucket;
      return rank + inBucket * (value - lower) / (upper - lower);
    }
    rank += list.counts[i]!;
  }
  return count;
}

function exponentialShare(value: number, lower: number, upper: number): number {
  const logLower = Math.log2(Math.abs(lower));
  const logUpper = Math.log2(Math.abs(upper));
  const logValue = Math.log2(Math.abs(value));
  if (value > 0) return (logValue - logLower) / (logUpper - logLower);
  return 1 - (logValue - logUpper) / (logLower - logUpper);
}
