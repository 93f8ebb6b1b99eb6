/** What start times (since when a sample has been counted) say of counter resets and of the beginning of a window. */
import { metricName, type MixedNotes, type MixedSamples } from "./mixed_window.ts";

/**
 * Whether the counter began anew between sample i − 1 and sample i. As Prometheus: one that began with the sample
 * before did so only if the one before has a start time of its own, else it is of unknown beginning.
 */
export function isStartReset({ tMs, startTimesMs }: MixedSamples, i: number): boolean {
  const startMs = startTimesMs[i]!;
  const beforeMs = tMs[i - 1]!;
  if (startMs === 0 || startMs >= tMs[i]! || startMs < beforeMs) return false;
  if (startMs > beforeMs) return true;
  const startBeforeMs = startTimesMs[i - 1]!;
  return startBeforeMs !== 0 && startBeforeMs < beforeMs;
}

/** When the first sample of a window began to count, if that lies inside: the counter was zero then. */
export function zeroPointMs(
  { tMs, startTimesMs }: MixedSamples,
  first: number,
  startMs: number,
): number | undefined {
  const zeroMs = startTimesMs[first]!;
  return zeroMs !== 0 && zeroMs > startMs && zeroMs < tMs[first]! ? zeroMs : undefined;
}

/** A sample that began before the one before it was taken, yet not together with it, counts some things twice. */
export function warnOverlaps(
  { tMs, startTimesMs }: MixedSamples,
  from: number,
  to: number,
  { annotations, pos, labels }: MixedNotes,
): void {
  for (let i = from + 1; i < to; i++) {
    const startMs = startTimesMs[i]!;
    if (startMs === 0 || startMs >= tMs[i - 1]! || startMs === startTimesMs[i - 1]) continue;
    annotations.warn(
      `sample has start time that overlaps with previous sample timestamp for metric ${metricName(labels)}`,
      pos,
    );
    return;
  }
}
