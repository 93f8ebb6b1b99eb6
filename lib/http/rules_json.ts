/** Groups, rules and alerts as Prometheus writes them in JSON: field by field, seconds, and values with an exponent. */
import { formatRfc3339 } from "../core/rfc3339.ts";
import type { EpochMs } from "../core/time.ts";
import { type Alert, publicState } from "../rules/alert.ts";
import type { RuleLabels } from "../rules/rule.ts";
import type { RuleGroupView, RuleView } from "../rules/view.ts";
import { quoteJson } from "./json_writer.ts";
import { labelsJson } from "./query_json.ts";

export interface RulesJsonOptions {
  /** Without them the list is null, as in Prometheus. */
  readonly alerts: "listed" | "excluded";
}

/** `rules` are those that are shown of the group. */
export function groupJson(
  { group, tookMs, evaluatedMs }: RuleGroupView,
  rules: readonly RuleView[],
  options: RulesJsonOptions,
): string {
  return `{"name":${quoteJson(group.name)},"file":${quoteJson(group.file)},` +
    `"rules":[${rules.map((rule) => ruleJson(rule, options)).join(",")}],` +
    `"interval":${group.intervalMs / 1000},"limit":${group.limit},` +
    `"evaluationTime":${tookMs / 1000},"lastEvaluation":"${formatRfc3339(evaluatedMs)}"}`;
}

function ruleJson(view: RuleView, options: RulesJsonOptions): string {
  const { rule } = view;
  const name = `"name":${quoteJson(rule.name)},"query":${quoteJson(rule.expr)}`;
  const labels = `"labels":${pairsJson(rule.labels)}`;
  if (rule.kind === "recording") return `{${name},${labels},${healthJson(view)},"type":"recording"}`;
  const alerts = options.alerts === "listed" ? `[${view.alerts.map(alertJson).join(",")}]` : "null";
  return `{"state":"${ruleState(view)}",${name},"duration":${rule.forMs / 1000},` +
    `"keepFiringFor":${rule.keepFiringForMs / 1000},${labels},"annotations":${pairsJson(rule.annotations)},` +
    `"alerts":${alerts},${healthJson(view)},"type":"alerting"}`;
}

function healthJson({ health, lastError, tookMs, evaluatedMs }: RuleView): string {
  const error = lastError === "" ? "" : `"lastError":${quoteJson(lastError)},`;
  return `"health":"${health}",${error}"evaluationTime":${tookMs / 1000},` +
    `"lastEvaluation":"${formatRfc3339(evaluatedMs)}"`;
}

/** The most severe state of the rule's alerts. */
export function ruleState({ alerts, evaluatedMs }: RuleView): "unknown" | "inactive" | "pending" | "firing" {
  if (evaluatedMs === undefined) return "unknown";
  const states = new Set(alerts.map(({ phase }) => publicState(phase)));
  if (states.has("firing")) return "firing";
  return states.has("pending") ? "pending" : "inactive";
}

export function alertJson(alert: Alert): string {
  const { labels, annotations, phase, activeAtMs, keepFiringSinceMs, value } = alert;
  const kept = keepFiringSinceMs === undefined ? "" : `"keepFiringSince":${timeJson(keepFiringSinceMs)},`;
  return `{"labels":${labelsJson(labels)},"annotations":${pairsJson(annotations)},` +
    `"state":"${publicState(phase)}","activeAt":${timeJson(activeAtMs)},${kept}"value":"${
      formatExponent(value)
    }"}`;
}

/** Of names that are sorted. */
export function pairsJson(pairs: RuleLabels): string {
  return `{${pairs.map(([name, value]) => `${quoteJson(name)}:${quoteJson(value)}`).join(",")}}`;
}

export function timeJson(ms: EpochMs): string {
  return `"${formatRfc3339(ms)}"`;
}

/** As Go's format 'e' with the shortest mantissa: `1e+00`, `2.5e-07`. */
export function formatExponent(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  const text = Object.is(value, -0) ? "-0e+0" : value.toExponential();
  return text.replace(/e([+-])([0-9])$/, "e$10$2");
}
