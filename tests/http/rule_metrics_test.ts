import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { ruleFamilies } from "../../lib/http/rule_metrics.ts";
import { foldGroup, type GroupEvent, type GroupMemory, newMemory } from "../../lib/rules/group_memory.ts";
import { planOf } from "../../lib/rules/plan.ts";
import { NEW_RULE_STATE } from "../../lib/rules/state.ts";
import { groupView } from "../../lib/rules/view.ts";
import { groupOf } from "../rules/fixtures.ts";

Deno.test("the metrics of a group count its evaluations, failures and missed slots under its file and name", () => {
  const group = groupOf("  - {record: r, expr: m}\n  - {record: s, expr: n}");
  const [r, s] = planOf(group).keys;
  const events: readonly GroupEvent[] = [
    { kind: "iterationsMissed", count: 2 },
    { kind: "iterationStarted", iteration: { tsMs: 90_000, startedMs: 0, stage: 0 } },
    {
      kind: "rulesEvaluated",
      states: [[r!, { ...NEW_RULE_STATE, health: "ok", tookMs: 3, samples: 7 }], [s!, {
        ...NEW_RULE_STATE,
        health: "err",
        lastError: "no",
        tookMs: 4,
      }]],
    },
    { kind: "samplesRefused", count: 5 },
    { kind: "iterationEnded", tookMs: 9 },
  ];
  const memory = events.reduce<GroupMemory>(foldGroup, newMemory());
  const durations = { count: 2, sumSeconds: 0.007, quantiles: [[0.5, 0.003]] as const };
  const families = [...ruleFamilies({
    groups: [groupView(group, 0, memory)],
    ruleDurations: durations,
    groupDurations: durations,
    evaluating: 1,
    waiting: 3,
  })];
  const values = new Map(families.map(({ name, samples }) => [name, samples.at(-1)!.value]));
  deepStrictEqual(
    Object.fromEntries([...values].filter(([name]) => !name.includes("duration_seconds"))),
    {
      prometheus_rule_evaluations_total: 2,
      prometheus_rule_evaluation_failures_total: 1,
      prometheus_rule_group_iterations_total: 3,
      prometheus_rule_group_iterations_missed_total: 2,
      prometheus_rule_group_interval_seconds: 10,
      prometheus_rule_group_rules: 2,
      prometheus_rule_group_last_evaluation_timestamp_seconds: 90,
      prometheus_rule_group_last_rule_duration_sum_seconds: 0.007,
      prometheus_rule_group_last_evaluation_samples: 7,
      narthex_rule_group_samples_refused_total: 5,
      narthex_rule_evaluations_running: 1,
      narthex_rule_evaluations_waiting: 3,
    },
  );
  strictEqual(values.get("prometheus_rule_group_last_duration_seconds"), 0.009);
  deepStrictEqual(families[2]!.samples[0]!.labels, ["rule_group", "f.yml;g"]);
});
