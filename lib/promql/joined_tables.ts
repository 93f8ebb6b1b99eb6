/** The histogram tables of several blocks as one, for the block that they become. */
import type { FloatHistogram } from "../model/histogram/float_histogram.ts";
import { type HistogramTable, shiftHistograms } from "../model/histogram_cell.ts";

export class JoinedTables {
  readonly #offsetOf = new Map<HistogramTable, number>();
  readonly #joined: FloatHistogram[] = [];

  /** Makes the cells of a block point into the joined table. To be called once a block. */
  add(words: Uint32Array, cells: number, table: HistogramTable): void {
    let offset = this.#offsetOf.get(table);
    if (offset === undefined) {
      offset = this.#joined.length;
      this.#offsetOf.set(table, offset);
      for (const histogram of table) this.#joined.push(histogram);
    }
    if (offset > 0) shiftHistograms(words, 0, cells, offset);
  }

  /** Undefined where no block had one. */
  get table(): HistogramTable | undefined {
    return this.#offsetOf.size === 0 ? undefined : this.#joined;
  }
}
