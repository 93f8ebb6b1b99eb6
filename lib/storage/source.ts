/**
 * The seam between storage and those who read: the evaluator, the series and label endpoints, federation. Nobody
 * above it knows a page, a window or a key. Columns come grouped by cohort, since all series of a cohort share
 * their timestamps and so the bounds of every window.
 */
import type { EpochMs } from "../core/time.ts";
import type { HistogramTable } from "../model/histogram_cell.ts";
import type { Labels } from "../model/labels.ts";
import type { Matcher } from "../model/matchers.ts";

/** Both ends are inside. */
export interface TimeRange {
  readonly startMs: EpochMs;
  readonly endMs: EpochMs;
}

export interface SelectRequest {
  readonly matchers: readonly Matcher[];
  readonly range: TimeRange;
  /** Reading stops with a `UserError` (`execution`) when more samples than this would be held at once. */
  readonly samplesMax: number;
  /**
   * All that the caller looks at of label sets: they may lack other labels, and then several series may have the same.
   * Undefined: whole label sets.
   */
  readonly labelNames?: readonly string[] | undefined;
  /** The caller is done with a group's columns when it asks for the next one: they share one piece of memory. */
  readonly oneAtATime?: boolean;
}

/**
 * Some series of one cohort over the requested range. `columns[i]` belongs to `series[i]` and has as many values
 * as `tMs`. A cell without a sample holds the absent pattern, an ended series the stale pattern (model/stale.ts).
 * Read-only for the caller, who may keep it for the length of a query unless it asked for one at a time.
 */
export interface ColumnGroup {
  /** Ascending, no value twice; exact integers. */
  readonly tMs: Float64Array;
  readonly series: readonly Labels[];
  readonly columns: readonly Float64Array[];
  /** Per column: false promises that it holds neither absent nor stale cells; true promises nothing. */
  readonly gaps: readonly boolean[];
  /** Per column: true promises that it has no gaps and that no value is below the one before; false promises nothing. */
  readonly rising?: readonly boolean[];
  /** What histogram cells of the columns point into (model/histogram_cell.ts); undefined: there are none. */
  readonly histograms?: HistogramTable | undefined;
  /**
   * Per column when each sample began to be counted, 0 where that is not known. A column without such times is
   * undefined.
   */
  readonly startTimesMs?: readonly (Float64Array | undefined)[] | undefined;
}

export interface SeriesSource {
  /**
   * Groups in no promised order; each whole label set occurs in one group only (a series that two cohorts hold is
   * merged before it is given out). Series without any sample in the range may be left out.
   */
  select(request: SelectRequest, signal: AbortSignal): AsyncIterable<ColumnGroup>;
  /** Label sets that match, with a sample in the range as far as storage knows it cheaply; sorted by labels. */
  series(
    matcherSets: readonly (readonly Matcher[])[],
    range: TimeRange,
    signal: AbortSignal,
  ): Promise<readonly Labels[]>;
  /** Sorted; over all series when there are no matcher sets. */
  labelNames(
    matcherSets: readonly (readonly Matcher[])[],
    range: TimeRange,
    signal: AbortSignal,
  ): Promise<readonly string[]>;
  labelValues(
    name: string,
    matcherSets: readonly (readonly Matcher[])[],
    range: TimeRange,
    signal: AbortSignal,
  ): Promise<readonly string[]>;
}
