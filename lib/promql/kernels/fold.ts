/**
 * Aggregations that fold one series after the other into a group. The state of a group is one array of sections,
 * each a cell a step; a kernel folds one row into it. As Prometheus: sums are compensated, averages turn to an
 * incremental mean where the sum would overflow, variances are Welford's.
 */
import { isAbsent, setAbsent } from "../../model/stale.ts";

export type FoldOp = "sum" | "avg" | "min" | "max" | "count" | "group" | "stddev" | "stdvar";

/** How many sections the state of a group has. */
export const FOLD_SECTIONS: Readonly<Record<FoldOp, number>> = {
  sum: 3,
  avg: 4,
  min: 2,
  max: 2,
  count: 1,
  group: 1,
  stddev: 3,
  stdvar: 3,
};

type FoldRow = (
  state: Float64Array,
  steps: number,
  values: Float64Array,
  words: Uint32Array,
  at: number,
) => void;

export const FOLDS: Readonly<Record<FoldOp, FoldRow>> = {
  sum: foldSum,
  avg: foldAvg,
  min: foldMin,
  max: foldMax,
  count: foldCount,
  group: foldCount,
  stddev: foldVariance,
  stdvar: foldVariance,
};

/** Sections: count, sum, compensation. */
function foldSum(
  state: Float64Array,
  steps: number,
  values: Float64Array,
  words: Uint32Array,
  at: number,
): void {
  for (let s = 0; s < steps; s++) {
    const x = values[at + s]!;
    if (x !== x && isAbsent(words, at + s)) continue;
    state[s]!++;
    const sum = state[steps + s]!;
    const t = sum + x;
    if (t === Infinity || t === -Infinity) state[2 * steps + s] = 0;
    else if (Math.abs(sum) >= Math.abs(x)) state[2 * steps + s]! += (sum - t) + x;
    else state[2 * steps + s]! += (x - t) + sum;
    state[steps + s] = t;
  }
}

/** Sections: count, sum or mean, compensation, whether it is a mean. */
function foldAvg(
  state: Float64Array,
  steps: number,
  values: Float64Array,
  words: Uint32Array,
  at: number,
): void {
  for (let s = 0; s < steps; s++) {
    const x = values[at + s]!;
    if (x !== x && isAbsent(words, at + s)) continue;
    const count = ++state[s]!;
    const sum = state[steps + s]!;
    const c = state[2 * steps + s]!;
    if (count === 1) {
      state[steps + s] = x;
      continue;
    }
    if (state[3 * steps + s] === 0) {
      const t = sum + x;
      if (t !== Infinity && t !== -Infinity) {
        state[2 * steps + s] = Math.abs(sum) >= Math.abs(x) ? c + ((sum - t) + x) : c + ((x - t) + sum);
        state[steps + s] = t;
        continue;
      }
      state[3 * steps + s] = 1;
      foldMean(state, steps, s, count, sum / (count - 1), c / (count - 1), x);
    } else {
      foldMean(state, steps, s, count, sum, c, x);
    }
  }
}

function foldMean(
  state: Float64Array,
  steps: number,
  s: number,
  count: number,
  mean: number,
  c: number,
  value: number,
): void {
  const q = (count - 1) / count;
  const base = q * mean;
  const x = value / count;
  const t = base + x;
  if (t === Infinity || t === -Infinity) state[2 * steps + s] = 0;
  else state[2 * steps + s] = q * c + (Math.abs(base) >= Math.abs(x) ? (base - t) + x : (x - t) + base);
  state[steps + s] = t;
}

/** Sections: count, best. */
function foldMin(
  state: Float64Array,
  steps: number,
  values: Float64Array,
  words: Uint32Array,
  at: number,
): void {
  for (let s = 0; s < steps; s++) {
    const x = values[at + s]!;
    if (x !== x && isAbsent(words, at + s)) continue;
    const best = state[steps + s]!;
    if (state[s]!++ === 0 || x < best || best !== best) state[steps + s] = x;
  }
}

function foldMax(
  state: Float64Array,
  steps: number,
  values: Float64Array,
  words: Uint32Array,
  at: number,
): void {
  for (let s = 0; s < steps; s++) {
    const x = values[at + s]!;
    if (x !== x && isAbsent(words, at + s)) continue;
    const best = state[steps + s]!;
    if (state[s]!++ === 0 || x > best || best !== best) state[steps + s] = x;
  }
}

function foldCount(
  state: Float64Array,
  steps: number,
  values: Float64Array,
  words: Uint32Array,
  at: number,
): void {
  for (let s = 0; s < steps; s++) {
    const x = values[at + s]!;
    if (x !== x && isAbsent(words, at + s)) continue;
    state[s]!++;
  }
}

/** Sections: count, mean, sum of squared distances. */
function foldVariance(
  state: Float64Array,
  steps: number,
  values: Float64Array,
  words: Uint32Array,
  at: number,
): void {
  for (let s = 0; s < steps; s++) {
    const x = values[at + s]!;
    if (x !== x && isAbsent(words, at + s)) continue;
    const count = ++state[s]!;
    if (count === 1) {
      state[steps + s] = x;
      // As Prometheus: a first value that is not finite makes the result NaN.
      state[2 * steps + s] = Number.isFinite(x) ? 0 : NaN;
      continue;
    }
    const delta = x - state[steps + s]!;
    const mean = state[steps + s]! + delta / count;
    state[steps + s] = mean;
    state[2 * steps + s]! += delta * (x - mean);
  }
}

/** Turns a group's state into its row; a step without a member is absent. */
export function finishFold(
  op: FoldOp,
  state: Float64Array,
  steps: number,
  out: Float64Array,
  outWords: Uint32Array,
  outAt: number,
): void {
  for (let s = 0; s < steps; s++) {
    const count = state[s]!;
    if (count === 0) setAbsent(outWords, outAt + s);
    else out[outAt + s] = finished(op, state, steps, s, count);
  }
}

function finished(op: FoldOp, state: Float64Array, steps: number, s: number, count: number): number {
  switch (op) {
    case "sum": {
      const sum = state[steps + s]!;
      return sum === Infinity || sum === -Infinity ? sum : sum + state[2 * steps + s]!;
    }
    case "avg": {
      const sum = state[steps + s]!;
      const c = state[2 * steps + s]!;
      return state[3 * steps + s] === 0 ? sum / count + c / count : sum + c;
    }
    case "min":
    case "max":
      return state[steps + s]!;
    case "count":
      return count;
    case "group":
      return 1;
    case "stdvar":
      return state[2 * steps + s]! / count;
    case "stddev":
      return Math.sqrt(state[2 * steps + s]! / count);
  }
}
