/**
 * One group of rules: it keeps its place in the schedule, evaluates its rules stage by stage, hands samples to storage
 * and alerts to whoever takes them, and remembers what happened to its alerts. A transition is in the journal before
 * anybody hears of it. An evaluation is a task; a slot that comes while one is under way is missed and counted.
 */
import { CHILDLESS } from "../lib/actor/childless.ts";
import { ask, reply, tell } from "../lib/actor/effects.ts";
import type { ActorPath, ActorRef, Behavior, Decision, Effect } from "../lib/actor/types.ts";
import { assertNever } from "../lib/core/assert.ts";
import { messageOf } from "../lib/core/errors.ts";
import type { EpochMs } from "../lib/core/time.ts";
import type { AppendOutcome, SampleBatch } from "../lib/model/batch.ts";
import { clearAlerts } from "../lib/rules/alert_step.ts";
import { CohortWriter } from "../lib/rules/cohort_writer.ts";
import { evaluateStage, sampleTimeOf } from "../lib/rules/evaluate_group.ts";
import { markersOf, type RuleEvaluation } from "../lib/rules/evaluate_rule.ts";
import {
  foldGroup,
  type GroupEvent,
  groupEventCodec,
  type GroupMemory,
  groupMemoryCodec,
  newMemory,
  seriesOf,
} from "../lib/rules/group_memory.ts";
import type { MovedAlerts } from "../lib/rules/moved.ts";
import { OffJournal } from "../lib/rules/off_journal.ts";
import { planOf } from "../lib/rules/plan.ts";
import type { EvaluationPorts } from "../lib/rules/ports.ts";
import {
  alertingRules,
  doubtfulRules,
  evaluationState,
  outdatedOf,
  restoredOf,
  rulesToKnow,
} from "../lib/rules/read_back.ts";
import { groupFingerprint, type RuleGroup } from "../lib/rules/rule.ts";
import { groupOffsetMs, missedSlots, nextSlotMs } from "../lib/rules/schedule.ts";
import { stageResult } from "../lib/rules/stage_result.ts";
import { groupView, historyEntries } from "../lib/rules/view.ts";
import type { RuleGroupCommand, RuleGroupQuestion, RuleSettings } from "./protocol/rules.ts";
import type { RuleGroupDeps } from "./protocol/rule_group_deps.ts";
import type { ShardCommand } from "./protocol/shard.ts";

/** Storage answers in milliseconds; when it does not for this long, the samples are given up. */
const APPEND_TIMEOUT_MS = 30_000;
/** Beyond what its queries may take: waiting for a place, and templates. */
const STAGE_GRACE_MS = 30_000;
const RESTORE_TIMEOUT_MS = 60_000;
/** The last markers wait so long for an evaluation that is under way, and look again. */
const END_OF_RUN_PAUSE_MS = 1_000;
/** A snapshot holds the whole log; one in so many transitions costs less than the transitions themselves. */
const SNAPSHOT_EVERY = 1_000;
/** As Prometheus: by the end of the second evaluation everything that an alert may depend on has been seen. */
const RESTORE_AFTER_ITERATIONS = 2;

export interface RuleGroupOptions {
  readonly path: ActorPath;
  readonly group: RuleGroup;
  readonly settings: RuleSettings;
  /** Whether alerts that the journal does not know are looked for in storage: at the start of the process only. */
  readonly restores: boolean;
  readonly deps: RuleGroupDeps;
}

type GroupDecision = Decision<RuleGroupCommand, GroupEvent>;
const NOTHING: GroupDecision = { events: [], effects: [] };

export function ruleGroupBehavior(
  options: RuleGroupOptions,
): Behavior<GroupMemory, RuleGroupCommand, GroupEvent> {
  const { deps } = options;
  const self: ActorRef<RuleGroupCommand> = { path: options.path };
  const writer = new CohortWriter(options.group.file, options.group.name);
  /** What the manager has told: it outlives a restart of the group, which the manager does not hear of. */
  const orders = {
    group: options.group,
    settings: options.settings,
    retiredMs: undefined as EpochMs | undefined,
    /** Comes into force when the evaluation under way has ended. */
    next: undefined as Extract<RuleGroupCommand, { kind: "configure" }> | undefined,
  };
  const offJournal = new OffJournal(deps.journalFailures);
  const log = deps.log.with({ file: options.group.file, group: options.group.name });

  function decide(memory: GroupMemory, command: RuleGroupCommand, nowMs: EpochMs): GroupDecision {
    const decision = decideAlone(memory, command, nowMs);
    if (command.kind !== "start") offJournal.note(memory, decision.events);
    return decision;
  }

  function decideAlone(memory: GroupMemory, command: RuleGroupCommand, nowMs: EpochMs): GroupDecision {
    switch (command.kind) {
      case "start":
        return onStart(memory, nowMs);
      case "configure":
        return onConfigure(memory, command, nowMs);
      case "retire":
        return onRetire(memory, nowMs);
      case "evaluationDue":
        return onEvaluationDue(memory, command.dueMs, nowMs);
      case "outageChecked":
        return memory.iteration === undefined
          ? NOTHING
          : { events: movedEvents(command.moved), effects: [tell(self, { kind: "stagePassed" })] };
      case "stageEvaluated":
        return onStageEvaluated(memory, command.evaluations);
      case "stageFailed":
        return onStageFailed(memory, command.reason);
      case "stageStored":
        return onStageStored(command);
      case "stageNotStored":
        writer.forget();
        return notStored(command.rules, command.reason);
      case "stagePassed":
        return onStagePassed(memory, nowMs);
      case "alertsRestored":
        return onRestored(memory, command, nowMs);
      case "journalCaughtUp":
        offJournal.taken();
        return NOTHING;
      case "endOfRunDue":
        return onEndOfRunDue(memory, command.tMs, nowMs);
      case "endOfRunKept":
        return {
          events: [],
          effects: command.again === undefined ? lastWords() : [appendEnd(command.again)],
        };
      case "describe":
      case "history":
      case "stateAt":
        return { events: [], effects: [answer(memory, command)] };
      default:
        return assertNever(command);
    }
  }

  function onStart(replayed: GroupMemory, nowMs: EpochMs): GroupDecision {
    const carried = offJournal.begin(replayed, nowMs);
    if (carried !== undefined) log.warn("The journal takes nothing: the group goes on without it");
    const memory = carried ?? replayed;
    const events: GroupEvent[] = carried === undefined
      ? [{ kind: "wokenUp" }]
      : [{ kind: "carriedOver", memory: carried }];
    if (!options.restores) events.push(...knowAll(memory));
    if (orders.retiredMs !== undefined) events.push({ kind: "retired", atMs: orders.retiredMs });
    return { events, effects: [] };
  }

  /** Rules that come while the server runs have no past that anybody could restore. */
  function knowAll({ known }: GroupMemory): readonly GroupEvent[] {
    const keys = rulesToKnow(orders.group, known);
    return keys === undefined ? [] : [{ kind: "rulesKnown", keys }];
  }

  function onConfigure(
    memory: GroupMemory,
    command: Extract<RuleGroupCommand, { kind: "configure" }>,
    nowMs: EpochMs,
  ): GroupDecision {
    if (memory.iteration !== undefined) {
      orders.next = command;
      return memory.retiredMs === undefined ? NOTHING : takeBack(nowMs);
    }
    const before = orders.group;
    orders.settings = command.settings;
    orders.retiredMs = undefined;
    const back = memory.retiredMs === undefined ? NOTHING : takeBack(nowMs);
    if (groupFingerprint(before) === groupFingerprint(command.group)) return back;
    orders.group = command.group;
    const { keys } = planOf(command.group);
    const events: GroupEvent[] = [...back.events];
    for (const [key, { alerts }] of memory.rules) {
      if (keys.includes(key) || alerts.size === 0) continue;
      events.push({ kind: "alertsMoved", rule: key, transitions: clearAlerts(alerts, nowMs, "ruleRemoved") });
    }
    events.push({ kind: "rulesChanged", keys }, ...knowAll(memory));
    const rearmed = before.intervalMs === command.group.intervalMs ? [] : [armNext(nowMs)];
    return { events, effects: [...back.effects, ...rearmed] };
  }

  function takeBack(nowMs: EpochMs): GroupDecision {
    orders.retiredMs = undefined;
    return {
      events: [{ kind: "takenBack" }],
      effects: [{ kind: "cancelTimer", key: "endOfRun" }, armNext(nowMs)],
    };
  }

  function onRetire(memory: GroupMemory, nowMs: EpochMs): GroupDecision {
    if (memory.retiredMs !== undefined) return NOTHING;
    orders.retiredMs = nowMs;
    orders.next = undefined;
    return {
      events: [{ kind: "retired", atMs: nowMs }],
      effects: [{ kind: "cancelTimer", key: "evaluation" }, armEndOfRun(nowMs)],
    };
  }

  function onEvaluationDue(memory: GroupMemory, dueMs: EpochMs, nowMs: EpochMs): GroupDecision {
    if (memory.retiredMs !== undefined) return NOTHING;
    const { intervalMs } = orders.group;
    const missed = missedSlots(dueMs, nowMs, intervalMs);
    const tsMs = dueMs + missed * intervalMs;
    const next = arm(tsMs + intervalMs); // on every path: a slow group must not fall silent
    const late = missed + (memory.iteration === undefined ? 0 : 1);
    const events: GroupEvent[] = late === 0 ? [] : [{ kind: "iterationsMissed", count: late }];
    if (memory.iteration !== undefined) return { events, effects: [next] };
    const startedMs = deps.clock.monotonicMs();
    const first = outageTask(memory, nowMs) ?? tell(self, { kind: "stagePassed" });
    const offered = offJournal.offer(memory, nowMs);
    if (offered !== undefined) events.push(...offered);
    const caughtUp = offered === undefined ? [] : [tell(self, { kind: "journalCaughtUp" })];
    return {
      events: [...events, { kind: "iterationStarted", iteration: { tsMs, startedMs, stage: 0 } }],
      effects: [next, ...caughtUp, first],
    };
  }

  function outageTask(memory: GroupMemory, nowMs: EpochMs): Effect<RuleGroupCommand> | undefined {
    if (memory.iterations > 0) return undefined;
    const doubted = doubtfulRules(orders.group, memory, nowMs, deps.outageToleranceMs);
    if (doubted.length === 0) return undefined;
    return {
      kind: "task",
      label: `outage of ${writer.cohort}`,
      timeoutMs: RESTORE_TIMEOUT_MS,
      run: async (signal) => ({
        kind: "outageChecked",
        moved: await outdatedOf(doubted, memory, nowMs, deps, signal),
      }),
      failed: (error) => {
        log.warn("Cannot tell how long rules were not evaluated: alerts go on", { err: messageOf(error) });
        return { kind: "outageChecked", moved: [] };
      },
    };
  }

  /** Begins the stage that the iteration is at, or ends it after the last. */
  function onStagePassed(memory: GroupMemory, nowMs: EpochMs): GroupDecision {
    const { iteration } = memory;
    if (iteration === undefined) return NOTHING;
    const { stages } = planOf(orders.group);
    const stage = stages[iteration.stage];
    if (stage !== undefined) return { events: [], effects: [stageTask(memory, stage, iteration.tsMs)] };
    const restores = memory.iterations + 1 >= RESTORE_AFTER_ITERATIONS &&
      alertingRules(orders.group).some(([key]) => !memory.known.has(key));
    if (restores) return { events: [], effects: [restoreTask(memory, nowMs)] };
    return endIteration(memory, nowMs);
  }

  function endIteration(memory: GroupMemory, nowMs: EpochMs): GroupDecision {
    const tookMs = deps.clock.monotonicMs() - (memory.iteration?.startedMs ?? 0);
    deps.observeGroup(tookMs);
    const events: GroupEvent[] = [{ kind: "iterationEnded", tookMs }];
    const { next } = orders;
    orders.next = undefined;
    if (next === undefined || memory.retiredMs !== undefined) return { events, effects: [] };
    const applied = onConfigure({ ...memory, iteration: undefined }, next, nowMs);
    return { events: [...events, ...applied.events], effects: applied.effects };
  }

  function stageTask(memory: GroupMemory, stage: readonly number[], tsMs: EpochMs): Effect<RuleGroupCommand> {
    const { group, settings } = orders;
    const state = evaluationState(group, memory);
    const ports: EvaluationPorts = {
      query: (...asked) => deps.query(group, ...asked),
      monotonicMs: () => deps.clock.monotonicMs(),
      sideBySide: deps.concurrentRules ? (runs) => deps.slots.spread(runs) : undefined,
      templateFailed: (alertName, reason) =>
        log.warn("Expanding alert template failed", { alert: alertName, err: reason }),
    };
    const settledMs = deps.processStartMs + settings.settleMs;
    return {
      kind: "task",
      label: writer.cohort,
      timeoutMs: (stage.length + 1) * deps.queryTimeoutMs + STAGE_GRACE_MS,
      run: (signal) =>
        deps.slots.run(signal, async () => ({
          kind: "stageEvaluated",
          evaluations: await evaluateStage({ group, tsMs, settings, ports, signal, settledMs }, stage, state),
        })),
      failed: (error) => ({ kind: "stageFailed", reason: messageOf(error) }),
    };
  }

  function onStageEvaluated(memory: GroupMemory, evaluations: readonly RuleEvaluation[]): GroupDecision {
    const { iteration } = memory;
    if (iteration === undefined) return NOTHING;
    const { group, settings } = orders;
    for (const { key, error, state } of evaluations) {
      deps.observeRule(state.tookMs);
      if (error !== undefined) log.warn("Evaluating rule failed", { rule: key, err: error });
    }
    const { tsMs, stage } = iteration;
    const { events, messages, samples } = stageResult(evaluations, {
      group,
      memory,
      tsMs,
      isLast: stage + 1 >= planOf(group).stages.length,
      resendDelayMs: deps.resendDelayMs,
      externalUrl: settings.externalUrl,
    });
    const { notifier } = deps;
    const told = notifier === undefined
      ? []
      : messages.map((alerts) => tell(notifier, { kind: "alerts", alerts }));
    const rules = evaluations.map(({ key }) => key);
    const stored = samples.labels.length === 0
      ? tell(self, { kind: "stagePassed" })
      : append(writer.batch(sampleTimeOf(group, settings, tsMs), samples), rules);
    return { events: [...events, { kind: "stageEnded" }], effects: [...told, stored] };
  }

  function onStageFailed(memory: GroupMemory, reason: string): GroupDecision {
    const { iteration } = memory;
    if (iteration === undefined) return NOTHING;
    const { keys, stages } = planOf(orders.group);
    const rules = (stages[iteration.stage] ?? []).map((place) => keys[place]!);
    log.error("Evaluating rules failed", { err: reason });
    return {
      events: [{ kind: "rulesFailed", rules, reason }, { kind: "stageEnded" }],
      effects: [tell(self, { kind: "stagePassed" })],
    };
  }

  function append(batch: SampleBatch, rules: readonly string[]): Effect<RuleGroupCommand> {
    return toStorage(
      batch,
      (outcome) => ({ kind: "stageStored", outcome, again: writer.answered(outcome), rules }),
      (reason) => ({ kind: "stageNotStored", reason, rules }),
    );
  }

  function toStorage(
    batch: SampleBatch,
    answered: (outcome: AppendOutcome) => RuleGroupCommand,
    failed: (reason: string) => RuleGroupCommand,
  ): Effect<RuleGroupCommand> {
    return ask<ShardCommand, "append", RuleGroupCommand>({
      to: deps.storage,
      question: { kind: "append", batches: [batch], atomic: false, durable: false },
      timeoutMs: APPEND_TIMEOUT_MS,
      answered: ([outcome]) => answered(outcome!),
      failed: (error) => failed(messageOf(error)),
    });
  }

  function onStageStored(
    { outcome, again, rules }: Extract<RuleGroupCommand, { kind: "stageStored" }>,
  ): GroupDecision {
    if (again !== undefined) return { events: [], effects: [append(again, rules)] };
    if (outcome.kind !== "appended") {
      return notStored(
        rules,
        outcome.kind === "wrongEpoch" ? "storage knows another cohort" : outcome.reason,
      );
    }
    const { outOfOrder, outOfBounds, tooOld, duplicate } = outcome.counts;
    const count = outOfOrder + outOfBounds + tooOld + duplicate;
    if (count > 0) log.warn("Samples of rules were refused by storage", { ...outcome.counts });
    return {
      events: count === 0 ? [] : [{ kind: "samplesRefused", count }],
      effects: [tell(self, { kind: "stagePassed" })],
    };
  }

  function notStored(rules: readonly string[], reason: string): GroupDecision {
    log.error("Samples of rules not kept", { err: reason });
    const failed: GroupEvent = { kind: "rulesFailed", rules, reason: `samples not kept: ${reason}` };
    return { events: [failed], effects: [tell(self, { kind: "stagePassed" })] };
  }

  function restoreTask(memory: GroupMemory, nowMs: EpochMs): Effect<RuleGroupCommand> {
    const unknown = alertingRules(orders.group).filter(([key]) => !memory.known.has(key));
    const fromMs = deps.clock.monotonicMs();
    const ended = (moved: readonly MovedAlerts[]): RuleGroupCommand => {
      return { kind: "alertsRestored", moved, tookMs: deps.clock.monotonicMs() - fromMs };
    };
    return {
      kind: "task",
      label: `restore ${writer.cohort}`,
      timeoutMs: RESTORE_TIMEOUT_MS,
      run: async (signal) => ended(await restoredOf(unknown, memory, nowMs, deps, signal)),
      failed: (error) => {
        log.error("Failed to restore the 'for' state of alerts", { err: messageOf(error) });
        return ended([]);
      },
    };
  }

  function onRestored(
    memory: GroupMemory,
    { moved, tookMs }: Extract<RuleGroupCommand, { kind: "alertsRestored" }>,
    nowMs: EpochMs,
  ): GroupDecision {
    if (memory.iteration === undefined) return NOTHING;
    const ended = endIteration(memory, nowMs);
    const restored: GroupEvent[] = [...movedEvents(moved), ...knowAll(memory), {
      kind: "alertsRestored",
      tookMs,
    }];
    return { events: [...restored, ...ended.events], effects: ended.effects };
  }

  function onEndOfRunDue(memory: GroupMemory, tMs: EpochMs, nowMs: EpochMs): GroupDecision {
    if (memory.iteration !== undefined) {
      return { events: [], effects: [endTimer(tMs, nowMs + END_OF_RUN_PAUSE_MS)] };
    }
    const series = seriesOf(memory);
    if (series.length === 0) return { events: [], effects: lastWords() };
    const sampleMs = sampleTimeOf(orders.group, orders.settings, tMs);
    return { events: [], effects: [appendEnd(writer.batch(sampleMs, markersOf(series)))] };
  }

  function appendEnd(batch: SampleBatch): Effect<RuleGroupCommand> {
    return toStorage(
      batch,
      (outcome) => ({ kind: "endOfRunKept", again: writer.answered(outcome) }),
      (reason) => {
        log.error("End of a rule group not kept: storage did not answer", { err: reason });
        return { kind: "endOfRunKept", again: undefined };
      },
    );
  }

  function lastWords(): readonly Effect<RuleGroupCommand>[] {
    return [tell(deps.storage, { kind: "releaseCohort", cohort: writer.cohort }), { kind: "forgetSelf" }];
  }

  function answer(memory: GroupMemory, question: RuleGroupQuestion): Effect<RuleGroupCommand> {
    const { group, settings } = orders;
    const completeSinceMs = memory.log.droppedThroughMs;
    switch (question.kind) {
      case "describe":
        return reply(
          question.replyTo,
          groupView(group, group.queryOffsetMs ?? settings.queryOffsetMs, memory),
        );
      case "history": {
        const entries = memory.log.between(question.startMs, question.endMs, question.matcherSets);
        return reply(question.replyTo, { entries: historyEntries(group, entries), completeSinceMs });
      }
      case "stateAt": {
        const alerts = historyEntries(group, memory.log.at(question.tMs, question.matcherSets));
        return reply(question.replyTo, { alerts, completeSinceMs });
      }
    }
  }

  function armNext(nowMs: EpochMs): Effect<RuleGroupCommand> {
    const { file, name, intervalMs } = orders.group;
    return arm(nextSlotMs(nowMs, groupOffsetMs(file, name, intervalMs), intervalMs));
  }

  function arm(dueMs: EpochMs): Effect<RuleGroupCommand> {
    return { kind: "timer", key: "evaluation", atMs: dueMs, command: { kind: "evaluationDue", dueMs } };
  }

  /** As Prometheus: two intervals, so that a rule that has only moved has written newer samples by then. */
  function armEndOfRun(tMs: EpochMs): Effect<RuleGroupCommand> {
    return endTimer(tMs, tMs + 2 * orders.group.intervalMs);
  }

  function endTimer(tMs: EpochMs, atMs: EpochMs): Effect<RuleGroupCommand> {
    return { kind: "timer", key: "endOfRun", atMs, command: { kind: "endOfRunDue", tMs } };
  }

  return {
    name: "rule_group",
    initial: newMemory,
    decide,
    evolve: foldGroup,
    resume: (_memory, nowMs) => {
      writer.forget();
      const timer = orders.retiredMs === undefined ? armNext(nowMs) : armEndOfRun(orders.retiredMs);
      return [tell(self, { kind: "start" }), timer];
    },
    persistence: {
      kind: "ahead",
      events: groupEventCodec,
      state: groupMemoryCodec,
      snapshotEvery: SNAPSHOT_EVERY,
      durable: (event) => offJournal.keeps(event),
    },
    supervision: CHILDLESS,
  };
}

function movedEvents(moved: readonly MovedAlerts[]): readonly GroupEvent[] {
  return moved.filter(({ transitions }) => transitions.length > 0)
    .map(({ rule, transitions }) => ({ kind: "alertsMoved", rule, transitions }));
}
