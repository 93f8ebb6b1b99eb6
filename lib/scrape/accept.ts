/**
 * What a scrape asks for and how it reads the answer's Content-Type. Header values and wording as Prometheus.
 */
import type { ExpositionFormat } from "../exposition/record.ts";
import { quoteGo } from "../model/labels.ts";
import type { ScrapeProtocol } from "./settings.ts";

export type EscapingScheme = "allow-utf-8" | "underscores" | "dots" | "values";

/** The default order. The protobuf format is offered where a configuration names it or asks for native histograms. */
export const SCRAPE_PROTOCOLS_DEFAULT: readonly ScrapeProtocol[] = [
  "OpenMetricsText1.0.0",
  "OpenMetricsText0.0.1",
  "PrometheusText1.0.0",
  "PrometheusText0.0.4",
];

const MEDIA: Readonly<Record<ScrapeProtocol, string>> = {
  "PrometheusProto":
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
  "OpenMetricsText0.0.1": "application/openmetrics-text;version=0.0.1",
  "OpenMetricsText1.0.0": "application/openmetrics-text;version=1.0.0",
  "PrometheusText0.0.4": "text/plain;version=0.0.4",
  "PrometheusText1.0.0": "text/plain;version=1.0.0",
};

const TAKES_ESCAPING: ReadonlySet<ScrapeProtocol> = new Set(["OpenMetricsText1.0.0", "PrometheusText1.0.0"]);

export function acceptHeader(protocols: readonly ScrapeProtocol[], escaping: EscapingScheme): string {
  let weight = 6;
  const parts: string[] = [];
  for (const protocol of protocols) {
    const escape = TAKES_ESCAPING.has(protocol) ? `;escaping=${escaping}` : "";
    parts.push(`${MEDIA[protocol]}${escape};q=0.${weight--}`);
  }
  return [...parts, `*/*;q=0.${weight}`].join(",");
}

export interface ScrapeHeaderOptions {
  readonly protocols: readonly ScrapeProtocol[];
  readonly escaping: EscapingScheme;
  readonly compression: "gzip" | "identity";
  readonly timeoutMs: number;
  readonly userAgent: string;
}

export function scrapeHeaders(options: ScrapeHeaderOptions): readonly (readonly [string, string])[] {
  return [
    ["Accept", acceptHeader(options.protocols, options.escaping)],
    ["Accept-Encoding", options.compression],
    ["User-Agent", options.userAgent],
    ["X-Prometheus-Scrape-Timeout-Seconds", String(options.timeoutMs / 1000)],
  ];
}

export type FormatDecision =
  | {
    readonly kind: "format";
    readonly format: ExpositionFormat | "protobuf";
    readonly warning?: string;
  }
  | { readonly kind: "refused"; readonly reason: string };

const MEDIA_TYPE = /^\s*([!#$%&'*+\-.^_`|~0-9A-Za-z]+\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+)\s*(;.*)?$/;

/** Which parser reads a body of this Content-Type; versions in it are not looked at. */
export function decideFormat(contentType: string, fallback: ScrapeProtocol | undefined): FormatDecision {
  if (contentType.trim() === "") {
    const fault = "non-compliant scrape target sending blank Content-Type";
    return byFallback(`${fault} and no fallback_scrape_protocol specified for target`, fault, fallback);
  }
  const type = MEDIA_TYPE.exec(contentType)?.[1]?.toLowerCase();
  const quoted = quoteGo(contentType);
  if (type === undefined) {
    const fault = `cannot parse Content-Type ${quoted}`;
    return byFallback(`${fault} and no fallback_scrape_protocol for target`, fault, fallback);
  }
  switch (type) {
    case "text/plain":
      return { kind: "format", format: "text" };
    case "application/openmetrics-text":
      return { kind: "format", format: "openmetrics" };
    case "application/vnd.google.protobuf":
      return { kind: "format", format: "protobuf" };
    default: {
      const fault = `received unsupported Content-Type ${quoted}`;
      return byFallback(`${fault} and no fallback_scrape_protocol specified for target`, fault, fallback);
    }
  }
}

function byFallback(refusal: string, fault: string, fallback: ScrapeProtocol | undefined): FormatDecision {
  if (fallback === undefined) return { kind: "refused", reason: refusal };
  const warning = `${fault}, using fallback_scrape_protocol ${quoteGo(fallback)}`;
  const format = fallback === "PrometheusProto"
    ? "protobuf"
    : fallback.startsWith("OpenMetrics")
    ? "openmetrics"
    : "text";
  return { kind: "format", format, warning };
}
