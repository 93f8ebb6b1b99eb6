/**
 * The histograms of a cohort in memory: one table that cells of its window, its strays and its newest values point
 * into. It only grows until rows leave, and is then made anew from what is still pointed at, so that whoever holds
 * the old one may go on reading it. A cohort without histograms has no table, and none of this is done for it.
 */
import { type FloatHistogram, sameLayout } from "../model/histogram/float_histogram.ts";
import { asStored } from "../model/histogram/stored_hint.ts";
import { histogramAt, isHistogram, setHistogram } from "../model/histogram_cell.ts";
import { wordsOf } from "../model/stale.ts";
import type { AcceptedRow } from "./append.ts";
import type { Cohort } from "./cohort.ts";

/** The objects and array heads of one histogram, beside its counts. */
const HISTOGRAM_OVERHEAD_BYTES = 480;

/**
 * The row with its histograms in the cohort's table; the row itself stays as it was. `live` finds out which of them
 * begin anew; what is replayed knows it.
 */
export function adoptHistograms(cohort: Cohort, row: AcceptedRow, live: boolean): AcceptedRow {
  const table = cohort.histograms ??= [];
  const values = row.values.slice();
  const words = wordsOf(values);
  for (let i = 0; i < row.columns.length; i++) {
    const given = histogramAt(words, i, row.histograms);
    if (given === undefined) continue;
    const column = row.columns[i]!;
    const before = histogramAt(cohort.lastWords, column, table);
    const follows = row.tMs > cohort.lastMs[column]!;
    const kept = sharingLayout(live ? asStored(given, follows ? before : undefined) : given, before);
    setHistogram(words, i, table.length);
    table.push(kept);
    cohort.histogramBytes += bytesOf(kept);
  }
  return { tMs: row.tMs, columns: row.columns, values, histograms: table };
}

function sharingLayout(h: FloatHistogram, before: FloatHistogram | undefined): FloatHistogram {
  if (before === undefined || !sameLayout(h, before)) return h;
  return {
    ...h,
    positive: { indexes: before.positive.indexes, counts: h.positive.counts },
    negative: { indexes: before.negative.indexes, counts: h.negative.counts },
    customValues: before.customValues,
  };
}

/** An estimate: layouts are mostly shared. */
function bytesOf(h: FloatHistogram): number {
  return HISTOGRAM_OVERHEAD_BYTES + 8 * (h.positive.counts.length + h.negative.counts.length);
}

/** Keeps what rows, strays and newest values still point at. */
export function sweepHistograms(cohort: Cohort): void {
  const before = cohort.histograms;
  if (before === undefined) return;
  const kept: FloatHistogram[] = [];
  const places = new Int32Array(before.length).fill(-1);
  const move = (words: Uint32Array, end: number) => {
    for (let i = 0; i < end; i++) {
      if (!isHistogram(words, i)) continue;
      const from = words[2 * i]!;
      if (from >= before.length) continue;
      if (places[from]! < 0) {
        places[from] = kept.length;
        kept.push(before[from]!);
      }
      setHistogram(words, i, places[from]!);
    }
  };
  for (const row of cohort.rows) move(wordsOf(row.values), row.values.length);
  move(wordsOf(cohort.strayValues), cohort.straysCount);
  move(cohort.lastWords, cohort.width);
  takeHistograms(cohort, kept);
}

/** Of a manifest, or of a sweep. */
export function takeHistograms(cohort: Cohort, table: FloatHistogram[]): void {
  cohort.histograms = table.length === 0 ? undefined : table;
  cohort.histogramBytes = table.reduce((sum, h) => sum + bytesOf(h), 0);
}
