/** What storage says about itself, for `/metrics` and the status pages. */
import type { EpochMs } from "../core/time.ts";
import type { ExemplarStats } from "../model/exemplar.ts";

export interface StorageStats {
  readonly series: number;
  readonly cohorts: number;
  /** Left out by the opening, since what the store holds of them is damaged. */
  readonly cohortsLost: number;
  readonly labelPairs: number;
  readonly windowRows: number;
  readonly windowBytes: number;
  readonly strays: number;
  readonly pages: number;
  readonly pageBytes: number;
  /** Of all samples held; undefined while there are none. */
  readonly minMs: EpochMs | undefined;
  readonly maxMs: EpochMs | undefined;
  /** Counters, since this process opened the shard. */
  readonly samplesAppended: number;
  /** Of those, native histograms. */
  readonly histogramsAppended: number;
  /** Of the appended: out of order, inside the window. */
  readonly samplesLate: number;
  readonly outOfOrder: number;
  readonly outOfBounds: number;
  readonly tooOld: number;
  readonly duplicate: number;
  readonly seriesCreated: number;
  readonly seriesRemoved: number;
  readonly seals: number;
  readonly sealFailures: number;
  readonly pagesDeleted: number;
  readonly compactions: number;
  /** Stretches of the journal that could not be read, and records passed over since they build on those. */
  readonly journalGaps: number;
  readonly journalRecordsSkipped: number;
  /** Batches that were refused since the store did not keep up. */
  readonly appendsRefused: number;
  /** Encoded, and not yet given to the journal. */
  readonly pendingBytes: number;
  readonly ingestStopped: boolean;
  /** When a process that only reads last saw what its writer had; undefined in the writer. */
  readonly refreshedMs: EpochMs | undefined;
  /** Maintenance runs in which pages left a cohort since they were too old, or for the size's sake. */
  readonly timeRetentions: number;
  readonly sizeRetentions: number;
  /** Pages that went into others, without some of their columns or rolled up. */
  readonly pagesRewritten: number;
  readonly retentionLimitBytes: number;
  /** Undefined where nothing was measured. */
  readonly spaceUsedBytes: number | undefined;
  readonly lastSealError: string;
  readonly exemplars: ExemplarStats;
}

export interface NamedCount {
  readonly name: string;
  readonly value: number;
}

/** The tables of `/api/v1/status/tsdb`, largest first. */
export interface CardinalityTables {
  readonly seriesCountByMetricName: readonly NamedCount[];
  readonly labelValueCountByLabelName: readonly NamedCount[];
  readonly memoryInBytesByLabelName: readonly NamedCount[];
  readonly seriesCountByLabelValuePair: readonly NamedCount[];
}

export interface PageCacheStats {
  readonly hits: number;
  readonly misses: number;
  readonly bytes: number;
  readonly bytesMax: number;
  readonly pages: number;
  /** Pages that could not be read since they were damaged. */
  readonly damaged: number;
  /** Pages that were gone when they were to be read. */
  readonly gone: number;
}
