/**
 * Turns of the event loop. setImmediate lets sockets and timers have their say between two runs of work and costs
 * ten microseconds; a message to a reused MessagePort comes in the same turn, and setTimeout(0) costs milliseconds.
 */
import { setImmediate } from "node:timers";

/** Calls `run` in a later turn; calls keep their order. */
export function soon(run: () => void): void {
  setImmediate(run);
}

/** Resolves in a later turn. */
export function yieldToLoop(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
