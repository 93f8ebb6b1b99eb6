/**
 * How an actor's events are kept, behind one interface: not at all (here), ahead of acting (keep_ahead.ts) or behind
 * it (keep_behind.ts). A keeper folds and acts through its host and never touches another actor.
 */
import { AheadKeeper } from "./keep_ahead.ts";
import { BehindKeeper } from "./keep_behind.ts";
import type { Runtime } from "./runtime.ts";
import type { ActorPath, Behavior, Decision, Effect, Tagged } from "./types.ts";

export type AnyDecision = Decision<Tagged, Tagged>;
export type AnyEffect = Effect<Tagged>;

/** The cell, as its keeper sees it. */
export interface KeeperHost {
  readonly path: ActorPath;
  readonly behavior: Behavior<unknown, Tagged, Tagged>;
  readonly runtime: Runtime;
  /** Another number means another life: what was begun in an earlier one must not touch this one. */
  readonly generation: number;
  readonly state: unknown;
  /** False from a half-done fold until the next life: nothing of such a state may be kept. */
  readonly intact: boolean;
  /** False when folding failed; the actor has failed then. */
  fold(events: readonly Tagged[]): boolean;
  perform(effects: readonly AnyEffect[]): void;
  /** `intact`: the state is as it was before the command. */
  fail(error: unknown, intact: boolean): void;
  /** No command is decided between hold and release. */
  hold(): void;
  release(): void;
  /** While set, commands from others are refused. */
  overload(on: OverloadState): void;
}

export type OverloadState = "overloaded" | "ready";

export interface Keeper {
  /** The state to start from. `none` answers at once. Waits for what an earlier life has in flight. */
  recover(): { readonly state: unknown } | Promise<{ readonly state: unknown }>;
  /** Keeps, folds and acts, in the order that the persistence asks for. */
  keep(decision: AnyDecision): void;
  /** After a command has been handled. */
  whenDurable(effects: readonly AnyEffect[]): void;
  truncate(throughSeq: number): void;
  /** Resolves when no append is in flight; never rejects. */
  settled(): Promise<void>;
  /** Resolves when everything folded is in the journal, and `whenDurable` effects are carried out. */
  flush(): Promise<void>;
  /** After the last flush: the journal is deleted where there is one. Never rejects. */
  forget(): Promise<void>;
  /** Before a restart: an intact state may hand over what it has not flushed. Never rejects. */
  salvage(): Promise<void>;
}

export function createKeeper(host: KeeperHost): Keeper {
  const { persistence } = host.behavior;
  if (persistence.kind === "ahead") return new AheadKeeper(host, persistence);
  if (persistence.kind === "behind") return new BehindKeeper(host, persistence);
  return new NoKeeper(host);
}

const DONE = Promise.resolve();

class NoKeeper implements Keeper {
  readonly #host: KeeperHost;

  constructor(host: KeeperHost) {
    this.#host = host;
  }

  recover(): { readonly state: unknown } {
    return { state: this.#host.behavior.initial() };
  }

  keep(decision: AnyDecision): void {
    if (this.#host.fold(decision.events)) this.#host.perform(decision.effects);
  }

  whenDurable(effects: readonly AnyEffect[]): void {
    this.#host.perform(effects);
  }

  truncate(_throughSeq: number): void {
    throw new TypeError(`Cannot truncate the journal of ${this.#host.path}: it keeps none`);
  }

  settled(): Promise<void> {
    return DONE;
  }

  flush(): Promise<void> {
    return DONE;
  }

  forget(): Promise<void> {
    return DONE;
  }

  salvage(): Promise<void> {
    return DONE;
  }
}
