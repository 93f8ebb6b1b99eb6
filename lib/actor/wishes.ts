/**
 * What one life of an actor has started and waits for: timers by key, tasks, and the questions that it has taken and
 * not yet answered. All of it ends with the life; what an earlier one began is never heard again.
 */
import { UserError } from "../core/errors.ts";
import type { TimerHandle } from "../core/ports.ts";
import type { EpochMs } from "../core/time.ts";
import type { Runtime } from "./runtime.ts";
import { type TaskEffect, Tasks } from "./tasks.ts";
import type { ActorPath, Tagged } from "./types.ts";

export interface WishesOwner {
  readonly runtime: Runtime;
  readonly path: ActorPath;
  readonly generation: number;
  acceptOwn(generation: number, make: () => Tagged | undefined): void;
}

export class Wishes {
  readonly #owner: WishesOwner;
  readonly #tasks: Tasks;
  // Most actors have few of these or none: made when first needed.
  #timers: Map<string, TimerHandle> | undefined;
  #questions: Set<number> | undefined;

  constructor(owner: WishesOwner) {
    this.#owner = owner;
    this.#tasks = new Tasks(owner.runtime.clock, owner.runtime.timers);
  }

  /** A timer of the same key is replaced. */
  setTimer(key: string, atMs: EpochMs, command: Tagged): void {
    const timers = this.#timers ??= new Map();
    timers.get(key)?.cancel();
    const { generation, runtime } = this.#owner;
    const handle = runtime.timers.at(atMs, () => {
      if (timers.get(key) === handle) timers.delete(key);
      this.#owner.acceptOwn(generation, () => command);
    });
    timers.set(key, handle);
  }

  cancelTimer(key: string): void {
    this.#timers?.get(key)?.cancel();
    this.#timers?.delete(key);
  }

  startTask(task: TaskEffect): void {
    const { generation } = this.#owner;
    this.#tasks.start(task, (make) => this.#owner.acceptOwn(generation, make));
  }

  takeQuestion(token: number): void {
    this.#owner.runtime.asks.taken(token, this.#questions ??= new Set());
  }

  /** Ends timers and tasks; questions may still be answered. */
  quieten(reason: string): void {
    for (const timer of this.#timers?.values() ?? []) timer.cancel();
    this.#timers = undefined;
    this.#tasks.abandon(reason);
  }

  /** Ends everything. Who asked is told, since only the memory that is gone could have answered. */
  forget(reason: string): void {
    this.quieten(reason);
    const questions = [...this.#questions ?? []];
    this.#questions = undefined;
    const { runtime, path } = this.#owner;
    for (const token of questions) {
      runtime.asks.fail(token, new UserError("unavailable", `No answer from ${path}: ${reason}`));
    }
  }
}
