/**
 * What a scrape session must know of its scrape configuration. Narrow on purpose: the configuration schema maps
 * onto it, tests write it by hand. Limits of 0 mean no limit, as in the configuration file.
 */
import type { ProtoOptions } from "../exposition/proto_body.ts";
import type { RelabelConfig } from "../config/types.ts";

export type ScrapeProtocol =
  | "PrometheusProto"
  | "OpenMetricsText0.0.1"
  | "OpenMetricsText1.0.0"
  | "PrometheusText0.0.4"
  | "PrometheusText1.0.0";

export type NameValidationScheme = "utf8" | "legacy";

export interface ScrapeSettings {
  readonly honorLabels: boolean;
  readonly honorTimestamps: boolean;
  readonly trackTimestampsStaleness: boolean;
  readonly metricRelabel: readonly RelabelConfig[];
  readonly sampleLimit: number;
  readonly labelLimit: number;
  readonly labelNameLengthLimit: number;
  readonly labelValueLengthLimit: number;
  readonly bodySizeLimit: number;
  readonly fallbackScrapeProtocol?: ScrapeProtocol;
  /** Adds scrape_timeout_seconds, scrape_sample_limit and scrape_body_size_bytes. */
  readonly extraScrapeMetrics: boolean;
  /** Gives series the labels `__type__` and `__unit__`, as the body declares them when a series first appears. */
  readonly typeAndUnitLabels: boolean;
  /** Of protobuf answers: native histograms are taken, and in which resolution. */
  readonly native: ProtoOptions;
  /** Storage keeps exemplars. */
  readonly keepsExemplars: boolean;
  readonly nameValidationScheme: NameValidationScheme;
  readonly scrapeTimeoutMs: number;
}

export const SCRAPE_SETTINGS_DEFAULT: ScrapeSettings = {
  honorLabels: false,
  honorTimestamps: true,
  trackTimestampsStaleness: false,
  metricRelabel: [],
  sampleLimit: 0,
  labelLimit: 0,
  labelNameLengthLimit: 0,
  labelValueLengthLimit: 0,
  bodySizeLimit: 0,
  extraScrapeMetrics: false,
  typeAndUnitLabels: false,
  native: { nativeHistograms: false, alwaysClassic: false, bucketsMax: 0, schemaMax: 8 },
  keepsExemplars: false,
  nameValidationScheme: "utf8",
  scrapeTimeoutMs: 10_000,
};
