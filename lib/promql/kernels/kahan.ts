/**
 * Compensated summation as Prometheus does it: Neumaier's variant of Kahan's, which drops the compensation once the
 * sum is infinite. The steps are written out in each kernel, as a call a sample that returns two numbers costs
 * more than the sum; `compensatedSum` is their plain twin.
 */

export function compensatedSum(values: Float64Array, from: number, to: number): number {
  let sum = 0;
  let c = 0;
  for (let i = from; i < to; i++) {
    const x = values[i]!;
    const t = sum + x;
    if (t === Infinity || t === -Infinity) c = 0;
    else if (Math.abs(sum) >= Math.abs(x)) c += (sum - t) + x;
    else c += (x - t) + sum;
    sum = t;
  }
  return sum === Infinity || sum === -Infinity ? sum : sum + c;
}

/** The mean; where the sum would overflow, from there on as an incremental mean. */
export function compensatedMean(values: Float64Array, from: number, to: number): number {
  let sum = values[from]!;
  let c = 0;
  for (let i = from + 1; i < to; i++) {
    const x = values[i]!;
    const t = sum + x;
    if (t === Infinity || t === -Infinity) return incrementalMean(values, from, to, i, sum, c);
    if (Math.abs(sum) >= Math.abs(x)) c += (sum - t) + x;
    else c += (x - t) + sum;
    sum = t;
  }
  const count = to - from;
  return sum / count + c / count;
}

function incrementalMean(
  values: Float64Array,
  from: number,
  to: number,
  at: number,
  sum: number,
  compensation: number,
): number {
  let mean = sum / (at - from);
  let c = compensation / (at - from);
  for (let i = at; i < to; i++) {
    const count = i - from + 1;
    const q = (count - 1) / count;
    const x = values[i]! / count;
    const base = q * mean;
    c = q * c;
    const t = base + x;
    if (t === Infinity || t === -Infinity) c = 0;
    else if (Math.abs(base) >= Math.abs(x)) c += (base - t) + x;
    else c += (x - t) + base;
    mean = t;
  }
  return mean + c;
}
