/**
 * Which columns of which cohorts some matchers pick. A large view is asked for in parts, so what was found is kept for
 * as long as its matcher sets live and no series comes or goes: without, each part would go through all series again.
 */
import type { Matcher } from "../model/matchers.ts";
import type { Head } from "./head.ts";
import { union } from "./postings.ts";

type MatcherSets = readonly (readonly Matcher[])[];

export interface Selection {
  /** Ascending. */
  readonly cohorts: Uint32Array;
  /** Of each of `cohorts`: ascending, never empty, not to be written to. */
  readonly columns: readonly Uint32Array[];
}

interface Kept extends Selection {
  readonly generation: number;
  readonly seriesCount: number;
  readonly seriesLive: number;
}

/** By the matcher sets as an object: a reader passes the same one with each question. */
export type Selections = WeakMap<MatcherSets, Kept>;

export function selectionOf(head: Head, matcherSets: MatcherSets): Selection {
  const { series, selections } = head;
  const { generation, count, live } = series;
  const kept = selections.get(matcherSets);
  if (kept?.generation === generation && kept.seriesCount === count && kept.seriesLive === live) return kept;
  const found = select(head, matching(head, matcherSets));
  selections.set(matcherSets, { ...found, generation, seriesCount: count, seriesLive: live });
  return found;
}

/** Series ids that one of the sets accepts, ascending. No sets: all. */
function matching(head: Head, matcherSets: MatcherSets): Uint32Array {
  const { series } = head;
  if (matcherSets.length === 0) return series.all();
  return union(matcherSets.map((matchers) => series.index.resolve(matchers, () => series.all())));
}

function select(head: Head, ids: Uint32Array): Selection {
  return ofOneCohort(head, ids) ?? ofCohorts(head, ids);
}

/** What one target has, or one group of rules has recorded: nearly all that rules ask for. */
function ofOneCohort({ series, cohorts }: Head, ids: Uint32Array): Selection | undefined {
  if (ids.length === 0) return NOTHING;
  const cohort = series.cohortOf(ids[0]!);
  if (!cohorts.has(cohort) || series.cohortOf(ids[ids.length - 1]!) !== cohort) return undefined;
  const columns = new Uint32Array(ids.length);
  for (let i = 0; i < ids.length; i++) {
    if (series.cohortOf(ids[i]!) !== cohort) return undefined;
    columns[i] = series.columnOf(ids[i]!);
  }
  return { cohorts: Uint32Array.of(cohort), columns: [ascending(columns)] };
}

const NOTHING: Selection = { cohorts: new Uint32Array(0), columns: [] };

function ofCohorts({ series, cohorts: present }: Head, ids: Uint32Array): Selection {
  const counts = new Map<number, number>();
  for (let i = 0; i < ids.length;) {
    const cohort = series.cohortOf(ids[i]!);
    let end = i + 1;
    while (end < ids.length && series.cohortOf(ids[end]!) === cohort) end++;
    // Not for the cohort number of removed series.
    if (present.has(cohort)) counts.set(cohort, (counts.get(cohort) ?? 0) + end - i);
    i = end;
  }
  const cohorts = Uint32Array.from(counts.keys()).sort();
  const places = new Map<number, { readonly columns: Uint32Array; count: number }>();
  for (const cohort of cohorts) {
    places.set(cohort, { columns: new Uint32Array(counts.get(cohort)!), count: 0 });
  }
  for (let i = 0; i < ids.length;) {
    const cohort = series.cohortOf(ids[i]!);
    const place = places.get(cohort);
    for (; i < ids.length && series.cohortOf(ids[i]!) === cohort; i++) {
      if (place !== undefined) place.columns[place.count++] = series.columnOf(ids[i]!);
    }
  }
  return { cohorts, columns: Array.from(cohorts, (cohort) => ascending(places.get(cohort)!.columns)) };
}

/** They nearly always are: series are numbered as they come. */
function ascending(columns: Uint32Array): Uint32Array {
  for (let i = 1; i < columns.length; i++) if (columns[i]! < columns[i - 1]!) return columns.sort();
  return columns;
}
