/**
 * Long work in slices: whoever starts asks between two steps whether a slice is over, and then waits for the clock,
 * so that sockets have their turn. On a clock that stands still while the work is done (a simulation) no slice ends.
 */
import type { Clock } from "../core/ports.ts";

/**
 * An answer takes a few turns of the loop. A pause costs a millisecond or two; a shorter one, that only turns the
 * loop (setImmediate), would let the runtime look at its sockets at every sixtieth turn only.
 */
const SLICE_MS_MAX = 15;

export class Pace {
  readonly #clock: Clock;
  #endMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#endMs = clock.monotonicMs() + SLICE_MS_MAX;
  }

  get due(): boolean {
    return this.#clock.monotonicMs() >= this.#endMs;
  }

  async pause(): Promise<void> {
    await pauseMs(this.#clock, 0);
    this.#endMs = this.#clock.monotonicMs() + SLICE_MS_MAX;
  }
}

export function pauseMs(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.at(clock.nowMs() + ms, resolve));
}
