/** The two series of an active alert: `ALERTS`, which is 1, and `ALERTS_FOR_STATE`, the second it became active. */
import { type Labels, METRIC_NAME } from "../model/labels.ts";
import { type Alert, type AlertTable, publicState } from "./alert.ts";
import { overlaid } from "./recording.ts";
import { ALERT_STATE, ALERTS_FOR_STATE_METRIC, ALERTS_METRIC } from "./rule.ts";
import type { RuleVector } from "./vector.ts";

const STATES = {
  pending: [[METRIC_NAME, ALERTS_METRIC], [ALERT_STATE, "pending"]],
  firing: [[METRIC_NAME, ALERTS_METRIC], [ALERT_STATE, "firing"]],
} as const;
const FOR_STATE = [[METRIC_NAME, ALERTS_FOR_STATE_METRIC], [ALERT_STATE, ""]] as const;

export function alertsSeries({ labels, phase }: Alert): Labels {
  return overlaid(labels, publicState(phase) === "pending" ? STATES.pending : STATES.firing);
}

export function forStateSeries({ labels }: Alert): Labels {
  return overlaid(labels, FOR_STATE);
}

/** Of every alert that is pending, firing or kept firing. */
export function alertSamples(alerts: AlertTable): RuleVector {
  const labels: Labels[] = [];
  const values: number[] = [];
  for (const alert of alerts.values()) {
    if (alert.phase === "resolved") continue;
    labels.push(alertsSeries(alert), forStateSeries(alert));
    values.push(1, Math.floor(alert.activeAtMs / 1000));
  }
  return { labels, values: Float64Array.from(values) };
}
