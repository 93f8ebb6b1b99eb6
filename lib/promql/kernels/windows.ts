/**
 * Where each step's window lies in a row of timestamps. Windows are left-open and right-closed, as in Prometheus 3:
 * a sample exactly `rangeMs` old is outside. Ends ascend, so one pass finds all bounds.
 */

/** Samples of one series without gaps, and the window of each step: indices lo[s] up to hi[s], hi excluded. */
export interface SampleWindows {
  /** May be longer than the samples; the bounds never are. */
  tMs: Float64Array;
  values: Float64Array;
  readonly lo: Int32Array;
  readonly hi: Int32Array;
  /** Where each step's window ends. Ascending. */
  readonly endMs: Float64Array;
  readonly rangeMs: number;
  /** The instants themselves, before `offset` and `@`. */
  readonly evalMs: Float64Array;
  /** What rates need to know of the bounds alone (rate.ts), found once; undefined when the bounds have changed. */
  extrapolation: Float64Array | undefined;
}

/** Sets lo and hi for `steps` windows over the first `count` timestamps; answers the sum of their sizes. */
export function findWindows(
  tMs: Float64Array,
  count: number,
  endMs: Float64Array,
  rangeMs: number,
  lo: Int32Array,
  hi: Int32Array,
): number {
  let from = 0;
  let to = 0;
  let visits = 0;
  for (let s = 0; s < endMs.length; s++) {
    const end = endMs[s]!;
    const start = end - rangeMs;
    while (to < count && tMs[to]! <= end) to++;
    while (from < to && tMs[from]! <= start) from++;
    lo[s] = from;
    hi[s] = to;
    visits += to - from;
  }
  return visits;
}

/**
 * Moves the cells of a column that hold a sample to the front of `outT` and `outV`, staleness markers left out;
 * answers their number.
 */
export function compactColumn(
  tMs: Float64Array,
  values: Float64Array,
  words: Uint32Array,
  outT: Float64Array,
  outV: Float64Array,
): number {
  let count = 0;
  for (let i = 0; i < tMs.length; i++) {
    const value = values[i]!;
    if (value !== value) {
      const low = words[2 * i]!;
      const high = words[2 * i + 1]!;
      if ((high === 0x7ff80000 && low === 0x000ab5e7) || (high === 0x7ff00000 && low === 0x00000002)) {
        continue;
      }
    }
    outT[count] = tMs[i]!;
    outV[count] = value;
    count++;
  }
  return count;
}
