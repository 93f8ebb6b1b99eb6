/** From a scrape configuration to what one session and one request need of it. */
import type { ScrapeConfig } from "../config/types.ts";
import type { Files, HttpGet } from "../core/ports.ts";
import { finestSchema } from "../model/histogram/resolution.ts";
import type { DiscoveredTarget } from "../discovery/targets.ts";
import { scrapeHeaders } from "./accept.ts";
import { credentialHeaders, tlsMaterial } from "./credentials.ts";
import type { ScrapeSettings } from "./settings.ts";

export function settingsOf(
  config: ScrapeConfig,
  { scrapeTimeoutMs, keepsExemplars, typeAndUnitLabels }: Pick<
    ScrapeSettings,
    "scrapeTimeoutMs" | "keepsExemplars" | "typeAndUnitLabels"
  >,
): ScrapeSettings {
  return {
    honorLabels: config.honorLabels,
    honorTimestamps: config.honorTimestamps,
    trackTimestampsStaleness: config.trackTimestampsStaleness,
    metricRelabel: config.metricRelabelConfigs,
    sampleLimit: config.sampleLimit,
    labelLimit: config.labelLimit,
    labelNameLengthLimit: config.labelNameLengthLimitBytes,
    labelValueLengthLimit: config.labelValueLengthLimitBytes,
    bodySizeLimit: config.bodySizeLimitBytes,
    ...(config.fallbackScrapeProtocol === undefined
      ? {}
      : { fallbackScrapeProtocol: config.fallbackScrapeProtocol }),
    extraScrapeMetrics: config.extraScrapeMetrics,
    typeAndUnitLabels,
    nameValidationScheme: config.metricNameValidationScheme,
    native: {
      nativeHistograms: config.scrapeNativeHistograms,
      alwaysClassic: config.alwaysScrapeClassicHistograms,
      bucketsMax: config.nativeHistogramBucketLimit,
      schemaMax: finestSchema(config.nativeHistogramMinBucketFactor),
    },
    keepsExemplars,
    scrapeTimeoutMs,
  };
}

/** Whether the request is the same each time: what it needs of files is read anew for each. */
export function isFixedRequest({ http }: ScrapeConfig): boolean {
  const secrets = [http.tls.ca, http.tls.cert, http.tls.key];
  if (http.auth.kind === "basic") secrets.push(http.auth.username, http.auth.password);
  if (http.auth.kind === "authorization") secrets.push(http.auth.credentials);
  return http.auth.kind !== "oauth2" && http.headers.every(({ files }) => files.length === 0) &&
    secrets.every((secret) => secret === undefined || secret.kind === "inline");
}

/** Rejects with a `UserError` when a file with a secret cannot be read. */
export async function requestOf(
  target: DiscoveredTarget,
  config: ScrapeConfig,
  files: Files,
  userAgent: string,
): Promise<HttpGet> {
  const { http } = config;
  const tls = await tlsMaterial(http.tls, files);
  const headers = scrapeHeaders({
    protocols: config.scrapeProtocols,
    escaping: config.metricNameEscapingScheme,
    compression: config.enableCompression ? "gzip" : "identity",
    timeoutMs: target.scrapeTimeoutMs,
    userAgent,
  });
  return {
    url: target.url,
    headers: [...headers, ...await credentialHeaders(http, files)],
    timeoutMs: target.scrapeTimeoutMs,
    bodyBytesMax: config.bodySizeLimitBytes,
    followRedirects: http.followRedirects,
    ...(tls === undefined ? {} : { tls }),
    ...(http.proxy.kind === "url" ? { proxyUrl: http.proxy.url } : {}),
  };
}
