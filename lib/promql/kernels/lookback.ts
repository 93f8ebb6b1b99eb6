/**
 * The value of a series at each step: its newest sample that is younger than the lookback. A staleness marker ends
 * the series at once. Outputs hold the absent pattern beforehand; only steps with a value are written.
 */
import { isAbsent, isStale } from "../../model/stale.ts";

/** For each end the index of the newest row in (end − lookback, end], or −1. */
export function findNewest(
  tMs: Float64Array,
  endMs: Float64Array,
  lookbackMs: number,
  out: Int32Array,
): void {
  let to = 0;
  for (let s = 0; s < endMs.length; s++) {
    const end = endMs[s]!;
    while (to < tMs.length && tMs[to]! <= end) to++;
    out[s] = to > 0 && tMs[to - 1]! > end - lookbackMs ? to - 1 : -1;
  }
}

/** For columns without gaps. Answers the number of values written. */
export function gatherNewest(
  values: Float64Array,
  newest: Int32Array,
  out: Float64Array,
  outAt: number,
): number {
  let present = 0;
  for (let s = 0; s < newest.length; s++) {
    const at = newest[s]!;
    if (at < 0) continue;
    out[outAt + s] = values[at]!;
    present++;
  }
  return present;
}

/** For any column: cells may be absent or stale. Answers the number of values written. */
export function gatherNewestWithGaps(
  tMs: Float64Array,
  values: Float64Array,
  words: Uint32Array,
  endMs: Float64Array,
  lookbackMs: number,
  out: Float64Array,
  outAt: number,
): number {
  let to = 0;
  let last = -1;
  let present = 0;
  for (let s = 0; s < endMs.length; s++) {
    const end = endMs[s]!;
    while (to < tMs.length && tMs[to]! <= end) {
      if (!isAbsent(words, to)) last = to;
      to++;
    }
    if (last < 0 || tMs[last]! <= end - lookbackMs || isStale(words, last)) continue;
    out[outAt + s] = values[last]!;
    present++;
  }
  return present;
}

/** Like `gatherNewestWithGaps`, but writes the sample's own time in seconds. */
export function gatherNewestTimes(
  tMs: Float64Array,
  words: Uint32Array,
  endMs: Float64Array,
  lookbackMs: number,
  out: Float64Array,
  outAt: number,
): number {
  let to = 0;
  let last = -1;
  let present = 0;
  for (let s = 0; s < endMs.length; s++) {
    const end = endMs[s]!;
    while (to < tMs.length && tMs[to]! <= end) {
      if (!isAbsent(words, to)) last = to;
      to++;
    }
    if (last < 0 || tMs[last]! <= end - lookbackMs || isStale(words, last)) continue;
    out[outAt + s] = tMs[last]! / 1000;
    present++;
  }
  return present;
}
