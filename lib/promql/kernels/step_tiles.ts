/**
 * Some series at some steps, turned so that the values of one step lie together: an operator over all series of a
 * step then reads memory in order. Cells without a value are left out.
 */
import { isAbsent } from "../../model/stale.ts";

/** Cells of a tile: some milliseconds of any operator's work, and small enough for a cache. */
const TILE_CELLS_MAX = 1 << 17;

/** How many steps of so many series make a tile. */
export function stepsPerTile(membersCount: number, steps: number): number {
  return Math.min(steps, Math.max(1, Math.floor(TILE_CELLS_MAX / Math.max(1, membersCount))));
}

export interface StepTile {
  /** Of step `from + i`: values `i · stride` and on, `counts[i]` of them, in the order of the rows. */
  readonly values: Float64Array;
  /** Rows of the block, beside the values. */
  readonly rows: Int32Array;
  readonly counts: Int32Array;
  readonly stride: number;
}

export function tileFor(membersCount: number, steps: number): StepTile {
  const cells = membersCount * stepsPerTile(membersCount, steps);
  return {
    values: new Float64Array(cells),
    rows: new Int32Array(cells),
    counts: new Int32Array(stepsPerTile(membersCount, steps)),
    stride: membersCount,
  };
}

/** Fills the tile with steps `from` up to `to` of the rows. */
export function fillTile(
  tile: StepTile,
  source: { readonly values: Float64Array; readonly words: Uint32Array; readonly steps: number },
  members: readonly number[],
  from: number,
  to: number,
): void {
  const { values, words, steps } = source;
  const { counts, stride } = tile;
  counts.fill(0);
  for (let m = 0; m < members.length; m++) {
    const row = members[m]!;
    for (let s = from; s < to; s++) {
      const at = row * steps + s;
      const value = values[at]!;
      if (value !== value && isAbsent(words, at)) continue;
      const out = (s - from) * stride + counts[s - from]!++;
      tile.values[out] = value;
      tile.rows[out] = row;
    }
  }
}
