/** Metrics of what storage could not read, write or take: all of them are still on a healthy server. */
import { type MetricFamily, singleFamily } from "../client/family.ts";
import type { StorageFaults } from "./deps.ts";

type Row = readonly [type: "counter" | "gauge", name: string, help: string, value: number | undefined];

export function* storageFaultFamilies(faults: StorageFaults): Iterable<MetricFamily> {
  const { store } = faults;
  const rows: readonly Row[] = [
    [
      "gauge",
      "ingest_stopped",
      "1 while batches are refused because the store does not keep up.",
      Number(faults.ingestStopped),
    ],
    [
      "counter",
      "refused_appends_total",
      "Batches of samples refused because the store did not keep up.",
      faults.appendsRefused,
    ],
    [
      "gauge",
      "unflushed_bytes",
      "Encoded samples that the journal has not been given yet.",
      faults.pendingBytes,
    ],
    [
      "gauge",
      "lost_cohorts",
      "Sources left out since what the store holds of them is damaged.",
      faults.cohortsLost,
    ],
    [
      "counter",
      "damaged_pages_total",
      "Reads of pages that were passed over since they are damaged.",
      faults.pagesDamaged,
    ],
    ["counter", "missing_pages_total", "Reads of pages that were gone.", faults.pagesGone],
    [
      "gauge",
      "damaged_journal_gaps",
      "Stretches of the journal that the last replay could not read.",
      faults.journalGaps,
    ],
    [
      "gauge",
      "skipped_journal_records",
      "Journal records that the last replay passed over, since they build on damaged ones.",
      faults.journalRecordsSkipped,
    ],
    ["counter", "commits_total", "Commits that the store confirmed.", store.commits],
    ["counter", "commit_seconds_total", "Time spent waiting for commits.", store.commitMs / 1000],
    ["counter", "commit_failures_total", "Commits that the store rejected.", store.commitFailures],
    ["counter", "commit_timeouts_total", "Commits that were not confirmed in time.", store.commitTimeouts],
    ["counter", "read_failures_total", "Reads that the store rejected.", store.readFailures],
    ["counter", "read_timeouts_total", "Reads that were not answered in time.", store.readTimeouts],
    [
      "counter",
      "reopened_total",
      "Times that the store was opened anew since it had not answered.",
      store.reopened,
    ],
  ];
  for (const [type, name, help, value] of rows) {
    yield singleFamily(type, `narthex_storage_${name}`, help, value);
  }
  if (faults.refreshedMs !== undefined) {
    const name = "narthex_storage_last_refresh_timestamp_seconds";
    const help = "When this process, which only reads, last saw what the writing one had.";
    yield singleFamily("gauge", name, help, faults.refreshedMs / 1000);
  }
}
