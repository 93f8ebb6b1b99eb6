/**
 * A cohort that an import fills: columns, and pages written as the samples come, oldest first. Samples that are
 * older than what is sealed, or that share no times with others, become strays.
 */
import type { Labels } from "../../model/labels.ts";
import type { FloatHistogram } from "../../model/histogram/float_histogram.ts";
import { asStored } from "../../model/histogram/stored_hint.ts";
import { histogramAt, type HistogramTable, putHistogram } from "../../model/histogram_cell.ts";
import { fillAbsent, wordsOf } from "../../model/stale.ts";
import { encodeManifest } from "../codecs/manifest.ts";
import type { StorageKeys } from "../keys.ts";
import { manifestValues } from "../manifest_store.ts";
import { type Commits, writeLabels } from "../maintenance_run.ts";
import { rowsPages, SPAN_ROWS_MAX, straysPages } from "../new_pages.ts";
import { rowsThatFit } from "../span_rows.ts";
import type { PageRef } from "../view.ts";
import { unionOfTimes } from "./times.ts";

/** Of all cells of a span: with fewer samples, each keeps its own time instead. */
const ROWS_FILLED_SHARE_MIN = 1 / 16;
/** As pages that were merged: they are as large as they get. */
const LEVEL = 1;

/** Samples of one column: times ascending, none twice. */
export interface ImportColumn {
  readonly column: number;
  readonly tMs: Float64Array;
  readonly values: Float64Array;
  /** What cells of `values` point into, among others; undefined: there are none. */
  readonly histograms?: HistogramTable | undefined;
}

interface Cursor extends ImportColumn {
  readonly words: Uint32Array;
  at: number;
}

export class ImportCohort {
  readonly #labels: Labels[] = [];
  readonly #lastMs: number[] = [];
  /** Low and high word of each. */
  readonly #lastWords: number[] = [];
  /** Of columns whose newest sample is one. */
  readonly #lastHistograms = new Map<number, FloatHistogram>();
  readonly #pages: PageRef[] = [];
  #nextPage = 1;
  #sealedMaxMs = -Infinity;
  #minMs = Infinity;

  constructor(readonly id: number, readonly name: string) {}

  addColumn(labels: Labels): number {
    this.#lastMs.push(-Infinity);
    this.#lastWords.push(0, 0);
    return this.#labels.push(labels) - 1;
  }

  get sealedMaxMs(): number {
    return this.#sealedMaxMs;
  }

  get bytes(): number {
    return this.#pages.reduce((sum, page) => sum + page.bytes, 0);
  }

  async write(series: readonly ImportColumn[], keys: StorageKeys, commits: Commits): Promise<void> {
    const late: ImportColumn[] = [];
    let rows: ImportColumn[] = [];
    for (const given of series) {
      const one = given.histograms === undefined ? given : this.#withHints(given, given.histograms);
      this.#note(one);
      const from = lowerBound(one.tMs, this.#sealedMaxMs + 1);
      if (from > 0) late.push(part(one, 0, from));
      if (from < one.tMs.length) rows.push(part(one, from, one.tMs.length));
    }
    const tMs = unionOfTimes(rows.map((one) => one.tMs));
    const samples = rows.reduce((sum, one) => sum + one.tMs.length, 0);
    if (samples < tMs.length * rows.length * ROWS_FILLED_SHARE_MIN) {
      late.push(...rows);
      rows = [];
    }
    if (rows.length > 0) await this.#writeRows(tMs, rows, keys, commits);
    if (late.length > 0) await this.#writeStrays(late, keys, commits);
  }

  async #writeRows(
    tMs: Float64Array,
    rows: readonly ImportColumn[],
    keys: StorageKeys,
    commits: Commits,
  ): Promise<void> {
    const cursors = rows.map((one): Cursor => ({ ...one, words: wordsOf(one.values), at: 0 }));
    const histograms: FloatHistogram[] | undefined = rows.some((one) => one.histograms !== undefined)
      ? []
      : undefined;
    for (let start = 0; start < tMs.length;) {
      let times = tMs.slice(start, Math.min(tMs.length, start + SPAN_ROWS_MAX));
      let lastMs = times[times.length - 1]!;
      const present = new Map<number, Cursor>();
      let first = Infinity;
      let end = 0;
      for (const cursor of cursors) {
        const next = cursor.tMs[cursor.at];
        if (next === undefined || next > lastMs) continue;
        present.set(cursor.column, cursor);
        first = Math.min(first, cursor.column);
        end = Math.max(end, cursor.column + 1);
      }
      const cells = new Float64Array(times.length);
      const words = wordsOf(cells);
      const columnWords = (column: number) => {
        fillAbsent(words, 0, times.length);
        const cursor = present.get(column);
        if (histograms !== undefined) histograms.length = 0; // only this column's are pointed at
        if (cursor !== undefined) scatter(cursor, times, words, histograms);
        return words;
      };
      const rowsCount = rowsThatFit(times.length, end, columnWords, histograms);
      times = times.slice(0, rowsCount);
      lastMs = times[rowsCount - 1]!;
      start += rowsCount;
      const span = {
        ...{ tMs: times, firstColumn: first, columnsCount: end, columnWords },
        histograms,
      };
      for (const page of rowsPages(this.id, span)) {
        await this.#keep(page.ref, page.bytes, keys, commits);
      }
      for (const cursor of present.values()) cursor.at = lowerBound(cursor.tMs, lastMs + 1);
    }
    this.#sealedMaxMs = tMs[tMs.length - 1]!;
  }

  async #writeStrays(late: readonly ImportColumn[], keys: StorageKeys, commits: Commits): Promise<void> {
    const count = late.reduce((sum, one) => sum + one.tMs.length, 0);
    const columns = new Uint32Array(count);
    const tMs = new Float64Array(count);
    const values = new Float64Array(count);
    const words = wordsOf(values);
    const histograms: FloatHistogram[] = [];
    let at = 0;
    for (const one of late) {
      columns.fill(one.column, at, at + one.tMs.length);
      tMs.set(one.tMs, at);
      values.set(one.values, at);
      for (let i = 0; one.histograms !== undefined && i < one.tMs.length; i++) {
        const histogram = histogramAt(words, at + i, one.histograms);
        if (histogram !== undefined) putHistogram(words, at + i, histograms, histogram);
      }
      at += one.tMs.length;
    }
    const table = histograms.length === 0 ? undefined : histograms;
    for (const page of straysPages(this.id, { columns, tMs, values, histograms: table })) {
      await this.#keep(page.ref, page.bytes, keys, commits);
    }
  }

  async #keep(
    ref: Omit<PageRef, "page" | "bytes" | "level">,
    bytes: Uint8Array,
    keys: StorageKeys,
    commits: Commits,
  ): Promise<void> {
    this.#pages.push({ ...ref, page: this.#nextPage, bytes: bytes.length, level: LEVEL });
    await commits.set(keys.page(this.id, this.#nextPage++), bytes);
  }

  /** As if the samples had been taken one after the other. */
  #withHints(one: ImportColumn, given: HistogramTable): ImportColumn {
    const values = one.values.slice();
    const words = wordsOf(values);
    const histograms: FloatHistogram[] = [];
    let before = one.tMs[0]! > this.#lastMs[one.column]! ? this.#lastHistograms.get(one.column) : undefined;
    for (let i = 0; i < values.length; i++) {
      const histogram = histogramAt(words, i, given);
      const stored: FloatHistogram | undefined = histogram === undefined
        ? undefined
        : asStored(histogram, before);
      if (stored !== undefined) putHistogram(words, i, histograms, stored);
      before = stored;
    }
    return { ...one, values, histograms: histograms.length === 0 ? undefined : histograms };
  }

  #note({ column, tMs, values, histograms }: ImportColumn): void {
    const last = tMs.length - 1;
    this.#minMs = Math.min(this.#minMs, tMs[0]!);
    if (tMs[last]! < this.#lastMs[column]!) return;
    this.#lastMs[column] = tMs[last]!;
    const words = wordsOf(values);
    this.#lastWords[2 * column] = words[2 * last]!;
    this.#lastWords[2 * column + 1] = words[2 * last + 1]!;
    const histogram = histogramAt(words, last, histograms);
    if (histogram === undefined) this.#lastHistograms.delete(column);
    else this.#lastHistograms.set(column, histogram);
  }

  /** Labels, and the manifest under `manifestKeys`. */
  async finish(
    keys: StorageKeys,
    manifestKeys: StorageKeys,
    baseSeq: number,
    commits: Commits,
    list: Parameters<typeof manifestValues>[4]["list"],
  ): Promise<void> {
    const plan = { cohort: this.id, labels: this.#labels, labelsFrom: 0 };
    const lastChunkColumn = await writeLabels(plan, { keys }, commits);
    const lastValues = new Float64Array(this.#lastMs.length);
    const lastWords = wordsOf(lastValues);
    lastWords.set(this.#lastWords);
    const histograms: FloatHistogram[] = [];
    for (const [column, histogram] of this.#lastHistograms) {
      putHistogram(lastWords, column, histograms, histogram);
    }
    const manifest = encodeManifest({
      ...{ cohort: this.id, name: this.name, baseSeq, nextPage: this.#nextPage, lastChunkColumn },
      ...{ sealedMaxMs: this.#sealedMaxMs, minMs: this.#minMs, lateSeen: false, released: true },
      ...{ lastMs: Float64Array.from(this.#lastMs), lastValues, rows: [] },
      strayColumns: new Uint32Array(0),
      strayMs: new Float64Array(0),
      strayValues: new Float64Array(0),
      histograms: histograms.length === 0 ? undefined : histograms,
      pages: this.#pages.sort((a, b) => a.startMs - b.startMs || a.firstColumn - b.firstColumn),
      garbage: [],
    });
    await manifestValues(manifest, this.id, baseSeq, manifestKeys, {
      set: (key, value) => commits.set(key, value),
      delete: (key) => commits.delete(key),
      flush: () => commits.flush(),
      list,
    });
  }
}

function part(one: ImportColumn, from: number, to: number): ImportColumn {
  if (from === 0 && to === one.tMs.length) return one;
  return { ...one, tMs: one.tMs.slice(from, to), values: one.values.slice(from, to) };
}

/** The samples of a cursor that lie in the span, in their rows; histograms go to `table`. */
function scatter(
  { tMs, words, at, histograms }: Cursor,
  times: Float64Array,
  out: Uint32Array,
  table: FloatHistogram[] | undefined,
): void {
  let from = at;
  for (let row = 0; row < times.length && from < tMs.length; row++) {
    if (tMs[from] !== times[row]) continue;
    out[2 * row] = words[2 * from]!;
    out[2 * row + 1] = words[2 * from + 1]!;
    const histogram = table === undefined ? undefined : histogramAt(words, from, histograms);
    if (table !== undefined && histogram !== undefined) putHistogram(out, row, table, histogram);
    from++;
  }
}

function lowerBound(tMs: Float64Array, at: number): number {
  let low = 0;
  let high = tMs.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (tMs[mid]! < at) low = mid + 1;
    else high = mid;
  }
  return low;
}
