/**
 * Judges the samples of one row by what their series have. As Prometheus: a sample newer than its series' last is in
 * order; the same time with the same value is silently fine, with another value a duplicate. An older one, or one
 * more than an hour behind the head's newest sample, is late: kept where it is inside the out-of-order window and too
 * old beyond it; without a window it is out of order, or out of bounds.
 */
import type { AppendCounts, SampleBatch } from "../model/batch.ts";
import { formatFloatG } from "../model/float.ts";
import { type FloatHistogram, histogramsEqual } from "../model/histogram/float_histogram.ts";
import { histogramAt, type HistogramTable, isHistogram, setHistogram } from "../model/histogram_cell.ts";
import { isAbsent, isStale, wordsOf } from "../model/stale.ts";
import type { AcceptedRow } from "./append.ts";
import type { Cohort } from "./cohort.ts";
import { pickCells } from "./overtaken.ts";

/** As Prometheus: half of the head's chunk range of two hours. */
export const BOUNDS_MS = 3_600_000;

/** `appended` is without the late ones until all are judged. */
export interface Tally {
  appended: number;
  late: number;
  outOfOrder: number;
  outOfBounds: number;
  tooOld: number;
  duplicate: number;
  /** Time and values, for whoever is told of it. */
  firstDuplicate: string | undefined;
}

export function newTally(): Tally {
  return {
    ...{ appended: 0, late: 0, outOfOrder: 0, outOfBounds: 0, tooOld: 0, duplicate: 0 },
    firstDuplicate: undefined,
  };
}

export function countsOf(tally: Tally): AppendCounts {
  const { appended, late, outOfOrder, outOfBounds, tooOld, duplicate } = tally;
  return { appended, late, outOfOrder, outOfBounds, tooOld, duplicate };
}

export interface Bounds {
  /** What is older cannot be in order. */
  readonly inOrderFromMs: number;
  /** What is older is too old. Infinity: there is no window. */
  readonly lateFromMs: number;
  readonly late: SampleBatch["late"];
}

export function boundsOf(headMaxMs: number, lateWindowMs: number, late: SampleBatch["late"]): Bounds {
  const lateFromMs = lateWindowMs > 0 ? headMaxMs - lateWindowMs : Infinity;
  return { inOrderFromMs: headMaxMs - BOUNDS_MS, lateFromMs, late };
}

/** The newest time and value of each column. */
export interface Memory {
  /** A copy for this batch alone. */
  readonly overlay: boolean;
  /** Columns beyond have no sample yet. */
  readonly width: number;
  readonly maxMs: number;
  readonly lastMs: Float64Array;
  readonly lastWords: Uint32Array;
  /** What cells of `lastWords` point into: these, and the overlay's own after them. */
  readonly histograms: HistogramTable;
  readonly added: FloatHistogram[];
}

const NO_HISTOGRAMS: FloatHistogram[] = [];
const NO_TIMES = new Float64Array(0);
const NO_WORDS = new Uint32Array(0);

/** The cohort's own, for a batch in which no column occurs twice. */
export function plainMemory(cohort: Cohort | undefined): Memory {
  return {
    overlay: false,
    width: cohort?.width ?? 0,
    maxMs: cohort?.maxMs ?? -Infinity,
    lastMs: cohort?.lastMs ?? NO_TIMES,
    lastWords: cohort?.lastWords ?? NO_WORDS,
    histograms: cohort?.histograms ?? NO_HISTOGRAMS,
    added: NO_HISTOGRAMS,
  };
}

/** A copy that follows the batch, for those in which one column occurs more than once. */
export function overlayOf(cohort: Cohort | undefined, width: number): Memory {
  const lastMs = new Float64Array(width).fill(-Infinity);
  const lastWords = new Uint32Array(2 * width);
  if (cohort !== undefined) {
    lastMs.set(cohort.lastMs.subarray(0, cohort.width));
    lastWords.set(cohort.lastWords.subarray(0, 2 * cohort.width));
  }
  const histograms = cohort?.histograms ?? NO_HISTOGRAMS;
  return { overlay: true, width, maxMs: Infinity, lastMs, lastWords, histograms, added: [] };
}

/**
 * The part of a row that is in order; the row itself when that is all of it, undefined when it is nothing. What is
 * late goes to `late` and is not counted yet. An overlay takes each kept sample up at once, so that the same column
 * once more in the batch is judged against it.
 */
export function judgeRow(
  row: AcceptedRow,
  memory: Memory,
  bounds: Bounds,
  tally: Tally,
  late: AcceptedRow[],
): AcceptedRow | undefined {
  const { tMs, columns } = row;
  const count = columns.length;
  const mayBeInOrder = tMs >= bounds.inOrderFromMs;
  const mayBeLate = tMs >= bounds.lateFromMs && bounds.late !== "refused";
  if (mayBeInOrder && tMs > memory.maxMs) {
    tally.appended += count;
    return row;
  }
  if (!mayBeInOrder && !mayBeLate) {
    if (bounds.lateFromMs === Infinity) tally.outOfBounds += count;
    else if (tMs < bounds.lateFromMs) tally.tooOld += count;
    else tally.outOfOrder += count;
    return undefined;
  }
  const words = wordsOf(row.values);
  const { lastMs, overlay, width } = memory;
  let keep: number[] | undefined;
  let lateCells: number[] | undefined;
  for (let i = 0; i < count; i++) {
    const column = columns[i]!;
    const last = column < width ? lastMs[column]! : -Infinity;
    if (tMs > last) {
      if (overlay) {
        lastMs[column] = tMs;
        remember(row, words, i, column, memory);
      }
      if (mayBeInOrder) {
        keep?.push(i);
        continue;
      }
    }
    keep ??= mayBeInOrder ? Array.from({ length: i }, (_, k) => k) : [];
    if (bounds.late === "noMarkers" && isStale(words, i)) continue;
    if (tMs === last) {
      if (!mayBeInOrder || isNewest(row, words, i, column, memory)) continue;
      tally.duplicate++;
      tally.firstDuplicate ??= describe(row, words, i, column, memory);
    } else if (mayBeLate) (lateCells ??= []).push(i);
    else if (bounds.lateFromMs === Infinity || bounds.late === "refused") tally.outOfOrder++;
    else tally.tooOld++;
  }
  if (lateCells !== undefined) late.push(lateCells.length === count ? row : pickCells(row, lateCells));
  if (keep === undefined) {
    tally.appended += count;
    return row;
  }
  tally.appended += keep.length;
  return keep.length === 0 ? undefined : pickCells(row, keep);
}

/** Without the cells that the window has already. As Prometheus: the first of two late samples at one time stays. */
export function withoutTaken(row: AcceptedRow, cohort: Cohort): AcceptedRow | undefined {
  if (row.tMs <= cohort.sealedMaxMs) return row;
  const found = cohort.rows[cohort.rowAt(row.tMs)];
  if (found === undefined || found.tMs !== row.tMs) return row;
  const words = wordsOf(found.values);
  const keep: number[] = [];
  for (let i = 0; i < row.columns.length; i++) {
    const column = row.columns[i]!;
    if (column >= found.values.length || isAbsent(words, column)) keep.push(i);
  }
  if (keep.length === row.columns.length) return row;
  return keep.length === 0 ? undefined : pickCells(row, keep);
}

function newestHistogram({ lastWords, histograms, added }: Memory, column: number) {
  if (!isHistogram(lastWords, column)) return undefined;
  const at = lastWords[2 * column]!;
  return at < histograms.length ? histograms[at] : added[at - histograms.length];
}

/** Whether a cell of the row is the newest of its column, or equals it where both are histograms. */
function isNewest(row: AcceptedRow, words: Uint32Array, i: number, column: number, memory: Memory): boolean {
  const { lastWords } = memory;
  const own = histogramAt(words, i, row.histograms);
  if (own === undefined) {
    return lastWords[2 * column] === words[2 * i] && lastWords[2 * column + 1] === words[2 * i + 1];
  }
  const last = newestHistogram(memory, column);
  return last !== undefined && histogramsEqual(own, last);
}

/** As Prometheus words a duplicate; undefined where a histogram takes part. */
function describe(
  row: AcceptedRow,
  words: Uint32Array,
  i: number,
  column: number,
  { lastWords }: Memory,
): string | undefined {
  if (isHistogram(words, i) || isHistogram(lastWords, column)) return undefined;
  const existing = valueOf(lastWords, column);
  return `${row.tMs}; overrides not allowed: existing ${existing}, new value ${valueOf(words, i)}`;
}

const scratch = new Float64Array(1);
const scratchWords = wordsOf(scratch);

function valueOf(words: Uint32Array, at: number): string {
  scratchWords[0] = words[2 * at]!;
  scratchWords[1] = words[2 * at + 1]!;
  return formatFloatG(scratch[0]!);
}

/** Histograms of an overlay come after those of the cohort. */
function remember(row: AcceptedRow, words: Uint32Array, i: number, column: number, memory: Memory): void {
  const { lastWords, histograms, added } = memory;
  const histogram = histogramAt(words, i, row.histograms);
  if (histogram !== undefined) {
    setHistogram(lastWords, column, histograms.length + added.length);
    added.push(histogram);
    return;
  }
  lastWords[2 * column] = words[2 * i]!;
  lastWords[2 * column + 1] = words[2 * i + 1]!;
}
