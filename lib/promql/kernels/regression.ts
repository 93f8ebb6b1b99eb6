/** Lines through the samples of a window: deriv, predict_linear; and double exponential smoothing. */
import type { SampleWindows } from "./windows.ts";

/** Of the last line that `fitLine` fitted. A slot of its own each, so that a fit allocates nothing. */
const LINE = new Float64Array(2);

/** Least squares over samples from `first` up to `end`: LINE becomes slope a second and value at `atMs`. */
function fitLine(tMs: Float64Array, values: Float64Array, first: number, end: number, atMs: number): void {
  const firstValue = values[first]!;
  let constant = true;
  let sumX = 0, cX = 0, sumY = 0, cY = 0, sumXY = 0, cXY = 0, sumX2 = 0, cX2 = 0;
  for (let i = first; i < end; i++) {
    const y = values[i]!;
    if (constant && i > first && y !== firstValue) constant = false;
    const x = (tMs[i]! - atMs) / 1000;
    let t = sumX + x;
    cX = compensation(sumX, x, t, cX);
    sumX = t;
    t = sumY + y;
    cY = compensation(sumY, y, t, cY);
    sumY = t;
    t = sumXY + x * y;
    cXY = compensation(sumXY, x * y, t, cXY);
    sumXY = t;
    t = sumX2 + x * x;
    cX2 = compensation(sumX2, x * x, t, cX2);
    sumX2 = t;
  }
  if (constant) {
    const infinite = firstValue === Infinity || firstValue === -Infinity;
    LINE[0] = infinite ? NaN : 0;
    LINE[1] = infinite ? NaN : firstValue;
    return;
  }
  sumX += cX;
  sumY += cY;
  sumXY += cXY;
  sumX2 += cX2;
  const n = end - first;
  const covariance = sumXY - sumX * sumY / n;
  const varianceX = sumX2 - sumX * sumX / n;
  const slope = covariance / varianceX;
  LINE[0] = slope;
  LINE[1] = sumY / n - slope * sumX / n;
}

function compensation(sum: number, x: number, t: number, c: number): number {
  if (t === Infinity || t === -Infinity) return 0;
  return Math.abs(sum) >= Math.abs(x) ? c + ((sum - t) + x) : c + ((x - t) + sum);
}

export function deriv(w: SampleWindows, from: number, to: number, out: Float64Array, outAt: number): number {
  let present = 0;
  for (let s = from; s < to; s++) {
    const first = w.lo[s]!;
    const end = w.hi[s]!;
    if (end - first < 2) continue;
    // As Prometheus: the intercept is taken near the samples, far from 0, to keep digits.
    fitLine(w.tMs, w.values, first, end, w.tMs[first]!);
    out[outAt + s] = LINE[0]!;
    present++;
  }
  return present;
}

/** `params[s]`: how many seconds after the instant of step s. */
export function predictLinear(
  w: SampleWindows,
  params: Float64Array,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
): number {
  let present = 0;
  for (let s = from; s < to; s++) {
    const first = w.lo[s]!;
    const end = w.hi[s]!;
    if (end - first < 2) continue;
    fitLine(w.tMs, w.values, first, end, w.evalMs[s]!);
    out[outAt + s] = LINE[0]! * params[s]! + LINE[1]!;
    present++;
  }
  return present;
}

/** Holt's linear method; both factors lie strictly between 0 and 1. */
export function doubleExponentialSmoothing(
  w: SampleWindows,
  smoothing: Float64Array,
  trend: Float64Array,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
): number {
  let present = 0;
  for (let s = from; s < to; s++) {
    const first = w.lo[s]!;
    const end = w.hi[s]!;
    if (end - first < 2) continue;
    const sf = smoothing[s]!;
    const tf = trend[s]!;
    let before = 0;
    let smoothed = w.values[first]!;
    let slope = w.values[first + 1]! - smoothed;
    for (let i = first + 1; i < end; i++) {
      if (i > first + 1) slope = tf * (smoothed - before) + (1 - tf) * slope;
      const next = sf * w.values[i]! + (1 - sf) * (smoothed + slope);
      before = smoothed;
      smoothed = next;
    }
    out[outAt + s] = smoothed;
    present++;
  }
  return present;
}
