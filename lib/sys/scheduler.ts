/**
 * Turns of the event loop. A MessageChannel turn lets sockets and timers have their say between two runs of work
 * and costs microseconds, where setTimeout(0) costs a millisecond.
 */

/** Calls `run` in a later turn; calls keep their order. */
export function soon(run: () => void): void {
  waiting.push(run);
  if (waiting.length === 1) channel.port2.postMessage(null);
}

/** Resolves in a later turn. */
export function yieldToLoop(): Promise<void> {
  return new Promise((resolve) => soon(resolve));
}

let waiting: (() => void)[] = [];
const channel = new MessageChannel();
channel.port1.onmessage = () => {
  const runs = waiting;
  waiting = [];
  for (const run of runs) run();
};
