/**
 * The restart budget and who is restarted with whom. Pure but for its own memory: time comes as an argument. What a
 * failure means (the directive) is the behaviour's; carrying a restart out is the cell's.
 */
import type { Rng } from "../core/ports.ts";
import type { EpochMs } from "../core/time.ts";
import type { Supervision } from "./types.ts";

/** Of a back-off, drawn at random: children that failed together should not come back together. */
const JITTER_RATIO = 0.2;

/** As in OTP one budget a supervisor, not one a child: it measures the health of the whole. */
export class RestartBudget {
  #grantedMs: EpochMs[] = [];

  /** The delay before the restart in milliseconds, or undefined when the budget is spent. */
  grant(supervision: Supervision, nowMs: EpochMs, rng?: Rng): number | undefined {
    const { restartsMax, windowMs, backoffMs } = supervision;
    this.#grantedMs = this.#grantedMs.filter((atMs) => atMs > nowMs - windowMs);
    if (this.#grantedMs.length >= restartsMax) return undefined;
    // 2^30 steps of a millisecond are twelve days: beyond, only the maximum matters.
    const doublings = Math.min(this.#grantedMs.length, 30);
    this.#grantedMs.push(nowMs);
    const delayMs = Math.min(backoffMs.max, backoffMs.min * 2 ** doublings);
    if (rng === undefined) return delayMs;
    return Math.round(delayMs * (1 - (JITTER_RATIO * rng.uint32()) / 2 ** 32));
  }
}

/** Those who restart when `failed` does, in start order. */
export function restartGroup<T>(
  scope: Supervision["scope"],
  children: readonly T[],
  failed: T,
): readonly T[] {
  const index = children.indexOf(failed);
  if (index < 0) return [];
  if (scope === "allForOne") return children;
  return scope === "restForOne" ? children.slice(index) : [failed];
}
