/**
 * The gate that every query of the HTTP API passes: at most `concurrencyMax` run at once, the others wait in
 * order, and waiting counts against a query's own timeout. It keeps nothing: after a restart running queries are
 * gone, and their askers are told so by their timeouts. Those that run long are noted with its child
 * (active_queries.ts), for the log of the start after a crash; the others cost no write at all.
 */
import { reply, tell } from "../lib/actor/effects.ts";
import type { ActorPath, ActorRef, Behavior, Decision, Effect } from "../lib/actor/types.ts";
import { assertNever } from "../lib/core/assert.ts";
import { messageOf, UserError, type UserErrorCode } from "../lib/core/errors.ts";
import type { Log } from "../lib/core/ports.ts";
import type { EpochMs } from "../lib/core/time.ts";
import type { QueryEngine, QueryOptions } from "../lib/promql/result.ts";
import { activeQueriesBehavior } from "./active_queries.ts";
import type { ActiveQueriesCommand } from "./protocol/active_queries.ts";
import type {
  QueryGateCommand,
  QueryGateEvent,
  QueryOutcome,
  QuerySpec,
  QueuedQuery,
} from "./protocol/query_gate.ts";

/** Waiting queries beyond this are refused: a dashboard storm must not turn into a queue of minutes. */
export const QUEUE_LENGTH_MAX = 1_000;

/** The engine ends a query at its timeout. One that waits for something else then ends so much later. */
const TASK_GRACE_MS = 250;

/**
 * A query that is to kill the process takes longer than this to gather what does, and one that lasts so long is not
 * slowed by two small commits. Prometheus writes every query to a mapped file, which costs it next to nothing.
 */
export const NOTE_AFTER_MS = 250;

/** While the store is in trouble the notes may fail again and again; the queries go on. */
const NOTES_RESTARTS_MAX = 100;

const NOTES = "active";

interface RunningQuery {
  readonly entry: QueuedQuery;
  readonly startedMs: EpochMs;
  readonly noted: boolean;
}

interface QueryGateState {
  readonly queue: readonly QueuedQuery[];
  readonly running: ReadonlyMap<string, RunningQuery>;
}

type GateDecision = Decision<QueryGateCommand, QueryGateEvent>;

export interface QueryGateOptions {
  /** Its own. */
  readonly path: ActorPath;
  readonly engine: QueryEngine;
  readonly concurrencyMax: number;
  readonly log: Log;
  /** Resolves in a turn of the event loop that no other query has. */
  readonly yieldToLoop: () => Promise<void>;
  /** Different in each life of the process: when it started. */
  readonly life: number;
}

export function queryGateBehavior(
  options: QueryGateOptions,
): Behavior<QueryGateState, QueryGateCommand, QueryGateEvent> {
  /** Of running queries, to reach into a task whose client has gone. */
  const aborts = new Map<string, AbortController>();
  const notes: ActorRef<ActiveQueriesCommand> = { path: `${options.path}/${NOTES}` };

  function decide(state: QueryGateState, command: QueryGateCommand, nowMs: EpochMs): GateDecision {
    switch (command.kind) {
      case "run":
        return onRun(state, command, nowMs);
      case "cancel":
        return onCancel(state, command.id);
      case "queueDeadline":
        return onQueueDeadline(state, command.id);
      case "noteDue":
        return onNoteDue(state, command.id);
      case "finished":
        return onFinished(state, command.id, command.outcome, nowMs);
      case "describe":
        return {
          events: [],
          effects: [reply(command.replyTo, {
            running: [...state.running.values()].map(({ entry, startedMs }) => ({
              query: entry.spec.query,
              startedMs,
            })),
            queued: state.queue.length,
            concurrencyMax: options.concurrencyMax,
          })],
        };
      default:
        return assertNever(command);
    }
  }

  function onRun(
    state: QueryGateState,
    command: Extract<QueryGateCommand, { kind: "run" }>,
    nowMs: EpochMs,
  ): GateDecision {
    const { id, spec, lookbackMs, countsSteps, deadlineMs, replyTo } = command;
    const entry: QueuedQuery = { id, spec, lookbackMs, countsSteps, queuedAtMs: nowMs, deadlineMs, replyTo };
    if (state.running.size < options.concurrencyMax) {
      return {
        events: [{ kind: "queryQueued", entry }, { kind: "queryStarted", id, atMs: nowMs }],
        effects: start(entry, nowMs, state.running.size),
      };
    }
    if (state.queue.length >= QUEUE_LENGTH_MAX) {
      return refuse(entry, "unavailable", `too many queries wait already: the limit is ${QUEUE_LENGTH_MAX}`);
    }
    return {
      events: [{ kind: "queryQueued", entry }],
      effects: [{ kind: "timer", key: id, atMs: deadlineMs, command: { kind: "queueDeadline", id } }],
    };
  }

  function onCancel(state: QueryGateState, id: string): GateDecision {
    aborts.get(id)?.abort();
    const entry = state.queue.find((queued) => queued.id === id);
    return entry === undefined
      ? { events: [], effects: [] }
      : leaveQueue(entry, "canceled", "query was canceled in query queue");
  }

  function onQueueDeadline(state: QueryGateState, id: string): GateDecision {
    const entry = state.queue.find((queued) => queued.id === id);
    return entry === undefined
      ? { events: [], effects: [] }
      : leaveQueue(entry, "timeout", "query timed out in query queue");
  }

  function onNoteDue(state: QueryGateState, id: string): GateDecision {
    const long = state.running.get(id);
    if (long === undefined) return { events: [], effects: [] };
    const { entry, startedMs } = long;
    return {
      events: [{ kind: "queryNoted", id }],
      effects: [tell(notes, { kind: "note", id, query: entry.spec.query, startedMs })],
    };
  }

  function onFinished(
    state: QueryGateState,
    id: string,
    outcome: QueryOutcome,
    nowMs: EpochMs,
  ): GateDecision {
    aborts.delete(id);
    const ended = state.running.get(id);
    if (ended === undefined) return { events: [], effects: [] };
    const events: QueryGateEvent[] = [{ kind: "queryEnded", id }];
    const effects: Effect<QueryGateCommand>[] = [
      reply(ended.entry.replyTo, outcome),
      ended.noted ? tell(notes, { kind: "drop", id }) : { kind: "cancelTimer", key: noteKey(id) },
    ];
    const next = state.queue[0];
    if (next !== undefined) {
      events.push({ kind: "queryStarted", id: next.id, atMs: nowMs });
      effects.push({ kind: "cancelTimer", key: next.id }, ...start(next, nowMs, state.running.size - 1));
    }
    return { events, effects };
  }

  function start(
    entry: QueuedQuery,
    nowMs: EpochMs,
    othersCount: number,
  ): readonly Effect<QueryGateCommand>[] {
    const { id } = entry;
    const command = { kind: "noteDue", id } as const;
    return [
      runTask(entry, nowMs, othersCount),
      { kind: "timer", key: noteKey(id), atMs: nowMs + NOTE_AFTER_MS, command },
    ];
  }

  function runTask(entry: QueuedQuery, nowMs: EpochMs, othersCount: number): Effect<QueryGateCommand> {
    const abort = new AbortController();
    aborts.set(entry.id, abort);
    const timeoutMs = Math.max(1, entry.deadlineMs - nowMs);
    return {
      kind: "task",
      label: entry.spec.query,
      timeoutMs: timeoutMs + TASK_GRACE_MS,
      run: async (signal) => {
        // A dashboard asks twenty at once: their first pieces of work must not add up to one long stall.
        if (othersCount > 0) await options.yieldToLoop();
        const outcome = await outcomeOf(options.engine, entry.spec, {
          timeoutMs,
          signal: AbortSignal.any([signal, abort.signal]),
          countsSteps: entry.countsSteps,
          ...(entry.lookbackMs === undefined ? {} : { lookbackMs: entry.lookbackMs }),
        });
        if (outcome.kind === "failed") return { kind: "finished", id: entry.id, outcome };
        const stats = { ...outcome.result.stats, queuedMs: nowMs - entry.queuedAtMs };
        return {
          kind: "finished",
          id: entry.id,
          outcome: { ...outcome, result: { ...outcome.result, stats } },
        };
      },
      // The engine's errors are outcomes: this is the task's own end.
      failed: (error) => ({ kind: "finished", id: entry.id, outcome: endOf(error) }),
    };
  }

  return {
    name: "query_gate",
    initial: () => ({ queue: [], running: new Map() }),
    decide,
    evolve,
    resume: () => {
      aborts.clear(); // of an earlier life, whose tasks are aborted
      return [{ kind: "spawn", name: NOTES, behavior: activeQueriesBehavior(options) }];
    },
    persistence: { kind: "none" },
    supervision: {
      scope: "oneForOne",
      restartsMax: NOTES_RESTARTS_MAX,
      windowMs: 60_000,
      backoffMs: { min: 1_000, max: 30_000 },
      directive: () => "restart",
      // Notes are worth less than what is noted.
      unrecoverable: () => "startOver",
    },
  };
}

function evolve(state: QueryGateState, event: QueryGateEvent): QueryGateState {
  switch (event.kind) {
    case "queryQueued":
      return { ...state, queue: [...state.queue, event.entry] };
    case "queryStarted": {
      const entry = state.queue.find((queued) => queued.id === event.id)!;
      const running = new Map(state.running).set(event.id, { entry, startedMs: event.atMs, noted: false });
      return { queue: state.queue.filter((queued) => queued !== entry), running };
    }
    case "queryNoted": {
      const long = state.running.get(event.id)!;
      return { ...state, running: new Map(state.running).set(event.id, { ...long, noted: true }) };
    }
    case "queryEnded": {
      const running = new Map(state.running);
      running.delete(event.id);
      return { queue: state.queue.filter((queued) => queued.id !== event.id), running };
    }
    default:
      return assertNever(event);
  }
}

/** A query's id is the key of its place in the queue. */
function noteKey(id: string): string {
  return `note:${id}`;
}

function leaveQueue(entry: QueuedQuery, code: UserErrorCode, message: string): GateDecision {
  const refused = refuse(entry, code, message);
  return {
    events: [{ kind: "queryEnded", id: entry.id }],
    effects: [{ kind: "cancelTimer", key: entry.id }, ...refused.effects],
  };
}

function refuse(entry: QueuedQuery, code: UserErrorCode, message: string): GateDecision {
  return { events: [], effects: [reply(entry.replyTo, { kind: "failed", code, message })] };
}

async function outcomeOf(
  engine: QueryEngine,
  spec: QuerySpec,
  options: QueryOptions,
): Promise<QueryOutcome> {
  try {
    const result = await (spec.kind === "instant"
      ? engine.instant(spec.query, spec.timeMs, options)
      : engine.range(spec.query, spec, options));
    return { kind: "answered", result };
  } catch (error) {
    return failureOf(error);
  }
}

/** As the engine says it of itself. */
function endOf(error: unknown): QueryOutcome {
  return error instanceof UserError && error.code === "timeout"
    ? { kind: "failed", code: "timeout", message: "query timed out in expression evaluation" }
    : failureOf(error);
}

function failureOf(error: unknown): QueryOutcome {
  if (error instanceof UserError) return { kind: "failed", code: error.code, message: error.message };
  return { kind: "failed", code: "internal", message: messageOf(error) };
}
