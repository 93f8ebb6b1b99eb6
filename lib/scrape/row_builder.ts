/**
 * Collects the samples of one scrape: a row at the scrape's time, strays by their own time, new series. Marks where
 * very many of them are to be cut into pieces (batch_pieces.ts). A builder serves sessions in turn; what it hands
 * out is copied to arrays of the right size, as a batch gives them away.
 */
import type { EpochMs } from "../core/time.ts";
import { type BatchExemplar, NEW_SERIES_BIT } from "../model/batch.ts";
import { areFirstColumns, firstColumns } from "../model/first_columns.ts";
import { type HistogramTable, setHistogram } from "../model/histogram_cell.ts";
import { type Labels, labelsKey } from "../model/labels.ts";
import { isStale, setNan, setStale, wordsOf } from "../model/stale.ts";

/** Storage takes some five microseconds for a new series: a piece holds the event loop for ten milliseconds. */
export const PIECE_SERIES_MAX = 2_000;
/** Samples of known series, at some fifty nanoseconds. */
export const PIECE_CELLS_MAX = 200_000;

/** Owner of a series that leaves no trace once its batch is answered. */
export const OWNED_BY_NOBODY = -1_000_000;

/** Who learns a column from the answer: `owners[i]` learns the column of `defined[indices[i]]`. */
export interface Owners {
  readonly owners: readonly number[];
  readonly indices: readonly number[];
}

export interface Stray {
  readonly refs: ReadonlySet<number>;
  readonly values: readonly number[];
  /** Positions in `values` that stand for histograms. */
  readonly histogramAt: ReadonlyMap<number, number>;
}

interface OpenStray {
  readonly refs: Set<number>;
  readonly values: number[];
  readonly histogramAt: Map<number, number>;
}

function newStray(): OpenStray {
  return { refs: new Set(), values: [], histogramAt: new Map() };
}

/** A piece ends before this cell, series and owner. */
export interface Cut {
  readonly cells: number;
  readonly defined: number;
  readonly owners: number;
}

/** All of a scrape. References to new series are indices into all of `defined`. */
export interface Collected {
  readonly tMs: EpochMs;
  readonly refs: Uint32Array;
  readonly values: Float64Array;
  readonly strays: ReadonlyMap<EpochMs, Stray>;
  readonly defined: readonly Labels[];
  readonly owners: Owners;
  /** Ascending, not at the end. Empty for all but very large scrapes. */
  readonly cuts: readonly Cut[];
  readonly exemplars: readonly BatchExemplar[] | undefined;
  /** What histogram cells of all values point into; undefined: there are none. */
  readonly histograms: HistogramTable | undefined;
}

/** Those of a scrape that has all of its cohort's series are shared, and not to be written to. */
function refsOf(refs: Uint32Array): Uint32Array {
  return areFirstColumns(refs) ? firstColumns(refs.length) : refs.slice();
}

export class RowBuilder {
  #refs = new Uint32Array(1024);
  #values = new Float64Array(1024);
  #words = wordsOf(this.#values);
  #count = 0;
  #tMs = 0;
  #strays = new Map<EpochMs, OpenStray>();
  #defined: Labels[] = [];
  #owners: number[] = [];
  #indices: number[] = [];
  #cuts: Cut[] = [];
  /** References as those of the row. */
  exemplars: readonly BatchExemplar[] | undefined;
  /** What `putHistogram` may refer to. */
  histograms: HistogramTable | undefined;
  #cutCells = 0;
  #cutDefined = 0;
  /** Columns already in the row; only kept where several keys may mean one series. */
  #taken: Map<number, number> | undefined;
  #byKey: Map<string, number> | undefined;

  /** `mayAlias`: several keys, or a key and a report series, may stand for one series. */
  begin(tMs: EpochMs, mayAlias: boolean): void {
    this.#tMs = tMs;
    this.#count = 0;
    if (this.#strays.size > 0) this.#strays = new Map();
    this.#defined = [];
    this.#owners = [];
    this.#indices = [];
    this.#cuts = [];
    this.exemplars = undefined;
    this.histograms = undefined;
    this.#cutCells = 0;
    this.#cutDefined = 0;
    this.#taken = mayAlias ? new Map() : undefined;
    this.#byKey = mayAlias ? new Map() : undefined;
  }

  /** The reference under which the batch defines `labels`; `owner` learns the column later. */
  define(labels: Labels, owner: number): number {
    if (this.#defined.length - this.#cutDefined >= PIECE_SERIES_MAX) this.#cut();
    let ref: number | undefined;
    if (this.#byKey !== undefined) {
      const key = labelsKey(labels);
      ref = this.#byKey.get(key);
      if (ref === undefined) this.#byKey.set(key, this.#defined.length + NEW_SERIES_BIT);
    }
    if (ref === undefined) {
      ref = this.#defined.length + NEW_SERIES_BIT;
      this.#defined.push(labels);
    }
    this.#owners.push(owner);
    this.#indices.push(ref - NEW_SERIES_BIT);
    return ref;
  }

  /** False when the row has a value of the series already; a staleness marker gives way. */
  put(ref: number, value: number): boolean {
    let at = this.#place(ref);
    if (at === -1) {
      at = this.#taken?.get(ref) ?? -1;
      if (at === -1 || !isStale(this.#words, at)) return false;
    }
    if (value === value) this.#values[at] = value;
    else setNan(this.#words, at);
    return true;
  }

  /** As `put`, for the histogram at `index` of `histograms`. */
  putHistogram(ref: number, index: number): boolean {
    let at = this.#place(ref);
    if (at === -1) {
      at = this.#taken?.get(ref) ?? -1;
      if (at === -1 || !isStale(this.#words, at)) return false;
    }
    setHistogram(this.#words, at, index);
    return true;
  }

  putStale(ref: number): boolean {
    const at = this.#place(ref);
    if (at === -1) return false;
    setStale(this.#words, at);
    return true;
  }

  /** As `putStray`, for a histogram. */
  putStrayHistogram(ref: number, tMs: EpochMs, index: number): boolean {
    if (tMs === this.#tMs) {
      this.#takeAll();
      return this.putHistogram(ref, index);
    }
    if (!this.putStray(ref, tMs, NaN)) return false;
    const stray = this.#strays.get(tMs)!;
    stray.histogramAt.set(stray.values.length - 1, index);
    return true;
  }

  #takeAll(): void {
    this.#taken ??= new Map(Array.from(this.#refs.subarray(0, this.#count), (each, i) => [each, i]));
  }

  /** A sample with a time of its own. False when that time has a sample of the series already. */
  putStray(ref: number, tMs: EpochMs, value: number): boolean {
    if (tMs === this.#tMs) {
      this.#takeAll();
      return this.put(ref, value);
    }
    let stray = this.#strays.get(tMs);
    if (stray === undefined) this.#strays.set(tMs, stray = newStray());
    if (stray.refs.has(ref)) return false;
    stray.refs.add(ref);
    stray.values.push(value);
    return true;
  }

  /** Asked now and then: ends the piece when it has grown large. */
  cutWhenLarge(): void {
    if (this.#count - this.#cutCells >= PIECE_CELLS_MAX) this.#cut();
  }

  /** What follows goes to the last piece, if there are pieces at all. */
  cutLast(): void {
    if (this.#cuts.length > 0) this.#cut();
  }

  #cut(): void {
    const { length: defined } = this.#defined;
    if (this.#count === this.#cutCells && defined === this.#cutDefined) return;
    this.#cuts.push({ cells: this.#count, defined, owners: this.#owners.length });
    this.#cutCells = this.#count;
    this.#cutDefined = defined;
  }

  /** Slots got new numbers: `moved[slot]`. */
  renumber(moved: Int32Array): void {
    const owners = this.#owners;
    for (let i = 0; i < owners.length; i++) if (owners[i]! >= 0) owners[i] = moved[owners[i]!]!;
  }

  /** Hands everything over. */
  take(): Collected {
    const collected: Collected = {
      tMs: this.#tMs,
      refs: refsOf(this.#refs.subarray(0, this.#count)),
      values: this.#values.slice(0, this.#count),
      strays: this.#strays,
      defined: this.#defined,
      owners: { owners: this.#owners, indices: this.#indices },
      cuts: this.#cuts,
      exemplars: this.exemplars,
      histograms: this.histograms,
    };
    this.begin(this.#tMs, false);
    return collected;
  }

  #place(ref: number): number {
    if (this.#taken !== undefined) {
      if (this.#taken.has(ref)) return -1;
      this.#taken.set(ref, this.#count);
    }
    if (this.#count === this.#refs.length) this.#grow();
    this.#refs[this.#count] = ref;
    return this.#count++;
  }

  #grow(): void {
    const refs = new Uint32Array(this.#refs.length * 2);
    refs.set(this.#refs);
    this.#refs = refs;
    const values = new Float64Array(refs.length);
    values.set(this.#values);
    this.#values = values;
    this.#words = wordsOf(values);
  }
}
