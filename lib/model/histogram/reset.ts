/** Whether a counter reset lies between two histograms. */
import { aboveThreshold, commonBounds, toBounds, widerZeroBucket } from "./buckets_merge.ts";
import {
  type Buckets,
  type FloatHistogram,
  reduceBuckets,
  sameNumbers,
  usesCustomBuckets,
} from "./float_histogram.ts";

/**
 * As Prometheus (DetectReset): the hint decides if it says anything; else a reset is whatever observations cannot
 * do: a count that falls, a bucket that vanishes, a finer schema, a narrower zero bucket.
 */
export function detectReset(current: FloatHistogram, previous: FloatHistogram): boolean {
  if (current.counterResetHint === "reset") return true;
  if (current.counterResetHint === "not_reset") return false;
  if (current.count < previous.count) return true;
  if (usesCustomBuckets(current)) {
    if (!usesCustomBuckets(previous)) return true;
    if (!sameNumbers(current.customValues, previous.customValues)) {
      return commonBoundsReset(current, previous);
    }
    return anyFell(current.positive, previous.positive);
  }
  if (current.schema > previous.schema || current.zeroThreshold < previous.zeroThreshold) return true;
  const { zeroThreshold, schema } = current;
  const zero = widerZeroBucket(previous, zeroThreshold);
  if (zero.threshold !== zeroThreshold || current.zeroCount < zero.count) return true;
  const shift = previous.schema - schema;
  return sideFell(current.positive, previous.positive, shift, schema, zeroThreshold) ||
    sideFell(current.negative, previous.negative, shift, schema, zeroThreshold);
}

function sideFell(
  current: Buckets,
  previous: Buckets,
  shift: number,
  schema: number,
  threshold: number,
): boolean {
  return anyFell(
    aboveThreshold(current, schema, threshold),
    aboveThreshold(reduceBuckets(previous, shift), schema, threshold),
  );
}

function commonBoundsReset(current: FloatHistogram, previous: FloatHistogram): boolean {
  const bounds = commonBounds(current.customValues, previous.customValues);
  return anyFell(
    toBounds(current.positive, current.customValues, bounds),
    toBounds(previous.positive, previous.customValues, bounds),
  );
}

/** Whether a bucket has fewer observations than before, or is gone and had some. */
function anyFell(current: Buckets, previous: Buckets): boolean {
  let at = 0;
  for (let i = 0; i < previous.indexes.length; i++) {
    const index = previous.indexes[i]!;
    while (at < current.indexes.length && current.indexes[at]! < index) at++;
    if (current.indexes[at] === index) {
      if (current.counts[at]! < previous.counts[i]!) return true;
    } else if (previous.counts[i] !== 0) return true;
  }
  return false;
}
