/**
 * What a configuration may set and this server reads, checks and shows, but does not act on yet. A part that
 * becomes active loses its line here.
 */
import type { PrometheusConfig, ScrapeConfig } from "./types.ts";

/** Paths in the file. */
export const INACTIVE_SECTIONS: readonly string[] = [
  "alerting",
  "otlp",
  "remote_read",
  "remote_write",
  "runtime",
  "storage.tsdb.chunk_encoding",
  "storage.tsdb.out_of_order_time_window",
  "storage.tsdb.retention.percentage",
  "storage.tsdb.retention.size",
  "storage.tsdb.stale_series_compaction_threshold",
  "tracing",
];

/** `sets` answers whether the file sets the field at a path. */
export function inactiveOf(
  sets: (path: string) => boolean,
  jobs: readonly ScrapeConfig[],
): PrometheusConfig["inactive"] {
  const sections = INACTIVE_SECTIONS.filter(sets);
  const discovery = new Set(jobs.flatMap((job) => job.inactiveDiscovery));
  const names = [...discovery].sort();
  if (jobs.some((job) => job.http.auth.kind === "oauth2")) names.push("oauth2");
  return [...sections, ...names.map((name) => `scrape_configs.${name}`)];
}
