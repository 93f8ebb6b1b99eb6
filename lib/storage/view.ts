/**
 * What a storage head hands to a reader: plain data, safe to hold while the head goes on. Window cells and strays
 * are copies; sealed pages are named, not carried. A view shows each sample exactly once: a row is either in the
 * window part or in a page, never both.
 */
import type { EpochMs } from "../core/time.ts";
import type { HistogramTable } from "../model/histogram_cell.ts";
import type { Labels } from "../model/labels.ts";
import type { HiddenPart } from "./hidden.ts";

/** A sealed page, as the head's directory knows it. */
export interface PageRef {
  /** Unique within the cohort and never used twice. */
  readonly page: number;
  readonly kind: "rows" | "strays";
  /** Of its rows (or strays): both inside. */
  readonly startMs: EpochMs;
  readonly endMs: EpochMs;
  readonly rowsCount: number;
  /** Pages of one span share their rows and divide its columns. 0 columns: any column (strays). */
  readonly firstColumn: number;
  readonly columnsCount: number;
  readonly bytes: number;
  /** 0 as sealed; n after n compactions. */
  readonly level: number;
  /** Set where retention wrote it anew, without some columns or rolled up: tells what was due then. */
  readonly mark?: number;
}

export interface WindowView {
  readonly tMs: Float64Array;
  /** Column after column, in the order of the view's `columns`; absent cells hold the absent pattern. */
  readonly cells: Float64Array;
}

/** Samples with times of their own; ascending times within one column. */
export interface StraysView {
  /** Position in the view's `columns`. */
  readonly at: Uint32Array;
  readonly tMs: Float64Array;
  readonly values: Float64Array;
}

export interface CohortView {
  readonly cohort: number;
  /** Ascending. */
  readonly columns: Uint32Array;
  /** Of `columns`, in order: whole, or as much of them as was asked for. */
  readonly series: readonly Labels[];
  /** Positions in `columns` whose label set another cohort has too; empty nearly always. */
  readonly twins: Uint32Array;
  /** Those that overlap the range, ascending by `startMs` where `kind` is rows. */
  readonly pages: readonly PageRef[];
  readonly window: WindowView;
  readonly strays: StraysView;
  /** What histogram cells of window and strays point into, among others; undefined: there are none. */
  readonly histograms: HistogramTable | undefined;
  /** What of all this was deleted; empty nearly always. */
  readonly hidden: readonly HiddenPart[];
}

/**
 * A part of what matches: cohorts in the order of their numbers. Each cohort is seen at one moment; the parts of a
 * large view are seen one after the other, so that copying one never holds up appends for long.
 */
export interface HeadView {
  readonly cohorts: readonly CohortView[];
  /** A crash now would lose nothing of what it shows. */
  readonly durable: boolean;
  /** Ask again for the cohorts after this one; undefined when there are no more. */
  readonly next: number | undefined;
}
