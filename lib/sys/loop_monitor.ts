/**
 * Watches how late the event loop is: a timer that should fire every few milliseconds and does not was kept
 * waiting by somebody's work. Such waits are what a scrape or a rule would have felt; they are counted by length.
 */

/** How much of a stall may go unseen, as it may begin just after a tick. Short enough to cost nothing. */
const TICK_MS = 10;

/** Upper bounds of the counts, in seconds. Finest about the 50 ms for which nobody may hold the loop. */
export const STALL_BOUNDS_S: readonly number[] = [
  ...[0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08],
  ...[0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5, 10],
];

/** Lateness beyond the tick itself. */
export interface LoopStalls {
  /** The longest since the start. */
  readonly stallMsMax: number;
  readonly stallMsTotal: number;
  /** How many ticks were late by at most each of `STALL_BOUNDS_S`, and by more than the bound before it. */
  readonly counts: readonly { readonly boundS: number; readonly count: number }[];
}

export interface LoopMonitor {
  snapshot(): LoopStalls;
  stop(): void;
}

export function watchEventLoop(): LoopMonitor {
  const bounds = [...STALL_BOUNDS_S, Infinity];
  const counts = new Float64Array(bounds.length);
  let stallMsMax = 0;
  let stallMsTotal = 0;
  let last = performance.now();
  const id = setInterval(() => {
    const now = performance.now();
    const late = Math.max(0, now - last - TICK_MS);
    last = now;
    if (late > stallMsMax) stallMsMax = late;
    stallMsTotal += late;
    let bucket = 0;
    while (late > 1000 * bounds[bucket]!) bucket++;
    counts[bucket]!++;
  }, TICK_MS);
  return {
    snapshot: () => ({
      stallMsMax,
      stallMsTotal,
      counts: bounds.map((boundS, i) => ({ boundS, count: counts[i]! })),
    }),
    stop: () => clearInterval(id),
  };
}
