/**
 * What a stage's evaluations come to: the events that keep them, the alerts to be told about, and the row to be
 * written. Pure.
 */
import type { EpochMs } from "../core/time.ts";
import { samplesOf } from "./evaluate_group.ts";
import { markersOf, type RuleEvaluation } from "./evaluate_rule.ts";
import { type GroupEvent, type GroupMemory, sentAfter } from "./group_memory.ts";
import { planOf } from "./plan.ts";
import type { RuleGroup } from "./rule.ts";
import { type AlertMessage, alertsToSend } from "./sending.ts";
import { ruleStateOf } from "./state.ts";
import { joined, type RuleVector } from "./vector.ts";

export interface StageContext {
  readonly group: RuleGroup;
  readonly memory: GroupMemory;
  readonly tsMs: EpochMs;
  readonly isLast: boolean;
  readonly resendDelayMs: number;
  readonly externalUrl: string;
}

export interface StageResult {
  readonly events: readonly GroupEvent[];
  /** A list a rule; none is empty. */
  readonly messages: readonly (readonly AlertMessage[])[];
  readonly samples: RuleVector;
}

export function stageResult(evaluations: readonly RuleEvaluation[], context: StageContext): StageResult {
  const { memory, isLast } = context;
  const events: GroupEvent[] = evaluations.filter(({ transitions }) => transitions.length > 0)
    .map(({ key, transitions }) => ({ kind: "alertsMoved", rule: key, transitions }));
  events.push({ kind: "rulesEvaluated", states: evaluations.map(({ key, state }) => [key, state]) });
  const messages: (readonly AlertMessage[])[] = [];
  for (const evaluation of evaluations) {
    const { keys, alerts } = sendingOf(evaluation, context);
    if (alerts.length === 0) continue;
    messages.push(alerts);
    events.push({ kind: "alertsSent", rule: evaluation.key, alerts: keys, atMs: context.tsMs });
  }
  const samples = samplesOf(evaluations);
  if (!isLast || memory.ending.size === 0) return { events, messages, samples };
  events.push({ kind: "seriesEnded" });
  return { events, messages, samples: joined([samples, endingMarkers(evaluations, context)]) };
}

function sendingOf(evaluation: RuleEvaluation, context: StageContext): ReturnType<typeof alertsToSend> {
  const { group, memory, tsMs, resendDelayMs, externalUrl } = context;
  const rule = group.rules[planOf(group).keys.indexOf(evaluation.key)];
  if (evaluation.error !== undefined || rule?.kind !== "alerting") return { keys: [], alerts: [] };
  const { sentMs } = ruleStateOf(memory.rules, evaluation.key);
  const state = { ...evaluation.state, sentMs: sentAfter(sentMs, evaluation.transitions) };
  return alertsToSend(state, {
    expr: rule.expr,
    tsMs,
    intervalMs: group.intervalMs,
    resendDelayMs,
    externalUrl,
  });
}

/** Series of rules that are gone end, unless another rule makes them now. */
function endingMarkers(evaluations: readonly RuleEvaluation[], { group, memory }: StageContext): RuleVector {
  const now = new Map(memory.rules);
  for (const { key, state } of evaluations) now.set(key, state);
  const made = planOf(group).keys.map((key) => ruleStateOf(now, key).series);
  const ended = [...memory.ending].filter(([series]) => !made.some((own) => own.has(series)));
  return markersOf(ended.map(([, labels]) => labels));
}
