/**
 * `anchored` and `smoothed` ranges: no extrapolation, but values at the very edges of the window: the sample at or
 * before the edge (anchored), or the line between the samples around it (smoothed). The windows handed in reach
 * one lookback further than the range itself.
 */
import { wordsOf } from "../../model/stale.ts";
import { IS_COUNTER, IS_RATE } from "./rate.ts";
import { compactColumn, type SampleWindows } from "./windows.ts";

export interface EdgeScan {
  /** First and last index that count, after `scanEdges`. */
  first: number;
  last: number;
}

/**
 * The samples that make a window: from the last one at or before its start to its last one, or, smoothed, to the
 * first one at or after its end. False where none of them lies inside.
 */
function scanEdges(w: SampleWindows, s: number, smoothed: boolean, scan: EdgeScan): boolean {
  const lo = w.lo[s]!;
  let last = w.hi[s]! - 1;
  if (last < lo) return false;
  const end = w.endMs[s]!;
  const start = end - w.rangeMs;
  let first = lo;
  while (first < last && w.tMs[first]! <= start) first++;
  first = Math.max(lo, first - 1);
  if (smoothed) {
    let at = lo;
    while (at < last && w.tMs[at]! < end) at++;
    last = at;
  }
  if (w.tMs[last]! <= start) return false;
  if (smoothed && w.tMs[first]! > end) return false;
  scan.first = first;
  scan.last = last;
  return true;
}

function interpolate(
  w: SampleWindows,
  left: number,
  atMs: number,
  isCounter: boolean,
  onLeftEdge: boolean,
): number {
  let y1 = w.values[left]!;
  let y2 = w.values[left + 1]!;
  if (isCounter && y2 < y1) {
    if (onLeftEdge) y1 = 0;
    else y2 += y1;
  }
  return y1 + (y2 - y1) * (atMs - w.tMs[left]!) / (w.tMs[left + 1]! - w.tMs[left]!);
}

function leftValue(
  w: SampleWindows,
  first: number,
  startMs: number,
  smoothed: boolean,
  isCounter: boolean,
): number {
  return smoothed && w.tMs[first]! < startMs
    ? interpolate(w, first, startMs, isCounter, true)
    : w.values[first]!;
}

function rightValue(
  w: SampleWindows,
  lo: number,
  last: number,
  endMs: number,
  smoothed: boolean,
  isCounter: boolean,
): number {
  return smoothed && last > lo && w.tMs[last]! > endMs
    ? interpolate(w, last - 1, endMs, isCounter, false)
    : w.values[last]!;
}

export function extendedRate(
  w: SampleWindows,
  smoothed: boolean,
  flags: number,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
): number {
  const isCounter = (flags & IS_COUNTER) !== 0;
  const isRate = (flags & IS_RATE) !== 0;
  const scan: EdgeScan = { first: 0, last: 0 };
  let present = 0;
  for (let s = from; s < to; s++) {
    if (!scanEdges(w, s, smoothed, scan)) continue;
    let { first, last } = scan;
    const end = w.endMs[s]!;
    const start = end - w.rangeMs;
    const left = leftValue(w, first, start, smoothed, isCounter);
    // Both edges between the same two samples: a reset there lies before both or neither, so both count from 0.
    const right = smoothed && last === first + 1 && w.tMs[first]! < start && w.tMs[last]! > end
      ? interpolate(w, first, end, isCounter, true)
      : rightValue(w, w.lo[s]!, last, end, smoothed, isCounter);
    let result = right - left;
    if (isCounter) {
      if (w.tMs[first]! <= start) first++;
      if (w.tMs[last]! >= end) last--;
      let before = left;
      for (let i = first; i <= last; i++) {
        const value = w.values[i]!;
        if (value < before) result += before;
        before = value;
      }
      if (right < before) result += before;
    }
    out[outAt + s] = isRate ? result / (w.rangeMs / 1000) : result;
    present++;
  }
  return present;
}

/** changes (`wantsResets` false) or resets of an anchored range, its edge values taken as samples. */
export function anchoredTransitions(
  w: SampleWindows,
  wantsResets: boolean,
  from: number,
  to: number,
  out: Float64Array,
  outAt: number,
): number {
  const scan: EdgeScan = { first: 0, last: 0 };
  let present = 0;
  for (let s = from; s < to; s++) {
    if (!scanEdges(w, s, false, scan)) continue;
    const start = w.endMs[s]! - w.rangeMs;
    let before = w.values[scan.first]!;
    const first = w.tMs[scan.first]! <= start ? scan.first + 1 : scan.first;
    let found = 0;
    for (let i = first; i <= scan.last; i++) {
      const value = w.values[i]!;
      if (wantsResets ? value < before : value !== before && (value === value || before === before)) found++;
      before = value;
    }
    out[outAt + s] = found;
    present++;
  }
  return present;
}

/**
 * A smoothed instant selector: the line between the samples before and after each step, or the one there is on one
 * side within the lookback.
 */
export function smoothedNewest(
  tMs: Float64Array,
  values: Float64Array,
  endMs: Float64Array,
  lookbackMs: number,
  out: Float64Array,
  outAt: number,
): number {
  const t = new Float64Array(tMs.length);
  const v = new Float64Array(tMs.length);
  const count = compactColumn(tMs, values, wordsOf(values), t, v);
  let next = 0;
  let present = 0;
  for (let s = 0; s < endMs.length; s++) {
    const end = endMs[s]!;
    while (next < count && t[next]! <= end) next++;
    const hasBefore = next > 0 && t[next - 1]! > end - lookbackMs;
    const hasAfter = next < count && t[next]! <= end + lookbackMs;
    if (!hasBefore) continue;
    const before = v[next - 1]!;
    if (!hasAfter || t[next - 1] === end) out[outAt + s] = before;
    else out[outAt + s] = before + (v[next]! - before) * (end - t[next - 1]!) / (t[next]! - t[next - 1]!);
    present++;
  }
  return present;
}
