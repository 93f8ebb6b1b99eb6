/** Cells of a block that an operator keeps, few as a rule: a row of room for each series of which one is kept. */
import { absentColumn } from "../../model/stale.ts";
import type { Labels } from "../../model/labels.ts";
import { type Block, blockOf, copyCells } from "../block.ts";
import { rowsPerBlock } from "./selector.ts";

export class KeptCells {
  readonly #block: Block;
  readonly #rows: (Float64Array | undefined)[];

  constructor(block: Block) {
    this.#block = block;
    this.#rows = new Array(block.labels.length);
  }

  keep(row: number, s: number): void {
    const { steps, values } = this.#block;
    const kept = this.#rows[row] ??= absentColumn(steps);
    const value = values[row * steps + s]!;
    if (value === value) kept[s] = value;
    else copyCells(kept, s, values, row * steps + s, 1);
  }

  /** The series of which something was kept, in their order, as blocks of a stream. */
  *blocks(): Generator<Block> {
    const { steps } = this.#block;
    const most = rowsPerBlock(steps, 1);
    let rows: number[] = [];
    for (let row = 0; row < this.#rows.length; row++) {
      if (this.#rows[row] !== undefined) rows.push(row);
      if (rows.length < most) continue;
      yield this.#blockOf(rows);
      rows = [];
    }
    if (rows.length > 0) yield this.#blockOf(rows);
  }

  #blockOf(rows: readonly number[]): Block {
    const { steps, labels, dropsName, histograms } = this.#block;
    const values = new Float64Array(rows.length * steps);
    const own: Labels[] = [];
    for (let i = 0; i < rows.length; i++) {
      values.set(this.#rows[rows[i]!]!, i * steps);
      own.push(labels[rows[i]!]!);
    }
    const drops = dropsName === undefined ? undefined : Uint8Array.from(rows, (row) => dropsName[row]!);
    return blockOf(steps, own, values, drops, histograms);
  }
}
