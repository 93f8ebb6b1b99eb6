/**
 * Order statistics without a sort: the value of one rank among many, in time that grows with their number only.
 * Rearranges what it is given. No NaN may be among the values.
 */

/** Below this a part is sorted by insertion. */
const INSERTION_MAX = 24;

/** The value that has `rank` (from 0) when values `from` up to `to` rise; after it those of lower rank lie before it. */
export function selectRank(values: Float64Array, from: number, to: number, rank: number): number {
  let low = from;
  let high = to - 1;
  const at = from + rank;
  while (high - low > INSERTION_MAX) {
    const pivot = medianOfThree(values[low]!, values[(low + high) >> 1]!, values[high]!);
    let i = low;
    let j = high;
    while (i <= j) {
      while (values[i]! < pivot) i++;
      while (values[j]! > pivot) j--;
      if (i > j) break;
      const value = values[i]!;
      values[i] = values[j]!;
      values[j] = value;
      i++;
      j--;
    }
    // Up to j nothing is above the pivot, from i on nothing below; between them are equals of it.
    if (at <= j) high = j;
    else if (at >= i) low = i;
    else return values[at]!;
  }
  for (let i = low + 1; i <= high; i++) {
    const value = values[i]!;
    let k = i - 1;
    while (k >= low && values[k]! > value) {
      values[k + 1] = values[k]!;
      k--;
    }
    values[k + 1] = value;
  }
  return values[at]!;
}

function medianOfThree(a: number, b: number, c: number): number {
  if (a < b) return b < c ? b : a < c ? c : a;
  return a < c ? a : b < c ? c : b;
}

/** The least of values `from` up to `to`, of which there is one. */
export function leastOf(values: Float64Array, from: number, to: number): number {
  let least = values[from]!;
  for (let i = from + 1; i < to; i++) if (values[i]! < least) least = values[i]!;
  return least;
}

/** Moves the NaNs of values `from` up to `to` to the front; answers how many there are. */
export function nansToFront(values: Float64Array, from: number, to: number): number {
  let next = from;
  for (let i = from; i < to; i++) {
    const value = values[i]!;
    if (value === value) continue;
    values[i] = values[next]!;
    values[next++] = NaN;
  }
  return next - from;
}
