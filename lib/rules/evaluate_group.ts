/**
 * One evaluation of a group at one moment, whoever asks for it: the actor of the group stage by stage, since it keeps
 * transitions before it acts on them; a rule test as a whole, by `evaluateGroup`. No clock and no storage: both are
 * ports. A rule that fails harms no other.
 */
import type { EpochMs } from "../core/time.ts";
import { evaluateRule, type RuleEvaluation, type RuleMoment } from "./evaluate_rule.ts";
import { planOf } from "./plan.ts";
import type { RuleGroup } from "./rule.ts";
import { type GroupState, ruleStateOf } from "./state.ts";
import type { EvaluationPorts, EvaluationSettings } from "./ports.ts";
import { type RuleVector, withoutRepeats } from "./vector.ts";

export interface GroupMoment {
  readonly group: RuleGroup;
  /** The slot: alerts count from it. Data is read, and samples are stamped, the query offset before it. */
  readonly tsMs: EpochMs;
  readonly settings: EvaluationSettings;
  readonly ports: EvaluationPorts;
  readonly signal: AbortSignal;
  /** As of a rule (evaluate_rule.ts). @default nothing is from an earlier life */
  readonly settledMs?: EpochMs;
}

/** The rules of a stage, by their place in the group. A cancelled stage rejects; nothing else does. */
export async function evaluateStage(
  moment: GroupMoment,
  stage: readonly number[],
  state: GroupState,
): Promise<readonly RuleEvaluation[]> {
  const { group, ports } = moment;
  const { keys } = planOf(group);
  const one = (place: number) =>
    evaluateRule(ruleMoment(moment, place), ruleStateOf(state, keys[place]!), keys[place]!);
  if (ports.sideBySide !== undefined && stage.length > 1) {
    return await ports.sideBySide(stage.map((place) => () => one(place)));
  }
  const done: RuleEvaluation[] = [];
  for (const place of stage) done.push(await one(place));
  return done;
}

function ruleMoment(moment: GroupMoment, place: number): RuleMoment {
  const { group, tsMs, settings, ports, signal, settledMs = -Infinity } = moment;
  return {
    rule: group.rules[place]!,
    limit: group.limit,
    tsMs,
    sampleMs: sampleTimeOf(group, settings, tsMs),
    settledMs,
    settings,
    ports,
    signal,
  };
}

/** When the samples of an evaluation are from. */
export function sampleTimeOf(group: RuleGroup, settings: EvaluationSettings, tsMs: EpochMs): EpochMs {
  return tsMs - (group.queryOffsetMs ?? settings.queryOffsetMs);
}

/** What a stage writes, as one row: the first rule that makes a series has it. */
export function samplesOf(evaluations: readonly RuleEvaluation[]): RuleVector {
  return withoutRepeats(evaluations.map(({ written }) => written));
}

/** Where the samples of a whole evaluation go; the next stage begins when they are kept. */
export interface EvaluationSink {
  append(sampleMs: EpochMs, samples: RuleVector): Promise<void>;
}

export interface GroupEvaluation {
  readonly state: GroupState;
  /** In the order of the rules. */
  readonly rules: readonly RuleEvaluation[];
}

export async function evaluateGroup(
  moment: GroupMoment,
  state: GroupState,
  sink: EvaluationSink,
): Promise<GroupEvaluation> {
  const { group, settings, tsMs } = moment;
  const rules: RuleEvaluation[] = [];
  const next = new Map(state);
  for (const stage of planOf(group).stages) {
    const evaluations = await evaluateStage(moment, stage, next);
    for (const evaluation of evaluations) next.set(evaluation.key, evaluation.state);
    const samples = samplesOf(evaluations);
    if (samples.labels.length > 0) await sink.append(sampleTimeOf(group, settings, tsMs), samples);
    rules.push(...evaluations);
  }
  return { state: next, rules };
}
