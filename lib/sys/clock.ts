/**
 * The real clock. Timers longer than setTimeout can hold are armed again on the way. Whoever watches the event loop
 * may be told of each that fires.
 */
import type { Clock, TimerHandle } from "../core/ports.ts";
import type { EpochMs } from "../core/time.ts";
import { type Alarm, SharedTimer } from "./shared_timer.ts";

/** setTimeout takes a signed 32-bit number of milliseconds and fires at once beyond it. */
const TIMEOUT_MS_MAX = 2_147_483_647;

export const systemClock: Clock = createClock();

/** `fired` gets the time at which the timer was due, on the clock of `performance`. */
export function createClock(fired?: (dueMs: number) => void): Clock {
  const timer = new SharedTimer(fired);
  return {
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    at(atMs: EpochMs, fire: () => void): TimerHandle {
      let alarm: Alarm;
      const arm = () => {
        const delayMs = Math.max(0, atMs - Date.now());
        alarm = timer.at(
          performance.now() + Math.min(delayMs, TIMEOUT_MS_MAX),
          delayMs > TIMEOUT_MS_MAX ? arm : fire,
        );
      };
      arm();
      return { cancel: () => alarm.cancel() };
    },
  };
}
