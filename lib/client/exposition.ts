/**
 * Writes collected families as the Prometheus text format 0.0.4 or as OpenMetrics 1.0, and chooses between the
 * two by the `Accept` header. Names are legacy names, so no format needs escaping of names.
 */
import { formatFloatG, formatOpenMetricsFloat } from "../model/float.ts";
import type { Labels } from "../model/labels.ts";
import type { FamilySample, MetricFamily } from "./family.ts";

export type ExpositionFormat = "text" | "openmetrics";

export const TEXT_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";
export const OPENMETRICS_CONTENT_TYPE =
  "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores";

export interface Exposition {
  readonly body: string;
  readonly contentType: string;
}

export function expose(families: Iterable<MetricFamily>, accept: string): Exposition {
  return negotiateFormat(accept) === "openmetrics"
    ? { body: writeOpenMetrics(families), contentType: OPENMETRICS_CONTENT_TYPE }
    : { body: writeText(families), contentType: TEXT_CONTENT_TYPE };
}

/** OpenMetrics when the scraper accepts a version of it that is written here at least as gladly as text. */
export function negotiateFormat(accept: string): ExpositionFormat {
  let openMetricsQuality = 0;
  let textQuality = 0;
  for (const part of accept.split(",")) {
    const [type = "", ...parameters] = part.split(";").map((piece) => piece.trim());
    let quality = 1;
    let version = "";
    for (const parameter of parameters) {
      const [key = "", value = ""] = parameter.split("=").map((piece) => piece.trim());
      if (key === "q") quality = Number(value);
      if (key === "version") version = value;
    }
    if (!(quality > 0)) continue;
    if (type === "application/openmetrics-text") {
      if (version === "" || version === "1.0.0" || version === "0.0.1") {
        openMetricsQuality = Math.max(openMetricsQuality, quality);
      }
    } else if (type === "text/plain" && (version === "" || version === "0.0.4")) {
      textQuality = Math.max(textQuality, quality);
    }
  }
  return openMetricsQuality > 0 && openMetricsQuality >= textQuality ? "openmetrics" : "text";
}

export function writeText(families: Iterable<MetricFamily>): string {
  let text = "";
  for (const family of families) {
    if (family.samples.length === 0) continue;
    const { name } = family;
    text += `# HELP ${name} ${escapeHelp(family.help)}\n`;
    text += `# TYPE ${name} ${family.type === "unknown" ? "untyped" : family.type}\n`;
    for (const sample of family.samples) {
      text += `${name}${sample.suffix}${writeLabels(sample, formatFloatG)} ${formatFloatG(sample.value)}\n`;
    }
  }
  return text;
}

export function writeOpenMetrics(families: Iterable<MetricFamily>): string {
  let text = "";
  for (const family of families) {
    if (family.samples.length === 0) continue;
    const isTotal = family.type === "counter" && family.name.endsWith("_total");
    // A counter's samples must end in _total; one that does not is no counter to OpenMetrics.
    const type = family.type === "counter" && !isTotal ? "unknown" : family.type;
    const name = isTotal ? family.name.slice(0, -"_total".length) : family.name;
    text += `# HELP ${name} ${escapeValue(family.help)}\n# TYPE ${name} ${type}\n`;
    for (const sample of family.samples) {
      const counts = sample.suffix === "_bucket" || sample.suffix === "_count";
      const value = counts ? formatFloatG(sample.value) : formatOpenMetricsFloat(sample.value);
      text += `${family.name}${sample.suffix}${writeLabels(sample, formatOpenMetricsFloat)} ${value}\n`;
    }
  }
  return text + "# EOF\n";
}

function writeLabels(sample: FamilySample, formatBound: (value: number) => string): string {
  const parts = labelParts(sample.labels);
  if (sample.bound !== undefined) parts.push(`${sample.bound.label}="${formatBound(sample.bound.value)}"`);
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
}

function labelParts(labels: Labels): string[] {
  const parts: string[] = [];
  for (let i = 0; i < labels.length; i += 2) parts.push(`${labels[i]}="${escapeValue(labels[i + 1]!)}"`);
  return parts;
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

/** Of label values; OpenMetrics escapes help texts the same way. */
export function escapeValue(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
