/**
 * Rules and groups of rules, read and checked: plain data that survives structured clone, durations in milliseconds.
 * How they are written in a file is the matter of load.ts, what becomes of them at a moment that of evaluate_group.ts.
 */
import { METRIC_NAME } from "../model/labels.ts";

/** Sorted by name. A value may be empty, which takes the label away from what the rule makes: so these are no `Labels`. */
export type RuleLabels = readonly (readonly [name: string, value: string])[];

interface RuleBase {
  /** Of the recorded metric, or of the alert. */
  readonly name: string;
  /** In the canonical form, as Prometheus shows and evaluates it. */
  readonly expr: string;
  /** Those of the group, overridden by the rule's own. Templates where the rule alerts. */
  readonly labels: RuleLabels;
}

export interface RecordingRule extends RuleBase {
  readonly kind: "recording";
}

export interface AlertingRule extends RuleBase {
  readonly kind: "alerting";
  readonly forMs: number;
  readonly keepFiringForMs: number;
  /** Templates, sorted by name. */
  readonly annotations: RuleLabels;
}

export type Rule = RecordingRule | AlertingRule;

export interface RuleGroup {
  /** The path of its file as the configuration's pattern gave it. */
  readonly file: string;
  readonly name: string;
  readonly intervalMs: number;
  /** Undefined: the global `rule_query_offset`. */
  readonly queryOffsetMs: number | undefined;
  /** Of the series or alerts of one rule; 0 is no limit. */
  readonly limit: number;
  /** For the page: already in the labels of the rules. */
  readonly labels: RuleLabels;
  readonly rules: readonly Rule[];
}

/** As in the label `rule_group` of Prometheus's metrics. */
export function groupKey(group: { readonly file: string; readonly name: string }): string {
  return `${group.file};${group.name}`;
}

/**
 * What a rule is known by across reloads and restarts: kind, name and labels, and for the second and later of such a
 * kind in a group its number. One key a rule, in their order.
 */
export function ruleKeys(rules: readonly Rule[]): readonly string[] {
  const seen = new Map<string, number>();
  return rules.map((rule) => {
    const key = JSON.stringify([rule.kind, rule.name, ...rule.labels.flat()]);
    const count = seen.get(key) ?? 0;
    seen.set(key, count + 1);
    return count === 0 ? key : `${key}#${count + 1}`;
  });
}

/** Equal for groups that evaluate alike, so that a reload leaves them running. */
export function groupFingerprint(group: RuleGroup): string {
  return JSON.stringify(group);
}

export const ALERT_NAME = "alertname";
export const ALERT_STATE = "alertstate";
export const ALERTS_METRIC = "ALERTS";
export const ALERTS_FOR_STATE_METRIC = "ALERTS_FOR_STATE";
export { METRIC_NAME };
