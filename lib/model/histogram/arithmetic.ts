/**
 * Sums, differences and multiples of histograms. Two histograms of different resolution meet at the coarser one, with
 * one zero bucket wide enough for both; custom buckets meet at the bounds that both have. Results are not compacted.
 */
import {
  aboveThreshold,
  commonBounds,
  mergeBuckets,
  toBounds,
  widerZeroBucket,
  withZeroBucket,
} from "./buckets_merge.ts";
import {
  type Buckets,
  compactBuckets,
  type CounterResetHint,
  type FloatHistogram,
  NO_BUCKETS,
  reduceBuckets,
  reduceResolution,
  sameNumbers,
  usesCustomBuckets,
} from "./float_histogram.ts";

export interface CombinedHistogram {
  readonly histogram: FloatHistogram;
  /** One said that a counter reset happened, the other that none did: worth a warning. */
  readonly counterResetCollision: boolean;
  /** Custom bounds differed and were reduced to those in common: worth an info. */
  readonly boundsReconciled: boolean;
}

/** Undefined if one has exponential and the other custom buckets. As Prometheus: FloatHistogram.Add. */
export function addHistograms(a: FloatHistogram, b: FloatHistogram): CombinedHistogram | undefined {
  return combine(a, b, 1);
}

/**
 * As Prometheus (FloatHistogram.Sub), the hint follows the rules of a sum; the operator `-` of PromQL makes the
 * result a gauge afterwards.
 */
export function subtractHistograms(a: FloatHistogram, b: FloatHistogram): CombinedHistogram | undefined {
  return combine(a, b, -1);
}

function combine(a: FloatHistogram, b: FloatHistogram, sign: 1 | -1): CombinedHistogram | undefined {
  if (usesCustomBuckets(a) !== usesCustomBuckets(b)) return undefined;
  const { hint, collision } = combinedHint(a.counterResetHint, b.counterResetHint);
  const custom = usesCustomBuckets(a);
  const boundsReconciled = custom && !sameNumbers(a.customValues, b.customValues);
  const combined = custom ? combineCustom(a, b, sign) : combineExponential(a, b, sign);
  return {
    histogram: {
      ...combined,
      count: a.count + sign * b.count,
      sum: a.sum + sign * b.sum,
      counterResetHint: hint,
    },
    counterResetCollision: collision,
    boundsReconciled,
  };
}

function combineCustom(a: FloatHistogram, b: FloatHistogram, sign: 1 | -1): FloatHistogram {
  if (sameNumbers(a.customValues, b.customValues)) {
    return { ...a, positive: mergeBuckets(a.positive, b.positive, sign) };
  }
  const customValues = commonBounds(a.customValues, b.customValues);
  const positive = mergeBuckets(
    toBounds(a.positive, a.customValues, customValues),
    toBounds(b.positive, b.customValues, customValues),
    sign,
  );
  return { ...a, customValues, positive: compactBuckets(positive, 0) };
}

function combineExponential(a: FloatHistogram, b: FloatHistogram, sign: 1 | -1): FloatHistogram {
  const { left, zeroCount } = reconcileZeroBuckets(a, b);
  const schema = Math.min(left.schema, b.schema);
  const coarse = reduceResolution(left, schema);
  const threshold = left.zeroThreshold;
  const shift = b.schema - schema;
  return {
    ...coarse,
    zeroCount: left.zeroCount + sign * zeroCount,
    positive: mergeBuckets(coarse.positive, rest(b.positive, shift, schema, threshold), sign),
    negative: mergeBuckets(coarse.negative, rest(b.negative, shift, schema, threshold), sign),
  };
}

function rest(buckets: Buckets, shift: number, schema: number, threshold: number): Buckets {
  return aboveThreshold(reduceBuckets(buckets, shift), schema, threshold);
}

/** The left one with a zero bucket that suits both, and the count that the right one's would have. */
export function reconcileZeroBuckets(
  a: FloatHistogram,
  b: FloatHistogram,
): { readonly left: FloatHistogram; readonly zeroCount: number } {
  let left = a;
  let right = { threshold: b.zeroThreshold, count: b.zeroCount };
  // Not `!==`: a threshold that is no number must not keep this going for ever.
  while (right.threshold < left.zeroThreshold || right.threshold > left.zeroThreshold) {
    if (left.zeroThreshold > right.threshold) right = widerZeroBucket(b, left.zeroThreshold);
    if (right.threshold > left.zeroThreshold) {
      left = withZeroBucket(left, widerZeroBucket(left, right.threshold));
    }
  }
  return { left, zeroCount: right.count };
}

/** As Prometheus (adjustCounterReset): a gauge makes a gauge, and what is not sure of both is unknown. */
export function combinedHint(
  a: CounterResetHint,
  b: CounterResetHint,
): { readonly hint: CounterResetHint; readonly collision: boolean } {
  if (a === b) return { hint: a, collision: false };
  if (a === "gauge" || b === "gauge") return { hint: "gauge", collision: false };
  return { hint: "unknown", collision: a !== "unknown" && b !== "unknown" };
}

/** As Prometheus: a negative factor makes a gauge. */
export function multiplyHistogram(h: FloatHistogram, factor: number): FloatHistogram {
  return {
    ...h,
    zeroCount: h.zeroCount * factor,
    count: h.count * factor,
    sum: h.sum * factor,
    positive: scaledBuckets(h.positive, factor),
    negative: scaledBuckets(h.negative, factor),
    counterResetHint: factor < 0 ? "gauge" : h.counterResetHint,
  };
}

function scaledBuckets({ indexes, counts }: Buckets, factor: number): Buckets {
  const out = new Float64Array(counts.length);
  for (let i = 0; i < out.length; i++) out[i] = counts[i]! * factor;
  return { indexes, counts: out };
}

/** As Prometheus: a division by zero leaves no buckets, and Inf or NaN as count and sum. */
export function divideHistogram(h: FloatHistogram, divisor: number): FloatHistogram {
  return {
    ...h,
    zeroCount: h.zeroCount / divisor,
    count: h.count / divisor,
    sum: h.sum / divisor,
    positive: divisor === 0 ? NO_BUCKETS : dividedBuckets(h.positive, divisor),
    negative: divisor === 0 ? NO_BUCKETS : dividedBuckets(h.negative, divisor),
    counterResetHint: divisor < 0 ? "gauge" : h.counterResetHint,
  };
}

function dividedBuckets({ indexes, counts }: Buckets, divisor: number): Buckets {
  const out = new Float64Array(counts.length);
  for (let i = 0; i < out.length; i++) out[i] = counts[i]! / divisor;
  return { indexes, counts: out };
}

export function negateHistogram(h: FloatHistogram): FloatHistogram {
  return multiplyHistogram(h, -1);
}
