/**
 * Keeps a query polite and bounded in time: whoever works asks the pacer between pieces of at most a few
 * milliseconds; it lets the event loop turn, and ends the query at its deadline or when it was cancelled.
 */
import { UserError } from "../core/errors.ts";

/** A quarter of the longest stall that the server promises, as the pieces between two questions take time too. */
export const WORK_MS_MAX = 12;

/** How many sample visits one piece of work may make between two questions: a few milliseconds. */
export const WORK_VISITS_MAX = 1_000_000;

/** Work on the labels of a series takes a microsecond or two. */
const ROWS_BETWEEN_TURNS = 1024;

export interface PacerOptions {
  readonly monotonicMs: () => number;
  readonly yieldToLoop: () => Promise<void>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export class Pacer {
  readonly #options: PacerOptions;
  readonly #deadlineMs: number;
  #turnedMs: number;

  constructor(options: PacerOptions) {
    this.#options = options;
    this.#turnedMs = options.monotonicMs();
    this.#deadlineMs = this.#turnedMs + options.timeoutMs;
  }

  get signal(): AbortSignal {
    return this.#options.signal;
  }

  /** Undefined most of the time: `const turn = pacer.turn(); if (turn !== undefined) await turn;` */
  turn(): Promise<void> | undefined {
    const nowMs = this.#options.monotonicMs();
    this.#check(nowMs);
    return nowMs - this.#turnedMs < WORK_MS_MAX ? undefined : this.#yield();
  }

  /** Calls `each` for 0 up to `count`, letting the loop turn after some of every `between` of them. */
  async rows(count: number, each: (row: number) => void, between = ROWS_BETWEEN_TURNS): Promise<void> {
    for (let row = 0; row < count; row++) {
      each(row);
      if (row % between !== between - 1) continue;
      const turn = this.turn();
      if (turn !== undefined) await turn;
    }
  }

  async #yield(): Promise<void> {
    await this.#options.yieldToLoop();
    this.#turnedMs = this.#options.monotonicMs();
    this.#check(this.#turnedMs);
  }

  #check(nowMs: number): void {
    if (this.#options.signal.aborted) {
      throw new UserError("canceled", "query was canceled in expression evaluation");
    }
    if (nowMs > this.#deadlineMs) throw new UserError("timeout", "query timed out in expression evaluation");
  }
}
