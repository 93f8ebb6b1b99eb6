/**
 * Turns of the event loop in which sockets and timers have their say. Only a timer parks the loop: while
 * setImmediate or message ports keep it busy, Deno 2.9 polls sockets at every sixty-first turn, and a probe waits
 * half a second beside slices of 8 ms. A timer's turn costs about 2 ms, so it is taken after work of a few times that.
 */

/**
 * Work that may follow on in microtasks before the loop has to turn: a message that leads to the next one need not
 * wait for a turn each, and sockets and timers wait no longer than this and one more run.
 */
const TURN_SPENT_MS_MAX = 8;

let spentMs = 0;
/** Runs that wait for a timer's turn: later ones must not overtake them. */
let waitingCount = 0;

/** Calls `run` soon, never synchronously; calls keep their order. Sockets and timers are never starved. */
export function soon(run: () => void): void {
  if (spentMs < TURN_SPENT_MS_MAX && waitingCount === 0) {
    queueMicrotask(() => timed(run));
  } else {
    waitingCount++;
    setTimeout(() => {
      waitingCount--;
      spentMs = 0;
      timed(run);
    }, 0);
  }
}

/** A timer of the loop fired: sockets have just had their say, and what was spent before counts no more. */
export function turned(): void {
  if (waitingCount === 0) spentMs = 0;
}

function timed(run: () => void): void {
  const startMs = performance.now();
  run();
  spentMs += performance.now() - startMs;
}

/** Resolves in a later turn. */
export function yieldToLoop(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
