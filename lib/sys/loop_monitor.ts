/**
 * Watches how late the event loop is: a timer that should fire every few milliseconds and does not was kept
 * waiting by somebody's work. Such waits are what a scrape or a rule would have felt; they are counted by length.
 */

/** How much of a stall may go unseen while questions are answered, as it may begin just after a tick. */
const TICK_MS = 10;
/**
 * And otherwise. A wake-up costs a tenth of a millisecond of CPU: a hundred of them a second would be a fifth of what
 * fifty thousand samples a second cost.
 */
const QUIET_TICK_MS = 250;
/** Ticks stay short for so long after a question. */
const ATTENDED_MS = 1_000;

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
  /** Somebody asked something: ticks are short until nobody does any more. Call the answer when it is given. */
  attend(): () => void;
  /** A timer that was due at `dueMs`, on the clock of `performance`, has fired: as good as a tick. */
  fired(dueMs: number): void;
  stop(): void;
}

export function watchEventLoop(): LoopMonitor {
  const bounds = [...STALL_BOUNDS_S, Infinity];
  const counts = new Float64Array(bounds.length);
  let stallMsMax = 0;
  let stallMsTotal = 0;
  let last = performance.now();
  let asked = 0;
  let attendedUntilMs = 0;
  let tickDueMs = 0;
  let id: ReturnType<typeof setTimeout> | undefined;
  arm(QUIET_TICK_MS);

  function arm(tickMs: number): void {
    clearTimeout(id);
    tickDueMs = performance.now() + tickMs;
    id = setTimeout(() => {
      fired(tickDueMs);
      arm(asked > 0 || last < attendedUntilMs ? TICK_MS : QUIET_TICK_MS);
    }, tickMs);
  }

  /** Several timers that one stall kept waiting share its length. */
  function fired(dueMs: number): void {
    const now = performance.now();
    const late = Math.max(0, now - Math.max(dueMs, last));
    last = now;
    if (late > stallMsMax) stallMsMax = late;
    stallMsTotal += late;
    let bucket = 0;
    while (late > 1000 * bounds[bucket]!) bucket++;
    counts[bucket]!++;
  }

  return {
    snapshot: () => ({
      stallMsMax,
      stallMsTotal,
      counts: bounds.map((boundS, i) => ({ boundS, count: counts[i]! })),
    }),
    attend: () => {
      asked++;
      if (tickDueMs - performance.now() > TICK_MS) arm(TICK_MS);
      let ended = false;
      return () => {
        if (ended) return;
        ended = true;
        asked--;
        attendedUntilMs = performance.now() + ATTENDED_MS;
      };
    },
    fired,
    stop: () => clearTimeout(id),
  };
}
