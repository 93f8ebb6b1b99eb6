/** Bucket by bucket: sums of two sides, custom bounds made common, zero buckets made one. */
import { assert } from "../../core/assert.ts";
import { exponentialBound } from "./bounds.ts";
import {
  type Buckets,
  compactBuckets,
  type FloatHistogram,
  NO_BUCKETS,
  NO_CUSTOM_VALUES,
  sameIndexes,
} from "./float_histogram.ts";

/** a + sign · b. */
export function mergeBuckets(a: Buckets, b: Buckets, sign: 1 | -1): Buckets {
  if (b.indexes.length === 0) return a;
  if (sameIndexes(a.indexes, b.indexes)) {
    const counts = a.counts.slice();
    for (let i = 0; i < counts.length; i++) counts[i]! += sign * b.counts[i]!;
    return { indexes: a.indexes, counts };
  }
  const indexes = unionIndexes(a.indexes, b.indexes);
  const counts = new Float64Array(indexes.length);
  for (let at = 0, i = 0, j = 0; at < indexes.length; at++) {
    const index = indexes[at];
    if (a.indexes[i] === index) counts[at]! += a.counts[i++]!;
    if (b.indexes[j] === index) counts[at]! += sign * b.counts[j++]!;
  }
  return { indexes, counts };
}

export function unionIndexes(a: Int32Array, b: Int32Array): Int32Array {
  const out = new Int32Array(a.length + b.length);
  let at = 0;
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const x = a[i]!;
    const y = b[j]!;
    out[at++] = x < y ? x : y;
    if (x <= y) i++;
    if (y <= x) j++;
  }
  while (i < a.length) out[at++] = a[i++]!;
  while (j < b.length) out[at++] = b[j++]!;
  return at === out.length ? out : out.slice(0, at);
}

/** The bounds that both have. */
export function commonBounds(a: Float64Array, b: Float64Array): Float64Array {
  const out: number[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    if (a[i] === b[j]) {
      out.push(a[i]!);
      i++;
      j++;
    } else if (a[i]! < b[j]!) i++;
    else j++;
  }
  return out.length === 0 ? NO_CUSTOM_VALUES : Float64Array.from(out);
}

/** Every bucket's count in the bucket of the coarser bounds that holds it, the last of which ends at +Inf. */
export function toBounds(buckets: Buckets, from: Float64Array, to: Float64Array): Buckets {
  const counts = new Float64Array(to.length + 1);
  const indexes = new Int32Array(to.length + 1);
  for (let t = 0; t < indexes.length; t++) indexes[t] = t;
  for (let i = 0, t = 0; i < buckets.indexes.length; i++) {
    const bound = from[buckets.indexes[i]!] ?? Infinity;
    while (t < to.length && !(to[t]! >= bound)) t++;
    counts[t]! += buckets.counts[i]!;
  }
  return { indexes, counts };
}

/** Without the buckets that end at or below the threshold. */
export function aboveThreshold(buckets: Buckets, schema: number, threshold: number): Buckets {
  const { indexes, counts } = buckets;
  let from = 0;
  while (from < indexes.length && exponentialBound(indexes[from]!, schema) <= threshold) from++;
  if (from === 0) return buckets;
  return from === indexes.length
    ? NO_BUCKETS
    : { indexes: indexes.subarray(from), counts: counts.subarray(from) };
}

export interface ZeroBucket {
  readonly threshold: number;
  readonly count: number;
}

/**
 * The zero bucket that a histogram would have with a threshold at least as large as asked for: where that falls
 * within a bucket with observations, the zero bucket takes in all of it. As Prometheus: zeroCountForLargerThreshold.
 */
export function widerZeroBucket(h: FloatHistogram, atLeast: number): ZeroBucket {
  if (atLeast === h.zeroThreshold) return { threshold: atLeast, count: h.zeroCount };
  assert(atLeast > h.zeroThreshold, "a zero bucket does not shrink");
  let threshold = atLeast;
  while (true) {
    const positive = reach(h.positive, h.schema, threshold);
    const negative = reach(h.negative, h.schema, positive.threshold);
    if (negative.threshold === positive.threshold) {
      return { threshold: negative.threshold, count: h.zeroCount + positive.count + negative.count };
    }
    threshold = negative.threshold;
  }
}

/** The observations of one side that a zero bucket up to the threshold takes in, and the threshold it then has. */
function reach({ indexes, counts }: Buckets, schema: number, threshold: number): ZeroBucket {
  let count = 0;
  for (let i = 0; i < indexes.length; i++) {
    if (exponentialBound(indexes[i]! - 1, schema) >= threshold) break;
    count += counts[i]!;
    const upper = exponentialBound(indexes[i]!, schema);
    if (upper <= threshold) continue;
    return { threshold: counts[i] === 0 ? threshold : upper, count };
  }
  return { threshold, count };
}

/** With a wider zero bucket, and without the buckets that it took in. */
export function withZeroBucket(h: FloatHistogram, zero: ZeroBucket): FloatHistogram {
  return {
    ...h,
    zeroThreshold: zero.threshold,
    zeroCount: zero.count,
    positive: compactBuckets(beyond(h.positive, h.schema, zero.threshold), 0),
    negative: compactBuckets(beyond(h.negative, h.schema, zero.threshold), 0),
  };
}

function beyond(buckets: Buckets, schema: number, threshold: number): Buckets {
  const { indexes, counts } = buckets;
  let from = 0;
  while (from < indexes.length && exponentialBound(indexes[from]! - 1, schema) < threshold) from++;
  return from === 0 ? buckets : { indexes: indexes.subarray(from), counts: counts.subarray(from) };
}
