/**
 * What a head must bring to the store: full windows as pages, checkpoints of cohorts that hold up the journal,
 * merged pages, deletions. A plan is drawn from the head at one moment and holds copies, so that carrying it out
 * (maintenance_run.ts) may take its time; what was done is then folded back in one step, by which rows leave the
 * window and pages enter the directory together. Readers so see each sample exactly once.
 */
import type { EpochMs } from "../core/time.ts";
import type { HistogramTable } from "../model/histogram_cell.ts";
import type { Labels } from "../model/labels.ts";
import type { ManifestRow } from "./codecs/manifest.ts";
import type { Check } from "./fence.ts";
import { type Cohort, type Garbage, REMOVED_SERIES, type Row } from "./cohort.ts";
import { EXEMPLARS_CHUNK, type ExemplarsDone, type ExemplarsPlan } from "./exemplars.ts";
import { FOLD_CELLS_MAX, foldable } from "./fold_strays.ts";
import type { Head } from "./head.ts";
import { compactable } from "./compaction_plan.ts";
import { type CohortDue, isExpired } from "./retention/due.ts";
import { hasRewrite, planRewrite, type RewritePlan } from "./retention/rewrite_plan.ts";
import type { PageRef } from "./view.ts";

/** A cohort that is dirty for longer is checkpointed, so that the journal can be cut; spread by half of it. */
export const CHECKPOINT_AGE_MS = 20 * 60_000;
/** Cells of one run: some 20 ms of encoding between two looks at the mailbox. As many that wait are worth a run. */
export const RUN_CELLS_MAX = 262_144;
const RUN_COHORTS_MAX = 64;
/** Rows that make a page of their own worth while; fewer stay in the manifest at a checkpoint. */
const PAGE_ROWS_WORTH = 16;
/** Records that are worth a commit of their own to be cut off. */
const TRUNCATE_RECORDS_MIN = 64;
/** Replaced pages stay for the longest query; where room is short, for one of the default timeout. */
const GARBAGE_KEEP_MS = 10 * 60_000;
const GARBAGE_KEEP_PRESSED_MS = 150_000;
/** Deletions of one cohort in one run. */
const DROP_PAGES_MAX = 256;

export interface CohortPlan {
  readonly cohort: number;
  readonly name: string;
  /** Manifest and pages hold everything up to this record. */
  readonly seq: number;
  /** Frozen: nobody changes these rows any more. */
  readonly sealRows: readonly Row[];
  readonly sealStrays: {
    readonly columns: Uint32Array;
    readonly tMs: Float64Array;
    readonly values: Float64Array;
  };
  readonly restRows: readonly ManifestRow[];
  readonly restStrays: {
    readonly columns: Uint32Array;
    readonly tMs: Float64Array;
    readonly values: Float64Array;
  };
  readonly lastMs: Float64Array<ArrayBuffer>;
  readonly lastValues: Float64Array<ArrayBuffer>;
  /** What histogram cells of all of these point into; undefined: the cohort never had one. */
  readonly histograms: HistogramTable | undefined;
  readonly sealedMaxMs: number;
  readonly minMs: number;
  readonly lateSeen: boolean;
  readonly released: boolean;
  readonly pages: readonly PageRef[];
  readonly firstPage: number;
  /** Merged into fewer. */
  readonly compact: readonly PageRef[];
  /** Sealed strays that are brought home. */
  readonly fold: readonly PageRef[];
  /** Beyond retention: leave the directory and the store. */
  readonly expired: readonly PageRef[];
  /** Time alone would have kept some of them. */
  readonly expiredBySize: boolean;
  /** Written anew without what retention no longer wants of them. */
  readonly rewrite: RewritePlan | undefined;
  readonly garbageKept: readonly Garbage[];
  readonly garbageDropped: readonly Garbage[];
  /** To be written to the catalogue, from this column on. */
  readonly labelsFrom: number;
  readonly labels: readonly Labels[];
  /** The cohort has nothing left: everything of it is deleted. */
  readonly forget: boolean;
  /** An earlier run failed and may have been kept: read before writing. */
  readonly uncertain: boolean;
}

export interface MaintenancePlan {
  readonly cohorts: readonly CohortPlan[];
  /** Undefined when there is nothing to do. */
  readonly exemplars: ExemplarsPlan | undefined;
  readonly truncateThrough: number;
  /** There is more to do than one run may. */
  readonly more: boolean;
  /** Of this opening of the shard: belongs in every commit. */
  readonly fence: Check;
  readonly boot: number;
  /** A run before this one ended in doubt: the fence is renewed first. */
  readonly fenceInDoubt: boolean;
}

export interface CohortDone {
  readonly cohort: number;
  readonly seq: number;
  readonly rows: number;
  readonly strays: number;
  readonly added: readonly PageRef[];
  /** No longer in the directory, but still in the store for a while. */
  readonly replaced: readonly number[];
  readonly dropped: readonly number[];
  readonly droppedBySize: boolean;
  /** Pages that retention had written anew. */
  readonly rewritten: number;
  readonly garbageDropped: readonly number[];
  readonly nextPage: number;
  readonly catalogued: number;
  readonly lastChunkColumn: number;
  readonly forgotten: boolean;
}

/** Plain data: it crosses the mailbox. */
export interface MaintenanceDone {
  readonly cohorts: readonly CohortDone[];
  readonly exemplars: ExemplarsDone | undefined;
  readonly truncatedThrough: number;
  /** Another run has work at once. */
  readonly more: boolean;
  readonly fence: Check;
}

export interface PlanInput {
  readonly nowMs: EpochMs;
  /** What retention counts back from. */
  readonly newestMs: EpochMs;
}

interface Asked {
  readonly nowMs: EpochMs;
  readonly newestMs: EpochMs;
  readonly dueOf: (cohort: Cohort) => CohortDue;
}

/** Undefined when there is nothing to do. Does not change the head. */
export function planMaintenance(head: Head, input: PlanInput): MaintenancePlan | undefined {
  const cohorts: CohortPlan[] = [];
  let cells = 0;
  let more = false;
  const chosen = new Set<number>();
  const asked: Asked = { ...input, dueOf: head.retention.judge(input.newestMs) };
  const choose = (cohort: Cohort): boolean => {
    if (chosen.has(cohort.id)) return true;
    if (cells >= RUN_CELLS_MAX || cohorts.length >= RUN_COHORTS_MAX) {
      more = true;
      return false;
    }
    chosen.add(cohort.id);
    const plan = planCohort(head, cohort, asked);
    cells += plan.sealRows.length * cohort.width + plan.sealStrays.tMs.length + cellsOf(plan.compact) +
      cellsOf(plan.rewrite?.pages ?? []);
    if (plan.fold.length > 0) {
      cells += FOLD_CELLS_MAX;
      more = true;
    }
    cohorts.push(plan);
    return true;
  };
  for (const id of head.due) {
    const cohort = head.cohorts.get(id);
    if (cohort !== undefined && !choose(cohort)) break;
  }
  for (const cohort of head.cohorts.values()) {
    if (needsWork(head, cohort, asked) && !choose(cohort)) break;
  }
  // A run makes records needless that only the next one can cut off: no run for a few of them alone.
  const truncateThrough = head.truncatableThrough();
  const exemplars = planExemplars(head, input.nowMs);
  const records = truncateThrough - head.truncatedThrough;
  if (cohorts.length === 0 && exemplars === undefined && records < TRUNCATE_RECORDS_MIN) return undefined;
  const { fence, boot, fenceInDoubt } = head;
  return { cohorts, exemplars, truncateThrough, more, fence, boot, fenceInDoubt };
}

/** Written when a chunk is full, or when they have held up the journal for long. */
function planExemplars({ exemplars, nextSeq }: Head, nowMs: EpochMs): ExemplarsPlan | undefined {
  const isOld = exemplars.firstDirtySeq > 0 && nowMs - exemplars.dirtySinceMs >= CHECKPOINT_AGE_MS / 2;
  return isOld || exemplars.unkept >= EXEMPLARS_CHUNK ? exemplars.plan(nextSeq - 1) : undefined;
}

function garbageKeepMs({ retention }: Head): number {
  return retention.isPressed(retention.space) ? GARBAGE_KEEP_PRESSED_MS : GARBAGE_KEEP_MS;
}

function cellsOf(pages: readonly PageRef[]): number {
  return pages.reduce((sum, page) => sum + page.rowsCount * page.columnsCount, 0);
}

function needsWork(head: Head, cohort: Cohort, { nowMs, dueOf }: Asked): boolean {
  const due = dueOf(cohort);
  if (isOver(head, cohort, due)) return true;
  if (cohort.firstDirtySeq > 0) {
    // Spread by the number of the cohort, or all would be written at once for ever.
    const spreadMs = (CHECKPOINT_AGE_MS / 2) * ((Math.imul(cohort.id, 0x9e3779b1) >>> 0) / 2 ** 32);
    if (cohort.released || nowMs - cohort.dirtySinceMs >= CHECKPOINT_AGE_MS / 2 + spreadMs) return true;
  }
  if (cohort.pages.some((page) => isExpired(page, due))) return true;
  if (cohort.garbage.some((garbage) => nowMs - garbage.sinceMs >= garbageKeepMs(head))) return true;
  return foldable(cohort.pages).length > 0 || compactable(cohort).length > 0 || hasRewrite(cohort, due);
}

/** Nothing of the cohort is younger than retention, and no record of it would be replayed. */
function isOver(head: Head, cohort: Cohort, due: CohortDue): boolean {
  return cohort.firstDirtySeq === 0 && cohort.baseSeq > 0 && cohort.baseSeq <= head.truncatedThrough &&
    cohort.maxMs < due.dropBeforeMs && due.width >= cohort.width &&
    cohort.pages.length <= DROP_PAGES_MAX && cohort.pages.every((page) => isExpired(page, due));
}

function planCohort(head: Head, cohort: Cohort, { nowMs, newestMs, dueOf }: Asked): CohortPlan {
  const due = dueOf(cohort);
  const forget = isOver(head, cohort, due);
  const sealCount = forget ? 0 : rowsToSeal(cohort);
  const straysCount = cohort.straysCount >= PAGE_ROWS_WORTH || sealCount > 0 ? cohort.straysCount : 0;
  const keepMs = garbageKeepMs(head);
  const garbageDropped = cohort.garbage.filter((g) => forget || nowMs - g.sinceMs >= keepMs);
  const expired = cohort.pages.filter((page) => isExpired(page, due)).slice(0, DROP_PAGES_MAX);
  const gone = new Set(expired.map((page) => page.page));
  const labelsFrom = cohort.cataloguedColumns < cohort.width ? cohort.lastChunkColumn : cohort.width;
  const labels: Labels[] = [];
  for (let column = labelsFrom; column < cohort.width; column++) {
    const series = cohort.seriesOf[column]!;
    labels.push(series === REMOVED_SERIES ? [] : head.series.labelsOf(series));
  }
  const frozen = cohort.rows.slice(0, sealCount);
  const compact = forget ? [] : compactable(cohort).filter((page) => !gone.has(page.page));
  const rewrite = forget || compact.length > 0 ? undefined : planRewrite(head, cohort, due, newestMs);
  return {
    cohort: cohort.id,
    name: cohort.name,
    seq: head.nextSeq - 1,
    sealRows: frozen,
    sealStrays: straysOf(cohort, 0, straysCount),
    restRows: cohort.rows.slice(sealCount).map((row) => ({ tMs: row.tMs, values: row.values.slice() })),
    restStrays: straysOf(cohort, straysCount, cohort.straysCount),
    lastMs: cohort.lastMs.slice(0, cohort.width),
    lastValues: cohort.lastValues.slice(0, cohort.width),
    histograms: cohort.histograms,
    sealedMaxMs: Math.max(cohort.sealedMaxMs, frozen[frozen.length - 1]?.tMs ?? -Infinity),
    minMs: cohort.minMs,
    lateSeen: cohort.lateSeen,
    released: cohort.released,
    pages: cohort.pages.slice(),
    firstPage: cohort.nextPage,
    compact,
    // One at a time: each may write the same spans anew.
    fold: forget || compact.length > 0 || rewrite !== undefined
      ? []
      : foldable(cohort.pages.filter((page) => !gone.has(page.page))),
    expired,
    expiredBySize: expired.some((page) => page.endMs >= newestMs - head.retention.policy.keepMs),
    rewrite,
    garbageKept: cohort.garbage.filter((g) => !garbageDropped.includes(g)),
    garbageDropped,
    labelsFrom,
    labels,
    forget,
    uncertain: cohort.uncertain,
  };
}

function straysOf(cohort: Cohort, from: number, to: number) {
  return {
    columns: cohort.strayColumns.slice(from, to),
    tMs: cohort.strayMs.slice(from, to),
    values: cohort.strayValues.slice(from, to),
  };
}

function rowsToSeal(cohort: Cohort): number {
  const count = cohort.rows.length;
  if (cohort.released) return count;
  // Late rows are kept back where they are usual, so that they do not become strays.
  const ready = count - cohort.rowsKeptBack;
  return cohort.sealDue || ready >= PAGE_ROWS_WORTH ? Math.max(0, ready) : 0;
}

/** What of a plan the head must know while it is carried out. Plain data. */
export interface FrozenCohort {
  readonly cohort: number;
  readonly rows: number;
  readonly forget: boolean;
}

export function frozenOf(plan: MaintenancePlan): readonly FrozenCohort[] {
  return plan.cohorts.map((part) => ({
    cohort: part.cohort,
    rows: part.sealRows.length,
    forget: part.forget,
  }));
}

/**
 * From here on, what comes late for a frozen row is a stray. A cohort that is to be forgotten is gone at once: who
 * writes to its name again gets a new one.
 */
export function freeze(head: Head, frozen: readonly FrozenCohort[]): void {
  head.maintenanceRunning = true;
  head.maintenanceAskedMs = Infinity;
  for (const part of frozen) {
    const cohort = head.cohorts.get(part.cohort);
    if (cohort === undefined) continue;
    if (part.forget) {
      head.forgetCohort(cohort);
      continue;
    }
    head.due.delete(cohort.id);
    cohort.frozen = true;
    const last = cohort.rows[part.rows - 1];
    if (last !== undefined) cohort.sealedMaxMs = Math.max(cohort.sealedMaxMs, last.tMs);
  }
  if (head.due.size === 0) head.dueCells = 0;
}

/** The run may or may not have kept a part: the next one looks before it writes. */
export function abandon(head: Head, reason: string): void {
  head.maintenanceRunning = false;
  head.fenceInDoubt = true;
  head.counters.sealFailures++;
  head.counters.lastSealError = reason;
  for (const cohort of head.cohorts.values()) {
    if (!cohort.frozen) continue;
    cohort.frozen = false;
    cohort.uncertain = true;
    head.markDue(cohort);
  }
}

/** Folds what was done: rows leave, pages come, the journal may be cut. */
export function complete(head: Head, done: MaintenanceDone, nowMs: EpochMs): void {
  head.maintenanceRunning = false;
  head.fence = done.fence;
  head.fenceInDoubt = false;
  head.truncatedThrough = Math.max(head.truncatedThrough, done.truncatedThrough);
  for (const part of done.cohorts) {
    const cohort = head.cohorts.get(part.cohort);
    if (cohort === undefined) continue;
    head.counters.pagesDeleted += part.dropped.length;
    if (part.dropped.length > 0) {
      if (part.droppedBySize) head.counters.sizeRetentions++;
      else head.counters.timeRetentions++;
    }
    head.counters.pagesRewritten += part.rewritten;
    if (part.rows > 0) head.counters.seals++;
    if (part.replaced.length > 0) head.counters.compactions++;
    cohort.dropFirst(part.rows, part.strays);
    cohort.frozen = false;
    cohort.uncertain = false;
    if (part.rows > 0) cohort.sealed();
    replacePages(cohort, part, nowMs);
    cohort.nextPage = part.nextPage;
    cohort.cataloguedColumns = part.catalogued;
    cohort.lastChunkColumn = part.lastChunkColumn;
    cohort.baseSeq = part.seq;
    cohort.firstDirtySeq = cohort.firstDirtySeq > part.seq
      ? cohort.firstDirtySeq
      : dirtyAfter(cohort, part.seq);
    cohort.dirtySinceMs = nowMs;
    head.markDue(cohort);
  }
  if (done.exemplars !== undefined) {
    head.exemplars.complete(done.exemplars, head.nextSeq - 1);
    head.exemplars.dirtySinceMs = nowMs;
  }
  head.measureWindows();
}

/** Records may have come while the run was under way; which was first is not known, only that it is after `seq`. */
function dirtyAfter(cohort: Cohort, seq: number): number {
  return cohort.lastSeq > seq ? seq + 1 : 0;
}

function replacePages(cohort: Cohort, part: CohortDone, nowMs: EpochMs): void {
  const gone = new Set([...part.replaced, ...part.dropped]);
  const pages = cohort.pages.filter((page) => !gone.has(page.page));
  pages.push(...part.added);
  pages.sort((a, b) => a.startMs - b.startMs || a.firstColumn - b.firstColumn);
  cohort.pages.splice(0, cohort.pages.length, ...pages);
  const deleted = new Set(part.garbageDropped);
  const kept = new Set(part.added.map((page) => page.page));
  cohort.garbage = cohort.garbage.filter((garbage) => !deleted.has(garbage.page));
  for (const page of part.replaced) if (!kept.has(page)) cohort.garbage.push({ page, sinceMs: nowMs });
}
