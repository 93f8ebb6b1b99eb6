/**
 * `*_over_time` whose cost does not grow with window ÷ step. Minimum and maximum keep a queue of candidates. Sums
 * are differences of prefix sums held in double-double (about 106 bits), used only where that is provably closer
 * than 1e-12 to the compensated sum; otherwise the plain kernel (over_time.ts, the oracle) adds the window up.
 */
import { compensatedMean, compensatedSum } from "./kahan.ts";
import { variance } from "./over_time.ts";
import type { SampleWindows } from "./windows.ts";

/** Prefix sums pay once a sample is visited more often than this. */
const VISITS_PER_SAMPLE_MIN = 4;

/**
 * A prefix sum of n terms errs by less than n · 2^-104 of its largest magnitude. A result at least 2^-40 of that
 * magnitude is then right to n · 2^-64: under 1e-13 for a million samples.
 */
const CANCELLATION_MAX = 2 ** -40;

/** High and low parts of prefix sums. Grown as needed and shared by all calls: a kernel runs to its end undisturbed. */
interface Prefix {
  high: Float64Array;
  low: Float64Array;
}

const SUMS: Prefix = { high: new Float64Array(1024), low: new Float64Array(1024) };
const SQUARES: Prefix = { high: new Float64Array(1024), low: new Float64Array(1024) };
let distances = new Float64Array(1024);
let distancesSquared = new Float64Array(1024);
let queue = new Int32Array(1024);

export function sumOverTime(
  w: SampleWindows,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
): number {
  return sums(w, from, to, out, outAt, false);
}

export function avgOverTime(
  w: SampleWindows,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
): number {
  return sums(w, from, to, out, outAt, true);
}

function sums(
  w: SampleWindows,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
  isMean: boolean,
): number {
  if (to === from) return 0;
  const { values, lo, hi } = w;
  const base = lo[from]!;
  const end = hi[to - 1]!;
  let visits = 0;
  for (let s = from; s < to; s++) visits += hi[s]! - lo[s]!;
  const largest = visits >= VISITS_PER_SAMPLE_MIN * (end - base) ? buildPrefix(SUMS, values, base, end) : NaN;
  let present = 0;
  for (let s = from; s < to; s++) {
    const first = lo[s]!;
    const last = hi[s]!;
    if (first === last) continue;
    const a = first - base;
    const b = last - base;
    // Not less: also NaN, which stands for "no prefix sums".
    const sum = (SUMS.high[b]! - SUMS.high[a]!) + (SUMS.low[b]! - SUMS.low[a]!);
    const isSafe = Math.abs(sum) >= largest * CANCELLATION_MAX;
    if (isMean) out[outAt + s] = isSafe ? sum / (last - first) : compensatedMean(values, first, last);
    else out[outAt + s] = isSafe ? sum : compensatedSum(values, first, last);
    present++;
  }
  return present;
}

/** Prefix sums of values `from` up to `to`; answers the largest magnitude among them, NaN unless all is finite. */
function buildPrefix(prefix: Prefix, values: Float64Array, from: number, to: number): number {
  const count = to - from;
  if (prefix.high.length <= count) {
    prefix.high = new Float64Array(2 * count);
    prefix.low = new Float64Array(2 * count);
  }
  const prefixHigh = prefix.high;
  const prefixLow = prefix.low;
  let high = 0;
  let low = 0;
  let largest = 0;
  prefixHigh[0] = 0;
  prefixLow[0] = 0;
  for (let i = 0; i < count; i++) {
    const x = values[from + i]!;
    const t = high + x;
    const back = t - high;
    const error = (high - (t - back)) + (x - back) + low;
    high = t + error;
    low = error - (high - t);
    prefixHigh[i + 1] = high;
    prefixLow[i + 1] = low;
    const size = Math.abs(high);
    if (size > largest) largest = size;
  }
  return Number.isFinite(high) && Number.isFinite(largest) ? largest : NaN;
}

/** A variance this much smaller than the mean square has lost too many digits to be a difference of the two. */
const VARIANCE_LOSS_MAX = 1e-3;

export function stdvarOverTime(
  w: SampleWindows,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
): number {
  return variances(w, from, to, out, outAt, false);
}

export function stddevOverTime(
  w: SampleWindows,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
): number {
  return variances(w, from, to, out, outAt, true);
}

/** From prefix sums of the distances to the mean of all samples, and of their squares. */
function variances(
  w: SampleWindows,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
  isDeviation: boolean,
): number {
  if (to === from) return 0;
  const { values, lo, hi } = w;
  const base = lo[from]!;
  const count = hi[to - 1]! - base;
  let visits = 0;
  for (let s = from; s < to; s++) visits += hi[s]! - lo[s]!;
  let largest = NaN;
  let largestSquare = NaN;
  if (visits >= VISITS_PER_SAMPLE_MIN * count) {
    measureDistances(values, base, count);
    largest = buildPrefix(SUMS, distances, 0, count);
    largestSquare = buildPrefix(SQUARES, distancesSquared, 0, count);
  }
  let present = 0;
  for (let s = from; s < to; s++) {
    const first = lo[s]!;
    const last = hi[s]!;
    const n = last - first;
    if (n === 0) continue;
    const a = first - base;
    const b = last - base;
    const mean = ((SUMS.high[b]! - SUMS.high[a]!) + (SUMS.low[b]! - SUMS.low[a]!)) / n;
    const square = ((SQUARES.high[b]! - SQUARES.high[a]!) + (SQUARES.low[b]! - SQUARES.low[a]!)) / n;
    const difference = square - mean * mean;
    // A mean that lost digits to cancellation is small, and so is what its square takes away.
    const isSafe = largest === largest && square * n >= largestSquare * CANCELLATION_MAX &&
      difference > square * VARIANCE_LOSS_MAX && difference * n >= largest * largest * CANCELLATION_MAX;
    const result = isSafe ? difference : variance(values, first, last);
    out[outAt + s] = isDeviation ? Math.sqrt(result) : result;
    present++;
  }
  return present;
}

function measureDistances(values: Float64Array, from: number, count: number): void {
  if (distances.length < count) {
    distances = new Float64Array(2 * count);
    distancesSquared = new Float64Array(2 * count);
  }
  let sum = 0;
  for (let i = 0; i < count; i++) sum += values[from + i]!;
  const mean = sum / count;
  for (let i = 0; i < count; i++) {
    const distance = values[from + i]! - mean;
    distances[i] = distance;
    distancesSquared[i] = distance * distance;
  }
}

export function minOverTime(
  w: SampleWindows,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
): number {
  return extremes(w, from, to, out, outAt, 1);
}

export function maxOverTime(
  w: SampleWindows,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
): number {
  return extremes(w, from, to, out, outAt, -1);
}

/** Stretches pay once they hold this many samples; between two steps lie two at most. */
const SAMPLES_PER_STEP_MIN = 4;

function extremes(
  w: SampleWindows,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
  sign: number,
): number {
  if (to === from) return 0;
  const { values, lo, hi } = w;
  if (hi[to - 1]! - lo[from]! < SAMPLES_PER_STEP_MIN * (to - from)) {
    return queuedExtremes(values, lo, hi, from, to, out, outAt, sign);
  }
  const stretches = cutStretches(lo, hi, from, to);
  if (bests.length < stretches) bests = new Float64Array(2 * stretches);
  if (sign > 0) leastOfEach(values, stretches);
  else greatestOfEach(values, stretches);
  return queuedExtremes(bests, cutLo, cutHi, from, to, out, outAt, sign);
}

/** Where windows begin and end cuts the samples into stretches that lie in a window whole or not at all. */
let cuts = new Int32Array(1024);
/** Of each stretch. */
let bests = new Float64Array(1024);
/** Each step's window, in stretches. */
let cutLo = new Int32Array(1024);
let cutHi = new Int32Array(1024);

/** Answers how many stretches there are. */
function cutStretches(lo: Int32Array, hi: Int32Array, from: number, to: number): number {
  if (cuts.length < 2 * (to - from) + 1) cuts = new Int32Array(4 * (to - from) + 1);
  if (cutLo.length < to) {
    cutLo = new Int32Array(2 * to);
    cutHi = new Int32Array(2 * to);
  }
  let count = 0;
  let starts = from;
  let ends = from;
  // The last end is the last cut.
  while (ends < to) {
    const end = hi[ends]!;
    const cut = starts < to && lo[starts]! < end ? lo[starts]! : end;
    cuts[count] = cut;
    while (starts < to && lo[starts] === cut) cutLo[starts++] = count;
    while (ends < to && hi[ends] === cut) cutHi[ends++] = count;
    count++;
  }
  return count - 1;
}

/** NaN for a stretch of nothing else. */
function leastOfEach(values: Float64Array, stretches: number): void {
  for (let c = 0; c < stretches; c++) {
    const end = cuts[c + 1]!;
    let i = cuts[c]!;
    let best = values[i]!;
    while (best !== best && i + 1 < end) best = values[++i]!;
    for (i++; i < end; i++) {
      const value = values[i]!;
      if (value < best) best = value;
    }
    bests[c] = best;
  }
}

function greatestOfEach(values: Float64Array, stretches: number): void {
  for (let c = 0; c < stretches; c++) {
    const end = cuts[c + 1]!;
    let i = cuts[c]!;
    let best = values[i]!;
    while (best !== best && i + 1 < end) best = values[++i]!;
    for (i++; i < end; i++) {
      const value = values[i]!;
      if (value > best) best = value;
    }
    bests[c] = best;
  }
}

/** The queue holds indices whose values rise (sign 1) or fall (−1), the earliest of equals first; NaN never enters it. */
function queuedExtremes(
  values: Float64Array,
  lo: Int32Array,
  hi: Int32Array,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
  sign: number,
): number {
  if (queue.length < hi[to - 1]! - lo[from]!) queue = new Int32Array(2 * (hi[to - 1]! - lo[from]!));
  let head = 0;
  let tail = 0;
  let next = lo[from]!;
  let present = 0;
  for (let s = from; s < to; s++) {
    const first = lo[s]!;
    const end = hi[s]!;
    for (; next < end; next++) {
      const value = values[next]!;
      if (value !== value) continue;
      const signed = sign * value;
      while (tail > head && sign * values[queue[tail - 1]!]! > signed) tail--;
      queue[tail++] = next;
    }
    while (head < tail && queue[head]! < first) head++;
    if (first === end) continue;
    out[outAt + s] = head < tail ? values[queue[head]!]! : NaN;
    present++;
  }
  return present;
}
