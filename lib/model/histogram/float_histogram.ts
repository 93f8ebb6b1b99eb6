/**
 * Native histograms as values: counts in buckets that a schema bounds (powers of 2^(2^-schema), schemas −9 to 52) or
 * that are given (schema −53). A value is never changed: every operation answers a new one, which may share arrays
 * with the old. Buckets are kept as ascending indexes beside their counts; spans are only a form to read and write.
 */
import { assert } from "../../core/assert.ts";

/** Buckets are given by `customValues`; as Prometheus: histogram.CustomBucketsSchema. */
export const CUSTOM_BUCKETS_SCHEMA = -53;

export const EXPONENTIAL_SCHEMA_MIN = -9;
export const EXPONENTIAL_SCHEMA_MAX = 52;

/** What is known of a counter reset between the sample before and this one. */
export type CounterResetHint = "unknown" | "reset" | "not_reset" | "gauge";

/** One side of a histogram: `counts[i]` observations in the bucket of index `indexes[i]`, which ascend. */
export interface Buckets {
  readonly indexes: Int32Array;
  readonly counts: Float64Array;
}

export interface FloatHistogram {
  readonly schema: number;
  /** The zero bucket is [−zeroThreshold, zeroThreshold]; 0 where the buckets are custom. */
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly count: number;
  readonly sum: number;
  readonly positive: Buckets;
  readonly negative: Buckets;
  /** Upper bounds, ascending, without +Inf; empty where the schema is exponential. */
  readonly customValues: Float64Array;
  readonly counterResetHint: CounterResetHint;
  /** It came with whole counts and goes on as such (an integer histogram). Says nothing of what is computed from it. */
  readonly fromIntegers?: true;
}

export const NO_BUCKETS: Buckets = { indexes: new Int32Array(0), counts: new Float64Array(0) };
export const NO_CUSTOM_VALUES = new Float64Array(0);

export const EMPTY_HISTOGRAM: FloatHistogram = {
  schema: 0,
  zeroThreshold: 0,
  zeroCount: 0,
  count: 0,
  sum: 0,
  positive: NO_BUCKETS,
  negative: NO_BUCKETS,
  customValues: NO_CUSTOM_VALUES,
  counterResetHint: "unknown",
};

/** Whether two have the same buckets, so that their counts can be told as differences. */
export function sameLayout(a: FloatHistogram, b: FloatHistogram): boolean {
  return a.schema === b.schema && Object.is(a.zeroThreshold, b.zeroThreshold) &&
    sameIndexes(a.positive.indexes, b.positive.indexes) &&
    sameIndexes(a.negative.indexes, b.negative.indexes) && sameNumbers(a.customValues, b.customValues);
}

export function isCustomSchema(schema: number): boolean {
  return schema === CUSTOM_BUCKETS_SCHEMA;
}

export function isExponentialSchema(schema: number): boolean {
  return schema >= EXPONENTIAL_SCHEMA_MIN && schema <= EXPONENTIAL_SCHEMA_MAX;
}

export function usesCustomBuckets(h: FloatHistogram): boolean {
  return h.schema === CUSTOM_BUCKETS_SCHEMA;
}

export function withHint(h: FloatHistogram, counterResetHint: CounterResetHint): FloatHistogram {
  return h.counterResetHint === counterResetHint ? h : { ...h, counterResetHint };
}

/** As the series notation writes buckets: `counts[i]` in bucket `offset + i`. */
export function bucketsFrom(offset: number, counts: ArrayLike<number>): Buckets {
  const indexes = new Int32Array(counts.length);
  for (let i = 0; i < indexes.length; i++) indexes[i] = offset + i;
  return { indexes, counts: Float64Array.from(counts) };
}

/**
 * Drops empty buckets, but keeps or creates those of gaps no longer than `emptyMax` between two others.
 * As Prometheus: Compact(maxEmptyBuckets).
 */
export function compact(h: FloatHistogram, emptyMax = 0): FloatHistogram {
  const positive = compactBuckets(h.positive, emptyMax);
  const negative = compactBuckets(h.negative, emptyMax);
  return positive === h.positive && negative === h.negative ? h : { ...h, positive, negative };
}

export function compactBuckets(buckets: Buckets, emptyMax: number): Buckets {
  const { indexes, counts } = buckets;
  let kept = 0;
  let last = 0;
  for (let i = 0; i < counts.length; i++) {
    if (counts[i] === 0) continue;
    const gap = kept === 0 ? 0 : indexes[i]! - last - 1;
    kept += gap <= emptyMax ? gap + 1 : 1;
    last = indexes[i]!;
  }
  if (emptyMax === 0 && kept === counts.length) return buckets;
  if (kept === 0) return NO_BUCKETS;
  const out = { indexes: new Int32Array(kept), counts: new Float64Array(kept) };
  let at = 0;
  for (let i = 0; i < counts.length; i++) {
    if (counts[i] === 0) continue;
    const gap = at === 0 ? 0 : indexes[i]! - last - 1;
    if (gap <= emptyMax) { for (let g = 1; g <= gap; g++) out.indexes[at++] = last + g; }
    out.indexes[at] = last = indexes[i]!;
    out.counts[at++] = counts[i]!;
  }
  return out;
}

/** Whether two have one layout and the same bits in every number; the hint does not count. As Prometheus: Equals. */
export function histogramsEqual(a: FloatHistogram, b: FloatHistogram): boolean {
  return a.schema === b.schema && a.zeroThreshold === b.zeroThreshold &&
    Object.is(a.zeroCount, b.zeroCount) && Object.is(a.count, b.count) && Object.is(a.sum, b.sum) &&
    (!usesCustomBuckets(a) || sameNumbers(a.customValues, b.customValues)) &&
    sameBuckets(a.positive, b.positive) && sameBuckets(a.negative, b.negative);
}

function sameBuckets(a: Buckets, b: Buckets): boolean {
  if (!sameIndexes(a.indexes, b.indexes)) return false;
  for (let i = 0; i < a.counts.length; i++) if (!Object.is(a.counts[i], b.counts[i])) return false;
  return true;
}

export function sameIndexes(a: Int32Array, b: Int32Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Whether two sets of custom bounds are the same. */
export function sameNumbers(a: Float64Array, b: Float64Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Whether a value, or the sum of a few, left the range of floats. As Prometheus: HasOverflow. */
export function hasOverflow(h: FloatHistogram): boolean {
  return isInfinite(h.zeroCount) || isInfinite(h.count) || isInfinite(h.sum) ||
    h.positive.counts.some(isInfinite) ||
    h.negative.counts.some(isInfinite);
}

function isInfinite(value: number): boolean {
  return value === Infinity || value === -Infinity;
}

/** Of the bucket index in a coarser schema. As Prometheus: targetIdx. */
export function coarserIndex(index: number, shift: number): number {
  return shift > 31 ? (index > 0 ? 1 : 0) : ((index - 1) >> shift) + 1;
}

/** The same observations in fewer buckets; `schema` is at most the histogram's, both exponential. */
export function reduceResolution(h: FloatHistogram, schema: number): FloatHistogram {
  if (schema === h.schema) return h;
  assert(!usesCustomBuckets(h) && !isCustomSchema(schema), "custom buckets have no coarser schema");
  assert(schema < h.schema, `no way from schema ${h.schema} to the finer ${schema}`);
  const shift = h.schema - schema;
  return {
    ...h,
    schema,
    positive: reduceBuckets(h.positive, shift),
    negative: reduceBuckets(h.negative, shift),
  };
}

export function reduceBuckets(buckets: Buckets, shift: number): Buckets {
  const { indexes, counts } = buckets;
  if (indexes.length === 0 || shift === 0) return buckets;
  const outIndexes = new Int32Array(indexes.length);
  const outCounts = new Float64Array(indexes.length);
  let at = -1;
  for (let i = 0; i < indexes.length; i++) {
    const index = coarserIndex(indexes[i]!, shift);
    if (at < 0 || outIndexes[at] !== index) outIndexes[++at] = index;
    outCounts[at]! += counts[i]!;
  }
  return { indexes: outIndexes.slice(0, at + 1), counts: outCounts.slice(0, at + 1) };
}
