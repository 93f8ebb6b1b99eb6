/**
 * What a roll-up leaves of a column: true samples at their own times. Of each interval the first, the last, the
 * smallest and the largest, and where the value falls, both sides of the fall, as long as that is as rare as a
 * counter's resets. So counters rise by as much as they did, extremes are the same, and every function works on
 * what is left as on any samples.
 */
import { isAbsent, isStale, setAbsent } from "../../model/stale.ts";

/** Falls of one interval that are kept: a value that falls more often is no counter. */
export const FALLS_MAX = 2;

const falls = new Int32Array(2 * FALLS_MAX);

/**
 * Clears the samples of `words` that are left out. Intervals end on multiples of `intervalMs`, the end inside, as
 * PromQL's windows. A marker of staleness stays and parts an interval in two. Returns how many were cleared.
 */
export function rollColumn(
  tMs: Float64Array,
  values: Float64Array,
  words: Uint32Array,
  intervalMs: number,
  keep: Uint8Array,
): number {
  keep.fill(0, 0, tMs.length);
  let interval = NaN;
  let first = -1;
  let last = -1;
  let low = -1;
  let high = -1;
  let fallsCount = 0;
  for (let r = 0; r <= tMs.length; r++) {
    const ended = r === tMs.length;
    if (!ended && isAbsent(words, r)) continue;
    const marker = !ended && isStale(words, r);
    const at = ended ? NaN : Math.ceil(tMs[r]! / intervalMs);
    if (first >= 0 && (ended || marker || at !== interval)) {
      keep[first] = keep[last] = 1;
      if (low >= 0) keep[low] = keep[high] = 1;
      if (fallsCount <= FALLS_MAX) { for (let i = 0; i < 2 * fallsCount; i++) keep[falls[i]!] = 1; }
      first = -1;
    }
    if (ended) break;
    if (marker) {
      keep[r] = 1;
      continue;
    }
    const value = values[r]!;
    if (first < 0) {
      interval = at;
      first = r;
      low = high = -1;
      fallsCount = 0;
    } else if (value < values[last]!) {
      if (fallsCount < FALLS_MAX) {
        falls[2 * fallsCount] = last;
        falls[2 * fallsCount + 1] = r;
      }
      fallsCount++;
    }
    if (value === value) {
      if (low < 0 || value < values[low]!) low = r;
      if (high < 0 || value > values[high]!) high = r;
    }
    last = r;
  }
  let cleared = 0;
  for (let r = 0; r < tMs.length; r++) {
    if (keep[r] === 1 || isAbsent(words, r)) continue;
    setAbsent(words, r);
    cleared++;
  }
  return cleared;
}
