/**
 * End markers that came too late. A target that is gone has its series ended two intervals on, at the first scrape
 * that it missed. Where the same label set has gone on in another cohort by then (the target moved to another job,
 * or its URL changed), the marker would cut that series short. As Prometheus, whose one series refuses the marker
 * as out of order: it is dropped, and not counted.
 */
import type { EpochMs } from "../core/time.ts";
import { isStale, wordsOf } from "../model/stale.ts";
import type { AcceptedRow } from "./append.ts";
import type { Cohort } from "./cohort.ts";
import type { SeriesTable } from "./series_table.ts";

/** When the series was last sampled, in the cohort that it belongs to; −Infinity when never. */
export type NewestOf = (series: number) => EpochMs;

/** The row without its overtaken markers; the row itself where there are none, undefined where nothing is left. */
export function withoutOvertaken(
  row: AcceptedRow,
  cohort: Cohort,
  table: SeriesTable,
  newestOf: NewestOf,
): AcceptedRow | undefined {
  if (table.twins.size === 0) return row;
  const words = wordsOf(row.values);
  let keep: number[] | undefined;
  for (let i = 0; i < row.columns.length; i++) {
    const overtaken = isStale(words, i) && row.columns[i]! < cohort.width &&
      isOvertaken(cohort.seriesOf[row.columns[i]!]!, row.tMs, table, newestOf);
    if (!overtaken) keep?.push(i);
    else keep ??= Array.from({ length: i }, (_, k) => k);
  }
  if (keep === undefined) return row;
  return keep.length === 0 ? undefined : pickCells(row, keep);
}

function isOvertaken(series: number, tMs: EpochMs, table: SeriesTable, newestOf: NewestOf): boolean {
  if (!table.twins.has(series)) return false;
  return table.twinsOf(series).some((twin) => newestOf(twin) >= tMs);
}

/** Some cells of a row, bits kept. */
export function pickCells(
  { tMs, columns, values, histograms }: AcceptedRow,
  keep: readonly number[],
): AcceptedRow {
  const words = wordsOf(values);
  const picked = new Float64Array(keep.length);
  const kept = wordsOf(picked);
  for (let i = 0; i < keep.length; i++) {
    kept[2 * i] = words[2 * keep[i]!]!;
    kept[2 * i + 1] = words[2 * keep[i]! + 1]!;
  }
  return { tMs, columns: Uint32Array.from(keep, (i) => columns[i]!), values: picked, histograms };
}
