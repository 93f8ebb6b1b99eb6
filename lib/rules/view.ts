/** Groups, rules and alerts as others are shown them: plain rows for the API and the pages. */
import type { EpochMs } from "../core/time.ts";
import { labelValue } from "../model/labels.ts";
import type { Alert, AlertTransition } from "./alert.ts";
import type { GroupMemory } from "./group_memory.ts";
import { planOf } from "./plan.ts";
import { ALERT_NAME, type Rule, type RuleGroup } from "./rule.ts";
import { activeAlerts, type RuleHealth, ruleStateOf } from "./state.ts";
import type { LoggedTransition } from "./transition_log.ts";

export interface RuleView {
  readonly rule: Rule;
  readonly health: RuleHealth;
  /** "" when the last evaluation did not fail. */
  readonly lastError: string;
  readonly evaluatedMs: EpochMs | undefined;
  readonly tookMs: number;
  /** Series written by its last evaluation. */
  readonly samples: number;
  /** Of an alerting rule: pending, firing and kept firing. */
  readonly alerts: readonly Alert[];
}

/** Counted since the process started. */
export interface GroupCounters {
  readonly iterations: number;
  readonly iterationsMissed: number;
  readonly evaluations: number;
  readonly evaluationFailures: number;
  /** Samples that storage refused: out of order, too old, or another value at the same time. */
  readonly samplesRefused: number;
}

export interface RuleGroupView {
  readonly group: RuleGroup;
  /** In force, the global one included. */
  readonly queryOffsetMs: number;
  readonly evaluatedMs: EpochMs | undefined;
  /** Of the last iteration as a whole. */
  readonly tookMs: number;
  /** Undefined before the alerts of a group without a journal were looked for in `ALERTS_FOR_STATE`. */
  readonly restoreTookMs: number | undefined;
  readonly rules: readonly RuleView[];
  readonly counters: GroupCounters;
}

/** A transition, and whose alert it was. */
export interface AlertHistoryEntry extends AlertTransition {
  readonly file: string;
  readonly group: string;
  readonly alertName: string;
}

export interface AlertHistory {
  /** Oldest first. */
  readonly entries: readonly AlertHistoryEntry[];
  /** Transitions before this time are not all known any more; undefined: nothing was dropped. */
  readonly completeSinceMs: EpochMs | undefined;
}

/** An alert as it was at some time: the last transition up to then. */
export interface AlertsAt {
  readonly alerts: readonly AlertHistoryEntry[];
  readonly completeSinceMs: EpochMs | undefined;
}

/** What a group shows of itself. */
export function groupView(group: RuleGroup, queryOffsetMs: number, memory: GroupMemory): RuleGroupView {
  const { keys } = planOf(group);
  return {
    group,
    queryOffsetMs,
    evaluatedMs: memory.evaluatedMs,
    tookMs: memory.tookMs,
    restoreTookMs: memory.restoreTookMs,
    counters: memory.counters,
    rules: group.rules.map((rule, i) => {
      const { health, lastError, evaluatedMs, tookMs, samples, alerts } = ruleStateOf(memory.rules, keys[i]!);
      return { rule, health, lastError, evaluatedMs, tookMs, samples, alerts: activeAlerts(alerts) };
    }),
  };
}

/** A log's entries, and whose they are. */
export function historyEntries(
  { file, name }: RuleGroup,
  entries: readonly LoggedTransition[],
): readonly AlertHistoryEntry[] {
  return entries.map(({ rule: _rule, ...transition }) => ({
    ...transition,
    file,
    group: name,
    alertName: labelValue(transition.labels, ALERT_NAME),
  }));
}
