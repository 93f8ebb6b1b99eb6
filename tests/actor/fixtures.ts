/** Small actors that the tests of the runtime share. */
import { ask, reply, tell } from "../../lib/actor/effects.ts";
import { jsonCodec } from "../../lib/actor/json_codec.ts";
import type {
  ActorRef,
  Behavior,
  Effect,
  Persistence,
  ReplyTo,
  Supervision,
  Tagged,
} from "../../lib/actor/types.ts";

export const supervision: Supervision = {
  scope: "oneForOne",
  restartsMax: 3,
  windowMs: 60_000,
  backoffMs: { min: 100, max: 1_000 },
  directive: () => "restart",
};

export type CounterCommand =
  | { readonly kind: "add"; readonly amount: number }
  | { readonly kind: "addKept"; readonly amount: number; readonly replyTo: ReplyTo<number> }
  | { readonly kind: "get"; readonly replyTo: ReplyTo<number> }
  | { readonly kind: "ignore"; readonly replyTo: ReplyTo<number> }
  | { readonly kind: "boom" };
export type CounterEvent = { readonly kind: "added"; readonly amount: number };

export interface CounterState {
  total: number;
  /** Encoded records that a `behind` counter has not handed over. */
  pending: Uint8Array[];
}

const codec = jsonCodec<CounterEvent>(1);

export interface CounterOptions {
  readonly persistence?: "none" | "ahead" | "behind";
  readonly flushMs?: number;
  readonly flushBytesMax?: number;
  readonly snapshotEvery?: number;
  readonly mailboxCapacity?: number;
}

/** Adds; answers an `addKept` when the sum is durable. */
export function counter(
  options: CounterOptions = {},
): Behavior<CounterState, CounterCommand, CounterEvent> {
  const behind = options.persistence === "behind";
  return {
    name: "counter",
    initial: () => ({ total: 0, pending: [] }),
    decide(state, command) {
      switch (command.kind) {
        case "add":
          return { events: [{ kind: "added", amount: command.amount }], effects: [] };
        case "addKept": {
          const answer = reply(command.replyTo, state.total + command.amount);
          return {
            events: [{ kind: "added", amount: command.amount }],
            effects: [{ kind: "whenDurable", effects: [answer] }],
          };
        }
        case "get":
          return { events: [], effects: [reply(command.replyTo, state.total)] };
        case "ignore":
          return { events: [], effects: [] };
        case "boom":
          throw new Error("boom");
      }
    },
    evolve(state, event) {
      const pending = behind ? [...state.pending, codec.encode(event)] : state.pending;
      return { total: state.total + event.amount, pending };
    },
    resume: () => [],
    persistence: counterPersistence(options),
    supervision,
    ...(options.mailboxCapacity === undefined ? {} : { mailboxCapacity: options.mailboxCapacity }),
  };
}

function counterPersistence(options: CounterOptions): Persistence<CounterState, CounterEvent> {
  switch (options.persistence ?? "none") {
    case "none":
      return { kind: "none" };
    case "ahead": {
      const snapshots = jsonCodec<number>(1);
      return {
        kind: "ahead",
        events: codec,
        state: {
          version: 1,
          encode: (state) => snapshots.encode(state.total),
          decode: (bytes, version) => ({ total: snapshots.decode(bytes, version), pending: [] }),
        },
        snapshotEvery: options.snapshotEvery ?? 5,
        durable: () => true,
      };
    }
    case "behind":
      return {
        kind: "behind",
        flushMs: options.flushMs ?? 1_000,
        flushBytesMax: options.flushBytesMax ?? 1 << 20,
        open: () => Promise.resolve({ state: { total: 0, pending: [] }, afterSeq: 0 }),
        pendingBytes: (state) => state.pending.reduce((bytes, record) => bytes + record.length, 0),
        drain(state) {
          const records = state.pending;
          state.pending = [];
          return records;
        },
        replay: (state, record) => ({
          total: state.total + codec.decode(record, 1).amount,
          pending: state.pending,
        }),
      };
  }
}

export interface ParentOptions {
  readonly scope?: Supervision["scope"];
  readonly restartsMax?: number;
  readonly directive?: Supervision["directive"];
  readonly log?: string[];
}

export type ParentCommand =
  | { readonly kind: "ended"; readonly name: string; readonly reason: string }
  | { readonly kind: "wish"; readonly effects: readonly Effect<ParentCommand>[] }
  | { readonly kind: "answered"; readonly value: number }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "ticked"; readonly key: string };

// deno-lint-ignore no-explicit-any -- children of unlike types
export type Child = readonly [name: string, behavior: Behavior<any, any, any>];

/** Spawns children when it resumes, carries out any wish, and writes what it hears into `log`. */
export function parent(
  children: readonly Child[],
  options: ParentOptions = {},
): Behavior<null, ParentCommand, never> {
  const { scope = "oneForOne", restartsMax = 3, directive = () => "restart" as const, log = [] } = options;
  return {
    name: "parent",
    initial: () => null,
    decide(_state, command, nowMs) {
      if (command.kind === "wish") return { events: [], effects: command.effects };
      log.push(describe(command, nowMs));
      return { events: [], effects: [] };
    },
    evolve: (state) => state,
    resume: () => children.map(([name, behavior]) => ({ kind: "spawn", name, behavior })),
    childEnded: (name, reason) => ({ kind: "ended", name, reason }),
    persistence: { kind: "none" },
    supervision: { ...supervision, scope, restartsMax, directive },
  };
}

function describe(command: Exclude<ParentCommand, { readonly kind: "wish" }>, nowMs: number): string {
  switch (command.kind) {
    case "ended":
      return `${command.name} ${command.reason}`;
    case "answered":
      return `answered ${command.value}`;
    case "failed":
      return `failed: ${command.message}`;
    case "ticked":
      return `${command.key} at ${nowMs}`;
  }
}

export function wish(
  ...effects: readonly Effect<ParentCommand>[]
): ParentCommand {
  return { kind: "wish", effects };
}

export function refOf<C>(path: `/${string}`): ActorRef<C> {
  return { path };
}

export interface NotedOptions {
  readonly events: string[];
  readonly fails?: boolean;
}

/** Says when it starts and when it stops. */
export function noted(name: string, events: string[]): Behavior<null, { readonly kind: "boom" }, never> {
  return {
    name: "noted",
    initial: () => null,
    decide: () => {
      throw new Error("boom");
    },
    evolve: (state) => state,
    resume: () => {
      events.push(`+${name}`);
      return [];
    },
    stopping: () => {
      events.push(`-${name}`);
      return [];
    },
    persistence: { kind: "none" },
    supervision,
  };
}

export type PingCommand = { readonly kind: "ping"; readonly left: number } | { readonly kind: "start" };

/** Players that pass messages to random others: fuel for traces. */
export function player(
  others: readonly string[],
  id: number,
): Behavior<{ hits: number }, PingCommand, Tagged> {
  return {
    name: "player",
    initial: () => ({ hits: 0 }),
    decide(state, command, nowMs) {
      const left = command.kind === "start" ? 20 : command.left;
      if (left === 0) return { events: [], effects: [] };
      const other = refOf<PingCommand>(`/${others[(state.hits + id) % others.length]!}`);
      return {
        events: [{ kind: "hit" }],
        effects: [
          tell(other, { kind: "ping", left: left - 1 }),
          { kind: "timer", key: "again", atMs: nowMs + 10, command: { kind: "ping", left: left - 1 } },
        ],
      };
    },
    evolve: (state) => ({ hits: state.hits + 1 }),
    resume: () => [],
    persistence: { kind: "none" },
    supervision,
  };
}

export function askGet(to: ActorRef<CounterCommand>, timeoutMs: number): Effect<ParentCommand> {
  return ask<CounterCommand, "get", ParentCommand>({
    to,
    question: { kind: "get" },
    timeoutMs,
    answered: (value) => ({ kind: "answered", value }),
    failed: (error) => ({ kind: "failed", message: String(error) }),
  });
}
