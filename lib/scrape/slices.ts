/**
 * Long work in slices: it says where it may pause, and the event loop gets its turn when enough time has gone by.
 * Small work never meets a pause and runs in one go.
 */

/** A sixth of the longest stall that the server promises: slices of several targets may meet in one turn. */
export const SLICE_MS = 8;

/** Lines or slots that are gone through between two places where work may pause. */
export const SLICE_LINES = 8_192;

export interface Pacing {
  readonly monotonicMs: () => number;
  readonly yieldToLoop: () => Promise<void>;
  /** Heeded after each turn. */
  readonly signal: AbortSignal;
}

/** Work that yields where it may pause. */
export type Steps<T> = Generator<undefined, T, undefined>;

export function runThrough<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** `resumed` is called after each turn of the loop, and throws when the work must not go on. */
export async function runInSlices<T>(steps: Steps<T>, pacing: Pacing, resumed: () => void): Promise<T> {
  let sinceMs = pacing.monotonicMs();
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (pacing.monotonicMs() - sinceMs < SLICE_MS) continue;
    await pacing.yieldToLoop();
    resumed();
    sinceMs = pacing.monotonicMs();
  }
}

/** Who waits gets a turn of its own, in order: slices of many do not add up to one long stall. */
export function oneATurn(yieldToLoop: () => Promise<void>): () => Promise<void> {
  let last = Promise.resolve();
  return () => {
    last = last.then(yieldToLoop);
    return last;
  };
}
