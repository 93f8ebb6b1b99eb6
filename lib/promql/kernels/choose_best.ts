/** The k best of the values of one step: falling for sign 1, rising for −1, NaN last, of equals the first. */
import { selectRank } from "./select_rank.ts";
import type { StepTile } from "./step_tiles.ts";

/** Up to this k the best are kept by insertion, which costs nothing for the many that are not among them. */
const INSERTION_MAX = 64;

/** Room that is used again and again. */
export class BestRows {
  /** What was chosen last: rows of the block. */
  rows = new Int32Array(INSERTION_MAX);
  count = 0;
  readonly #values = new Float64Array(INSERTION_MAX);
  #ranked = new Float64Array(0);

  /** Of values `from` up to `to` of a tile; in no order. */
  choose(sign: 1 | -1, tile: StepTile, from: number, to: number, k: number): void {
    const count = to - from;
    if (this.rows.length < Math.min(k, count)) this.rows = new Int32Array(count);
    if (k >= count) {
      this.count = count;
      for (let i = 0; i < count; i++) this.rows[i] = tile.rows[from + i]!;
    } else if (k <= INSERTION_MAX) this.#insert(sign, tile, from, to, k);
    else this.#select(sign, tile, from, to, k);
  }

  #insert(sign: 1 | -1, tile: StepTile, from: number, to: number, k: number): void {
    const { rows } = this;
    const values = this.#values;
    let count = 0;
    for (let i = from; i < to; i++) {
      const value = tile.values[i]!;
      if (count === k && !isBetter(sign, value, values[k - 1]!)) continue;
      let at = count === k ? k - 1 : count++;
      while (at > 0 && isBetter(sign, value, values[at - 1]!)) {
        values[at] = values[at - 1]!;
        rows[at] = rows[at - 1]!;
        at--;
      }
      values[at] = value;
      rows[at] = tile.rows[i]!;
    }
    this.count = count;
  }

  /** By the value of the last that is chosen. */
  #select(sign: 1 | -1, tile: StepTile, from: number, to: number, k: number): void {
    if (this.#ranked.length < to - from) this.#ranked = new Float64Array(to - from);
    const ranked = this.#ranked;
    let numbers = 0;
    for (let i = from; i < to; i++) {
      const value = tile.values[i]!;
      if (value === value) ranked[numbers++] = value;
    }
    const last = numbers < k ? NaN : selectRank(ranked, 0, numbers, sign > 0 ? numbers - k : k - 1);
    let better = 0;
    for (let i = from; i < to; i++) if (isBetter(sign, tile.values[i]!, last)) better++;
    let equals = k - better;
    let count = 0;
    for (let i = from; i < to; i++) {
      const value = tile.values[i]!;
      if (!isBetter(sign, value, last)) {
        if (equals === 0 || isBetter(sign, last, value)) continue;
        equals--;
      }
      this.rows[count++] = tile.rows[i]!;
    }
    this.count = count;
  }
}

function isBetter(sign: 1 | -1, a: number, b: number): boolean {
  if (a !== a) return false;
  return b !== b || (sign > 0 ? a > b : a < b);
}

/** For a sort of whole groups: negative where `a` comes first. */
export function compareBest(sign: 1 | -1, a: number, b: number): number {
  return isBetter(sign, a, b) ? -1 : isBetter(sign, b, a) ? 1 : 0;
}
