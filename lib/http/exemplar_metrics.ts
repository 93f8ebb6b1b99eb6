/** What Prometheus says about its exemplars, under its names. */
import type { ExemplarStats } from "../model/exemplar.ts";
import type { Row } from "./self_metrics.ts";

export function exemplarRows(exemplars: ExemplarStats): readonly Row[] {
  return [
    [
      "counter",
      "prometheus_tsdb_exemplar_exemplars_appended_total",
      "Total number of appended exemplars.",
      exemplars.appended,
    ],
    [
      "gauge",
      "prometheus_tsdb_exemplar_exemplars_in_storage",
      "Number of exemplars currently in circular storage.",
      exemplars.inStorage,
    ],
    [
      "gauge",
      "prometheus_tsdb_exemplar_series_with_exemplars_in_storage",
      "Number of series with exemplars currently in circular storage.",
      exemplars.series,
    ],
    [
      "gauge",
      "prometheus_tsdb_exemplar_last_exemplars_timestamp_seconds",
      "The timestamp of the oldest exemplar stored in circular storage.",
      exemplars.oldestMs === undefined ? undefined : exemplars.oldestMs / 1000,
    ],
    [
      "gauge",
      "prometheus_tsdb_exemplar_max_exemplars",
      "Total number of exemplars the exemplar storage can store, resizeable.",
      exemplars.max,
    ],
    [
      "counter",
      "prometheus_tsdb_exemplar_out_of_order_exemplars_total",
      "Total number of out of order exemplar ingestion failed attempts.",
      exemplars.outOfOrder,
    ],
  ];
}
