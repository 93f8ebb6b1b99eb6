/**
 * Which pages of a cohort become one larger span. Windows are merged eight at a time as soon as there are so many,
 * some two hours of scrapes. Where a cohort is so narrow that these are small values still, they are merged again
 * into what fits one page, a day at the most: small values cost the store more than they hold, and retention, which
 * takes pages whole, must not wait for long.
 */
import { PAGE_ROWS_MAX } from "./codecs/column.ts";
import { PAGE_BYTES_MAX } from "./codecs/page.ts";
import type { Cohort } from "./cohort.ts";
import type { PageRef } from "./view.ts";

/** Windows that are merged into one span, and the rows that it may have. */
const COMPACT_SPANS = 8;
const COMPACT_ROWS_MAX = 1_024;
/** Cells that a merge may hold unpacked: 32 MB. Wider cohorts keep small spans. */
const COMPACT_CELLS_MAX = 4_194_304;
/** The same for cohorts with histograms, packed: a cell is many numbers there, which show in the size of the page. */
const COMPACT_BYTES_MAX = 4 * 1024 * 1024;
/** Of the pages that are merged a second time, together: what comes of them is one page, rarely two. */
const DAY_BYTES_MAX = PAGE_BYTES_MAX - 4 * 1024;
const DAY_MS = 24 * 3_600_000;

/** The oldest run that is whole; empty when there is none. */
export function compactable(cohort: Cohort): readonly PageRef[] {
  const windows = windowsRun(cohort);
  return windows.length > 0 ? windows : dayRun(cohort);
}

function windowsRun(cohort: Cohort): readonly PageRef[] {
  const run: PageRef[] = [];
  let spans = 0;
  let rows = 0;
  let lastStartMs = NaN;
  for (const page of cohort.pages) {
    if (page.kind !== "rows") continue;
    const sameSpan = page.startMs === lastStartMs;
    if (page.level > 0) {
      run.length = 0;
      spans = rows = 0;
      continue;
    }
    if (!sameSpan && (spans === COMPACT_SPANS || rows + page.rowsCount > COMPACT_ROWS_MAX)) break;
    if (!sameSpan) {
      spans++;
      rows += page.rowsCount;
      lastStartMs = page.startMs;
    }
    run.push(page);
  }
  const enough = spans === COMPACT_SPANS || rows * 2 > COMPACT_ROWS_MAX && spans > 1;
  // The last span of a run that ends the directory may get a sibling only at its own seal: it is whole.
  const bytes = run.reduce((sum, page) => sum + page.bytes, 0);
  const small = rows * cohort.width <= COMPACT_CELLS_MAX &&
    (cohort.histograms === undefined || bytes <= COMPACT_BYTES_MAX);
  return enough && rows <= PAGE_ROWS_MAX && small ? run : [];
}

/** Successive spans of one page each. Whole once the next span would be too much. */
function dayRun(cohort: Cohort): readonly PageRef[] {
  let run: PageRef[] = [];
  let rows = 0;
  let bytes = 0;
  for (let i = 0; i < cohort.pages.length; i++) {
    const page = cohort.pages[i]!;
    if (page.kind !== "rows") continue;
    const first = run[0];
    const fits = first !== undefined && page.level === 1 && rows + page.rowsCount <= PAGE_ROWS_MAX &&
      bytes + page.bytes <= DAY_BYTES_MAX && page.endMs - first.startMs <= DAY_MS &&
      (rows + page.rowsCount) * cohort.width <= COMPACT_CELLS_MAX && page.mark === first.mark;
    if (!fits) {
      // A run that younger windows follow may still grow.
      if (run.length > 1 && page.level > 0) return run;
      run = [];
      rows = bytes = 0;
      if (page.level !== 1 || isDivided(cohort.pages, i)) continue;
    } else if (isDivided(cohort.pages, i)) {
      if (run.length > 1) return run;
      run = [];
      rows = bytes = 0;
      continue;
    }
    run.push(page);
    rows += page.rowsCount;
    bytes += page.bytes;
  }
  return [];
}

/** Whether another page has the same rows. */
function isDivided(pages: readonly PageRef[], at: number): boolean {
  const { startMs } = pages[at]!;
  return [pages[at - 1], pages[at + 1]].some((page) => page?.kind === "rows" && page.startMs === startMs);
}
