/**
 * A cohort most of whose columns have ended costs a cell in each row for every one of them. It makes way then: its
 * window is sealed, it leaves as its pages grow too old, and who writes to its name begins a new cohort with the
 * series that are alive. What both hold is merged when read.
 */
import type { Cohort } from "./cohort.ts";
import type { Head } from "./head.ts";

/** Fewer columns are not worth it. */
const SUCCESSION_WIDTH_MIN = 1_024;
/** Below this share of columns that were sampled in the window: survivors are in the index twice for a while. */
const ACTIVE_SHARE_MAX = 0.25;
/** A column that is sampled more rarely is not taken for ended. */
const ACTIVE_MS = 30 * 60_000;

/** Cohorts that are to make way. */
export function outlived(head: Head): readonly Cohort[] {
  const found: Cohort[] = [];
  for (const cohort of head.cohorts.values()) {
    if (cohort.width < SUCCESSION_WIDTH_MIN || cohort.released) continue;
    // What a larger scrape brings in pieces belongs to one cohort.
    if (cohort.openMs !== undefined) continue;
    const fromMs = Math.min(cohort.maxMs - ACTIVE_MS, cohort.rows[0]?.tMs ?? Infinity);
    if (activeColumns(cohort.lastMs, cohort.width, fromMs) <= cohort.width * ACTIVE_SHARE_MAX) {
      found.push(cohort);
    }
  }
  return found;
}

function activeColumns(lastMs: Float64Array, width: number, fromMs: number): number {
  let active = 0;
  for (let column = 0; column < width; column++) if (lastMs[column]! >= fromMs) active++;
  return active;
}
