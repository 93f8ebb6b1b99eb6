/** When a number or a histogram of a result counts as the one that a script expects. */
import {
  type Buckets,
  compact,
  type FloatHistogram,
  sameIndexes,
  sameNumbers,
} from "../../model/histogram/float_histogram.ts";
import { almostEqual } from "../kernels/bucket_quantile.ts";

/** As the original: results may differ by this much, relatively. */
const EPSILON = 1e-6;

export function floatsEqual(a: number, b: number): boolean {
  return almostEqual(a, b, EPSILON);
}

/** The hint counts only where the script names it. */
export function sameHistogram(wanted: FloatHistogram, got: FloatHistogram, withHint: boolean): boolean {
  const a = compact(wanted);
  const b = compact(got);
  return a.schema === b.schema && a.zeroThreshold === b.zeroThreshold &&
    sameNumbers(a.customValues, b.customValues) &&
    floatsEqual(a.count, b.count) && floatsEqual(a.sum, b.sum) && floatsEqual(a.zeroCount, b.zeroCount) &&
    sameBuckets(a.positive, b.positive) && sameBuckets(a.negative, b.negative) &&
    (!withHint || a.counterResetHint === b.counterResetHint);
}

function sameBuckets(a: Buckets, b: Buckets): boolean {
  if (!sameIndexes(a.indexes, b.indexes)) return false;
  for (let i = 0; i < a.counts.length; i++) if (!floatsEqual(a.counts[i]!, b.counts[i]!)) return false;
  return true;
}
