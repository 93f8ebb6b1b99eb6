/**
 * Watches how late the event loop is: a timer that should fire every few milliseconds and does not was kept
 * waiting by somebody's work. The longest such wait is what a scrape or a rule would have felt.
 */

/** Short against the 50 ms that nobody may hold the loop, long enough to cost nothing. */
const TICK_MS = 20;

export interface LoopMonitor {
  /** Lateness beyond the tick itself: the longest since the start, and all of it added up. */
  snapshot(): { readonly stallMsMax: number; readonly stallMsTotal: number };
  stop(): void;
}

export function watchEventLoop(): LoopMonitor {
  let stallMsMax = 0;
  let stallMsTotal = 0;
  let last = performance.now();
  const id = setInterval(() => {
    const now = performance.now();
    const late = Math.max(0, now - last - TICK_MS);
    last = now;
    if (late > stallMsMax) stallMsMax = late;
    stallMsTotal += late;
  }, TICK_MS);
  return { snapshot: () => ({ stallMsMax, stallMsTotal }), stop: () => clearInterval(id) };
}
