/** From the fields of the file, checked and settled, to the types of types.ts. Decides nothing. */
import { labelsOf } from "../model/labels.ts";
import type { TargetGroup } from "./target_groups.ts";
import { httpClientOf } from "./http_settings.ts";
import type { AlertingSettings, AlertmanagerSettings } from "./schema/alerting.ts";
import { inactiveDiscoveryOf, type StaticGroup } from "./schema/discovery.ts";
import { type GlobalSettings, isEscaping, isProtocol } from "./schema/global.ts";
import type { RelabelSettings } from "./schema/relabel.ts";
import type { ScrapeSettings } from "./schema/scrape.ts";
import type { StorageSettings } from "./schema/sections.ts";
import type {
  AlertingConfig,
  AlertmanagerConfig,
  GlobalConfig,
  NameEscapingScheme,
  NameValidationScheme,
  RelabelConfig,
  ScrapeConfig,
  ScrapeLimits,
  ScrapeProtocol,
  StorageConfig,
} from "./types.ts";

export function globalOf(
  global: GlobalSettings,
  externalLabels: GlobalConfig["externalLabels"],
): GlobalConfig {
  const scheme = global.metric_name_validation_scheme || "utf8";
  return {
    ...limitsOf(global),
    scrapeIntervalMs: global.scrape_interval,
    scrapeTimeoutMs: global.scrape_timeout,
    evaluationIntervalMs: global.evaluation_interval,
    ruleQueryOffsetMs: global.rule_query_offset,
    scrapeProtocols: protocolsOf(global.scrape_protocols ?? []),
    externalLabels,
    queryLogFile: global.query_log_file,
    scrapeFailureLogFile: global.scrape_failure_log_file,
    scrapeNativeHistograms: global.scrape_native_histograms ?? false,
    alwaysScrapeClassicHistograms: global.always_scrape_classic_histograms,
    convertClassicHistogramsToNhcb: global.convert_classic_histograms_to_nhcb,
    extraScrapeMetrics: global.extra_scrape_metrics,
    metricNameValidationScheme: scheme,
    metricNameEscapingScheme: escapingOf(global.metric_name_escaping_scheme, scheme),
  };
}

export function scrapeOf(job: ScrapeSettings): ScrapeConfig {
  const scheme = job.metric_name_validation_scheme || "utf8";
  const fallback = job.fallback_scrape_protocol;
  return {
    ...limitsOf(job),
    jobName: job.job_name,
    honorLabels: job.honor_labels,
    honorTimestamps: job.honor_timestamps,
    trackTimestampsStaleness: job.track_timestamps_staleness,
    params: job.params,
    scrapeIntervalMs: job.scrape_interval,
    scrapeTimeoutMs: job.scrape_timeout,
    scrapeProtocols: protocolsOf(job.scrape_protocols ?? []),
    fallbackScrapeProtocol: isProtocol(fallback) ? fallback : undefined,
    scrapeNativeHistograms: job.scrape_native_histograms ?? false,
    alwaysScrapeClassicHistograms: job.always_scrape_classic_histograms ?? false,
    convertClassicHistogramsToNhcb: job.convert_classic_histograms_to_nhcb ?? false,
    extraScrapeMetrics: job.extra_scrape_metrics ?? false,
    scrapeFailureLogFile: job.scrape_failure_log_file,
    metricsPath: job.metrics_path,
    scheme: job.scheme || "http",
    enableCompression: job.enable_compression,
    nativeHistogramBucketLimit: job.native_histogram_bucket_limit,
    nativeHistogramMinBucketFactor: job.native_histogram_min_bucket_factor,
    metricNameValidationScheme: scheme,
    metricNameEscapingScheme: escapingOf(job.metric_name_escaping_scheme, scheme),
    http: httpClientOf(job),
    staticConfigs: staticGroupsOf(job.static_configs),
    fileSdConfigs: job.file_sd_configs.map((config) => ({
      files: config.files,
      refreshIntervalMs: config.refresh_interval,
    })),
    inactiveDiscovery: inactiveDiscoveryOf(job),
    relabelConfigs: relabelRulesOf(job.relabel_configs, scheme),
    metricRelabelConfigs: relabelRulesOf(job.metric_relabel_configs, scheme),
  };
}

export function staticGroupsOf(groups: readonly StaticGroup[]): readonly TargetGroup[] {
  return groups.map((group, index) => ({
    source: String(index),
    targets: group.targets.map((address) => labelsOf([["__address__", address]])),
    labels: labelsOf(group.labels),
  }));
}

export function relabelRulesOf(
  rules: readonly RelabelSettings[],
  nameValidationScheme: NameValidationScheme,
): readonly RelabelConfig[] {
  return rules.map((rule) => ({
    sourceLabels: rule.source_labels,
    separator: rule.separator,
    regex: rule.regex,
    modulus: rule.modulus,
    targetLabel: rule.target_label,
    replacement: rule.replacement,
    action: rule.action || "replace",
    nameValidationScheme,
  }));
}

export function alertingOf(alerting: AlertingSettings, scheme: NameValidationScheme): AlertingConfig {
  return {
    alertRelabelConfigs: relabelRulesOf(alerting.alert_relabel_configs, scheme),
    alertmanagers: alerting.alertmanagers.map((set) => alertmanagerOf(set, scheme)),
  };
}

export function alertmanagerOf(set: AlertmanagerSettings, scheme: NameValidationScheme): AlertmanagerConfig {
  return {
    scheme: set.scheme,
    pathPrefix: set.path_prefix,
    timeoutMs: set.timeout,
    apiVersion: "v2",
    http: httpClientOf(set),
    staticConfigs: staticGroupsOf(set.static_configs),
    fileSdConfigs: set.file_sd_configs.map((config) => ({
      files: config.files,
      refreshIntervalMs: config.refresh_interval,
    })),
    inactiveDiscovery: [
      ...inactiveDiscoveryOf(set),
      ...(set.sigv4 === undefined ? [] : ["sigv4"]),
    ],
    relabelConfigs: relabelRulesOf(set.relabel_configs, scheme),
    alertRelabelConfigs: relabelRulesOf(set.alert_relabel_configs, scheme),
  };
}

export function storageOf(storage: StorageSettings): StorageConfig {
  const retention = storage.tsdb?.retention;
  return {
    retentionMs: retention?.time || undefined,
    retentionBytes: retention?.size || undefined,
    retentionPercentage: retention?.percentage || undefined,
    outOfOrderTimeWindowMs: storage.tsdb?.out_of_order_time_window ?? 0,
    exemplarsMax: storage.exemplars?.max_exemplars,
  };
}

function limitsOf(settings: GlobalSettings | ScrapeSettings): ScrapeLimits {
  return {
    bodySizeLimitBytes: settings.body_size_limit,
    sampleLimit: settings.sample_limit,
    targetLimit: settings.target_limit,
    labelLimit: settings.label_limit,
    labelNameLengthLimitBytes: settings.label_name_length_limit,
    labelValueLengthLimitBytes: settings.label_value_length_limit,
    keepDroppedTargets: settings.keep_dropped_targets,
  };
}

function protocolsOf(names: readonly string[]): readonly ScrapeProtocol[] {
  return names.filter(isProtocol);
}

function escapingOf(name: string, scheme: NameValidationScheme): NameEscapingScheme {
  if (isEscaping(name)) return name;
  return scheme === "legacy" ? "underscores" : "allow-utf-8";
}
