/**
 * One side of a histogram whose counts are sums with a running compensation (Neumaier's variant of Kahan's), so that
 * the sum of many histograms loses no digits. As Prometheus: kahansum.Inc and what KahanAdd does bucket by bucket.
 */
import { unionIndexes } from "./buckets_merge.ts";
import { type Buckets, sameIndexes } from "./float_histogram.ts";

/** A sum in two parts: `sum` is the rounded one, `rest` what rounding lost. */
export class CompensatedSum {
  sum: number;
  rest = 0;

  constructor(sum: number) {
    this.sum = sum;
  }

  add(value: number): void {
    const total = this.sum + value;
    if (total === Infinity || total === -Infinity) this.rest = 0;
    else if (Math.abs(this.sum) >= Math.abs(value)) this.rest += (this.sum - total) + value;
    else this.rest += (value - total) + this.sum;
    this.sum = total;
  }

  multiply(factor: number): void {
    this.sum *= factor;
    this.rest *= factor;
  }

  divide(divisor: number): void {
    this.sum /= divisor;
    this.rest /= divisor;
  }
}

/** `counts` and `rests` belong to whoever holds the side and are written in place. */
export interface Side {
  readonly indexes: Int32Array;
  readonly counts: Float64Array;
  readonly rests: Float64Array;
}

export function sideOf({ indexes, counts }: Buckets): Side {
  return { indexes, counts: counts.slice(), rests: new Float64Array(counts.length) };
}

/** side[i] += values[i] + rests[i], for one layout. */
function addInto(side: Side, values: Float64Array, rests: Float64Array | undefined): void {
  for (let i = 0; i < values.length; i++) addAt(side, i, values[i]!);
  if (rests === undefined) return;
  for (let i = 0; i < rests.length; i++) if (rests[i] !== 0) addAt(side, i, rests[i]!);
}

export function addBucketsInto(side: Side, { counts }: Buckets): void {
  addInto(side, counts, undefined);
}

function addAt({ counts, rests }: Side, i: number, value: number): void {
  const sum = counts[i]!;
  const total = sum + value;
  if (total === Infinity || total === -Infinity) rests[i] = 0;
  else if (Math.abs(sum) >= Math.abs(value)) rests[i]! += (sum - total) + value;
  else rests[i]! += (value - total) + sum;
  counts[i] = total;
}

/** A side with the buckets of both; `a` may be written to. */
export function mergeSides(a: Side, b: Side): Side {
  if (b.indexes.length === 0) return a;
  if (sameIndexes(a.indexes, b.indexes)) {
    addInto(a, b.counts, b.rests);
    return a;
  }
  const indexes = unionIndexes(a.indexes, b.indexes);
  const out = { indexes, counts: new Float64Array(indexes.length), rests: new Float64Array(indexes.length) };
  for (let at = 0, i = 0, j = 0; at < indexes.length; at++) {
    if (a.indexes[i] === indexes[at]) {
      out.counts[at] = a.counts[i]!;
      out.rests[at] = a.rests[i++]!;
    }
    if (b.indexes[j] === indexes[at]) {
      addAt(out, at, b.counts[j]!);
      if (b.rests[j] !== 0) addAt(out, at, b.rests[j]!);
      j++;
    }
  }
  return out;
}

/** The side with bucket i added up in the bucket of index `targets[i]`; targets ascend and may repeat. */
export function foldSide(side: Side, targets: Int32Array): Side {
  const indexes = new Int32Array(targets.length);
  const out = { indexes, counts: new Float64Array(targets.length), rests: new Float64Array(targets.length) };
  let at = -1;
  for (let i = 0; i < targets.length; i++) {
    if (at < 0 || indexes[at] !== targets[i]) {
      indexes[++at] = targets[i]!;
      out.counts[at] = side.counts[i]!;
      out.rests[at] = side.rests[i]!;
      continue;
    }
    addAt(out, at, side.counts[i]!);
    addAt(out, at, side.rests[i]!);
  }
  return sliceSide(out, 0, at + 1);
}

export function sliceSide({ indexes, counts, rests }: Side, from: number, to: number): Side {
  return { indexes: indexes.slice(from, to), counts: counts.slice(from, to), rests: rests.slice(from, to) };
}

export function multiplySide({ counts, rests }: Side, factor: number): void {
  for (let i = 0; i < counts.length; i++) {
    counts[i]! *= factor;
    rests[i]! *= factor;
  }
}

export function divideSide({ counts, rests }: Side, divisor: number): void {
  for (let i = 0; i < counts.length; i++) {
    counts[i]! /= divisor;
    rests[i]! /= divisor;
  }
}

/** The counts with their compensation, for `divisor` parts of the whole. */
export function bucketsOf({ indexes, counts, rests }: Side, divisor: number): Buckets {
  const out = new Float64Array(counts.length);
  for (let i = 0; i < out.length; i++) out[i] = counts[i]! / divisor + rests[i]! / divisor;
  return { indexes, counts: out };
}

/** Whether a + b leaves the range of floats anywhere, for one layout. */
export function overflows(a: Float64Array, b: Float64Array): boolean {
  for (let i = 0; i < b.length; i++) {
    const total = a[i]! + b[i]!;
    if (total === Infinity || total === -Infinity) return true;
  }
  return false;
}
