/** Quantiles of plain values. As Prometheus: NaN sorts first, the result lies linearly between two ranks. */
import { leastOf, nansToFront, selectRank } from "./select_rank.ts";

/** Of `count` values that are sorted, NaN first. Their number must not be zero. */
export function quantileOfSorted(q: number, sorted: Float64Array, count: number): number {
  if (count === 0 || q !== q) return NaN;
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  const rank = q * (count - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(count - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  return sorted[lower]! * (1 - weight) + sorted[upper]! * weight;
}

/** Sorts the first `count` values in place, NaN first. */
export function sortNanFirst(values: Float64Array, count: number): void {
  const part = values.subarray(0, count);
  part.sort(); // Float64Array sorts by value with NaN last.
  let nans = 0;
  while (nans < count) {
    const value = part[count - 1 - nans]!;
    if (value === value) break;
    nans++;
  }
  if (nans === 0 || nans === count) return;
  part.copyWithin(nans, 0, count - nans);
  part.fill(NaN, 0, nans);
}

/** As of the sorted values `from` up to `to`, of which there is one; rearranges them instead of sorting them. */
export function quantileOfUnsorted(q: number, values: Float64Array, from: number, to: number): number {
  const count = to - from;
  if (count === 0 || q !== q) return NaN;
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  const nans = nansToFront(values, from, to);
  const rank = q * (count - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(count - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  const low = lower < nans ? NaN : selectRank(values, from + nans, to, lower - nans);
  const high = upper < nans ? NaN : upper === lower ? low : leastOf(values, from + upper, to);
  if ((low === 0 || high === 0) && holdsNegativeZero(values, from + nans, to)) {
    // Only a sort tells the zeros apart.
    sortNanFirst(values.subarray(from, to), count);
    return quantileOfSorted(q, values.subarray(from, to), count);
  }
  return low * (1 - weight) + high * weight;
}

function holdsNegativeZero(values: Float64Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (values[i] === 0 && 1 / values[i]! < 0) return true;
  return false;
}
