/** Whether two histograms are the same but for rounding, as promqltest compares what it got with what it wanted. */
import {
  type Buckets,
  compact,
  type FloatHistogram,
  sameIndexes,
  sameNumbers,
  usesCustomBuckets,
} from "./float_histogram.ts";

/** Compares two numbers, for the caller's notion of near. */
export type AlmostEqual = (a: number, b: number) => boolean;

/**
 * As Prometheus (compareNativeHistogram): layouts and thresholds must match exactly once empty buckets are gone,
 * counts and sums nearly, and the hint only if the wanted one is known.
 */
export function almostEqualHistograms(
  wanted: FloatHistogram,
  got: FloatHistogram,
  near: AlmostEqual,
): boolean {
  const hint = wanted.counterResetHint;
  if (hint !== "unknown" && hint !== got.counterResetHint) return false;
  if (wanted.schema !== got.schema || wanted.zeroThreshold !== got.zeroThreshold) return false;
  if (!near(wanted.count, got.count) || !near(wanted.sum, got.sum)) return false;
  if (!near(wanted.zeroCount, got.zeroCount)) return false;
  if (usesCustomBuckets(wanted) && !sameNumbers(wanted.customValues, got.customValues)) return false;
  const [left, right] = [compact(wanted), compact(got)];
  return nearBuckets(left.positive, right.positive, near) &&
    nearBuckets(left.negative, right.negative, near);
}

function nearBuckets(a: Buckets, b: Buckets, near: AlmostEqual): boolean {
  return sameIndexes(a.indexes, b.indexes) && a.counts.every((count, i) => near(count, b.counts[i]!));
}
