/**
 * The `*_over_time` family. A kernel writes a value for each step from `from` up to `to` whose window holds a
 * sample, leaves the other cells alone, and answers how many it wrote.
 */
import { compensatedMean, compensatedSum } from "./kahan.ts";
import { quantileOfSorted, sortNanFirst } from "./quantile.ts";
import type { SampleWindows } from "./windows.ts";

export function countOverTime(
  w: SampleWindows,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
): number {
  let present = 0;
  for (let s = from; s < to; s++) {
    const count = w.hi[s]! - w.lo[s]!;
    if (count === 0) continue;
    out[outAt + s] = count;
    present++;
  }
  return present;
}

export function presentOverTime(
  w: SampleWindows,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
): number {
  let present = 0;
  for (let s = from; s < to; s++) {
    if (w.hi[s] === w.lo[s]) continue;
    out[outAt + s] = 1;
    present++;
  }
  return present;
}

export function firstOverTime(
  w: SampleWindows,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
): number {
  let present = 0;
  for (let s = from; s < to; s++) {
    if (w.hi[s] === w.lo[s]) continue;
    out[outAt + s] = w.values[w.lo[s]!]!;
    present++;
  }
  return present;
}

export function lastOverTime(
  w: SampleWindows,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
): number {
  let present = 0;
  for (let s = from; s < to; s++) {
    if (w.hi[s] === w.lo[s]) continue;
    out[outAt + s] = w.values[w.hi[s]! - 1]!;
    present++;
  }
  return present;
}

export function timeOfFirstOverTime(
  w: SampleWindows,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
): number {
  let present = 0;
  for (let s = from; s < to; s++) {
    if (w.hi[s] === w.lo[s]) continue;
    out[outAt + s] = w.tMs[w.lo[s]!]! / 1000;
    present++;
  }
  return present;
}

export function timeOfLastOverTime(
  w: SampleWindows,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
): number {
  let present = 0;
  for (let s = from; s < to; s++) {
    if (w.hi[s] === w.lo[s]) continue;
    out[outAt + s] = w.tMs[w.hi[s]! - 1]! / 1000;
    present++;
  }
  return present;
}

export function sumOverTime(
  w: SampleWindows,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
): number {
  let present = 0;
  for (let s = from; s < to; s++) {
    if (w.hi[s] === w.lo[s]) continue;
    out[outAt + s] = compensatedSum(w.values, w.lo[s]!, w.hi[s]!);
    present++;
  }
  return present;
}

export function avgOverTime(
  w: SampleWindows,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
): number {
  let present = 0;
  for (let s = from; s < to; s++) {
    if (w.hi[s] === w.lo[s]) continue;
    out[outAt + s] = compensatedMean(w.values, w.lo[s]!, w.hi[s]!);
    present++;
  }
  return present;
}

/** A NaN is the smallest only where all are NaN. */
export function minOverTime(
  w: SampleWindows,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
): number {
  let present = 0;
  for (let s = from; s < to; s++) {
    const end = w.hi[s]!;
    const first = w.lo[s]!;
    if (end === first) continue;
    let best = w.values[first]!;
    for (let i = first + 1; i < end; i++) {
      const value = w.values[i]!;
      if (value < best || best !== best) best = value;
    }
    out[outAt + s] = best;
    present++;
  }
  return present;
}

export function maxOverTime(
  w: SampleWindows,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
): number {
  let present = 0;
  for (let s = from; s < to; s++) {
    const end = w.hi[s]!;
    const first = w.lo[s]!;
    if (end === first) continue;
    let best = w.values[first]!;
    for (let i = first + 1; i < end; i++) {
      const value = w.values[i]!;
      if (value > best || best !== best) best = value;
    }
    out[outAt + s] = best;
    present++;
  }
  return present;
}

/** Of equal values the newest. */
export function timeOfMinOverTime(
  w: SampleWindows,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
): number {
  let present = 0;
  for (let s = from; s < to; s++) {
    const end = w.hi[s]!;
    const first = w.lo[s]!;
    if (end === first) continue;
    let best = first;
    for (let i = first + 1; i < end; i++) {
      const low = w.values[best]!;
      if (w.values[i]! <= low || low !== low) best = i;
    }
    out[outAt + s] = w.tMs[best]! / 1000;
    present++;
  }
  return present;
}

/** Of equal values the newest. */
export function timeOfMaxOverTime(
  w: SampleWindows,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
): number {
  let present = 0;
  for (let s = from; s < to; s++) {
    const end = w.hi[s]!;
    const first = w.lo[s]!;
    if (end === first) continue;
    let best = first;
    for (let i = first + 1; i < end; i++) {
      const high = w.values[best]!;
      if (w.values[i]! >= high || high !== high) best = i;
    }
    out[outAt + s] = w.tMs[best]! / 1000;
    present++;
  }
  return present;
}

export function stdvarOverTime(
  w: SampleWindows,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
): number {
  let present = 0;
  for (let s = from; s < to; s++) {
    if (w.hi[s] === w.lo[s]) continue;
    out[outAt + s] = variance(w.values, w.lo[s]!, w.hi[s]!);
    present++;
  }
  return present;
}

export function stddevOverTime(
  w: SampleWindows,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
): number {
  let present = 0;
  for (let s = from; s < to; s++) {
    if (w.hi[s] === w.lo[s]) continue;
    out[outAt + s] = Math.sqrt(variance(w.values, w.lo[s]!, w.hi[s]!));
    present++;
  }
  return present;
}

/** Welford's, with both running sums compensated. */
export function variance(values: Float64Array, from: number, to: number): number {
  let mean = 0;
  let meanC = 0;
  let aux = 0;
  let auxC = 0;
  for (let i = from; i < to; i++) {
    const value = values[i]!;
    const delta = value - (mean + meanC);
    const x = delta / (i - from + 1);
    let t = mean + x;
    if (t === Infinity || t === -Infinity) meanC = 0;
    else if (Math.abs(mean) >= Math.abs(x)) meanC += (mean - t) + x;
    else meanC += (x - t) + mean;
    mean = t;
    const y = delta * (value - (mean + meanC));
    t = aux + y;
    if (t === Infinity || t === -Infinity) auxC = 0;
    else if (Math.abs(aux) >= Math.abs(y)) auxC += (aux - t) + y;
    else auxC += (y - t) + aux;
    aux = t;
  }
  return (aux + auxC) / (to - from);
}

/** `params[s]` is the quantile at step s. */
export function quantileOverTime(
  w: SampleWindows,
  params: Float64Array,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
): number {
  const sorted = new Float64Array(widest(w, from, to));
  let present = 0;
  for (let s = from; s < to; s++) {
    const count = w.hi[s]! - w.lo[s]!;
    if (count === 0) continue;
    copyWindow(w, s, sorted);
    sortNanFirst(sorted, count);
    out[outAt + s] = quantileOfSorted(params[s]!, sorted, count);
    present++;
  }
  return present;
}

/** The median of the distances to the median; NaN where any sample is. */
export function madOverTime(
  w: SampleWindows,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
): number {
  const sorted = new Float64Array(widest(w, from, to));
  let present = 0;
  for (let s = from; s < to; s++) {
    const count = w.hi[s]! - w.lo[s]!;
    if (count === 0) continue;
    copyWindow(w, s, sorted);
    sortNanFirst(sorted, count);
    const median = sorted[0] === sorted[0] ? quantileOfSorted(0.5, sorted, count) : NaN;
    for (let i = 0; i < count; i++) sorted[i] = Math.abs(sorted[i]! - median);
    sortNanFirst(sorted, count);
    out[outAt + s] = quantileOfSorted(0.5, sorted, count);
    present++;
  }
  return present;
}

function widest(w: SampleWindows, from: number, to: number): number {
  let most = 0;
  for (let s = from; s < to; s++) most = Math.max(most, w.hi[s]! - w.lo[s]!);
  return most;
}

function copyWindow(w: SampleWindows, s: number, out: Float64Array): void {
  let at = 0;
  for (let i = w.lo[s]!; i < w.hi[s]!; i++) out[at++] = w.values[i]!;
}
