/**
 * Which queries have been running for a while, in the journal: what a crash leaves there is logged at the next start,
 * as the likely culprits. A child of the query gate, so that a journal in trouble holds up no query. A clean stop
 * leaves nothing.
 */
import { CHILDLESS } from "../lib/actor/childless.ts";
import { jsonCodec } from "../lib/actor/json_codec.ts";
import type { Behavior, Decision, Effect } from "../lib/actor/types.ts";
import { assertNever } from "../lib/core/assert.ts";
import type { Log } from "../lib/core/ports.ts";
import type { EpochMs } from "../lib/core/time.ts";
import type { ActiveQueriesCommand, ActiveQueriesEvent, NotedQuery } from "./protocol/active_queries.ts";

/** With its neighbours it fits a small value of the store. As Prometheus, which keeps about a kilobyte of each. */
export const NOTED_LENGTH_MAX = 800;
/** More than may run at once under any sensible `--query.max-concurrency`; the oldest go first. */
export const NOTED_MAX = 200;
const SNAPSHOT_EVERY = 200;

interface ActiveQueriesState {
  /** Oldest first. */
  readonly noted: readonly NotedQuery[];
}

export interface ActiveQueriesOptions {
  readonly log: Log;
  /** Tells this life of the process from earlier ones. */
  readonly life: number;
}

type ActiveDecision = Decision<ActiveQueriesCommand, ActiveQueriesEvent>;

export function activeQueriesBehavior(
  { log, life }: ActiveQueriesOptions,
): Behavior<ActiveQueriesState, ActiveQueriesCommand, ActiveQueriesEvent> {
  function decide(state: ActiveQueriesState, command: ActiveQueriesCommand): ActiveDecision {
    switch (command.kind) {
      case "note": {
        const { id, startedMs } = command;
        const query = command.query.slice(0, NOTED_LENGTH_MAX);
        return { events: [{ kind: "queryNoted", noted: { life, id, query, startedMs } }], effects: [] };
      }
      case "drop":
        return isNoted(state, life, command.id)
          ? { events: [{ kind: "queryDropped", life, id: command.id }], effects: [] }
          : NOTHING;
      case "reportLeftovers":
        return onReport(state);
      default:
        return assertNever(command);
    }
  }

  function onReport(state: ActiveQueriesState): ActiveDecision {
    const leftovers = state.noted.filter((noted) => noted.life !== life);
    if (leftovers.length === 0) return NOTHING;
    log.info("These queries didn't finish in prometheus' last run:", {
      component: "activeQueryTracker",
      // As Prometheus: the list as JSON, in one field.
      queries: JSON.stringify(leftovers.map(({ query, startedMs }) => ({
        query,
        timestamp_sec: Math.floor(startedMs / 1000),
      }))),
    });
    return { events: [{ kind: "leftoversReported", life }], effects: [] };
  }

  function resume(state: ActiveQueriesState, nowMs: EpochMs): readonly Effect<ActiveQueriesCommand>[] {
    return state.noted.some((noted) => noted.life !== life)
      ? [{ kind: "timer", key: "report", atMs: nowMs, command: { kind: "reportLeftovers" } }]
      : [];
  }

  return {
    name: "active_queries",
    initial: () => ({ noted: [] }),
    decide,
    evolve,
    resume,
    // What ran was ended by the stop, which is no crash.
    stopping: () => [{ kind: "forgetSelf" }],
    persistence: {
      kind: "ahead",
      events: jsonCodec<ActiveQueriesEvent>(1),
      state: jsonCodec<ActiveQueriesState>(1),
      snapshotEvery: SNAPSHOT_EVERY,
      durable: () => true,
    },
    supervision: CHILDLESS,
  };
}

const NOTHING: ActiveDecision = { events: [], effects: [] };

function evolve(state: ActiveQueriesState, event: ActiveQueriesEvent): ActiveQueriesState {
  switch (event.kind) {
    case "queryNoted":
      return { noted: [...state.noted, event.noted].slice(-NOTED_MAX) };
    case "queryDropped":
      return { noted: state.noted.filter(({ life, id }) => life !== event.life || id !== event.id) };
    case "leftoversReported":
      return { noted: state.noted.filter(({ life }) => life === event.life) };
    default:
      return assertNever(event);
  }
}

function isNoted(state: ActiveQueriesState, life: number, id: string): boolean {
  return state.noted.some((noted) => noted.life === life && noted.id === id);
}
