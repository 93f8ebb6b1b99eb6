/** The query engine as the HTTP handler sees it: each call passes the query gate, and leaves it when the client goes. */
import type { ActorRef, ActorSystem } from "../lib/actor/types.ts";
import { UserError } from "../lib/core/errors.ts";
import type { Clock } from "../lib/core/ports.ts";
import type { QueryEngine, QueryOptions, QueryResult } from "../lib/promql/result.ts";
import type { QueryGateCommand, QuerySpec } from "../actors/protocol/query_gate.ts";

/** The gate answers at the deadline at the latest; silence beyond this means that it is gone. */
const ANSWER_GRACE_MS = 10_000;

export interface QueryClientOptions {
  readonly system: ActorSystem;
  readonly gate: ActorRef<QueryGateCommand>;
  readonly clock: Clock;
  /** Of a query that does not say; also the most that one may ask for. */
  readonly timeoutMs: number;
}

export function createQueryClient({ system, gate, clock, timeoutMs }: QueryClientOptions): QueryEngine {
  let asked = 0;

  async function run(spec: QuerySpec, options: QueryOptions = {}): Promise<QueryResult> {
    const id = `q${++asked}`;
    const allowedMs = Math.min(options.timeoutMs ?? timeoutMs, timeoutMs);
    if (allowedMs <= 0) throw new UserError("timeout", "query timed out in query queue");
    const cancel = () => void system.tell(gate, { kind: "cancel", id });
    if (options.signal?.aborted) throw new UserError("canceled", "query was canceled in query queue");
    options.signal?.addEventListener("abort", cancel, { once: true });
    try {
      const outcome = await system.ask<QueryGateCommand, "run">(gate, {
        kind: "run",
        id,
        spec,
        lookbackMs: options.lookbackMs,
        countsSteps: options.countsSteps ?? false,
        deadlineMs: clock.nowMs() + allowedMs,
      }, allowedMs + ANSWER_GRACE_MS);
      if (outcome.kind === "failed") throw new UserError(outcome.code, outcome.message);
      return outcome.result;
    } finally {
      options.signal?.removeEventListener("abort", cancel);
    }
  }

  return {
    instant: (query, timeMs, options) => run({ kind: "instant", query, timeMs }, options),
    range: (query, { startMs, endMs, stepMs }, options) =>
      run({ kind: "range", query, startMs, endMs, stepMs }, options),
  };
}
