/** What a query answers: columns, as the evaluator made them. `lib/http/` writes them out without a copy. */
import type { EpochMs } from "../core/time.ts";
import type { HistogramTable } from "../model/histogram_cell.ts";
import type { Labels } from "../model/labels.ts";

/**
 * One series of a matrix. Cells with the absent pattern (model/stale.ts) are no points and are skipped. Series of
 * a range query share one `tMs` array; those of an instant query over a range selector may not.
 */
export interface MatrixSeries {
  readonly labels: Labels;
  readonly tMs: Float64Array;
  readonly values: Float64Array;
  /** What histogram cells point into (model/histogram_cell.ts); undefined: there are none. */
  readonly histograms?: HistogramTable | undefined;
}

export type QueryValue =
  | { readonly kind: "scalar"; readonly tMs: EpochMs; readonly value: number }
  | { readonly kind: "string"; readonly tMs: EpochMs; readonly value: string }
  /** In the order in which it is to be shown. */
  | {
    readonly kind: "vector";
    readonly tMs: EpochMs;
    readonly labels: readonly Labels[];
    readonly values: Float64Array;
    readonly histograms?: HistogramTable | undefined;
  }
  /** Sorted by labels. A series without a point is left out. */
  | { readonly kind: "matrix"; readonly series: readonly MatrixSeries[] };

export interface QueryStats {
  /** Each sample once for every step that looks at it: what the steps would count as queries of their own. */
  readonly samplesTotal: number;
  /** Samples of a window count at the first step that has them, and a subquery counts what it reads itself. */
  readonly samplesRead: number;
  readonly samplesPeak: number;
  readonly prepareMs: number;
  readonly evalMs: number;
  /** Putting the result in order, which is not a part of `evalMs`. */
  readonly sortMs?: number;
  /** Before the engine had it, where somebody measured that. */
  readonly queuedMs?: number;
  /** Where they were asked for. */
  readonly byStep?: StepStats;
}

/** Of each step of a query, in order. */
export interface StepStats {
  readonly startMs: EpochMs;
  readonly stepMs: number;
  readonly samplesTotal: Float64Array;
  readonly samplesRead: Float64Array;
}

export interface QueryResult {
  readonly value: QueryValue;
  /** Complete texts, without repeats: `PromQL warning: … (1:5)`. */
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  readonly stats: QueryStats;
}

export interface QueryOptions {
  /** Undefined: the engine's own. */
  readonly lookbackMs?: number;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Undefined: nobody outside asked. */
  readonly origin?: QueryOrigin;
  /** Whether samples are to be counted by step, if the engine does that at all. Undefined: no. */
  readonly countsSteps?: boolean;
  /**
   * Whoever always asks this one query: its tree and plan are kept as long as this object is, beside the cache of
   * the latest. Undefined: only the cache keeps them.
   */
  readonly asker?: object;
}

/** Who asked, for the query log. */
export type QueryOrigin =
  | { readonly kind: "http"; readonly clientIp: string; readonly method: string; readonly path: string }
  | { readonly kind: "rule"; readonly file: string; readonly group: string };

/**
 * Rejects with a `UserError`: `bad_data` for a query that does not parse or type-check, `execution`, `timeout`,
 * `canceled` otherwise.
 */
export interface QueryEngine {
  instant(query: string, timeMs: EpochMs, options?: QueryOptions): Promise<QueryResult>;
  range(
    query: string,
    range: { readonly startMs: EpochMs; readonly endMs: EpochMs; readonly stepMs: number },
    options?: QueryOptions,
  ): Promise<QueryResult>;
}
