/**
 * The configuration as the rest of the program sees it: plain data that survives structured clone, durations in
 * milliseconds, sizes in bytes, defaults filled in, paths resolved. How it is written in YAML is the matter of
 * schema/; what is not active yet is named in `PrometheusConfig.inactive`.
 */
import type { NarthexConfig } from "./narthex_file.ts";
import type { FileSdConfig, TargetGroup } from "./target_groups.ts";

export type ScrapeProtocol =
  | "OpenMetricsText0.0.1"
  | "OpenMetricsText1.0.0"
  | "PrometheusProto"
  | "PrometheusText0.0.4"
  | "PrometheusText1.0.0";

export type NameValidationScheme = "utf8" | "legacy";
export type NameEscapingScheme = "allow-utf-8" | "underscores" | "dots" | "values";

export type RelabelAction =
  | "replace"
  | "keep"
  | "drop"
  | "keepequal"
  | "dropequal"
  | "hashmod"
  | "labelmap"
  | "labeldrop"
  | "labelkeep"
  | "lowercase"
  | "uppercase";

export interface RelabelConfig {
  readonly sourceLabels: readonly string[];
  readonly separator: string;
  /** RE2, matched against the whole joined value; already known to compile. */
  readonly regex: string;
  /** 0 unless the action is hashmod. */
  readonly modulus: number;
  readonly targetLabel: string;
  readonly replacement: string;
  readonly action: RelabelAction;
  readonly nameValidationScheme: NameValidationScheme;
}

/** 0 is no limit, in each of them. */
export interface ScrapeLimits {
  readonly bodySizeLimitBytes: number;
  readonly sampleLimit: number;
  readonly targetLimit: number;
  readonly labelLimit: number;
  readonly labelNameLengthLimitBytes: number;
  readonly labelValueLengthLimitBytes: number;
  readonly keepDroppedTargets: number;
}

export interface GlobalConfig extends ScrapeLimits {
  readonly scrapeIntervalMs: number;
  readonly scrapeTimeoutMs: number;
  readonly evaluationIntervalMs: number;
  readonly ruleQueryOffsetMs: number;
  readonly scrapeProtocols: readonly ScrapeProtocol[];
  /** Sorted by name; `$VAR` expanded. */
  readonly externalLabels: readonly (readonly [name: string, value: string])[];
  readonly queryLogFile: string;
  readonly scrapeFailureLogFile: string;
  readonly scrapeNativeHistograms: boolean;
  readonly alwaysScrapeClassicHistograms: boolean;
  readonly convertClassicHistogramsToNhcb: boolean;
  readonly extraScrapeMetrics: boolean;
  readonly metricNameValidationScheme: NameValidationScheme;
  readonly metricNameEscapingScheme: NameEscapingScheme;
}

/** A secret in the file itself, or the file that holds it, read again at each use. */
export type Secret =
  | { readonly kind: "inline"; readonly value: string }
  | { readonly kind: "file"; readonly path: string };

export interface TlsConfig {
  readonly ca?: Secret;
  readonly cert?: Secret;
  readonly key?: Secret;
  readonly serverName: string;
  readonly insecureSkipVerify: boolean;
  readonly minVersion: string;
  readonly maxVersion: string;
}

export type ProxyConfig =
  | { readonly kind: "none" }
  | { readonly kind: "environment" }
  | {
    readonly kind: "url";
    readonly url: string;
    /** Comma-separated hosts that are reached directly. */
    readonly noProxy: string;
    readonly connectHeaders: readonly (readonly [name: string, values: readonly string[]])[];
  };

export interface BasicAuth {
  readonly kind: "basic";
  readonly username: Secret;
  readonly password: Secret | undefined;
}

export interface Authorization {
  readonly kind: "authorization";
  /** `Bearer` unless the file says otherwise. */
  readonly type: string;
  readonly credentials: Secret | undefined;
}

export interface Oauth2 {
  readonly kind: "oauth2";
  readonly clientId: string;
  readonly clientSecret: Secret | undefined;
  readonly clientCertificateKey: Secret | undefined;
  readonly clientCertificateKeyId: string;
  readonly grantType: string;
  readonly signatureAlgorithm: string;
  readonly issuer: string;
  readonly audience: string;
  readonly scopes: readonly string[];
  readonly tokenUrl: string;
  readonly endpointParams: readonly (readonly [name: string, value: string])[];
  readonly tls: TlsConfig;
  readonly proxy: ProxyConfig;
}

export interface HttpHeader {
  readonly name: string;
  readonly values: readonly string[];
  readonly secrets: readonly string[];
  readonly files: readonly string[];
}

export interface HttpClientConfig {
  readonly auth: { readonly kind: "none" } | BasicAuth | Authorization | Oauth2;
  readonly tls: TlsConfig;
  readonly proxy: ProxyConfig;
  readonly followRedirects: boolean;
  readonly enableHttp2: boolean;
  readonly headers: readonly HttpHeader[];
}

export interface ScrapeConfig extends ScrapeLimits {
  readonly jobName: string;
  readonly honorLabels: boolean;
  readonly honorTimestamps: boolean;
  readonly trackTimestampsStaleness: boolean;
  readonly params: readonly (readonly [name: string, values: readonly string[]])[];
  readonly scrapeIntervalMs: number;
  readonly scrapeTimeoutMs: number;
  readonly scrapeProtocols: readonly ScrapeProtocol[];
  readonly fallbackScrapeProtocol: ScrapeProtocol | undefined;
  readonly scrapeNativeHistograms: boolean;
  readonly alwaysScrapeClassicHistograms: boolean;
  readonly convertClassicHistogramsToNhcb: boolean;
  readonly extraScrapeMetrics: boolean;
  readonly scrapeFailureLogFile: string;
  readonly metricsPath: string;
  readonly scheme: "http" | "https";
  readonly enableCompression: boolean;
  readonly nativeHistogramBucketLimit: number;
  readonly nativeHistogramMinBucketFactor: number;
  readonly metricNameValidationScheme: NameValidationScheme;
  readonly metricNameEscapingScheme: NameEscapingScheme;
  readonly http: HttpClientConfig;
  /** One group an entry of `static_configs`; the source is its index. */
  readonly staticConfigs: readonly TargetGroup[];
  readonly fileSdConfigs: readonly FileSdConfig[];
  /** Names of the other `*_sd_configs` that are used: checked, but without effect. */
  readonly inactiveDiscovery: readonly string[];
  readonly relabelConfigs: readonly RelabelConfig[];
  readonly metricRelabelConfigs: readonly RelabelConfig[];
}

/** A set of Alertmanagers: each of them gets every alert that its relabelling keeps. */
export interface AlertmanagerConfig {
  readonly scheme: string;
  /** Without a slash at its end; may be empty. */
  readonly pathPrefix: string;
  readonly timeoutMs: number;
  readonly apiVersion: "v2";
  readonly http: HttpClientConfig;
  readonly staticConfigs: readonly TargetGroup[];
  readonly fileSdConfigs: readonly FileSdConfig[];
  /** As of scrape configurations; `sigv4` among them where it is used. */
  readonly inactiveDiscovery: readonly string[];
  /** Of the Alertmanagers themselves. */
  readonly relabelConfigs: readonly RelabelConfig[];
  /** Of the alerts on their way to this set, after those of the whole section. */
  readonly alertRelabelConfigs: readonly RelabelConfig[];
}

export interface AlertingConfig {
  readonly alertRelabelConfigs: readonly RelabelConfig[];
  readonly alertmanagers: readonly AlertmanagerConfig[];
}

export interface StorageConfig {
  /** undefined where the file does not say: the command line or the default decides. */
  readonly retentionMs: number | undefined;
  readonly retentionBytes: number | undefined;
  readonly retentionPercentage: number | undefined;
  readonly outOfOrderTimeWindowMs: number;
  readonly exemplarsMax: number | undefined;
}

export interface PrometheusConfig {
  /** Of the file that `--narthex.config` names; undefined without one. */
  readonly narthex?: NarthexConfig;
  readonly path: string;
  readonly global: GlobalConfig;
  /** Globs, resolved against the file. */
  readonly ruleFiles: readonly string[];
  /** Those of the file first, then those of `scrape_config_files` in the order of the paths. */
  readonly scrapeConfigs: readonly ScrapeConfig[];
  readonly alerting: AlertingConfig;
  readonly storage: StorageConfig;
  /** What the file sets and this server checks but does not act on, each by its name in the file. */
  readonly inactive: readonly string[];
  /** For the log: what was allowed but is probably not meant. */
  readonly warnings: readonly string[];
  /** As `/api/v1/status/config` shows it: defaults filled in, secrets masked. */
  readonly yaml: string;
  /** The same of each job by its name, those of `scrape_config_files` included. */
  readonly jobYaml: Readonly<Record<string, string>>;
}
