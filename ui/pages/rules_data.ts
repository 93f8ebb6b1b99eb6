/** Rules and alerts as the server's API tells them, and what the pages look for in them. Pure, and without a browser. */
import type { Metric } from "../api.ts";

export interface ActiveAlert {
  readonly labels: Metric;
  readonly annotations: Metric;
  readonly state: "pending" | "firing";
  readonly activeAt: string;
  readonly keepFiringSince?: string;
  readonly value: string;
}

interface EvaluatedRule {
  readonly name: string;
  readonly query: string;
  /** Absent where there are none, as older servers write it. */
  readonly labels?: Metric;
  readonly health: "ok" | "err" | "unknown";
  readonly lastError?: string;
  /** Seconds. */
  readonly evaluationTime: number;
  readonly lastEvaluation: string;
}

export interface RecordingRule extends EvaluatedRule {
  readonly type: "recording";
}

export type AlertState = "inactive" | "pending" | "firing" | "unknown";

export interface AlertingRule extends EvaluatedRule {
  readonly type: "alerting";
  readonly state: AlertState;
  /** Seconds. */
  readonly duration: number;
  readonly keepFiringFor: number;
  readonly annotations: Metric;
  readonly alerts: readonly ActiveAlert[];
}

export type Rule = RecordingRule | AlertingRule;

export interface RuleGroup {
  readonly name: string;
  readonly file: string;
  readonly rules: readonly Rule[];
  /** Seconds. */
  readonly interval: number;
  readonly limit: number;
  readonly evaluationTime: number;
  readonly lastEvaluation: string;
}

export interface RulesData {
  readonly groups: readonly RuleGroup[];
}

/** What a reader may type to find a rule: its name, expression, labels, annotations, and the labels of its alerts. */
export function ruleMatches(rule: Rule, lowerText: string): boolean {
  if (lowerText === "") return true;
  const texts = [rule.name, rule.query, wordsOf(rule.labels ?? {})];
  if (rule.type === "alerting") {
    texts.push(wordsOf(rule.annotations), ...rule.alerts.map(({ labels }) => wordsOf(labels)));
  }
  return texts.some((text) => text.toLowerCase().includes(lowerText));
}

function wordsOf(labels: Metric): string {
  return Object.entries(labels).map((pair) => pair.join("=")).join(" ");
}

/** Firing before pending, and the longest first. */
export function sortedAlerts(alerts: readonly ActiveAlert[]): readonly ActiveAlert[] {
  return [...alerts].sort((a, b) =>
    Number(b.state === "firing") - Number(a.state === "firing") ||
    Date.parse(a.activeAt) - Date.parse(b.activeAt)
  );
}

export function alertCounts(rules: readonly Rule[]): Readonly<Record<AlertState, number>> {
  const counts = { inactive: 0, pending: 0, firing: 0, unknown: 0 };
  for (const rule of rules) if (rule.type === "alerting") counts[rule.state]++;
  return counts;
}

/** Where the query page shows an expression as a graph. */
export function graphPath(expr: string): string {
  return `/query?${new URLSearchParams({ "g0.expr": expr, "g0.tab": "graph" })}`;
}
