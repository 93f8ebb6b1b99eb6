/**
 * Async work of an actor: started with a deadline on the injected clock, aborted when the deadline or a new generation
 * comes, and answered by exactly one command. A late answer is dropped. Whether the work heeds its signal is the
 * work's affair; the actor has moved on.
 */
import { UserError } from "../core/errors.ts";
import type { Clock, TimerHandle } from "../core/ports.ts";
import type { Timers } from "./timers.ts";
import type { Effect, Tagged } from "./types.ts";

export type TaskEffect = Extract<Effect<Tagged>, { readonly kind: "task" }>;

interface Running {
  readonly abort: AbortController;
  readonly deadline: TimerHandle;
}

export class Tasks {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #running = new Set<Running>();

  constructor(clock: Clock, timers: Timers) {
    this.#clock = clock;
    this.#timers = timers;
  }

  get running(): number {
    return this.#running.size;
  }

  /** `answer` gets a maker of the command, so that one that throws fails the actor and not the task. */
  start(task: TaskEffect, answer: (make: () => Tagged) => void): void {
    const { label, timeoutMs } = task;
    const abort = new AbortController();
    const end = (make: () => Tagged): void => {
      if (!this.#running.delete(running)) return; // ended before, or abandoned
      running.deadline.cancel();
      answer(make);
    };
    const deadline = this.#timers.at(this.#clock.nowMs() + timeoutMs, () => {
      const error = new UserError("timeout", `Task ${label} took longer than ${timeoutMs}ms`);
      end(() => task.failed(error));
      abort.abort(error);
    });
    const running: Running = { abort, deadline };
    this.#running.add(running);
    // A `run` that throws before its first await is a rejection like any other.
    new Promise<Tagged>((resolve) => resolve(task.run(abort.signal))).then(
      (command) => end(() => command),
      (error: unknown) => end(() => task.failed(error)),
    );
  }

  /** Aborts everything; no answer of what runs now will be heard. */
  abandon(reason: string): void {
    if (this.#running.size === 0) return;
    const running = [...this.#running];
    this.#running.clear();
    for (const { abort, deadline } of running) {
      deadline.cancel();
      abort.abort(new UserError("canceled", reason));
    }
  }
}
