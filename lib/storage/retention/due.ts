/**
 * What retention wants of the pages of a cohort at a moment: which leave whole, and which are written anew without
 * some of their columns or rolled up. A page that was written anew carries a mark of what was due then, so that it
 * is not done twice; another policy gives other marks.
 */
import type { EpochMs } from "../../core/time.ts";
import type { PageRef } from "../view.ts";
import { keepRuleOf, rollupRuleOf } from "./classes.ts";
import type { RetentionPolicy } from "./policy.ts";

/** Pages that end before this have something due that others have not. */
interface Step {
  readonly beforeMs: number;
  readonly mark: number;
}

export interface CohortDue {
  /** Pages that end before this leave whole. */
  readonly dropBeforeMs: number;
  /** Ascending. */
  readonly steps: readonly Step[];
  /** Pages of columns from here on are not judged yet. */
  readonly width: number;
  /** Pages that end before this leave whatever columns they have. */
  readonly sizeFromMs: number;
}

export const NOTHING_DUE: CohortDue = {
  dropBeforeMs: -Infinity,
  steps: [],
  width: Infinity,
  sizeFromMs: -Infinity,
};

export interface Cutoffs {
  /** Samples of the class before this leave. */
  dropBeforeMs(seriesClass: number): number;
  /** Samples of the class before this are rolled up. */
  rollBeforeMs(seriesClass: number): number;
  /** The latest of all classes. */
  latestDropMs(): number;
}

/** `sizeFromMs`: what is older leaves for the size's sake, whatever the rules say. */
export function cutoffsOf(policy: RetentionPolicy, newestMs: EpochMs, sizeFromMs: number): Cutoffs {
  return {
    latestDropMs() {
      const shortestMs = Math.min(policy.keepMs, ...policy.rules.map((rule) => rule.keepMs));
      return Math.max(newestMs - shortestMs, sizeFromMs);
    },
    dropBeforeMs(seriesClass) {
      const rule = keepRuleOf(seriesClass);
      const keepMs = rule === 0 ? policy.keepMs : policy.rules[rule - 1]!.keepMs;
      return Math.max(newestMs - keepMs, sizeFromMs);
    },
    rollBeforeMs(seriesClass) {
      const rule = rollupRuleOf(seriesClass);
      return rule === 0 ? -Infinity : newestMs - policy.rollups[rule - 1]!.afterMs;
    },
  };
}

export function dueOf(
  classes: readonly number[],
  width: number,
  policy: RetentionPolicy,
  cutoffs: Cutoffs,
  sizeFromMs: number,
): CohortDue {
  // No series is left: each has gone by its own rule, and so may all that was sampled of them.
  const dropBeforeMs = Math.min(Infinity, ...classes.map((c) => cutoffs.dropBeforeMs(c)));
  const times = new Set<number>();
  for (const c of classes) {
    times.add(cutoffs.dropBeforeMs(c));
    times.add(cutoffs.rollBeforeMs(c));
  }
  const steps = [...times].filter((beforeMs) => beforeMs > dropBeforeMs).sort((a, b) => a - b);
  return {
    dropBeforeMs,
    width,
    sizeFromMs,
    steps: steps.map((beforeMs) => ({ beforeMs, mark: markOf(classes, policy, cutoffs, beforeMs) })),
  };
}

/** Tells apart what is due of pages that end just before `beforeMs`; never 0, which marks nothing. */
function markOf(
  classes: readonly number[],
  policy: RetentionPolicy,
  cutoffs: Cutoffs,
  beforeMs: number,
): number {
  const due = new Set<string>();
  for (const c of classes) {
    const keep = keepRuleOf(c);
    if (cutoffs.dropBeforeMs(c) >= beforeMs) due.add(`d${keep === 0 ? "" : policy.rules[keep - 1]!.text}`);
    else if (cutoffs.rollBeforeMs(c) >= beforeMs) due.add(`r${policy.rollups[rollupRuleOf(c) - 1]!.text}`);
  }
  let hash = 0x811c9dc5;
  for (const text of [...due].sort()) {
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    hash = Math.imul(hash ^ 0xff, 0x01000193);
  }
  return hash >>> 0 || 1;
}

export function isExpired(page: PageRef, due: CohortDue): boolean {
  return page.endMs < due.sizeFromMs || page.endMs < due.dropBeforeMs && isJudged(page, due);
}

/** What the page is to be marked with once it was written anew; 0: it stays as it is. */
export function markDue(page: PageRef, due: CohortDue): number {
  if (due.steps.length === 0 || page.endMs < due.dropBeforeMs || !isJudged(page, due)) return 0;
  for (const step of due.steps) {
    if (page.endMs < step.beforeMs) return step.mark === (page.mark ?? 0) ? 0 : step.mark;
  }
  return 0;
}

/** Strays may be of any column. */
function isJudged(page: PageRef, due: CohortDue): boolean {
  return page.kind === "rows" && page.firstColumn + page.columnsCount <= due.width ||
    page.kind === "strays" && due.width === Infinity;
}
