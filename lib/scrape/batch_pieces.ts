/**
 * A scrape as batches for storage: one, or where it brings very many series several, each sent when the one before
 * was answered. All have the scrape's timestamp, and the last has the staleness markers and the report series, so a
 * scrape whose `up` is there is there as a whole.
 */
import type { EpochMs } from "../core/time.ts";
import { NEW_SERIES_BIT, type SampleBatch, type SampleRow } from "../model/batch.ts";
import { setHistogram } from "../model/histogram_cell.ts";
import { setNan, wordsOf } from "../model/stale.ts";
import { type Collected, type Cut, PIECE_SERIES_MAX, type Stray } from "./row_builder.ts";

type Parts = Pick<SampleBatch, "defined" | "rows" | "strays" | "exemplars">;

/** Owners from … to have learnt their columns: owner i that of `columns[indices[i]]`. */
export interface Learnt {
  readonly from: number;
  readonly to: number;
  readonly columns: Uint32Array;
}

export class BatchPieces {
  readonly #all: Collected;
  /** Ends of the pieces, the last one's included. */
  readonly #ends: readonly Cut[];
  /** Of everything defined, as far as storage has answered. */
  readonly #columns: Uint32Array;
  readonly #strayTimes: Float64Array;
  #strayAt = 0;
  #begun: Cut = NOWHERE;
  #sent: Cut = NOWHERE;
  #piece = 0;

  constructor(all: Collected) {
    this.#all = all;
    const end = { cells: all.refs.length, defined: all.defined.length, owners: all.owners.owners.length };
    this.#ends = [...all.cuts, end];
    this.#columns = new Uint32Array(all.defined.length);
    this.#strayTimes = Float64Array.from(all.strays.keys()).sort();
  }

  /** The next batch; undefined when there is none. The first is there always. */
  next(): Parts | undefined {
    if (this.#piece === this.#ends.length) return undefined;
    const isLast = this.#piece === this.#ends.length - 1;
    // Strays that would not fit go ahead of the last piece, which needs what is before it anyway.
    if (isLast && this.#ends.length > 1 && this.#straysAreMany()) {
      this.#begun = this.#sent;
      return { defined: [], rows: [], strays: this.#strays(PIECE_SERIES_MAX) };
    }
    return this.#cells(isLast ? Infinity : 0);
  }

  /** Columns of what the last batch defined. */
  answered(refs: Uint32Array): Learnt {
    this.#columns.set(refs.subarray(0, this.#sent.defined - this.#begun.defined), this.#begun.defined);
    return { from: this.#begun.owners, to: this.#sent.owners, columns: this.#columns };
  }

  /** The next piece of the row, with about so many of the strays. */
  #cells(straysMax: number): Parts {
    const { tMs, refs, values, defined, histograms } = this.#all;
    const begun = this.#sent;
    const end = this.#ends[this.#piece++]!;
    this.#begun = begun;
    this.#sent = end;
    const rows: SampleRow[] = [];
    if (end.cells > begun.cells) {
      if (this.#ends.length === 1) rows.push({ tMs, refs, values, histograms });
      else {
        rows.push({
          tMs,
          refs: this.#known(refs.slice(begun.cells, end.cells)),
          values: values.slice(begun.cells, end.cells),
          histograms,
          cellsToCome: refs.length - end.cells,
        });
      }
    }
    const isAll = end.defined - begun.defined === defined.length;
    return {
      defined: isAll ? defined : defined.slice(begun.defined, end.defined),
      rows,
      strays: this.#strays(straysMax),
      exemplars: this.#piece === this.#ends.length ? this.#exemplars() : undefined,
    };
  }

  /** With the last piece, when nearly all series have their columns. */
  #exemplars(): SampleBatch["exemplars"] {
    const { exemplars } = this.#all;
    if (exemplars === undefined) return undefined;
    const refs = this.#known(Uint32Array.from(exemplars, ({ ref }) => ref));
    return exemplars.map((exemplar, i) => ({ ...exemplar, ref: refs[i]! }));
  }

  #straysAreMany(): boolean {
    let cells = 0;
    for (let i = this.#strayAt; i < this.#strayTimes.length; i++) {
      cells += this.#all.strays.get(this.#strayTimes[i]!)!.values.length;
      if (cells > PIECE_SERIES_MAX) return true;
    }
    return false;
  }

  /** The next rows of strays by time: about `cellsMax` cells, one row at least. */
  #strays(cellsMax: number): readonly SampleRow[] {
    const rows: SampleRow[] = [];
    for (let cells = 0; this.#strayAt < this.#strayTimes.length && cells < cellsMax; this.#strayAt++) {
      const tMs = this.#strayTimes[this.#strayAt]!;
      const stray = this.#all.strays.get(tMs)!;
      cells += stray.values.length;
      rows.push(this.#strayRow(tMs, stray));
    }
    return rows;
  }

  #strayRow(tMs: EpochMs, stray: Stray): SampleRow {
    const values = Float64Array.from(stray.values);
    const words = wordsOf(values);
    for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) setNan(words, i);
    for (const [at, index] of stray.histogramAt) setHistogram(words, at, index);
    const histograms = stray.histogramAt.size === 0 ? undefined : this.#all.histograms;
    return { tMs, refs: this.#known(Uint32Array.from(stray.refs)), values, histograms };
  }

  /** In place: indices become columns where an earlier piece was told them, and count from this one's first. */
  #known(refs: Uint32Array): Uint32Array {
    const first = this.#begun.defined;
    if (first === 0) return refs;
    for (let i = 0; i < refs.length; i++) {
      if (refs[i]! < NEW_SERIES_BIT) continue;
      const index = refs[i]! - NEW_SERIES_BIT;
      refs[i] = index < first ? this.#columns[index]! : NEW_SERIES_BIT + index - first;
    }
    return refs;
  }
}

const NOWHERE: Cut = { cells: 0, defined: 0, owners: 0 };
