/** Quantiles of plain values. As Prometheus: NaN sorts first, the result lies linearly between two ranks. */

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
