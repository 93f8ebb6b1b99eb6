/**
 * Which pages of a cohort are written anew for retention, and what of each column: the oldest run of spans for
 * which the same is due, or one page of strays. Holds copies, so that carrying it out may take its time.
 */
import type { EpochMs } from "../../core/time.ts";
import { type Cohort, REMOVED_SERIES } from "../cohort.ts";
import type { Head } from "../head.ts";
import type { PageRef } from "../view.ts";
import { rollupRuleOf } from "./classes.ts";
import { type CohortDue, isExpired, markDue } from "./due.ts";

/** Cells of a run unpacked: 32 MB. A single span may have more, as it had when it was merged. */
const REWRITE_CELLS_MAX = 4_194_304;
/** Rows of a run, before a roll-up. */
const REWRITE_ROWS_MAX = 4_096;
/** Spans that are worth a run of their own; fewer wait for others, but not for longer than this. */
const REWRITE_SPANS_MIN = 4;
const REWRITE_WAIT_MS = 6 * 3_600_000;

export interface RewritePlan {
  /** Ascending, whole spans; or one page of strays. */
  readonly pages: readonly PageRef[];
  readonly mark: number;
  /** Of each column: 1 where all its samples leave. */
  readonly gone: Uint8Array;
  /** Of each column: the interval of its roll-up, 0 where there is none. */
  readonly intervalMs: Float64Array;
}

export function hasRewrite(cohort: Cohort, due: CohortDue): boolean {
  return pagesToRewrite(cohort, due).length > 0;
}

function pagesToRewrite(cohort: Cohort, due: CohortDue): readonly PageRef[] {
  if (due.steps.length === 0) return [];
  const strays = cohort.pages.find((page) => page.kind === "strays" && markDue(page, due) !== 0);
  return strays === undefined ? firstRun(cohort, due) : [strays];
}

export function planRewrite(
  head: Head,
  cohort: Cohort,
  due: CohortDue,
  newestMs: EpochMs,
): RewritePlan | undefined {
  const pages = pagesToRewrite(cohort, due);
  const [first] = pages;
  if (first === undefined) return undefined;
  const gone = new Uint8Array(cohort.width);
  const intervalMs = new Float64Array(cohort.width);
  const { retention } = head;
  const cutoffs = retention.cutoffs(newestMs);
  // What is due for the page that ends last is due for all of them.
  const endMs = pages.reduce((last, page) => Math.max(last, page.endMs), -Infinity);
  for (let column = 0; column < cohort.width; column++) {
    const series = cohort.seriesOf[column]!;
    const seriesClass = series === REMOVED_SERIES ? undefined : retention.classes?.classOf(series);
    if (series === REMOVED_SERIES) gone[column] = 1;
    if (seriesClass === undefined) continue;
    if (endMs < cutoffs.dropBeforeMs(seriesClass)) gone[column] = 1;
    else if (endMs < cutoffs.rollBeforeMs(seriesClass)) {
      intervalMs[column] = retention.policy.rollups[rollupRuleOf(seriesClass) - 1]!.intervalMs;
    }
  }
  return { pages, mark: markDue(first, due), gone, intervalMs };
}

function firstRun(cohort: Cohort, due: CohortDue): readonly PageRef[] {
  const run: PageRef[] = [];
  let mark = 0;
  let spans = 0;
  let rows = 0;
  let startMs = NaN;
  for (const page of cohort.pages) {
    if (page.kind !== "rows" || isExpired(page, due)) continue;
    const wanted = markDue(page, due);
    if (run.length === 0 && wanted === 0) continue;
    if (run.length > 0 && wanted !== mark) break;
    if (page.startMs !== startMs) {
      const more = rows + page.rowsCount;
      if (run.length > 0 && (more > REWRITE_ROWS_MAX || more * cohort.width > REWRITE_CELLS_MAX)) {
        return run;
      }
      spans++;
      rows = more;
      startMs = page.startMs;
      mark = wanted;
    }
    run.push(page);
  }
  if (run.length === 0) return run;
  const step = due.steps.find(({ beforeMs }) => run[0]!.endMs < beforeMs)!;
  const waitedMs = step.beforeMs - run[0]!.endMs;
  return spans >= REWRITE_SPANS_MIN || waitedMs >= REWRITE_WAIT_MS ? run : [];
}
