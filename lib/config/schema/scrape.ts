/**
 * `scrape_configs`: the fields of one job, what it inherits from `global`, and what must hold once it has
 * inherited.
 */
import type { NameEscapingScheme, ScrapeProtocol } from "../types.ts";
import { list, mapOf } from "./containers.ts";
import { checkStaticTargets, DISCOVERY_FIELDS } from "./discovery.ts";
import {
  type GlobalSettings,
  isEscaping,
  isProtocol,
  LIMIT_FIELDS,
  nameValidation,
  protocolsProblem,
  unknownProtocol,
} from "./global.ts";
import { checkHttp, HTTP_FIELDS, settleHttp } from "./http_client.ts";
import { checkRelabel, relabelRule } from "./relabel.ts";
import { bool, choice, duration, float, optional, path, text, uint } from "./scalars.ts";
import { field, keptField, type Reader, struct, type ValueOf } from "./schema.ts";

const TEXT_PROTOCOLS: readonly ScrapeProtocol[] = [
  "OpenMetricsText1.0.0",
  "OpenMetricsText0.0.1",
  "PrometheusText1.0.0",
  "PrometheusText0.0.4",
];
const PROTO_FIRST_PROTOCOLS: readonly ScrapeProtocol[] = ["PrometheusProto", ...TEXT_PROTOCOLS];

const SCRAPE_FIELDS = {
  job_name: keptField(text),
  honor_labels: field(bool),
  honor_timestamps: keptField(bool, true),
  track_timestamps_staleness: keptField(bool),
  params: field(mapOf(list(text))),
  scrape_interval: field(duration),
  scrape_timeout: field(duration),
  scrape_protocols: field(optional(list(text))),
  fallback_scrape_protocol: field(text),
  scrape_native_histograms: field(optional(bool)),
  always_scrape_classic_histograms: field(optional(bool)),
  convert_classic_histograms_to_nhcb: field(optional(bool)),
  scrape_failure_log_file: field(path),
  metrics_path: field(text, "/metrics"),
  scheme: field(choice<"http" | "https">({ values: ["http", "https"], folded: true }), "http"),
  enable_compression: keptField(bool, true),
  ...LIMIT_FIELDS,
  native_histogram_bucket_limit: field(uint),
  native_histogram_min_bucket_factor: field(float),
  keep_dropped_targets: field(uint),
  metric_name_validation_scheme: field(nameValidation),
  metric_name_escaping_scheme: field(text),
  extra_scrape_metrics: field(optional(bool)),
  ...HTTP_FIELDS,
  relabel_configs: field(
    list(relabelRule, { nullMessage: "empty or null target relabeling rule in scrape config" }),
  ),
  metric_relabel_configs: field(
    list(relabelRule, { nullMessage: "empty or null metric relabeling rule in scrape config" }),
  ),
  ...DISCOVERY_FIELDS,
};
export type ScrapeSettings = ValueOf<typeof SCRAPE_FIELDS>;

/** One job. */
export const scrapeConfig = struct({
  type: "config.ScrapeConfig",
  fields: SCRAPE_FIELDS,
  check(value, reader) {
    if (value.job_name === "") reader.reportOf(value, "job_name is empty", "job_name");
    checkHttp(value, reader);
    if (value.relabel_configs.length === 0) checkStaticTargets(value, reader);
  },
  settle: settleHttp,
});

export const scrapeConfigs = list(scrapeConfig, { nullMessage: "empty or null scrape config section" });

/** The content of a file of `scrape_config_files`. */
export const scrapeConfigsFile = struct({
  type: "config.ScrapeConfigs",
  fields: { scrape_configs: field(scrapeConfigs) },
});

/** Fills in what the job inherits and reports what does not hold then. */
export function settleScrape(own: ScrapeSettings, global: GlobalSettings, reader: Reader): ScrapeSettings {
  const interval = own.scrape_interval || global.scrape_interval;
  const native = own.scrape_native_histograms ?? global.scrape_native_histograms ?? false;
  const validation = own.metric_name_validation_scheme || global.metric_name_validation_scheme || "utf8";
  const settled: ScrapeSettings = {
    ...own,
    scrape_interval: interval,
    scrape_timeout: own.scrape_timeout || Math.min(global.scrape_timeout, interval),
    scrape_protocols: own.scrape_protocols ?? global.scrape_protocols ??
      (native ? PROTO_FIRST_PROTOCOLS : TEXT_PROTOCOLS),
    body_size_limit: own.body_size_limit || global.body_size_limit,
    sample_limit: own.sample_limit || global.sample_limit,
    target_limit: own.target_limit || global.target_limit,
    label_limit: own.label_limit || global.label_limit,
    label_name_length_limit: own.label_name_length_limit || global.label_name_length_limit,
    label_value_length_limit: own.label_value_length_limit || global.label_value_length_limit,
    keep_dropped_targets: own.keep_dropped_targets || global.keep_dropped_targets,
    scrape_failure_log_file: own.scrape_failure_log_file || global.scrape_failure_log_file,
    scrape_native_histograms: native,
    extra_scrape_metrics: own.extra_scrape_metrics ?? global.extra_scrape_metrics,
    convert_classic_histograms_to_nhcb: own.convert_classic_histograms_to_nhcb ??
      global.convert_classic_histograms_to_nhcb,
    always_scrape_classic_histograms: own.always_scrape_classic_histograms ??
      global.always_scrape_classic_histograms,
    metric_name_validation_scheme: validation,
    metric_name_escaping_scheme: escapingOf(own, global),
  };
  checkSettled(settled, reader.moved(own, settled), reader);
  checkRelabel(settled.relabel_configs, validation, reader);
  checkRelabel(settled.metric_relabel_configs, validation, reader);
  return settled;
}

/**
 * As Prometheus: a job that sets its own validation does not take the global escaping, which might not go with it.
 */
function escapingOf(own: ScrapeSettings, global: GlobalSettings): string {
  if (own.metric_name_escaping_scheme !== "") return own.metric_name_escaping_scheme;
  const local = own.metric_name_validation_scheme;
  if (local === "" && global.metric_name_escaping_scheme !== "") return global.metric_name_escaping_scheme;
  const byScheme: NameEscapingScheme = (local || global.metric_name_validation_scheme) === "legacy"
    ? "underscores"
    : "allow-utf-8";
  return byScheme;
}

function checkSettled(value: ScrapeSettings, origin: object, reader: Reader): void {
  const job = `for scrape config with job name "${value.job_name}"`;
  if (value.scrape_timeout > value.scrape_interval) {
    reader.reportOf(origin, `scrape timeout greater than scrape interval ${job}`, "scrape_timeout");
  }
  const problem = protocolsProblem(value.scrape_protocols ?? []);
  if (problem !== undefined) reader.reportOf(origin, `${problem} ${job}`, "scrape_protocols");
  const fallback = value.fallback_scrape_protocol;
  if (fallback !== "" && !isProtocol(fallback)) {
    const message = `invalid fallback_scrape_protocol ${job}: ${unknownProtocol(fallback)}`;
    reader.reportOf(origin, message, "fallback_scrape_protocol");
  }
  const escaping = value.metric_name_escaping_scheme;
  if (!isEscaping(escaping)) {
    const known = "'allow-utf-8', 'underscores', 'dots', or 'values'";
    const message =
      `unknown scrape config name escaping method specified, must be one of ${known}, got "${escaping}"`;
    reader.reportOf(origin, message, "metric_name_escaping_scheme");
  } else if (escaping === "allow-utf-8" && value.metric_name_validation_scheme !== "utf8") {
    const message = "utf8 metric names requested but validation scheme is not set to UTF8";
    reader.reportOf(origin, message, "metric_name_escaping_scheme");
  }
}
