/** Keeps journal records bounded: a row as wide as a million series becomes several of the same time. */
import type { AcceptedRow } from "./append.ts";
import { SAMPLES_RECORD_MAX } from "./journal_record.ts";

/** Rows of more samples than a record may have, cut. What histogram cells point into stays the same. */
export function divideRows(rows: readonly AcceptedRow[]): readonly AcceptedRow[] {
  if (rows.every((row) => row.columns.length <= SAMPLES_RECORD_MAX)) return rows;
  const parts: AcceptedRow[] = [];
  for (const row of rows) {
    for (let at = 0; at < row.columns.length; at += SAMPLES_RECORD_MAX) {
      const end = Math.min(row.columns.length, at + SAMPLES_RECORD_MAX);
      parts.push({
        tMs: row.tMs,
        columns: row.columns.subarray(at, end),
        values: row.values.subarray(at, end),
        histograms: row.histograms,
      });
    }
  }
  return parts;
}
