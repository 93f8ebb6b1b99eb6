/**
 * When a group is evaluated: at its own place in each interval, drawn from its file and name as Prometheus draws it, so
 * that groups spread evenly and both evaluate at the same moments.
 */
import type { EpochMs } from "../core/time.ts";
import { labelsOf } from "../model/labels.ts";
import { encodeLabels, xxHash64 } from "../promql/kernels/label_hash.ts";

const NANOS_PER_MS = 1_000_000n;

/** As Prometheus: the hash of the labels `file` and `name`. */
export function groupHash(file: string, name: string): bigint {
  const { high, low } = xxHash64(encodeLabels(labelsOf([["file", file], ["name", name]])));
  return (BigInt(high) << 32n) | BigInt(low);
}

/** 0 ≤ offset < interval. Prometheus counts in nanoseconds; its samples, and all here, in whole milliseconds. */
export function groupOffsetMs(file: string, name: string, intervalMs: number): number {
  const offset = groupHash(file, name) % (BigInt(intervalMs) * NANOS_PER_MS);
  return Number(offset / NANOS_PER_MS);
}

/** The first slot after `nowMs`. */
export function nextSlotMs(nowMs: EpochMs, offsetMs: number, intervalMs: number): EpochMs {
  return Math.floor((nowMs - offsetMs) / intervalMs) * intervalMs + offsetMs + intervalMs;
}

/** Slots after `dueMs` that have passed at `nowMs`: they are not caught up. */
export function missedSlots(dueMs: EpochMs, nowMs: EpochMs, intervalMs: number): number {
  return Math.max(0, Math.floor((nowMs - dueMs) / intervalMs));
}
