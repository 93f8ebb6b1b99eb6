/**
 * An alert on its way to those who notify people: what it says, the labels that it leaves the server with, and how
 * it is written for an Alertmanager. When an alert is sent, and when again, is the matter of the rules.
 */
import { relabel } from "../config/relabel.ts";
import type { RelabelConfig } from "../config/types.ts";
import { formatRfc3339Ms } from "../core/rfc3339.ts";
import type { EpochMs } from "../core/time.ts";
import { type Labels, labelValue, withLabel } from "../model/labels.ts";

/** Plain data: it goes from actor to actor. */
export interface SentAlert {
  readonly labels: Labels;
  /** Sorted by name. */
  readonly annotations: readonly (readonly [name: string, value: string])[];
  readonly startsAtMs: EpochMs;
  /** In the past for a resolved alert; else until when the alert holds if nobody sends it again. */
  readonly endsAtMs: EpochMs;
  readonly generatorUrl: string;
}

/** As Prometheus: an alert's own label wins over an external one, unless it is empty. */
export function withExternalLabels(
  alerts: readonly SentAlert[],
  externalLabels: Labels,
): readonly SentAlert[] {
  if (externalLabels.length === 0) return alerts;
  return alerts.map((alert) => {
    let { labels } = alert;
    for (let i = 0; i < externalLabels.length; i += 2) {
      if (labelValue(labels, externalLabels[i]!) !== "") continue;
      labels = withLabel(labels, externalLabels[i]!, externalLabels[i + 1]!);
    }
    return { ...alert, labels };
  });
}

/** Without the alerts that a rule drops. */
export function relabelAlerts(
  alerts: readonly SentAlert[],
  configs: readonly RelabelConfig[],
): readonly SentAlert[] {
  if (configs.length === 0) return alerts;
  const kept: SentAlert[] = [];
  for (const alert of alerts) {
    const labels = relabel(alert.labels, configs);
    if (labels !== undefined) kept.push({ ...alert, labels });
  }
  return kept;
}

/** The body of `POST /api/v2/alerts`. */
export function encodeAlerts(alerts: readonly SentAlert[]): Uint8Array<ArrayBuffer> {
  const rows = alerts.map((alert) => ({
    labels: recordOf(alert.labels),
    annotations: Object.fromEntries(alert.annotations),
    startsAt: formatRfc3339Ms(alert.startsAtMs),
    endsAt: formatRfc3339Ms(alert.endsAtMs),
    generatorURL: alert.generatorUrl,
  }));
  return new TextEncoder().encode(JSON.stringify(rows));
}

function recordOf(labels: Labels): Readonly<Record<string, string>> {
  const pairs: [string, string][] = [];
  for (let i = 0; i < labels.length; i += 2) pairs.push([labels[i]!, labels[i + 1]!]);
  return Object.fromEntries(pairs);
}
