/**
 * The time that retention goes by. A clock that jumps years ahead and back again must not delete everything in between:
 * wall time far ahead of what was seen before counts only once it has stayed there for a while. Also what counts as a
 * sample from the future, which must not keep the present out once the clock is right again.
 */
import type { EpochMs } from "../core/time.ts";

/** Further ahead of the time before than this is a jump, or a process that was down. */
const JUMP_MS = 3_600_000;
/** Looks in a row after which a jump is believed: with one each five minutes, an hour. */
const LOOKS_UNTIL_BELIEVED = 12;
/** A sample this far ahead of the clock was written by a clock that was wrong. */
export const FUTURE_MS = 24 * 3_600_000;

export class TrustedTime {
  #nowMs = -Infinity;
  #looksAhead = 0;

  /** `newestMs`: of the samples held; −Infinity without any. */
  start(nowMs: EpochMs, newestMs: EpochMs): void {
    this.#nowMs = newestMs === -Infinity ? nowMs : Math.min(nowMs, newestMs);
    this.#looksAhead = 0;
  }

  /** Once in a while, at even distances. */
  look(nowMs: EpochMs): void {
    this.#looksAhead = nowMs > this.#nowMs + JUMP_MS ? this.#looksAhead + 1 : 0;
    if (this.#looksAhead > 0 && this.#looksAhead < LOOKS_UNTIL_BELIEVED) return;
    this.#looksAhead = 0;
    this.#nowMs = nowMs;
  }

  /** The newest time that samples are counted back from. */
  get nowMs(): EpochMs {
    return this.#nowMs;
  }
}
