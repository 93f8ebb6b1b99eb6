/**
 * Retention as a head carries it: the policy in force, which rules hold for which series, and how far back the
 * size lets samples reach. Reads no clock and changes nothing else.
 */
import type { StoreSpace } from "../../core/ports.ts";
import type { EpochMs } from "../../core/time.ts";
import type { Cohort } from "../cohort.ts";
import type { SeriesTable } from "../series_table.ts";
import type { PageRef } from "../view.ts";
import { type CohortClasses, SeriesClasses } from "./classes.ts";
import { type CohortDue, type Cutoffs, cutoffsOf, dueOf, NOTHING_DUE } from "./due.ts";
import { keepingFor, limitBytesOf, type RetentionPolicy } from "./policy.ts";

/** Room that is made at once, so that not every look has to delete; of the limit. */
const SPARE_SHARE = 0.05;
/** Beyond this share of the limit room is made: the file must not grow between two looks. */
const FILLED_SHARE_MAX = 0.95;

export class Retention {
  policy: RetentionPolicy = keepingFor(Infinity);
  /** Undefined while no rule tells series apart. */
  classes: SeriesClasses | undefined;
  /** What is older leaves so that the size holds. */
  sizeFromMs = -Infinity;
  /** In force; 0: none. */
  limitBytes = 0;
  space: StoreSpace | undefined;
  /** The limit cannot be held by deleting: what is left is not in pages. */
  overfull = false;

  get hasRules(): boolean {
    return this.policy.rules.length > 0 || this.policy.rollups.length > 0;
  }

  get hasSizeLimit(): boolean {
    return this.policy.bytesMax > 0 || this.policy.diskPercentMax > 0;
  }

  use(policy: RetentionPolicy, table: SeriesTable): void {
    this.policy = policy;
    this.limitBytes = this.space === undefined ? policy.bytesMax : limitBytesOf(policy, this.space);
    this.overfull = false;
    if (!this.hasSizeLimit) this.sizeFromMs = -Infinity;
    this.classify(table);
  }

  /** After a change of the rules or of the series' numbers, and once in a while for the new series. */
  classify(table: SeriesTable): void {
    this.classes = this.hasRules ? new SeriesClasses(table, this.policy) : undefined;
  }

  cutoffs(newestMs: EpochMs): Cutoffs {
    return cutoffsOf(this.policy, newestMs, this.sizeFromMs);
  }

  /** What the pages of a cohort are due for. */
  due(cohort: Cohort, newestMs: EpochMs): CohortDue {
    if (newestMs === -Infinity) return NOTHING_DUE;
    return this.judge(newestMs)(cohort);
  }

  /** As `due`, for many cohorts at one moment: those with the same classes share an answer. */
  judge(newestMs: EpochMs): (cohort: Cohort) => CohortDue {
    const cutoffs = this.cutoffs(newestMs);
    if (newestMs === -Infinity) return () => NOTHING_DUE;
    const { classes, policy, sizeFromMs } = this;
    if (classes === undefined) {
      const all = dueOf([0], Infinity, policy, cutoffs, sizeFromMs);
      return () => all;
    }
    const answers = new Map<string, CohortDue>();
    return (cohort) => {
      const found: CohortClasses = classes.of(cohort);
      const width = found.width === cohort.width ? Infinity : found.width;
      const key = `${width} ${found.classes.join()}`;
      let answer = answers.get(key);
      if (answer === undefined) {
        answers.set(key, answer = dueOf(found.classes, width, policy, cutoffs, sizeFromMs));
      }
      return answer;
    };
  }

  /** So full that pages have to leave. */
  isPressed(space: StoreSpace | undefined): boolean {
    if (space === undefined) return false;
    const limit = limitBytesOf(this.policy, space);
    return limit > 0 && space.usedBytes > limit * FILLED_SHARE_MAX;
  }

  /** Too much, and nothing that could be deleted. */
  isOverfull(space: StoreSpace, cohorts: Iterable<Cohort>): boolean {
    const limit = limitBytesOf(this.policy, space);
    if (limit === 0 || space.usedBytes <= limit) return false;
    for (const cohort of cohorts) if (cohort.pages.length > 0) return false;
    return true;
  }

  /** Takes note of how full the store is and moves the bound by which pages leave for the size's sake. */
  measured(space: StoreSpace, cohorts: ReadonlyMap<number, Cohort>): void {
    this.space = space;
    this.limitBytes = limitBytesOf(this.policy, space);
    this.overfull = this.isOverfull(space, cohorts.values());
    if (this.limitBytes === 0) {
      this.sizeFromMs = -Infinity;
      return;
    }
    if (!this.isPressed(space)) return;
    const pages: PageRef[] = [];
    for (const cohort of cohorts.values()) {
      // What is on its way out is not counted twice.
      if (cohort.pages.some((page) => page.endMs < this.sizeFromMs)) return;
      for (const page of cohort.pages) pages.push(page);
    }
    const wantedBytes = space.usedBytes - this.limitBytes * (FILLED_SHARE_MAX - SPARE_SHARE);
    const fromMs = boundFor(pages, wantedBytes);
    if (fromMs !== undefined) this.sizeFromMs = Math.max(this.sizeFromMs, fromMs);
  }
}

/** Pages that end before the answer hold so many bytes, or all pages do; undefined when there is none. */
function boundFor(pages: readonly PageRef[], wantedBytes: number): number | undefined {
  if (pages.length === 0) return undefined;
  const oldestFirst = [...pages].sort((a, b) => a.endMs - b.endMs);
  let bytes = 0;
  for (const page of oldestFirst) {
    bytes += page.bytes;
    if (bytes >= wantedBytes) return page.endMs + 1;
  }
  return oldestFirst[oldestFirst.length - 1]!.endMs + 1;
}
