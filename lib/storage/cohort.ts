/**
 * A cohort in memory: its columns, its window of raw rows, its strays, and the directory of its pages. A row is
 * one array over all columns known when it came (a column beyond its end is absent), so new columns cost old rows
 * nothing. The last time and value of each column decide what is in order, and are what the journal counts
 * changes from. Only `head.ts` and what it calls change a cohort.
 */
import type { EpochMs } from "../core/time.ts";
import type { FloatHistogram } from "../model/histogram/float_histogram.ts";
import { fillAbsent, wordsOf } from "../model/stale.ts";
import { areFirstColumns } from "../model/first_columns.ts";
import { sweepHistograms } from "./cohort_histograms.ts";
import type { PageRef } from "./view.ts";

/** Rows that make a page: a wide cohort has fewer, so that all windows together stay small. */
const WINDOW_ROWS_MAX = 64;
const WINDOW_ROWS_MIN = 16;
/** Cells of a window after which it has fewer rows. */
const WINDOW_CELLS_MAX = 16_384;
/** Rows kept back when a seal is due, in a cohort whose rows are filled by several messages (remote write). */
export const LATE_ROWS = 24;

/** Strays of one cohort that make a page. */
export const STRAYS_SEAL = 4_096;

/** In `seriesOf`: retention has removed the series of this column. */
export const REMOVED_SERIES = 0xffff_ffff;

export interface Row {
  readonly tMs: EpochMs;
  /** Cells of columns 0 … length − 1. */
  values: Float64Array;
}

export interface Garbage {
  readonly page: number;
  /** When it was replaced; 0: before this process began, so nobody reads it. */
  readonly sinceMs: EpochMs;
}

export class Cohort {
  width = 0;
  /** Capacity may exceed `width`. */
  seriesOf = new Uint32Array(0);
  lastMs: Float64Array<ArrayBuffer> = new Float64Array(0);
  lastValues: Float64Array<ArrayBuffer> = new Float64Array(0);
  lastWords: Uint32Array = new Uint32Array(0);
  /** Of all columns. */
  maxMs = -Infinity;
  minMs = Infinity;

  readonly rows: Row[] = [];
  strayColumns: Uint32Array = new Uint32Array(0);
  strayMs: Float64Array = new Float64Array(0);
  strayValues: Float64Array = new Float64Array(0);
  straysCount = 0;
  /** What histogram cells of rows, strays and newest values point into; undefined while there never was one. */
  histograms: FloatHistogram[] | undefined;
  histogramBytes = 0;

  /** Rows up to here are frozen or sealed: what comes late for them is a stray. */
  sealedMaxMs = -Infinity;
  /** A maintenance run has copied it and will fold what it did. */
  frozen = false;
  /** A run failed: the store may hold a manifest that this cohort does not know of. */
  uncertain = false;
  lateSeen = false;
  /** The row that the next batches add to, while a large scrape comes in pieces: no late row, and not to be sealed. */
  openMs: EpochMs | undefined;
  /** The first window is sealed early by a share of its own, so that cohorts that begin together part ways. */
  #firstShare: number;
  released = false;
  /** Some columns have no series any more. */
  hasRemoved = false;

  /** The manifest holds everything up to this record. */
  baseSeq = 0;
  /** First record after the manifest; 0 when there is none. */
  firstDirtySeq = 0;
  dirtySinceMs: EpochMs = 0;
  /** The newest record of this cohort. */
  lastSeq = 0;
  /** Samples before this time are durable: the earliest of the records that may not be. */
  freshFromMs = Infinity;

  readonly pages: PageRef[] = [];
  nextPage = 0;
  garbage: Garbage[] = [];
  cataloguedColumns = 0;
  /** First column of the last chunk of the catalogue, which grows until it is full. */
  lastChunkColumn = 0;

  constructor(readonly id: number, readonly name: string) {
    this.#firstShare = 0.5 + (Math.imul(id, 0x9e3779b1) >>> 0) / 2 ** 33;
  }

  get rowsTarget(): number {
    const byWidth = Math.floor(WINDOW_CELLS_MAX / Math.max(1, this.width));
    const rows = Math.max(WINDOW_ROWS_MIN, Math.min(WINDOW_ROWS_MAX, byWidth));
    return Math.ceil(rows * this.#firstShare);
  }

  /** A window was sealed: from now on they are whole. */
  sealed(): void {
    this.#firstShare = 1;
  }

  get sealDue(): boolean {
    return this.rows.length >= this.rowsTarget + this.rowsKeptBack;
  }

  /** By a seal, so that what comes late for them does not become strays. */
  get rowsKeptBack(): number {
    return this.lateSeen ? LATE_ROWS : this.openMs === undefined ? 0 : 1;
  }

  addColumn(series: number): void {
    if (this.width === this.seriesOf.length) this.#growColumns(this.width + 1 + (this.width >> 3));
    this.seriesOf[this.width] = series;
    this.lastMs[this.width] = -Infinity;
    this.lastValues[this.width] = 0;
    this.width++;
  }

  /** Columns of a manifest, whose arrays become the cohort's own; their series are added next. */
  takeColumns(lastMs: Float64Array<ArrayBuffer>, lastValues: Float64Array<ArrayBuffer>): void {
    this.seriesOf = new Uint32Array(lastMs.length);
    this.lastMs = lastMs;
    this.lastValues = lastValues;
    this.lastWords = wordsOf(lastValues);
  }

  /** A column of `takeColumns` gets its series. */
  placeColumn(series: number): void {
    this.seriesOf[this.width++] = series;
    if (series === REMOVED_SERIES) this.hasRemoved = true;
  }

  /** Room for this many columns at once, without a spare part but where they are few beside those that are. */
  reserveColumns(count: number): void {
    if (this.width + count <= this.seriesOf.length) return;
    this.#growColumns(this.width + Math.max(count, this.width >> 3));
  }

  #growColumns(capacity: number): void {
    const series = new Uint32Array(capacity);
    series.set(this.seriesOf);
    const lastMs = new Float64Array(capacity);
    lastMs.set(this.lastMs);
    const lastValues = new Float64Array(capacity);
    lastValues.set(this.lastValues);
    this.seriesOf = series;
    this.lastMs = lastMs;
    this.lastValues = lastValues;
    this.lastWords = wordsOf(lastValues);
  }

  /** Position of the first row at or after `tMs`. */
  rowAt(tMs: EpochMs): number {
    const rows = this.rows;
    if (rows.length === 0 || rows[rows.length - 1]!.tMs < tMs) return rows.length;
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (rows[mid]!.tMs < tMs) low = mid + 1;
      else high = mid;
    }
    return low;
  }

  hasRow(tMs: EpochMs): boolean {
    return this.rows[this.rowAt(tMs)]?.tMs === tMs;
  }

  /** Takes `values` over when it is a whole row. The samples were found acceptable before. */
  addRow(tMs: EpochMs, columns: Uint32Array, values: Float64Array): void {
    const at = this.rowAt(tMs);
    const found = this.rows[at];
    if (found === undefined || found.tMs !== tMs) {
      if (at < this.rows.length) this.lateSeen = true;
      const whole = areFirstColumns(columns) && values.byteLength === values.buffer.byteLength &&
        columns.length === values.length && columns.length <= this.width;
      if (whole) {
        this.rows.splice(at, 0, { tMs, values });
        return;
      }
      const cells = new Float64Array(this.width);
      fillAbsent(wordsOf(cells), 0, cells.length);
      scatter(cells, columns, values);
      if (at === this.rows.length) this.rows.push({ tMs, values: cells });
      else this.rows.splice(at, 0, { tMs, values: cells });
      return;
    }
    if (tMs !== this.openMs) this.lateSeen = true;
    if (found.values.length < this.width) {
      const cells = new Float64Array(this.width);
      cells.set(found.values);
      fillAbsent(wordsOf(cells), found.values.length, cells.length);
      found.values = cells;
    }
    scatter(found.values, columns, values);
  }

  addStray(column: number, tMs: EpochMs, values: Float64Array, at: number): void {
    if (this.straysCount === this.strayMs.length) {
      const capacity = Math.max(16, Math.ceil(this.straysCount * 1.5));
      const columns = new Uint32Array(capacity);
      columns.set(this.strayColumns);
      const times = new Float64Array(capacity);
      times.set(this.strayMs);
      const kept = new Float64Array(capacity);
      kept.set(this.strayValues);
      this.strayColumns = columns;
      this.strayMs = times;
      this.strayValues = kept;
    }
    this.strayColumns[this.straysCount] = column;
    this.strayMs[this.straysCount] = tMs;
    copyCell(this.strayValues, this.straysCount, values, at);
    this.straysCount++;
  }

  /** Forgets the first rows and strays: they are in pages now. */
  dropFirst(rows: number, strays: number): void {
    this.rows.splice(0, rows);
    if (strays > 0) {
      const left = this.straysCount - strays;
      this.strayColumns = this.strayColumns.slice(strays, this.straysCount);
      this.strayMs = this.strayMs.slice(strays, this.straysCount);
      this.strayValues = this.strayValues.slice(strays, this.straysCount);
      this.straysCount = left;
    }
    sweepHistograms(this);
  }

  /** Bookkeeping of the newest sample of each column; as words, so that a payload survives. */
  setLast(tMs: EpochMs, columns: Uint32Array, values: Float64Array): void {
    const words = wordsOf(values);
    const { lastMs, lastWords } = this;
    const inOrder = tMs >= this.maxMs && areFirstColumns(columns);
    if (inOrder) {
      lastMs.fill(tMs, 0, columns.length);
      lastWords.set(words);
    }
    for (let i = inOrder ? columns.length : 0; i < columns.length; i++) {
      const column = columns[i]!;
      // A stray may be older than a row of the same message.
      if (tMs < lastMs[column]!) continue;
      lastMs[column] = tMs;
      lastWords[2 * column] = words[2 * i]!;
      lastWords[2 * column + 1] = words[2 * i + 1]!;
    }
    if (columns.length === 0) return;
    if (tMs > this.maxMs) this.maxMs = tMs;
    if (tMs < this.minMs) this.minMs = tMs;
  }

  windowBytes(): number {
    let bytes = this.strayMs.length * 20 + this.histogramBytes;
    for (const row of this.rows) bytes += row.values.byteLength;
    return bytes;
  }
}

/** Copies one cell by its bits. */
export function copyCell(to: Float64Array, at: number, from: Float64Array, index: number): void {
  to.set(from.subarray(index, index + 1), at);
}

function scatter(cells: Float64Array, columns: Uint32Array, values: Float64Array): void {
  const from = wordsOf(values);
  const to = wordsOf(cells);
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i]!;
    to[2 * column] = from[2 * i]!;
    to[2 * column + 1] = from[2 * i + 1]!;
  }
}

/** The column's cells of `rows` into `out`, as words; absent beyond a row's end. */
export function gatherColumn(
  out: Uint32Array,
  rows: readonly Row[],
  words: readonly Uint32Array[],
  column: number,
) {
  for (let r = 0; r < rows.length; r++) {
    const from = words[r]!;
    if (2 * column >= from.length) fillAbsent(out, r, r + 1);
    else {
      out[2 * r] = from[2 * column]!;
      out[2 * r + 1] = from[2 * column + 1]!;
    }
  }
}
