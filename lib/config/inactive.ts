/**
 * What a configuration may set and this server reads, checks and shows, but does not act on yet. A part that
 * becomes active loses its line here.
 */
import type { AlertmanagerConfig, PrometheusConfig, ScrapeConfig } from "./types.ts";

/** Paths in the file. */
export const INACTIVE_SECTIONS: readonly string[] = [
  "otlp",
  "remote_read",
  "remote_write",
  "runtime",
  "storage.tsdb.chunk_encoding",
  "storage.tsdb.stale_series_compaction_threshold",
  "tracing",
];

/** `sets` answers whether the file sets the field at a path. */
export function inactiveOf(
  sets: (path: string) => boolean,
  jobs: readonly ScrapeConfig[],
  alertmanagers: readonly AlertmanagerConfig[],
): PrometheusConfig["inactive"] {
  return [
    ...INACTIVE_SECTIONS.filter(sets),
    ...inactiveParts(alertmanagers).map((name) => `alerting.alertmanagers.${name}`),
    ...inactiveParts(jobs).map((name) => `scrape_configs.${name}`),
  ];
}

function inactiveParts(
  parts: readonly Pick<ScrapeConfig, "http" | "inactiveDiscovery">[],
): readonly string[] {
  const names = [...new Set(parts.flatMap((part) => part.inactiveDiscovery))].sort();
  if (parts.some((part) => part.http.auth.kind === "oauth2")) names.push("oauth2");
  return names;
}
