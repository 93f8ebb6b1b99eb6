/** Which cohorts must make way, since a clock that was wrong wrote to them. Changes nothing. */
import type { EpochMs } from "../core/time.ts";
import type { SampleBatch } from "../model/batch.ts";
import type { Head } from "./head.ts";
import { FUTURE_MS } from "./trusted_time.ts";

/** Cohorts whose newest sample a wrong clock wrote, and which are to take samples of the present. */
export function renouncedBy(head: Head, batches: readonly SampleBatch[], nowMs: EpochMs): readonly number[] {
  const futureMs = nowMs + FUTURE_MS;
  if (head.maxMs <= futureMs) return [];
  const renounced: number[] = [];
  for (const batch of batches) {
    const id = head.byName.get(batch.cohort);
    const cohort = id === undefined ? undefined : head.cohorts.get(id);
    if (cohort === undefined || cohort.maxMs <= futureMs || batch.rows.length === 0) continue;
    if (batch.rows.every(({ tMs }) => tMs <= futureMs)) renounced.push(cohort.id);
  }
  return renounced;
}
