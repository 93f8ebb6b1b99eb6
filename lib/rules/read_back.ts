/** What a group reads back from storage at the begin of a life: alerts no journal knows, and how long nobody looked. */
import type { EpochMs } from "../core/time.ts";
import type { GroupMemory } from "./group_memory.ts";
import type { MovedAlerts } from "./moved.ts";
import { planOf } from "./plan.ts";
import { type ForStateSample, outdatedPending, restoreAlerts } from "./restore.ts";
import type { AlertingRule, RuleGroup } from "./rule.ts";
import { type GroupState, ruleStateOf } from "./state.ts";

export interface ReadBackOptions {
  /** The newest sample of each `ALERTS_FOR_STATE` series of an alert within the time, both ends inside. */
  readonly forState: (
    alertName: string,
    startMs: EpochMs,
    endMs: EpochMs,
    signal: AbortSignal,
  ) => Promise<readonly ForStateSample[]>;
  readonly outageToleranceMs: number;
  readonly gracePeriodMs: number;
}

type KeyedRule = readonly [key: string, rule: AlertingRule];

export function alertingRules(group: RuleGroup): readonly KeyedRule[] {
  const { keys } = planOf(group);
  return group.rules.flatMap((rule, i) => rule.kind === "alerting" ? [[keys[i]!, rule] as const] : []);
}

/** The alerting rules to be known from now on; undefined: they are known, and no others. */
export function rulesToKnow(group: RuleGroup, known: ReadonlySet<string>): readonly string[] | undefined {
  const keys = alertingRules(group).map(([key]) => key);
  const same = keys.length === known.size && keys.every((key) => known.has(key));
  return same ? undefined : keys;
}

/** As Prometheus: a rule whose alerts are still to be restored writes no series of them. */
export function evaluationState(group: RuleGroup, memory: GroupMemory): GroupState {
  const { keys } = planOf(group);
  return new Map(group.rules.map((rule, i) => {
    const key = keys[i]!;
    const restored = rule.kind === "recording" || memory.known.has(key);
    return [key, { ...ruleStateOf(memory.rules, key), restored }];
  }));
}

/** Rules with pending alerts that may have been left alone for too long: only storage can tell. */
export function doubtfulRules(
  group: RuleGroup,
  memory: GroupMemory,
  nowMs: EpochMs,
  outageToleranceMs: number,
): readonly KeyedRule[] {
  return alertingRules(group).filter(([key]) =>
    [...ruleStateOf(memory.rules, key).alerts.values()].some(({ phase, activeAtMs }) =>
      phase === "pending" && nowMs - activeAtMs > outageToleranceMs
    )
  );
}

export async function outdatedOf(
  rules: readonly KeyedRule[],
  memory: GroupMemory,
  nowMs: EpochMs,
  { forState, outageToleranceMs }: ReadBackOptions,
  signal: AbortSignal,
): Promise<readonly MovedAlerts[]> {
  const moved: MovedAlerts[] = [];
  for (const [rule, { name }] of rules) {
    const samples = await forState(name, nowMs - outageToleranceMs, nowMs, signal);
    moved.push({
      rule,
      transitions: outdatedPending(ruleStateOf(memory.rules, rule).alerts, samples, nowMs),
    });
  }
  return moved;
}

export async function restoredOf(
  rules: readonly KeyedRule[],
  memory: GroupMemory,
  nowMs: EpochMs,
  { forState, outageToleranceMs, gracePeriodMs }: ReadBackOptions,
  signal: AbortSignal,
): Promise<readonly MovedAlerts[]> {
  const moved: MovedAlerts[] = [];
  for (const [rule, { name, forMs }] of rules) {
    const { alerts } = ruleStateOf(memory.rules, rule);
    if (forMs < gracePeriodMs || alerts.size === 0) continue;
    const samples = await forState(name, nowMs - outageToleranceMs, nowMs, signal);
    moved.push({ rule, transitions: restoreAlerts(alerts, samples, { forMs, gracePeriodMs, nowMs }) });
  }
  return moved;
}
