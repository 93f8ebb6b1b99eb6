/** What the query gate understands: run a query, stop one, say what runs. */
import type { ReplyTo } from "../../lib/actor/types.ts";
import type { UserErrorCode } from "../../lib/core/errors.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import type { QueryResult } from "../../lib/promql/result.ts";

export type QuerySpec =
  | { readonly kind: "instant"; readonly query: string; readonly timeMs: EpochMs }
  | {
    readonly kind: "range";
    readonly query: string;
    readonly startMs: EpochMs;
    readonly endMs: EpochMs;
    readonly stepMs: number;
  };

export type QueryOutcome =
  /** The result's statistics say how long it waited here. */
  | { readonly kind: "answered"; readonly result: QueryResult }
  | { readonly kind: "failed"; readonly code: UserErrorCode; readonly message: string };

export interface GateStatus {
  readonly running: readonly { readonly query: string; readonly startedMs: EpochMs }[];
  readonly queued: number;
  readonly concurrencyMax: number;
}

export type QueryGateCommand =
  | {
    readonly kind: "run";
    /** Chosen by the asker, unique: what `cancel` names. */
    readonly id: string;
    readonly spec: QuerySpec;
    readonly lookbackMs: number | undefined;
    readonly countsSteps: boolean;
    /** Queueing included. */
    readonly deadlineMs: EpochMs;
    readonly replyTo: ReplyTo<QueryOutcome>;
  }
  /** The client has gone. Unknown ids are ignored: the query may have ended. */
  | { readonly kind: "cancel"; readonly id: string }
  | { readonly kind: "queueDeadline"; readonly id: string }
  /** It has run for a while: whoever comes after a crash shall know of it. */
  | { readonly kind: "noteDue"; readonly id: string }
  | { readonly kind: "finished"; readonly id: string; readonly outcome: QueryOutcome }
  | { readonly kind: "describe"; readonly replyTo: ReplyTo<GateStatus> };

export type QueryGateEvent =
  | { readonly kind: "queryQueued"; readonly entry: QueuedQuery }
  | { readonly kind: "queryStarted"; readonly id: string; readonly atMs: EpochMs }
  | { readonly kind: "queryNoted"; readonly id: string }
  | { readonly kind: "queryEnded"; readonly id: string };

export interface QueuedQuery {
  readonly id: string;
  readonly spec: QuerySpec;
  readonly lookbackMs: number | undefined;
  readonly countsSteps: boolean;
  readonly queuedAtMs: EpochMs;
  readonly deadlineMs: EpochMs;
  readonly replyTo: ReplyTo<QueryOutcome>;
}
