/** The `global` section, and the settings that scrape configurations inherit from it. */
import { isLegacyLabelName } from "../../model/labels.ts";
import type { NameEscapingScheme, NameValidationScheme, ScrapeProtocol } from "../types.ts";
import { list, mapOf } from "./containers.ts";
import { quoteBytes } from "./relabel.ts";
import { bool, choice, duration, optional, path, size, text, uint } from "./scalars.ts";
import { field, type Reader, struct, type ValueOf } from "./schema.ts";

export const SCRAPE_PROTOCOLS: readonly ScrapeProtocol[] = [
  "OpenMetricsText0.0.1",
  "OpenMetricsText1.0.0",
  "PrometheusProto",
  "PrometheusText0.0.4",
  "PrometheusText1.0.0",
];

export const ESCAPING_SCHEMES: readonly NameEscapingScheme[] = [
  "allow-utf-8",
  "underscores",
  "dots",
  "values",
];

export const nameValidation = choice<NameValidationScheme>({
  values: ["utf8", "legacy"],
  message: (got) => `unrecognized ValidationScheme: "${got}"`,
});

export const LIMIT_FIELDS = {
  body_size_limit: field(size),
  sample_limit: field(uint),
  target_limit: field(uint),
  label_limit: field(uint),
  label_name_length_limit: field(uint),
  label_value_length_limit: field(uint),
};

const GLOBAL_FIELDS = {
  scrape_interval: field(duration),
  scrape_timeout: field(duration),
  scrape_protocols: field(optional(list(text))),
  evaluation_interval: field(duration),
  rule_query_offset: field(duration),
  query_log_file: field(path),
  scrape_failure_log_file: field(path),
  external_labels: field(mapOf(text)),
  ...LIMIT_FIELDS,
  keep_dropped_targets: field(uint),
  metric_name_validation_scheme: field(nameValidation),
  metric_name_escaping_scheme: field(text),
  scrape_native_histograms: field(optional(bool)),
  convert_classic_histograms_to_nhcb: field(bool),
  always_scrape_classic_histograms: field(bool),
  extra_scrape_metrics: field(bool),
};
export type GlobalSettings = ValueOf<typeof GLOBAL_FIELDS>;

const SCRAPE_INTERVAL_MS = 60_000;
const SCRAPE_TIMEOUT_MS = 10_000;
const EVALUATION_INTERVAL_MS = 60_000;

export const globalSection = struct({
  type: "config.plain",
  fields: GLOBAL_FIELDS,
  check: checkGlobal,
  settle: settleGlobal,
});

export function settleGlobal(global: GlobalSettings): GlobalSettings {
  const interval = global.scrape_interval || SCRAPE_INTERVAL_MS;
  const scheme = global.metric_name_validation_scheme || "utf8";
  return {
    ...global,
    scrape_interval: interval,
    scrape_timeout: global.scrape_timeout || Math.min(SCRAPE_TIMEOUT_MS, interval),
    evaluation_interval: global.evaluation_interval || EVALUATION_INTERVAL_MS,
    scrape_native_histograms: global.scrape_native_histograms ?? false,
    metric_name_validation_scheme: scheme,
  };
}

function checkGlobal(global: GlobalSettings, reader: Reader): void {
  if (global.scrape_timeout > (global.scrape_interval || SCRAPE_INTERVAL_MS)) {
    reader.reportOf(global, "global scrape timeout greater than scrape interval", "scrape_timeout");
  }
  const legacy = global.metric_name_validation_scheme === "legacy";
  for (const [name, value] of global.external_labels) {
    const named = legacy ? isLegacyLabelName(name) : name !== "" && name.isWellFormed();
    if (!named) reader.reportOf(global, `${quoteBytes(name)} is not a valid label name`, "external_labels");
    if (!value.isWellFormed()) {
      reader.reportOf(global, `${quoteBytes(value)} is not a valid label value`, "external_labels");
    }
  }
  const problem = global.scrape_protocols === undefined
    ? undefined
    : protocolsProblem(global.scrape_protocols);
  if (problem !== undefined) reader.reportOf(global, `${problem} for global config`, "scrape_protocols");
  const escaping = global.metric_name_escaping_scheme;
  if (escaping !== "" && !isEscaping(escaping)) {
    const known = "'allow-utf-8', 'underscores', 'dots', or 'values'";
    const message =
      `unknown global name escaping method specified, must be one of ${known}, got "${escaping}"`;
    reader.reportOf(global, message, "metric_name_escaping_scheme");
  } else if (escaping === "allow-utf-8" && legacy) {
    const message = "utf8 metric names requested but validation scheme is not set to UTF8";
    reader.reportOf(global, message, "metric_name_escaping_scheme");
  }
}

export function isEscaping(name: string): name is NameEscapingScheme {
  return ESCAPING_SCHEMES.some((scheme) => scheme === name);
}

export function isProtocol(name: string): name is ScrapeProtocol {
  return SCRAPE_PROTOCOLS.some((protocol) => protocol === name);
}

export function unknownProtocol(name: string): string {
  return `unknown scrape protocol ${name}, supported: [${SCRAPE_PROTOCOLS.join(" ")}]`;
}

/** What is wrong with a list of scrape protocols. */
export function protocolsProblem(protocols: readonly string[]): string | undefined {
  if (protocols.length === 0) return "scrape_protocols cannot be empty";
  const seen = new Set<string>();
  for (const protocol of protocols) {
    if (seen.has(protocol.toLowerCase())) {
      return `duplicated protocol in scrape_protocols, got [${protocols.join(" ")}]`;
    }
    if (!isProtocol(protocol)) return `scrape_protocols: ${unknownProtocol(protocol)}`;
    seen.add(protocol.toLowerCase());
  }
  return undefined;
}
