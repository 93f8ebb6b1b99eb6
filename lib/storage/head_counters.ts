/** What a head has counted since it was opened, for the metrics. */
import type { AppendCounts, AppendOutcome } from "../model/batch.ts";

export type HeadCounters = ReturnType<typeof newCounters>;

export function newCounters() {
  return {
    /** Histograms included. */
    samplesAppended: 0,
    histogramsAppended: 0,
    /** Of the appended: out of order, inside the window. */
    samplesLate: 0,
    outOfOrder: 0,
    outOfBounds: 0,
    tooOld: 0,
    duplicate: 0,
    seriesCreated: 0,
    seriesRemoved: 0,
    seals: 0,
    sealFailures: 0,
    pagesDeleted: 0,
    compactions: 0,
    timeRetentions: 0,
    sizeRetentions: 0,
    pagesRewritten: 0,
    journalGaps: 0,
    journalRecordsSkipped: 0,
    appendsRefused: 0,
    lastSealError: "",
  };
}

export function countSamples(counters: HeadCounters, counts: AppendCounts): void {
  counters.samplesAppended += counts.appended;
  counters.samplesLate += counts.late;
  counters.outOfOrder += counts.outOfOrder;
  counters.outOfBounds += counts.outOfBounds;
  counters.tooOld += counts.tooOld;
  counters.duplicate += counts.duplicate;
}

const NOTHING: AppendCounts = {
  appended: 0,
  late: 0,
  outOfOrder: 0,
  outOfBounds: 0,
  tooOld: 0,
  duplicate: 0,
};

/**
 * What counts of an append that was refused as a whole. As Prometheus, which ends such a request at its first bad
 * sample: that one. Undefined where none was bad.
 */
export function refusedSample(outcomes: readonly AppendOutcome[]): AppendCounts | undefined {
  for (const outcome of outcomes) {
    if (outcome.kind !== "refused") continue;
    const { outOfOrder, duplicate, outOfBounds, tooOld } = outcome.counts;
    if (outOfOrder > 0) return { ...NOTHING, outOfOrder: 1 };
    if (duplicate > 0) return { ...NOTHING, duplicate: 1 };
    if (outOfBounds > 0) return { ...NOTHING, outOfBounds: 1 };
    if (tooOld > 0) return { ...NOTHING, tooOld: 1 };
  }
  return undefined;
}
