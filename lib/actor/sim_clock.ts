/**
 * A clock that stands still until it is told to go on, and then visits each due time, ties in arming order. Both its
 * clocks are one: wall time does not jump here.
 */
import { assert } from "../core/assert.ts";
import type { Clock, TimerHandle } from "../core/ports.ts";
import type { EpochMs } from "../core/time.ts";

interface Due {
  readonly atMs: EpochMs;
  readonly order: number;
  readonly fire: () => void;
}

export class SimClock implements Clock {
  #nowMs: EpochMs;
  #order = 0;
  /** Few: the runtime keeps one, each slow port one. Sorted by time, then by arming order. */
  #due: Due[] = [];

  constructor(startMs: EpochMs) {
    this.#nowMs = startMs;
  }

  nowMs(): EpochMs {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  at(atMs: EpochMs, fire: () => void): TimerHandle {
    assert(Number.isFinite(atMs), `a timer at ${atMs}`);
    const due: Due = { atMs: Math.max(atMs, this.#nowMs), order: this.#order++, fire };
    let index = this.#due.length;
    while (index > 0 && this.#due[index - 1]!.atMs > due.atMs) index--;
    this.#due.splice(index, 0, due);
    return {
      cancel: () => {
        const found = this.#due.indexOf(due);
        if (found >= 0) this.#due.splice(found, 1);
      },
    };
  }

  delay(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.at(this.#nowMs + delayMs, resolve));
  }

  /** Timers that wait. */
  get armed(): number {
    return this.#due.length;
  }

  get nextDueMs(): EpochMs | undefined {
    return this.#due[0]?.atMs;
  }

  /** Goes to the next due time and fires the first timer there. */
  step(): void {
    const due = this.#due.shift();
    assert(due !== undefined, "no timer is due");
    this.#nowMs = due.atMs;
    due.fire();
  }

  /** To a time before the next due one. */
  advanceTo(untilMs: EpochMs): void {
    assert(untilMs <= (this.nextDueMs ?? untilMs), "a due time would be passed over");
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }
}
