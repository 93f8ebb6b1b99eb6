/**
 * The real clock. Timers longer than setTimeout can hold are armed again on the way. Whoever watches the event loop
 * may be told of each that fires.
 */
import type { Clock, TimerHandle } from "../core/ports.ts";
import type { EpochMs } from "../core/time.ts";

/** setTimeout takes a signed 32-bit number of milliseconds and fires at once beyond it. */
const TIMEOUT_MS_MAX = 2_147_483_647;

export const systemClock: Clock = createClock();

/** `fired` gets the time at which the timer was due, on the clock of `performance`. */
export function createClock(fired?: (dueMs: number) => void): Clock {
  return {
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    at(atMs: EpochMs, fire: () => void): TimerHandle {
      let id: ReturnType<typeof setTimeout>;
      const arm = () => {
        const delayMs = Math.max(0, atMs - Date.now());
        if (delayMs > TIMEOUT_MS_MAX) {
          id = setTimeout(arm, TIMEOUT_MS_MAX);
          return;
        }
        const dueMs = performance.now() + delayMs;
        id = setTimeout(() => {
          fired?.(dueMs);
          fire();
        }, delayMs);
      };
      arm();
      return { cancel: () => clearTimeout(id) };
    },
  };
}
