/** What the server tells of retention: its limits, and what has left for them. */
import type { StorageSnapshot } from "./deps.ts";

type Row = readonly [type: "counter" | "gauge", name: string, help: string, value: number | undefined];

export function retentionRows(storage: StorageSnapshot): readonly Row[] {
  return [
    [
      "gauge",
      "prometheus_tsdb_retention_limit_seconds",
      "How long to retain samples in storage.",
      storage.retentionMs / 1000,
    ],
    [
      "gauge",
      "prometheus_tsdb_retention_limit_bytes",
      "Max number of bytes to be retained in the tsdb blocks, configured 0 means disabled",
      storage.retentionBytes,
    ],
    [
      "gauge",
      "prometheus_tsdb_retention_limit_percentage",
      "Max percentage of total storage space to be retained in the tsdb blocks, configured 0 means disabled",
      storage.retentionPercentage,
    ],
    [
      "counter",
      "prometheus_tsdb_time_retentions_total",
      "The number of times that blocks were deleted because the maximum time limit was exceeded.",
      storage.timeRetentions,
    ],
    [
      "counter",
      "prometheus_tsdb_size_retentions_total",
      "The number of times that blocks were deleted because the maximum number of bytes was exceeded.",
      storage.sizeRetentions,
    ],
    [
      "counter",
      "narthex_pages_rewritten_total",
      "Pages written anew for retention: without some of their series, or rolled up.",
      storage.pagesRewritten,
    ],
    ...(storage.storeUsedBytes === undefined ? [] : [
      [
        "gauge",
        "narthex_store_used_bytes",
        "What the store holds on disk, without the pages of its file that are free.",
        storage.storeUsedBytes,
      ] as const,
    ]),
  ];
}
