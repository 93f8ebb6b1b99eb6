/** Metrics of rules, by Prometheus's names: two summaries over all, and gauges and counters by group. */
import { type FamilySample, labelledFamily, type MetricFamily, singleFamily } from "../client/family.ts";
import { EMPTY_LABELS } from "../model/labels.ts";
import { groupKey } from "../rules/rule.ts";
import type { RuleGroupView } from "../rules/view.ts";
import type { RulesSnapshot, SummarySnapshot } from "./deps.ts";

type GroupRow = readonly [
  type: "counter" | "gauge",
  name: string,
  help: string,
  value: (group: RuleGroupView) => number,
];

const PREFIX = "prometheus_rule_group";

const GROUP_ROWS: readonly GroupRow[] = [
  [
    "counter",
    "prometheus_rule_evaluations_total",
    "The total number of rule evaluations.",
    ({ counters }) => counters.evaluations,
  ],
  [
    "counter",
    "prometheus_rule_evaluation_failures_total",
    "The total number of rule evaluation failures.",
    ({ counters }) => counters.evaluationFailures,
  ],
  [
    "counter",
    `${PREFIX}_iterations_total`,
    "The total number of scheduled rule group evaluations, whether executed or missed.",
    ({ counters }) => counters.iterations,
  ],
  [
    "counter",
    `${PREFIX}_iterations_missed_total`,
    "The total number of rule group evaluations missed due to slow rule group evaluation.",
    ({ counters }) => counters.iterationsMissed,
  ],
  [
    "gauge",
    `${PREFIX}_interval_seconds`,
    "The interval of a rule group.",
    ({ group }) => group.intervalMs / 1000,
  ],
  ["gauge", `${PREFIX}_rules`, "The number of rules.", ({ group }) => group.rules.length],
  [
    "gauge",
    `${PREFIX}_last_evaluation_timestamp_seconds`,
    "The timestamp of the last rule group evaluation in seconds.",
    ({ evaluatedMs }) => (evaluatedMs ?? 0) / 1000,
  ],
  [
    "gauge",
    `${PREFIX}_last_duration_seconds`,
    "The duration of the last rule group evaluation.",
    ({ tookMs }) => tookMs / 1000,
  ],
  [
    "gauge",
    `${PREFIX}_last_rule_duration_sum_seconds`,
    "The sum of time in seconds it took to evaluate each rule in the group regardless of concurrency.",
    ({ rules }) => rules.reduce((sum, { tookMs }) => sum + tookMs, 0) / 1000,
  ],
  [
    "gauge",
    `${PREFIX}_last_restore_duration_seconds`,
    "The duration of the last alert rules alerts restoration using the `ALERTS_FOR_STATE` series.",
    ({ restoreTookMs }) => (restoreTookMs ?? 0) / 1000,
  ],
  [
    "gauge",
    `${PREFIX}_last_evaluation_samples`,
    "The number of samples returned during the last rule group evaluation.",
    ({ rules }) => rules.reduce((sum, { samples }) => sum + samples, 0),
  ],
  [
    "counter",
    "narthex_rule_group_samples_refused_total",
    "Samples of rules that storage refused: out of order, too old, or another value at the same time.",
    ({ counters }) => counters.samplesRefused,
  ],
];

export function* ruleFamilies(snapshot: RulesSnapshot): Iterable<MetricFamily> {
  const { groups, ruleDurations, groupDurations, evaluating, waiting } = snapshot;
  yield summary(
    "prometheus_rule_evaluation_duration_seconds",
    "The duration for a rule to execute.",
    ruleDurations,
  );
  yield summary(
    "prometheus_rule_group_duration_seconds",
    "The duration of rule group evaluations.",
    groupDurations,
  );
  for (const [type, name, help, value] of GROUP_ROWS) {
    const rows = groups.map((group) => [{ rule_group: groupKey(group.group) }, value(group)] as const);
    yield labelledFamily(type, name, help, rows);
  }
  yield singleFamily(
    "gauge",
    "narthex_rule_evaluations_running",
    "Evaluations of rule groups that run, of --rules.max-concurrent-evals.",
    evaluating,
  );
  yield singleFamily(
    "gauge",
    "narthex_rule_evaluations_waiting",
    "Evaluations of rule groups that wait for a place.",
    waiting,
  );
}

function summary(
  name: string,
  help: string,
  { count, sumSeconds, quantiles }: SummarySnapshot,
): MetricFamily {
  const samples: FamilySample[] = quantiles.map(([quantile, value]) => ({
    suffix: "",
    labels: EMPTY_LABELS,
    bound: { label: "quantile", value: quantile },
    value,
  }));
  samples.push(
    { suffix: "_sum", labels: EMPTY_LABELS, value: sumSeconds },
    { suffix: "_count", labels: EMPTY_LABELS, value: count },
  );
  return { name, help, type: "summary", samples };
}
