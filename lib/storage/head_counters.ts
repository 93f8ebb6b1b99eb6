/** What a head has counted since it was opened, for the metrics. */

export function newCounters() {
  return {
    /** Histograms included. */
    samplesAppended: 0,
    histogramsAppended: 0,
    outOfOrder: 0,
    outOfBounds: 0,
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
