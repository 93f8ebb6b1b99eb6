/** The actors that have something to do, first come first served, or picked by a seed in the simulation. */
import type { Cell } from "./cell.ts";

export class RunQueue {
  #cells: (Cell | undefined)[] = [];
  #head = 0;
  readonly #pick: ((count: number) => number) | undefined;

  constructor(pick: ((count: number) => number) | undefined) {
    this.#pick = pick;
  }

  get length(): number {
    return this.#cells.length - this.#head;
  }

  push(cell: Cell): void {
    this.#cells.push(cell);
  }

  take(): Cell | undefined {
    if (this.length === 0) return undefined;
    if (this.#pick !== undefined) {
      const index = this.#head + this.#pick(this.length);
      return this.#cells.splice(index, 1)[0];
    }
    const cell = this.#cells[this.#head];
    this.#cells[this.#head++] = undefined;
    // Moves the rest down once the taken half is the larger: constant time a cell, however long the queue is.
    if (this.#head * 2 >= this.#cells.length) {
      this.#cells = this.#cells.slice(this.#head);
      this.#head = 0;
    }
    return cell;
  }
}
