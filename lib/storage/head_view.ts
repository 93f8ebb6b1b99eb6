/**
 * Answers where the samples of a head lie: of which series, in which pages and windows. Changes nothing; what it
 * returns is a copy, or never written to again.
 */
import type { Labels } from "../model/labels.ts";
import type { Matcher } from "../model/matchers.ts";
import { fillAbsent, wordsOf } from "../model/stale.ts";
import type { Cohort, Row } from "./cohort.ts";
import type { Deletion } from "./deletions.ts";
import type { Head } from "./head.ts";
import type { HiddenPart } from "./hidden.ts";
import { union } from "./postings.ts";
import type { TimeRange } from "./source.ts";
import type { CohortView, HeadView, StraysView, WindowView } from "./view.ts";

type MatcherSets = readonly (readonly Matcher[])[];

/** Series ids that one of the sets accepts, ascending. No sets: all. */
function matching(head: Head, matcherSets: MatcherSets): Uint32Array {
  const { series } = head;
  if (matcherSets.length === 0) return series.all();
  return union(matcherSets.map((matchers) => series.index.resolve(matchers, () => series.all())));
}

/** What a part of a view may copy: some 10 ms of work. A series counts as so many cells, for its labels. */
const VIEW_CELLS_MAX = 500_000;
const VIEW_SERIES_CELLS = 24;

/**
 * Calls `found` for each cohort, in the order of their numbers, with the columns that match and may have a sample
 * in the range, ascending. Stops when `found` answers false.
 */
export function eachCohort(
  head: Head,
  matcherSets: MatcherSets,
  range: TimeRange,
  after: number,
  found: (cohort: Cohort, columns: Uint32Array) => boolean,
): void {
  const ids = matching(head, matcherSets);
  const { series } = head;
  const columnsByCohort = new Map<number, number[]>();
  let lastCohort = -1;
  let lastList: number[] | undefined;
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    const cohort = series.cohortOf(id);
    if (cohort !== lastCohort) {
      lastCohort = cohort;
      lastList = columnsByCohort.get(cohort);
      if (lastList === undefined && head.cohorts.has(cohort)) columnsByCohort.set(cohort, lastList = []);
    }
    lastList?.push(series.columnOf(id));
  }
  const numbers = Uint32Array.from(columnsByCohort.keys()).sort();
  for (const number of numbers) {
    const cohort = head.cohorts.get(number)!;
    if (number <= after || cohort.maxMs < range.startMs || cohort.minMs > range.endMs) continue;
    const columns = ascending(columnsByCohort.get(number)!);
    const deletions = head.deletions.get(number);
    let count = 0;
    for (let i = 0; i < columns.length; i++) {
      if (cohort.lastMs[columns[i]!]! < range.startMs) continue;
      if (deletions === undefined || !allHidden(deletions, cohort, columns[i]!, range)) {
        columns[count++] = columns[i]!;
      }
    }
    if (count > 0 && !found(cohort, columns.subarray(0, count))) return;
  }
}

/** They nearly always are: series are numbered as they come. */
function ascending(columns: readonly number[]): Uint32Array {
  const out = new Uint32Array(columns.length);
  let sorted = true;
  for (let i = 0; i < out.length; i++) {
    out[i] = columns[i]!;
    if (i > 0 && out[i]! < out[i - 1]!) sorted = false;
  }
  return sorted ? out : out.sort();
}

/** The part of the view that begins after cohort `after`; 0 for the first. */
export function viewOf(head: Head, matcherSets: MatcherSets, range: TimeRange, after: number): HeadView {
  const cohorts: CohortView[] = [];
  let durable = true;
  let cells = 0;
  let next: number | undefined;
  eachCohort(head, matcherSets, range, after, (cohort, columns) => {
    if (cells >= VIEW_CELLS_MAX) {
      next = cohorts[cohorts.length - 1]!.cohort;
      return false;
    }
    if (!head.isDurable(cohort, range.endMs)) durable = false;
    cells += columns.length * (cohort.rows.length + VIEW_SERIES_CELLS);
    const series: Labels[] = new Array(columns.length);
    const twins: number[] = [];
    for (let i = 0; i < columns.length; i++) {
      const id = cohort.seriesOf[columns[i]!]!;
      series[i] = head.series.labelsOf(id);
      if (head.series.twins.has(id) && hasTwinIn(head, id, range)) twins.push(i);
    }
    cohorts.push({
      cohort: cohort.id,
      columns,
      series,
      twins: Uint32Array.from(twins),
      pages: cohort.pages.filter((page) =>
        page.endMs >= range.startMs && page.startMs <= range.endMs &&
        (page.columnsCount === 0 ||
          overlaps(columns, page.firstColumn, page.firstColumn + page.columnsCount))
      ),
      window: windowOf(cohort.rows, columns, range),
      strays: straysOf(cohort, columns, range),
      histograms: cohort.histograms,
      hidden: hiddenOf(head.deletions.get(cohort.id) ?? [], columns, range),
    });
    return true;
  });
  return { cohorts, next, durable };
}

/** Whether one deletion hides every sample that the column may have in the range. */
export function allHidden(
  deletions: readonly Deletion[],
  cohort: Cohort,
  column: number,
  range: TimeRange,
): boolean {
  const startMs = Math.max(range.startMs, cohort.minMs);
  const endMs = Math.min(range.endMs, cohort.lastMs[column]!);
  return deletions.some((deletion) =>
    deletion.startMs <= startMs && deletion.endMs >= endMs && deletion.columns.includes(column)
  );
}

/** Another cohort with samples of this series in the range, as far as is known without its pages. */
function hasTwinIn(head: Head, series: number, range: TimeRange): boolean {
  return head.series.twinsOf(series).some((twin) => {
    const cohort = head.cohorts.get(head.series.cohortOf(twin));
    return cohort !== undefined && cohort.minMs <= range.endMs &&
      cohort.lastMs[head.series.columnOf(twin)]! >= range.startMs;
  });
}

function hiddenOf(
  deletions: readonly Deletion[],
  columns: Uint32Array,
  range: TimeRange,
): readonly HiddenPart[] {
  const hidden: HiddenPart[] = [];
  for (const { startMs, endMs, columns: deleted } of deletions) {
    if (endMs < range.startMs || startMs > range.endMs) continue;
    const set = new Set(deleted);
    const at = Uint32Array.from([...columns.keys()].filter((position) => set.has(columns[position]!)));
    if (at.length > 0) hidden.push({ startMs, endMs, at });
  }
  return hidden;
}

function overlaps(columns: Uint32Array, first: number, end: number): boolean {
  return columns[columns.length - 1]! >= first && columns[0]! < end;
}

function windowOf(rows: readonly Row[], columns: Uint32Array, range: TimeRange): WindowView {
  let from = 0;
  while (from < rows.length && rows[from]!.tMs < range.startMs) from++;
  let to = rows.length;
  while (to > from && rows[to - 1]!.tMs > range.endMs) to--;
  const count = to - from;
  const tMs = new Float64Array(count);
  const cells = new Float64Array(count * columns.length);
  const out = wordsOf(cells);
  for (let r = 0; r < count; r++) {
    const row = rows[from + r]!;
    tMs[r] = row.tMs;
    copyRow(out, r, count, wordsOf(row.values), columns);
  }
  return { tMs, cells };
}

/** Cell (r, i) goes to i × count + r. */
function copyRow(out: Uint32Array, r: number, count: number, from: Uint32Array, columns: Uint32Array): void {
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i]!;
    const to = i * count + r;
    if (2 * column >= from.length) {
      fillAbsent(out, to, to + 1);
      continue;
    }
    out[2 * to] = from[2 * column]!;
    out[2 * to + 1] = from[2 * column + 1]!;
  }
}

function straysOf(cohort: Cohort, columns: Uint32Array, range: TimeRange): StraysView {
  const at: number[] = [];
  const picks: number[] = [];
  if (cohort.straysCount > 0) {
    const positions = new Map<number, number>();
    columns.forEach((column, i) => positions.set(column, i));
    for (let i = 0; i < cohort.straysCount; i++) {
      const tMs = cohort.strayMs[i]!;
      const position = positions.get(cohort.strayColumns[i]!);
      if (position === undefined || tMs < range.startMs || tMs > range.endMs) continue;
      at.push(position);
      picks.push(i);
    }
  }
  const values = new Float64Array(picks.length);
  const out = wordsOf(values);
  const from = wordsOf(cohort.strayValues);
  picks.forEach((pick, i) => {
    out[2 * i] = from[2 * pick]!;
    out[2 * i + 1] = from[2 * pick + 1]!;
  });
  return { at: Uint32Array.from(at), tMs: Float64Array.from(picks, (pick) => cohort.strayMs[pick]!), values };
}
