/**
 * Copies of cells that may be histograms: word by word, since a pattern in a NaN has to survive. The twins of
 * `gatherNewestWithGaps` and `compactColumn` for columns with a table beside them.
 */
import { isAbsent, isGap, isStale } from "../../model/stale.ts";

function copyCell(from: Uint32Array, fromAt: number, to: Uint32Array, toAt: number): void {
  to[2 * toAt] = from[2 * fromAt]!;
  to[2 * toAt + 1] = from[2 * fromAt + 1]!;
}

/** Answers the number of cells written. */
export function gatherNewestCells(
  tMs: Float64Array,
  words: Uint32Array,
  endMs: Float64Array,
  lookbackMs: number,
  outWords: Uint32Array,
  outAt: number,
): number {
  let to = 0;
  let last = -1;
  let present = 0;
  for (let s = 0; s < endMs.length; s++) {
    const end = endMs[s]!;
    while (to < tMs.length && tMs[to]! <= end) {
      if (!isAbsent(words, to)) last = to;
      to++;
    }
    if (last < 0 || tMs[last]! <= end - lookbackMs || isStale(words, last)) continue;
    copyCell(words, last, outWords, outAt + s);
    present++;
  }
  return present;
}

/** Moves cells that are no gaps to the front; answers their number. */
export function compactCells(
  tMs: Float64Array,
  words: Uint32Array,
  outT: Float64Array,
  outWords: Uint32Array,
): number {
  let count = 0;
  for (let i = 0; i < tMs.length; i++) {
    if (isGap(words, i)) continue;
    outT[count] = tMs[i]!;
    copyCell(words, i, outWords, count);
    count++;
  }
  return count;
}
