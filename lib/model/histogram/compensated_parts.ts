/**
 * A histogram whose every number is a compensated sum, and how another of a different layout is merged into it: zero
 * buckets made one, schemas and custom bounds made common, without losing the compensation.
 */
import { exponentialBound } from "./bounds.ts";
import { commonBounds, widerZeroBucket } from "./buckets_merge.ts";
import { CompensatedSum, foldSide, mergeSides, type Side, sideOf, sliceSide } from "./compensated.ts";
import { coarserIndex, type CounterResetHint, type FloatHistogram } from "./float_histogram.ts";

/** Written in place by whoever holds it. */
export interface Parts {
  schema: number;
  zeroThreshold: number;
  customValues: Float64Array;
  readonly zeroCount: CompensatedSum;
  readonly count: CompensatedSum;
  readonly sum: CompensatedSum;
  positive: Side;
  negative: Side;
  hint: CounterResetHint;
}

export function partsOf(h: FloatHistogram): Parts {
  return {
    schema: h.schema,
    zeroThreshold: h.zeroThreshold,
    customValues: h.customValues,
    zeroCount: new CompensatedSum(h.zeroCount),
    count: new CompensatedSum(h.count),
    sum: new CompensatedSum(h.sum),
    positive: sideOf(h.positive),
    negative: sideOf(h.negative),
    hint: h.counterResetHint,
  };
}

export function part({ sum, rest }: CompensatedSum, divisor: number): number {
  return sum / divisor + rest / divisor;
}

export function isInfinite(value: number): boolean {
  return value === Infinity || value === -Infinity;
}

/** Both at the bounds in common. */
export function mergeAtCommonBounds(parts: Parts, h: FloatHistogram): void {
  const other = sideOf(h.positive);
  const common = commonBounds(parts.customValues, h.customValues);
  parts.positive = mergeSides(
    foldSide(parts.positive, boundTargets(parts.positive.indexes, parts.customValues, common)),
    foldSide(other, boundTargets(other.indexes, h.customValues, common)),
  );
  parts.customValues = common;
}

/** False if no sum of any of their numbers can leave the range; most histograms are far from it. */
export function couldOverflow(parts: Parts, h: FloatHistogram): boolean {
  let total = Math.abs(parts.count.sum) + Math.abs(parts.sum.sum) + Math.abs(parts.zeroCount.sum);
  total += Math.abs(h.count) + Math.abs(h.sum) + Math.abs(h.zeroCount);
  for (const { counts } of [parts.positive, parts.negative, h.positive, h.negative]) {
    for (let i = 0; i < counts.length; i++) total += Math.abs(counts[i]!);
  }
  return !(total < Infinity);
}

function boundTargets(indexes: Int32Array, from: Float64Array, to: Float64Array): Int32Array {
  const targets = new Int32Array(indexes.length);
  for (let i = 0, t = 0; i < indexes.length; i++) {
    const bound = from[indexes[i]!] ?? Infinity;
    while (t < to.length && !(to[t]! >= bound)) t++;
    targets[i] = t;
  }
  return targets;
}

export function mergeExponential(parts: Parts, h: FloatHistogram): void {
  const zero = commonZeroBucket(parts, h);
  takeIntoZero(parts, zero.threshold);
  parts.zeroCount.add(zero.count);
  const schema = Math.min(parts.schema, h.schema);
  const threshold = parts.zeroThreshold;
  parts.positive = mergeSides(
    coarser(parts.positive, parts.schema - schema),
    beyond(coarser(sideOf(h.positive), h.schema - schema), schema, threshold),
  );
  parts.negative = mergeSides(
    coarser(parts.negative, parts.schema - schema),
    beyond(coarser(sideOf(h.negative), h.schema - schema), schema, threshold),
  );
  parts.schema = schema;
}

/** The threshold that suits both, and the count that the histogram's zero bucket would have with it. */
function commonZeroBucket(parts: Parts, h: FloatHistogram): { threshold: number; count: number } {
  const own = {
    schema: parts.schema,
    zeroThreshold: parts.zeroThreshold,
    zeroCount: 0,
    count: 0,
    sum: 0,
    positive: parts.positive,
    negative: parts.negative,
    customValues: parts.customValues,
    counterResetHint: parts.hint,
  };
  let threshold = parts.zeroThreshold;
  let other = { threshold: h.zeroThreshold, count: h.zeroCount };
  while (other.threshold < threshold || other.threshold > threshold) {
    if (threshold > other.threshold) other = widerZeroBucket(h, threshold);
    if (other.threshold > threshold) threshold = widerZeroBucket(own, other.threshold).threshold;
  }
  return { threshold, count: other.count };
}

function takeIntoZero(parts: Parts, threshold: number): void {
  if (!(threshold > parts.zeroThreshold)) return;
  parts.positive = takeSide(parts, parts.positive, threshold);
  parts.negative = takeSide(parts, parts.negative, threshold);
  parts.zeroThreshold = threshold;
}

function takeSide({ schema, zeroCount }: Parts, side: Side, threshold: number): Side {
  const { indexes, counts, rests } = side;
  let from = 0;
  while (from < indexes.length && exponentialBound(indexes[from]! - 1, schema) < threshold) {
    zeroCount.add(counts[from]!);
    zeroCount.add(rests[from++]!);
  }
  return from === 0 ? side : sliceSide(side, from, indexes.length);
}

function coarser(side: Side, shift: number): Side {
  if (shift === 0) return side;
  return foldSide(side, side.indexes.map((index) => coarserIndex(index, shift)));
}

function beyond(side: Side, schema: number, threshold: number): Side {
  const { indexes } = side;
  let from = 0;
  while (from < indexes.length && exponentialBound(indexes[from]!, schema) <= threshold) from++;
  return from === 0 ? side : sliceSide(side, from, indexes.length);
}
