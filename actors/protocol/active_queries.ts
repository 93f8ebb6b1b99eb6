/** What the keeper of active queries understands: a query that runs long, and its end. */
import type { EpochMs } from "../../lib/core/time.ts";

export type ActiveQueriesCommand =
  | { readonly kind: "note"; readonly id: string; readonly query: string; readonly startedMs: EpochMs }
  | { readonly kind: "drop"; readonly id: string }
  /** Of earlier lives of the process: said once, then forgotten. */
  | { readonly kind: "reportLeftovers" };

export type ActiveQueriesEvent =
  | { readonly kind: "queryNoted"; readonly noted: NotedQuery }
  | { readonly kind: "queryDropped"; readonly life: number; readonly id: string }
  | { readonly kind: "leftoversReported"; readonly life: number };

export interface NotedQuery {
  /** Of the process that ran it. */
  readonly life: number;
  /** Unique within a life. */
  readonly id: string;
  readonly query: string;
  readonly startedMs: EpochMs;
}
