/** Drives a behaviour's pure part by hand: each command is decided and folded, and its effects come back as data. */
import type { Behavior, Decision, Effect, Tagged } from "../../lib/actor/types.ts";
import type { Clock, Files, HttpClients, Log } from "../../lib/core/ports.ts";

export class Decider<S, C extends Tagged, E extends Tagged> {
  nowMs: number;
  state: S;
  readonly #behavior: Behavior<S, C, E>;

  constructor(behavior: Behavior<S, C, E>, nowMs: number) {
    this.#behavior = behavior;
    this.nowMs = nowMs;
    this.state = behavior.initial();
  }

  resume(): readonly Effect<C>[] {
    return this.#behavior.resume(this.state, this.nowMs);
  }

  /** As after a restart: the state is made anew, the behaviour is the same. */
  restart(): readonly Effect<C>[] {
    this.state = this.#behavior.initial();
    return this.resume();
  }

  send(command: C): Decision<C, E> {
    const decision = this.#behavior.decide(this.state, command, this.nowMs);
    for (const event of decision.events) this.state = this.#behavior.evolve(this.state, event);
    return decision;
  }
}

/** Effects in a line each, short enough for tables: `timer scrape 5000`, `tell /pool targetScraped`. */
export function brief<C extends Tagged>(effects: readonly Effect<C>[]): string[] {
  return effects.map((effect) => {
    switch (effect.kind) {
      case "tell":
        return `tell ${effect.to.path} ${effect.command.kind}`;
      case "ask":
        return `ask ${effect.to.path} ${effect.question.kind}`;
      case "timer":
        return `timer ${effect.key} ${effect.atMs}`;
      case "cancelTimer":
        return `cancelTimer ${effect.key}`;
      case "task":
        return `task ${effect.label}`;
      case "spawn":
      case "stop":
        return `${effect.kind} ${effect.name}`;
      case "reply":
        return `reply ${JSON.stringify(effect.reply)}`;
      default:
        return effect.kind;
    }
  });
}

export function effectOf<C extends Tagged, K extends Effect<C>["kind"]>(
  effects: readonly Effect<C>[],
  kind: K,
): Extract<Effect<C>, { readonly kind: K }> {
  const found = effects.find((effect) => effect.kind === kind);
  if (found === undefined) throw new Error(`no ${kind} among ${brief(effects)}`);
  return found as Extract<Effect<C>, { readonly kind: K }>;
}

export const QUIET: Log = { debug() {}, info() {}, warn() {}, error() {}, with: () => QUIET };

export const STILL: Clock = {
  nowMs: () => 0,
  monotonicMs: () => 0,
  at: () => ({ cancel() {} }),
};

export const NO_FILES: Files = {
  readText: (path) => Promise.reject(new Error(`no file ${path}`)),
  stat: () => Promise.resolve(null),
  list: () => Promise.resolve([]),
};

export function clientsThat(get: (signal: AbortSignal) => Promise<never> | string): HttpClients {
  return {
    open: () => ({
      get: async (_request, signal) => {
        const text = await get(signal);
        return {
          kind: "response",
          status: 200,
          statusText: "OK",
          contentType: "text/plain; version=0.0.4",
          body: new TextEncoder().encode(text),
        };
      },
      close() {},
    }),
  };
}
