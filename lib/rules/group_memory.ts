/**
 * What a group knows, and the events that make it: transitions of alerts and which rules are looked after are kept in
 * the journal, everything else is of this life of the process. The fold is the same live and at replay.
 */
import { jsonCodec } from "../actor/json_codec.ts";
import type { Codec } from "../actor/types.ts";
import type { EpochMs } from "../core/time.ts";
import type { Labels } from "../model/labels.ts";
import { type Alert, type AlertTransition, applyTransitions } from "./alert.ts";
import { alertSamples } from "./alert_series.ts";
import type { MovedAlerts } from "./moved.ts";
import { type GroupState, NEW_RULE_STATE, type RuleState } from "./state.ts";
import { type LoggedTransition, TransitionLog } from "./transition_log.ts";
import type { GroupCounters } from "./view.ts";
import { labelsKey } from "../model/labels.ts";

/** An evaluation under way. */
export interface Iteration {
  readonly tsMs: EpochMs;
  /** Monotonic. */
  readonly startedMs: number;
  readonly stage: number;
}

export interface GroupMemory {
  readonly rules: GroupState;
  /** Keys of alerting rules whose alerts the journal has: nothing is to be read back for them. */
  readonly known: ReadonlySet<string>;
  readonly log: TransitionLog;
  readonly iteration: Iteration | undefined;
  readonly iterations: number;
  /** Series of rules that are not in the group any more, by `labelsKey`: the next evaluation ends them. */
  readonly ending: ReadonlyMap<string, Labels>;
  readonly evaluatedMs: EpochMs | undefined;
  readonly tookMs: number;
  readonly restoreTookMs: number | undefined;
  readonly retiredMs: EpochMs | undefined;
  readonly counters: GroupCounters;
}

export type GroupEvent =
  // Durable.
  | { readonly kind: "alertsMoved"; readonly rule: string; readonly transitions: readonly AlertTransition[] }
  /** All that are, not only the new ones. */
  | { readonly kind: "rulesKnown"; readonly keys: readonly string[] }
  /** What happened while the journal took nothing: known here, new to it. */
  | { readonly kind: "missedKept"; readonly moved: readonly MovedAlerts[]; readonly known: readonly string[] }
  // Not durable: a restart forgets them.
  | { readonly kind: "carriedOver"; readonly memory: GroupMemory }
  /** The first of a life: alerts are as they were, and their series those that the last life wrote. */
  | { readonly kind: "wokenUp" }
  | { readonly kind: "iterationStarted"; readonly iteration: Iteration }
  | { readonly kind: "iterationsMissed"; readonly count: number }
  | {
    readonly kind: "rulesEvaluated";
    readonly states: readonly (readonly [key: string, state: RuleState])[];
  }
  | {
    readonly kind: "alertsSent";
    readonly rule: string;
    readonly alerts: readonly string[];
    readonly atMs: EpochMs;
  }
  | { readonly kind: "rulesFailed"; readonly rules: readonly string[]; readonly reason: string }
  | { readonly kind: "samplesRefused"; readonly count: number }
  | { readonly kind: "stageEnded" }
  | { readonly kind: "iterationEnded"; readonly tookMs: number }
  | { readonly kind: "alertsRestored"; readonly tookMs: number }
  /** The keys of the rules that the group has from now on. */
  | { readonly kind: "rulesChanged"; readonly keys: readonly string[] }
  | { readonly kind: "seriesEnded" }
  | { readonly kind: "retired"; readonly atMs: EpochMs }
  | { readonly kind: "takenBack" };

const NO_COUNTERS: GroupCounters = {
  iterations: 0,
  iterationsMissed: 0,
  evaluations: 0,
  evaluationFailures: 0,
  samplesRefused: 0,
};

export function newMemory(): GroupMemory {
  return {
    rules: new Map(),
    known: new Set(),
    log: new TransitionLog(),
    iteration: undefined,
    iterations: 0,
    ending: new Map(),
    evaluatedMs: undefined,
    tookMs: 0,
    restoreTookMs: undefined,
    retiredMs: undefined,
    counters: NO_COUNTERS,
  };
}

export function isDurable(event: GroupEvent): boolean {
  return event.kind === "alertsMoved" || event.kind === "rulesKnown" || event.kind === "missedKept";
}

export function foldGroup(memory: GroupMemory, event: GroupEvent): GroupMemory {
  switch (event.kind) {
    case "alertsMoved":
      memory.log.push(event.transitions.map((transition) => ({ ...transition, rule: event.rule })));
      return withRule(memory, event.rule, (state) => afterMoves(state, event.transitions));
    case "rulesKnown":
      return { ...memory, known: new Set(event.keys) };
    case "missedKept":
      return onMissedKept(memory, event.moved, event.known);
    case "carriedOver":
      return { ...event.memory, iteration: undefined };
    case "wokenUp":
      return wokenUp(memory);
    case "iterationStarted":
      return { ...memory, iteration: event.iteration };
    case "iterationsMissed":
      return counted(memory, { iterations: event.count, iterationsMissed: event.count });
    case "rulesEvaluated":
      return onEvaluated(memory, event.states);
    case "alertsSent":
      return withRule(memory, event.rule, (state) => {
        const sentMs = new Map(state.sentMs);
        for (const alert of event.alerts) sentMs.set(alert, event.atMs);
        return { ...state, sentMs };
      });
    case "rulesFailed":
      return event.rules.reduce(
        (next, rule) =>
          withRule(next, rule, (state) => ({ ...state, health: "err", lastError: event.reason })),
        counted(memory, { evaluationFailures: event.rules.length }),
      );
    case "samplesRefused":
      return counted(memory, { samplesRefused: event.count });
    case "stageEnded": {
      const { iteration } = memory;
      return iteration === undefined
        ? memory
        : { ...memory, iteration: { ...iteration, stage: iteration.stage + 1 } };
    }
    case "iterationEnded":
      return {
        ...counted(memory, { iterations: 1 }),
        evaluatedMs: memory.iteration?.tsMs,
        iteration: undefined,
        iterations: memory.iterations + 1,
        tookMs: event.tookMs,
      };
    case "alertsRestored":
      return { ...memory, restoreTookMs: event.tookMs };
    case "rulesChanged":
      return onRulesChanged(memory, new Set(event.keys));
    case "seriesEnded":
      return { ...memory, ending: new Map() };
    case "retired":
      return { ...memory, retiredMs: event.atMs };
    case "takenBack":
      return { ...memory, retiredMs: undefined };
  }
}

/** Folding it where it is known already changes nothing but values that the next evaluation refreshes. */
function onMissedKept(
  memory: GroupMemory,
  moved: readonly MovedAlerts[],
  known: readonly string[],
): GroupMemory {
  let next: GroupMemory = { ...memory, known: new Set(known) };
  for (const { rule, transitions } of moved) {
    const logged = memory.log.entries;
    const isKnown = transitions.every((one) =>
      logged.some((entry) =>
        entry.rule === rule && entry.atMs === one.atMs && entry.to === one.to &&
        labelsKey(entry.labels) === labelsKey(one.labels)
      )
    );
    if (isKnown) continue;
    memory.log.push(transitions.map((transition) => ({ ...transition, rule })));
    next = withRule(next, rule, (state) => afterMoves(state, transitions));
  }
  return next;
}

function withRule(memory: GroupMemory, key: string, change: (state: RuleState) => RuleState): GroupMemory {
  return {
    ...memory,
    rules: new Map(memory.rules).set(key, change(memory.rules.get(key) ?? NEW_RULE_STATE)),
  };
}

function afterMoves(state: RuleState, transitions: readonly AlertTransition[]): RuleState {
  return {
    ...state,
    alerts: applyTransitions(state.alerts, transitions),
    sentMs: sentAfter(state.sentMs, transitions),
  };
}

/** An alert that is new, pending again, or gone, has not been told of. */
export function sentAfter(
  sentMs: RuleState["sentMs"],
  transitions: readonly AlertTransition[],
): RuleState["sentMs"] {
  if (transitions.length === 0) return sentMs;
  const left = new Map(sentMs);
  for (const { to, cause, labels } of transitions) {
    if (to === "pending" || to === "inactive" || cause === "matched") left.delete(labelsKey(labels));
  }
  return left;
}

/** The evaluation began from this memory; only whom alerts were sent to has changed since. */
function onEvaluated(
  memory: GroupMemory,
  states: readonly (readonly [key: string, state: RuleState])[],
): GroupMemory {
  const rules = new Map(memory.rules);
  let failures = 0;
  for (const [key, state] of states) {
    rules.set(key, { ...state, sentMs: (rules.get(key) ?? NEW_RULE_STATE).sentMs });
    if (state.health === "err") failures++;
  }
  return counted({ ...memory, rules }, { evaluations: states.length, evaluationFailures: failures });
}

function onRulesChanged(memory: GroupMemory, keys: ReadonlySet<string>): GroupMemory {
  const rules = new Map<string, RuleState>();
  const ending = new Map(memory.ending);
  for (const [key, state] of memory.rules) {
    if (keys.has(key)) rules.set(key, state);
    else for (const [name, labels] of state.series) ending.set(name, labels);
  }
  return { ...memory, rules, ending };
}

/** All that the group has not ended yet. */
export function seriesOf({ rules, ending }: GroupMemory): readonly Labels[] {
  const series = new Map(ending);
  for (const state of rules.values()) for (const [key, labels] of state.series) series.set(key, labels);
  return [...series.values()];
}

function counted(memory: GroupMemory, by: Partial<GroupCounters>): GroupMemory {
  const counters = { ...memory.counters };
  for (const [name, count] of Object.entries(by)) counters[name as keyof GroupCounters] += count;
  return { ...memory, counters };
}

function wokenUp(memory: GroupMemory): GroupMemory {
  const rules = new Map<string, RuleState>();
  for (const [key, state] of memory.rules) {
    const { labels } = alertSamples(state.alerts);
    rules.set(key, {
      ...state,
      unmatched: new Set(state.alerts.keys()),
      series: new Map(labels.map((own) => [labelsKey(own), own])),
    });
  }
  return { ...memory, rules };
}

/** JSON has no NaN and no infinities: values are kept as text. */
type WithText<T> = Omit<T, "value"> & { readonly value: string };

interface KeptMemory {
  readonly rules: readonly (readonly [key: string, alerts: readonly WithText<Alert>[]])[];
  readonly known: readonly string[];
  readonly log: readonly WithText<LoggedTransition>[];
  readonly before: readonly WithText<LoggedTransition>[];
  readonly droppedThroughMs: EpochMs | undefined;
}

function asText<T extends { readonly value: number }>(of: T): WithText<T> {
  return { ...of, value: Object.is(of.value, -0) ? "-0" : String(of.value) };
}

function asNumber<T extends { readonly value: number }>(of: WithText<T>): T {
  return { ...of, value: Number(of.value) } as unknown as T;
}

interface KeptMoved {
  readonly rule: string;
  readonly transitions: readonly WithText<AlertTransition>[];
}

type KeptEvent =
  | { readonly kind: "missedKept"; readonly moved: readonly KeptMoved[]; readonly known: readonly string[] }
  | {
    readonly kind: "alertsMoved";
    readonly rule: string;
    readonly transitions: readonly WithText<AlertTransition>[];
  }
  | { readonly kind: "rulesKnown"; readonly keys: readonly string[] };

const keptEvents = jsonCodec<KeptEvent>(1);
const keptMemory = jsonCodec<KeptMemory>(1);

/** Of durable events. */
export const groupEventCodec: Codec<GroupEvent> = {
  version: keptEvents.version,
  encode(event) {
    if (event.kind === "alertsMoved") {
      return keptEvents.encode({ ...event, transitions: event.transitions.map(asText) });
    }
    if (event.kind === "rulesKnown") return keptEvents.encode(event);
    if (event.kind === "missedKept") {
      const moved = event.moved.map(({ rule, transitions }) => ({
        rule,
        transitions: transitions.map(asText),
      }));
      return keptEvents.encode({ ...event, moved });
    }
    throw new TypeError(`an event of this life only: ${event.kind}`);
  },
  decode(bytes, version) {
    const kept = keptEvents.decode(bytes, version);
    const transitionsOf = ({ transitions }: Pick<KeptMoved, "transitions">) =>
      transitions.map((one) => asNumber<AlertTransition>(one));
    if (kept.kind === "missedKept") {
      const moved = kept.moved.map((one) => ({ rule: one.rule, transitions: transitionsOf(one) }));
      return { ...kept, moved };
    }
    return kept.kind === "rulesKnown"
      ? kept
      : { ...kept, transitions: kept.transitions.map((one) => asNumber<AlertTransition>(one)) };
  },
};

/** Of what durable events make. */
export const groupMemoryCodec: Codec<GroupMemory> = {
  version: keptMemory.version,
  encode: ({ rules, known, log }) =>
    keptMemory.encode({
      rules: [...rules].filter(([, { alerts }]) => alerts.size > 0)
        .map(([key, { alerts }]) => [key, [...alerts.values()].map(asText)]),
      known: [...known],
      log: log.entries.map(asText),
      before: log.before.map(asText),
      droppedThroughMs: log.droppedThroughMs,
    }),
  decode(bytes, version) {
    const { rules, known, log, before, droppedThroughMs } = keptMemory.decode(bytes, version);
    return {
      ...newMemory(),
      rules: new Map(rules.map(([key, alerts]) => [key, {
        ...NEW_RULE_STATE,
        alerts: new Map(alerts.map((alert) => [labelsKey(alert.labels), asNumber<Alert>(alert)])),
      }])),
      known: new Set(known),
      log: new TransitionLog(
        log.map((one) => asNumber<LoggedTransition>(one)),
        before.map((one) => asNumber<LoggedTransition>(one)),
        droppedThroughMs,
      ),
    };
  },
};
