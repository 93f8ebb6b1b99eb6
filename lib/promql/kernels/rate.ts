/**
 * The rate family over windows. As Prometheus: the increase between the first and last sample is stretched to the
 * edges of the window, but only by half an average interval where the gap to the edge is 1.1 intervals or more,
 * and never to where a counter would have been negative.
 */
import type { SampleWindows } from "./windows.ts";

export const IS_COUNTER = 1;
export const IS_RATE = 2;

/** Index of each sample that is smaller than the one before it; answers how many. `out` has room for all. */
export function findResets(values: Float64Array, count: number, out: Int32Array): number {
  let found = 0;
  let previous = count > 0 ? values[0]! : 0;
  for (let i = 1; i < count; i++) {
    const value = values[i]!;
    if (value < previous) out[found++] = i;
    previous = value;
  }
  return found;
}

/** The quick question about counters near zero may say yes too often, never too rarely. */
const NEAR_ZERO_SLACK = 1 + 1e-9;

/**
 * How far each window's increase is stretched, which its bounds alone decide, but for counters near zero. Five
 * sections, a cell a step: the factor; how much of the increase a first value may be to be near zero, and a little
 * more; and the seconds sampled, to the start, to the end.
 */
export function planExtrapolation(w: SampleWindows, flags: number): Float64Array {
  const { tMs, lo, hi, endMs, rangeMs } = w;
  const steps = endMs.length;
  const plan = new Float64Array(5 * steps);
  const perSecond = (flags & IS_RATE) !== 0 ? rangeMs / 1000 : 1;
  for (let s = 0; s < steps; s++) {
    const first = lo[s]!;
    const last = hi[s]! - 1;
    if (last <= first) continue;
    const end = endMs[s]!;
    const sampled = (tMs[last]! - tMs[first]!) / 1000;
    const average = sampled / (last - first);
    const threshold = average * 1.1;
    let toStart = (tMs[first]! - (end - rangeMs)) / 1000;
    if (toStart >= threshold) toStart = average / 2;
    let toEnd = (end - tMs[last]!) / 1000;
    if (toEnd >= threshold) toEnd = average / 2;
    plan[s] = (sampled + toStart + toEnd) / sampled / perSecond;
    plan[steps + s] = toStart / sampled * NEAR_ZERO_SLACK;
    plan[2 * steps + s] = sampled;
    plan[3 * steps + s] = toStart;
    plan[4 * steps + s] = toEnd;
  }
  return plan;
}

/**
 * rate, increase and delta for steps `from` up to `to`. `resets` are those of the whole row (none where they do not
 * count), so that a window costs its resets and not its samples. Answers the number of values written.
 */
export function extrapolatedRate(
  w: SampleWindows,
  resets: Int32Array,
  resetsCount: number,
  flags: number,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
): number {
  const { values, lo, hi } = w;
  const plan = w.extrapolation ??= planExtrapolation(w, flags);
  const steps = w.endMs.length;
  const isCounter = (flags & IS_COUNTER) !== 0;
  const perSecond = (flags & IS_RATE) !== 0 ? w.rangeMs / 1000 : 1;
  let present = 0;
  let resetAt = 0;
  for (let s = from; s < to; s++) {
    const first = lo[s]!;
    const last = hi[s]! - 1;
    if (last <= first) continue;
    const firstValue = values[first]!;
    let result = values[last]! - firstValue;
    if (resetsCount > 0) {
      while (resetAt < resetsCount && resets[resetAt]! <= first) resetAt++;
      for (let r = resetAt; r < resetsCount && resets[r]! <= last; r++) result += values[resets[r]! - 1]!;
    }
    let factor = plan[s]!;
    if (isCounter && firstValue <= plan[steps + s]! * result && result > 0 && firstValue >= 0) {
      const sampled = plan[2 * steps + s]!;
      // The counter would have been zero inside the window's start: multiplied out, as nearly none is.
      if (sampled * firstValue < plan[3 * steps + s]! * result) {
        const toZero = sampled * (firstValue / result);
        factor = (sampled + toZero + plan[4 * steps + s]!) / sampled / perSecond;
      }
    }
    out[outAt + s] = result * factor;
    present++;
  }
  return present;
}

/** The plain twin of `extrapolatedRate`: one window, no shared resets. The oracle of its test. */
export function extrapolatedRateOfWindow(
  tMs: Float64Array,
  values: Float64Array,
  endMs: number,
  rangeMs: number,
  flags: number,
): number | undefined {
  const count = values.length;
  if (count < 2) return undefined;
  const isCounter = (flags & IS_COUNTER) !== 0;
  let result = values[count - 1]! - values[0]!;
  if (isCounter) {
    for (let i = 1; i < count; i++) if (values[i]! < values[i - 1]!) result += values[i - 1]!;
  }
  let toStart = (tMs[0]! - (endMs - rangeMs)) / 1000;
  let toEnd = (endMs - tMs[count - 1]!) / 1000;
  const sampled = (tMs[count - 1]! - tMs[0]!) / 1000;
  const average = sampled / (count - 1);
  if (toStart >= average * 1.1) toStart = average / 2;
  if (isCounter && result > 0 && values[0]! >= 0) {
    toStart = Math.min(toStart, sampled * (values[0]! / result));
  }
  if (toEnd >= average * 1.1) toEnd = average / 2;
  let factor = (sampled + toStart + toEnd) / sampled;
  if ((flags & IS_RATE) !== 0) factor /= rangeMs / 1000;
  return result * factor;
}

/** irate and idelta: from the last two samples. */
export function instantRate(
  w: SampleWindows,
  flags: number,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
): number {
  const { tMs, values, lo, hi } = w;
  const isRate = (flags & IS_RATE) !== 0;
  let present = 0;
  for (let s = from; s < to; s++) {
    const last = hi[s]! - 1;
    if (last <= lo[s]!) continue;
    const intervalMs = tMs[last]! - tMs[last - 1]!;
    const value = values[last]!;
    const before = values[last - 1]!;
    let result = isRate && value < before ? value : value - before;
    if (isRate) result /= intervalMs / 1000;
    out[outAt + s] = result;
    present++;
  }
  return present;
}

/** Samples that differ from the one before; a NaN after a NaN is no change. */
export function changes(
  w: SampleWindows,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
): number {
  const { values, lo, hi } = w;
  let present = 0;
  for (let s = from; s < to; s++) {
    const first = lo[s]!;
    const end = hi[s]!;
    if (end === first) continue;
    let found = 0;
    let before = values[first]!;
    for (let i = first + 1; i < end; i++) {
      const value = values[i]!;
      if (value !== before && (value === value || before === before)) found++;
      before = value;
    }
    out[outAt + s] = found;
    present++;
  }
  return present;
}

/** Samples that are smaller than the one before. */
export function resetsCount(
  w: SampleWindows,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
): number {
  const { values, lo, hi } = w;
  let present = 0;
  for (let s = from; s < to; s++) {
    const first = lo[s]!;
    const end = hi[s]!;
    if (end === first) continue;
    let found = 0;
    for (let i = first + 1; i < end; i++) if (values[i]! < values[i - 1]!) found++;
    out[outAt + s] = found;
    present++;
  }
  return present;
}
