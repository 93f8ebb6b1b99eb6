/**
 * Turns of the event loop. setImmediate lets sockets and timers have their say between two runs of work and costs
 * tens of microseconds with all that a loop does; a message to a reused MessagePort comes in the same turn, and
 * setTimeout(0) costs milliseconds.
 */
import { setImmediate } from "node:timers";

/**
 * Work that may follow on in microtasks before the loop has to turn: a message that leads to the next one need not
 * wait for a turn each, and sockets and timers wait no longer than this and one more run.
 */
const TURN_SPENT_MS_MAX = 4;

let spentMs = 0;

/** Calls `run` soon, never synchronously; calls keep their order. Sockets and timers are never starved. */
export function soon(run: () => void): void {
  if (spentMs < TURN_SPENT_MS_MAX) {
    queueMicrotask(() => timed(run));
  } else {
    setImmediate(() => {
      spentMs = 0;
      timed(run);
    });
  }
}

function timed(run: () => void): void {
  const startMs = performance.now();
  run();
  spentMs += performance.now() - startMs;
}

/** Resolves in a later turn. */
export function yieldToLoop(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
