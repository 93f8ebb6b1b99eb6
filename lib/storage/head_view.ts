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
import { LabelProjection } from "./label_projection.ts";
import { selectionOf } from "./selection.ts";
import type { TimeRange } from "./source.ts";
import type { CohortView, HeadView, StraysView, WindowView } from "./view.ts";

type MatcherSets = readonly (readonly Matcher[])[];

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
  const selection = selectionOf(head, matcherSets);
  for (let at = 0; at < selection.cohorts.length; at++) {
    const number = selection.cohorts[at]!;
    if (number <= after) continue;
    const cohort = head.cohorts.get(number)!;
    if (cohort.maxMs < range.startMs || cohort.minMs > range.endMs) continue;
    const columns = sampledIn(cohort, selection.columns[at]!, range, head.deletions.get(number));
    if (columns.length > 0 && !found(cohort, columns)) return;
  }
}

/** Those that may have a sample in the range; `columns` itself, nearly always. */
function sampledIn(
  cohort: Cohort,
  columns: Uint32Array,
  range: TimeRange,
  deletions: readonly Deletion[] | undefined,
): Uint32Array {
  const { lastMs } = cohort;
  const isOut = (column: number) =>
    lastMs[column]! < range.startMs ||
    (deletions !== undefined && allHidden(deletions, cohort, column, range));
  for (let i = 0; i < columns.length; i++) {
    if (isOut(columns[i]!)) return columns.filter((column) => !isOut(column));
  }
  return columns;
}

/**
 * The part of the view that begins after cohort `after`; 0 for the first. With `labelNames`, label sets may lack all
 * labels but these.
 */
export function viewOf(
  head: Head,
  matcherSets: MatcherSets,
  range: TimeRange,
  after: number,
  labelNames?: readonly string[],
): HeadView {
  const cohorts: CohortView[] = [];
  let durable = true;
  let cells = 0;
  let next: number | undefined;
  const projection = labelNames === undefined
    ? undefined
    : new LabelProjection(head.series.index, labelNames);
  eachCohort(head, matcherSets, range, after, (cohort, columns) => {
    if (cells >= VIEW_CELLS_MAX) {
      next = cohorts[cohorts.length - 1]!.cohort;
      return false;
    }
    if (!head.isDurable(cohort, range.endMs)) durable = false;
    cells += columns.length * (cohort.rows.length + VIEW_SERIES_CELLS);
    const twins = twinsAmong(head, cohort, columns, range);
    const pages = cohort.pages.filter((page) =>
      page.endMs >= range.startMs && page.startMs <= range.endMs &&
      (page.columnsCount === 0 ||
        overlaps(columns, page.firstColumn, page.firstColumn + page.columnsCount))
    );
    const strays = straysOf(cohort, columns, range);
    // Series that must be merged are told apart by all of their labels.
    const merged = twins.length > 0 || strays.at.length > 0 || pages.some(({ kind }) => kind === "strays");
    cohorts.push({
      cohort: cohort.id,
      columns,
      series: seriesOf(head, cohort, columns, merged ? undefined : projection),
      twins,
      pages,
      window: windowOf(cohort.rows, columns, range),
      strays,
      histograms: cohort.histograms,
      hidden: hiddenOf(head.deletions.get(cohort.id) ?? NO_DELETIONS, columns, range),
    });
    return true;
  });
  return { cohorts, next, durable };
}

function seriesOf(
  head: Head,
  cohort: Cohort,
  columns: Uint32Array,
  projection: LabelProjection | undefined,
): readonly Labels[] {
  const { series } = head;
  const out: Labels[] = new Array(columns.length);
  for (let i = 0; i < columns.length; i++) {
    const id = cohort.seriesOf[columns[i]!]!;
    out[i] = projection === undefined ? series.labelsOf(id) : series.projectedLabelsOf(id, projection);
  }
  return out;
}

/** Positions in `columns`. */
function twinsAmong(head: Head, cohort: Cohort, columns: Uint32Array, range: TimeRange): Uint32Array {
  const { twins } = head.series;
  if (twins.size === 0) return NO_TWINS;
  const found: number[] = [];
  for (let i = 0; i < columns.length; i++) {
    const id = cohort.seriesOf[columns[i]!]!;
    if (twins.has(id) && hasTwinIn(head, id, range)) found.push(i);
  }
  return Uint32Array.from(found);
}

const NO_TWINS = new Uint32Array(0);

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

const NO_DELETIONS: readonly Deletion[] = [];
const NOTHING_HIDDEN: readonly HiddenPart[] = [];

function hiddenOf(
  deletions: readonly Deletion[],
  columns: Uint32Array,
  range: TimeRange,
): readonly HiddenPart[] {
  if (deletions.length === 0) return NOTHING_HIDDEN;
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
  // From the end: rules ask for the latest rows only.
  let to = rows.length;
  while (to > 0 && rows[to - 1]!.tMs > range.endMs) to--;
  let from = to;
  while (from > 0 && rows[from - 1]!.tMs >= range.startMs) from--;
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

const NO_STRAYS: StraysView = {
  at: new Uint32Array(0),
  tMs: new Float64Array(0),
  values: new Float64Array(0),
};

function straysOf(cohort: Cohort, columns: Uint32Array, range: TimeRange): StraysView {
  if (cohort.straysCount === 0) return NO_STRAYS;
  const at: number[] = [];
  const picks: number[] = [];
  const positions = new Map<number, number>();
  columns.forEach((column, i) => positions.set(column, i));
  for (let i = 0; i < cohort.straysCount; i++) {
    const tMs = cohort.strayMs[i]!;
    const position = positions.get(cohort.strayColumns[i]!);
    if (position === undefined || tMs < range.startMs || tMs > range.endMs) continue;
    at.push(position);
    picks.push(i);
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
