/**
 * The server's own metrics, from snapshots: names and meanings are Prometheus's where the thing exists here, and
 * `narthex_*` where Prometheus has no such thing. Tables of (type, name, help, value).
 */
import { exemplarRows } from "./exemplar_metrics.ts";
import {
  type Collector,
  type FamilySample,
  labelledFamily,
  type MetricFamily,
  singleFamily,
} from "../client/family.ts";
import { processFamilies } from "../client/process.ts";
import { labelsOf } from "../model/labels.ts";
import { notificationFamilies } from "./notification_metrics.ts";
import type { ReceiverStats } from "../remote/receiver.ts";
import { ruleFamilies } from "./rule_metrics.ts";
import type {
  BuildInfo,
  IntervalSnapshot,
  ScrapePoolSnapshot,
  SelfSnapshot,
  StorageSnapshot,
} from "./deps.ts";
import { retentionRows } from "./retention_metrics.ts";
import { storageFaultFamilies } from "./storage_faults.ts";
import { stallFamilies } from "./stall_metrics.ts";

export type Row = readonly [type: "counter" | "gauge", name: string, help: string, value: number | undefined];

export interface SelfMetricsSource {
  readonly buildInfo: BuildInfo;
  readonly ready: () => boolean;
  readonly receiver: () => ReceiverStats;
}

/** Give it a snapshot before each collection; before the first it has only what needs none. */
export class SelfMetrics implements Collector {
  readonly #source: SelfMetricsSource;
  #snapshot: SelfSnapshot | undefined;

  constructor(source: SelfMetricsSource) {
    this.#source = source;
  }

  update(snapshot: SelfSnapshot): void {
    this.#snapshot = snapshot;
  }

  *collect(): Iterable<MetricFamily> {
    yield* this.#alwaysKnown();
    const snapshot = this.#snapshot;
    if (snapshot === undefined) return;
    yield* families(configRows(snapshot));
    yield* families(storageRows(snapshot.storage));
    yield* families(exemplarRows(snapshot.storage.exemplars));
    yield* storageFaultFamilies(snapshot.storage.faults);
    yield labelledFamily(
      "counter",
      "prometheus_tsdb_head_samples_appended_total",
      "Total number of appended samples.",
      [
        [{ type: "float" }, snapshot.storage.samplesAppended - snapshot.storage.histogramsAppended],
        [{ type: "histogram" }, snapshot.storage.histogramsAppended],
      ],
    );
    yield* labelledByType(snapshot.storage);
    yield* families(scrapeRows(snapshot));
    yield* poolFamilies(snapshot.scrape.pools);
    yield intervalFamily(snapshot.scrape.intervals);
    yield* discoveryFamilies(snapshot);
    yield* ruleFamilies(snapshot.rules);
    yield* notificationFamilies(snapshot.notifications);
    yield* actorFamilies(snapshot);
    yield* families(cacheRows(snapshot));
    yield* stallFamilies(snapshot.eventLoop);
    if (snapshot.process !== undefined) yield* processFamilies(snapshot.process);
  }

  *#alwaysKnown(): Iterable<MetricFamily> {
    const { version, revision, branch, runtimeVersion } = this.#source.buildInfo;
    yield labelledFamily(
      "gauge",
      "prometheus_build_info",
      "A metric with a constant '1' value labeled by version, revision, branch and the runtime that runs it.",
      [[{ version, revision, branch, goversion: runtimeVersion }, 1]],
    );
    const receiver = this.#source.receiver();
    yield* families([
      [
        "gauge",
        "prometheus_ready",
        "Whether Prometheus startup was fully completed.",
        Number(this.#source.ready()),
      ],
      [
        "counter",
        "prometheus_api_remote_write_invalid_labels_samples_total",
        "The total number of received remote write samples which were rejected due to invalid labels.",
        receiver.invalidLabelSamples,
      ],
      [
        "counter",
        "narthex_remote_write_requests_total",
        "Remote write requests received.",
        receiver.requests,
      ],
      [
        "counter",
        "narthex_remote_write_failed_requests_total",
        "Remote write requests that were refused or could not be stored.",
        receiver.failedRequests,
      ],
      [
        "counter",
        "narthex_remote_write_samples_total",
        "Samples stored from remote write.",
        receiver.samples,
      ],
      [
        "counter",
        "narthex_remote_write_exemplars_total",
        "Exemplars received by remote write.",
        receiver.exemplars,
      ],
      [
        "counter",
        "narthex_remote_write_metadata_ignored_total",
        "Metadata entries received by remote write and not stored.",
        receiver.metadataIgnored,
      ],
    ]);
  }
}

function* families(rows: readonly Row[]): Iterable<MetricFamily> {
  for (const [type, name, help, value] of rows) yield singleFamily(type, name, help, value);
}

function configRows({ configReload }: SelfSnapshot): readonly Row[] {
  return [
    [
      "gauge",
      "prometheus_config_last_reload_successful",
      "Whether the last configuration reload attempt was successful.",
      Number(configReload.successful),
    ],
    [
      "gauge",
      "prometheus_config_last_reload_success_timestamp_seconds",
      "Timestamp of the last successful configuration reload.",
      seconds(configReload.lastSuccessMs),
    ],
  ];
}

function storageRows(storage: StorageSnapshot): readonly Row[] {
  return [
    ["gauge", "prometheus_tsdb_head_series", "Total number of series in the head block.", storage.series],
    [
      "counter",
      "prometheus_tsdb_head_series_created_total",
      "Total number of series created in the head",
      storage.seriesCreated,
    ],
    [
      "counter",
      "prometheus_tsdb_head_series_removed_total",
      "Total number of series removed in the head",
      storage.seriesRemoved,
    ],
    ["gauge", "prometheus_tsdb_head_chunks", "Total number of chunks in the head block.", storage.chunks],
    [
      "gauge",
      "prometheus_tsdb_head_min_time_seconds",
      "Minimum time bound of the head block.",
      seconds(storage.minMs),
    ],
    [
      "gauge",
      "prometheus_tsdb_head_max_time_seconds",
      "Maximum timestamp of the head block.",
      seconds(storage.maxMs),
    ],
    [
      "gauge",
      "prometheus_tsdb_lowest_timestamp_seconds",
      "Lowest timestamp value stored in the database.",
      seconds(storage.minMs),
    ],
    ...retentionRows(storage),
    [
      "gauge",
      "prometheus_tsdb_storage_blocks_bytes",
      "The number of bytes that are currently used for local storage by all blocks.",
      storage.blocksBytes,
    ],
    [
      "gauge",
      "prometheus_tsdb_blocks_loaded",
      "Number of currently loaded data blocks",
      storage.blocksLoaded,
    ],
    [
      "counter",
      "prometheus_tsdb_compactions_total",
      "Total number of compactions that were executed for the partition.",
      storage.seals,
    ],
    [
      "counter",
      "prometheus_tsdb_compactions_failed_total",
      "Total number of compactions that failed for the partition.",
      storage.sealFailures,
    ],
    ["gauge", "narthex_cohorts", "Cohorts of series that are sampled together.", storage.cohorts],
  ];
}

function* labelledByType(storage: StorageSnapshot): Iterable<MetricFamily> {
  const rows = [
    ["out_of_order_samples", "out of order samples ingestion failed attempts", storage.samplesOutOfOrder],
    ["out_of_bound_samples", "out of bound samples ingestion failed attempts", storage.samplesOutOfBounds],
    [
      "too_old_samples",
      "samples outside the out of order window ingestion failed attempts",
      storage.samplesTooOld,
    ],
    ["head_out_of_order_samples_appended", "appended out-of-order samples", storage.samplesLate],
  ] as const;
  for (const [name, what, value] of rows) {
    yield labelledFamily("counter", `prometheus_tsdb_${name}_total`, `Total number of ${what}.`, [
      [{ type: "float" }, value],
    ]);
  }
}

function scrapeRows({ scrape }: SelfSnapshot): readonly Row[] {
  const pool = "prometheus_target_scrape_pool";
  const scrapes = "prometheus_target_scrapes";
  return [
    ["counter", `${pool}_reloads_total`, "Total number of scrape pool reloads.", scrape.reloads],
    [
      "counter",
      `${pool}_reloads_failed_total`,
      "Total number of failed scrape pool reloads.",
      scrape.reloadFailures,
    ],
    [
      "counter",
      `${pool}s_failed_total`,
      "Total number of scrape pool creations that failed.",
      scrape.poolsFailed,
    ],
    [
      "counter",
      `${pool}_exceeded_target_limit_total`,
      "Total number of times scrape pools hit the target limit, during sync or config reload.",
      scrape.exceededTargetLimit,
    ],
    [
      "counter",
      `${pool}_exceeded_label_limits_total`,
      "Total number of times scrape pools hit the label limits, during sync or config reload.",
      scrape.exceededLabelLimits,
    ],
    [
      "counter",
      `${scrapes}_exceeded_sample_limit_total`,
      "Total number of scrapes that hit the sample limit and were rejected.",
      scrape.exceededSampleLimit,
    ],
    [
      "counter",
      `${scrapes}_exceeded_body_size_limit_total`,
      "Total number of scrapes that hit the body size limit",
      scrape.exceededBodySizeLimit,
    ],
    [
      "counter",
      `${scrapes}_exceeded_native_histogram_bucket_limit_total`,
      "Total number of scrapes that hit the native histogram bucket limit and were rejected.",
      scrape.exceededBucketLimit,
    ],
    [
      "counter",
      `${scrapes}_sample_duplicate_timestamp_total`,
      "Total number of samples rejected due to duplicate timestamps but different values.",
      scrape.duplicateTimestamp,
    ],
    [
      "counter",
      `${scrapes}_sample_out_of_order_total`,
      "Total number of samples rejected due to not being out of the expected order.",
      scrape.outOfOrder,
    ],
    [
      "counter",
      `${scrapes}_sample_out_of_bounds_total`,
      "Total number of samples rejected due to timestamp falling outside of the time bounds.",
      scrape.outOfBounds,
    ],
  ];
}

function* poolFamilies(pools: readonly ScrapePoolSnapshot[]): Iterable<MetricFamily> {
  const rows = (value: (pool: ScrapePoolSnapshot) => number) =>
    pools.map((pool) => [{ scrape_job: pool.name }, value(pool)] as const);
  const prefix = "prometheus_target_scrape_pool";
  yield labelledFamily(
    "gauge",
    `${prefix}_targets`,
    "Current number of targets in this scrape pool.",
    rows(({ targets }) => targets),
  );
  yield labelledFamily(
    "gauge",
    `${prefix}_target_limit`,
    "Maximum number of targets allowed in this scrape pool.",
    rows(({ targetLimit }) => targetLimit),
  );
  yield labelledFamily(
    "counter",
    `${prefix}_sync_total`,
    "Total number of syncs that were executed on a scrape pool.",
    rows(({ syncs }) => syncs),
  );
  yield labelledFamily(
    "counter",
    "prometheus_target_sync_failed_total",
    "Total number of target sync failures.",
    rows(({ syncFailures }) => syncFailures),
  );
  yield {
    name: "prometheus_target_sync_length_seconds",
    help: "Actual interval to sync the scrape pool.",
    type: "summary",
    samples: pools.flatMap(({ name, syncs, syncSecondsTotal }) => {
      const labels = labelsOf([["scrape_job", name]]);
      return [
        { suffix: "_sum" as const, labels, value: syncSecondsTotal },
        { suffix: "_count" as const, labels, value: syncs },
      ];
    }),
  };
}

function intervalFamily(intervals: readonly IntervalSnapshot[]): MetricFamily {
  const samples: FamilySample[] = [];
  for (const { interval, count, sumSeconds, quantiles } of intervals) {
    const labels = labelsOf([["interval", interval]]);
    for (const [quantile, value] of quantiles) {
      samples.push({ suffix: "", labels, bound: { label: "quantile", value: quantile }, value });
    }
    samples.push({ suffix: "_sum", labels, value: sumSeconds }, { suffix: "_count", labels, value: count });
  }
  return {
    name: "prometheus_target_interval_length_seconds",
    help: "Actual intervals between scrapes.",
    type: "summary",
    samples,
  };
}

function* discoveryFamilies({ discovery }: SelfSnapshot): Iterable<MetricFamily> {
  yield labelledFamily(
    "gauge",
    "prometheus_sd_discovered_targets",
    "Current number of discovered targets.",
    discovery.map(({ manager, config, targets }) => [{ name: manager, config }, targets]),
  );
  const updates = new Map<string, number>();
  let fileReadErrors = 0;
  for (const one of discovery) {
    updates.set(one.manager, (updates.get(one.manager) ?? 0) + one.updates);
    fileReadErrors += one.fileReadErrors;
  }
  yield labelledFamily(
    "counter",
    "prometheus_sd_updates_total",
    "Total number of update events sent to the SD consumers.",
    [...updates].map(([name, count]) => [{ name }, count] as const),
  );
  yield singleFamily(
    "counter",
    "prometheus_sd_file_read_errors_total",
    "The number of File-SD read errors.",
    fileReadErrors,
  );
}

function* actorFamilies({ actors }: SelfSnapshot): Iterable<MetricFamily> {
  const { kinds } = actors;
  yield labelledFamily(
    "gauge",
    "narthex_actor_instances",
    "Actors that run, by kind.",
    kinds.map((one) => [{ kind: one.kind }, one.actors]),
  );
  yield labelledFamily(
    "gauge",
    "narthex_actor_mailbox_depth",
    "Commands that wait in mailboxes, by kind of actor.",
    kinds.map((one) => [{ kind: one.kind }, one.mailboxDepth]),
  );
  yield labelledFamily(
    "counter",
    "narthex_actor_commands_total",
    "Commands that actors have taken, by kind.",
    kinds.map((one) => [{ kind: one.kind }, one.commands]),
  );
  yield labelledFamily(
    "counter",
    "narthex_actor_restarts_total",
    "Restarts of actors after failures, by kind.",
    kinds.map((one) => [{ kind: one.kind }, one.restarts]),
  );
  yield labelledFamily(
    "counter",
    "narthex_actor_refused_commands_total",
    "Commands that full mailboxes refused, by kind of actor.",
    kinds.map((one) => [{ kind: one.kind }, one.refused]),
  );
  yield* families([
    [
      "counter",
      "narthex_dead_letters_total",
      "Commands that reached nobody: refused, failed, or sent to an actor that is gone.",
      actors.deadLetters,
    ],
    ["counter", "narthex_journal_records_total", "Records appended to journals.", actors.journalRecords],
    ["counter", "narthex_journal_failures_total", "Appends to journals that failed.", actors.journalFailures],
    ["counter", "narthex_journal_bytes_total", "Bytes appended to journals.", actors.journalBytes],
    [
      "counter",
      "narthex_journal_append_seconds_total",
      "Time spent in appends to journals.",
      actors.journalAppendSeconds,
    ],
  ]);
}

function cacheRows(
  { storage: { pageCache }, queriesConcurrentMax, queryLog }: SelfSnapshot,
): readonly Row[] {
  return [
    ["counter", "narthex_page_cache_hits_total", "Pages found in the page cache.", pageCache.hits],
    ["counter", "narthex_page_cache_misses_total", "Pages read from the store.", pageCache.misses],
    ["gauge", "narthex_page_cache_bytes", "Bytes held in the page cache.", pageCache.bytes],
    ["gauge", "narthex_page_cache_limit_bytes", "Bytes that the page cache may hold.", pageCache.bytesMax],
    [
      "gauge",
      "prometheus_engine_queries_concurrent_max",
      "The max number of concurrent queries.",
      queriesConcurrentMax,
    ],
    [
      "gauge",
      "prometheus_engine_query_log_enabled",
      "State of the query log.",
      Number(queryLog.enabled),
    ],
    [
      "counter",
      "prometheus_engine_query_log_failures_total",
      "The number of query log failures.",
      queryLog.failures + queryLog.dropped,
    ],
    [
      "counter",
      "narthex_query_log_dropped_total",
      "Lines of the query log that found no room in the queue before the file.",
      queryLog.dropped,
    ],
  ];
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}
