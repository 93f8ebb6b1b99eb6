/**
 * Samples on their way into storage. A cohort is the set of series that one source samples together; a row is
 * one timestamp of it. A batch crosses the mailbox whole, and ownership of its arrays passes with the message:
 * the sender must not touch them again.
 */
import type { EpochMs } from "../core/time.ts";
import type { Exemplar } from "./exemplar.ts";
import type { HistogramTable } from "./histogram_cell.ts";
import type { Labels } from "./labels.ts";

/** How names of cohorts begin that scrapes of this process fill. */
export const SCRAPE_COHORTS = "scrape/";

/** Set on a reference that is an index into `defined` and not a column of the cohort. */
export const NEW_SERIES_BIT = 0x8000_0000;

/** Samples of one cohort that share a timestamp. `refs` and `values` have the same length; no ref twice. */
export interface SampleRow {
  readonly tMs: EpochMs;
  /** Column of the cohort, or index into the batch's `defined` with `NEW_SERIES_BIT` set. */
  readonly refs: Uint32Array;
  /** A staleness marker is a value, by its bit pattern (stale.ts); absent cells do not occur here. */
  readonly values: Float64Array;
  /** What histogram cells of `values` point into (histogram_cell.ts); undefined: there are none. */
  readonly histograms?: HistogramTable | undefined;
  /**
   * Cells of this row that the sender's next batches bring: it is to be kept as wide as it will be, and open.
   * @default 0
   */
  readonly cellsToCome?: number;
}

/** An exemplar of a series of the batch. */
export interface BatchExemplar extends Exemplar {
  /** As in `SampleRow.refs`. */
  readonly ref: number;
}

export interface SampleBatch {
  /**
   * Who samples these series together, stable across restarts: `scrape/<job>/<instance>…`, `write/<job>/<instance>`,
   * `rules/<file>;<group>`. Any string up to `COHORT_NAME_BYTES_MAX`.
   */
  readonly cohort: string;
  /** From the last answer of storage for this cohort; 0 for a sender that holds no references yet. */
  readonly epoch: number;
  /** Series that the sender holds no reference for. A series that the cohort knows already keeps its column. */
  readonly defined: readonly Labels[];
  /** In any order; usually one. */
  readonly rows: readonly SampleRow[];
  /**
   * Rows whose timestamps the target wrote itself (or that came late): they go to stray columns and do not make
   * rows of the cohort.
   */
  readonly strays: readonly SampleRow[];
  /** Ascending by time for each series. One that is refused refuses nothing else. */
  readonly exemplars?: readonly BatchExemplar[] | undefined;
  /**
   * What becomes of samples that come out of order though the out-of-order window would take them: `refused`: they
   * are out of order; `noMarkers`: staleness markers are dropped without a word.
   * @default the window takes them
   */
  readonly late?: "refused" | "noMarkers" | undefined;
}

export const COHORT_NAME_BYTES_MAX = 512;

export interface AppendCounts {
  readonly appended: number;
  /** Of those, what came out of order and is inside the out-of-order window. */
  readonly late: number;
  readonly outOfOrder: number;
  readonly outOfBounds: number;
  readonly tooOld: number;
  readonly duplicate: number;
}

export type AppendOutcome =
  | {
    readonly kind: "appended";
    readonly epoch: number;
    /** The columns of `defined`, in order. */
    readonly refs: Uint32Array;
    readonly counts: AppendCounts;
  }
  /** The sender's references are from another incarnation of the cohort: send again with epoch 0, all defined. */
  | { readonly kind: "wrongEpoch"; readonly epoch: number }
  /** Only for an append with `atomic`: at least one sample was refused, nothing was kept. */
  | { readonly kind: "refused"; readonly counts: AppendCounts; readonly reason: string }
  | { readonly kind: "limited"; readonly limit: string; readonly reason: string };

/** Limits that are met when the store does not keep up, and not by what is appended: later, the same is taken. */
export const STORE_LIMITS: ReadonlySet<string> = new Set(["pendingBytesMax", "windowBytesMax"]);
