/**
 * What a group remembers from one evaluation to the next: the alerts of its rules, the series they made, and how
 * each rule fared. Immutable: an evaluation makes the next state.
 */
import type { EpochMs } from "../core/time.ts";
import type { Labels } from "../model/labels.ts";
import { type Alert, type AlertTable, NO_ALERTS } from "./alert.ts";

export type RuleHealth = "unknown" | "ok" | "err";

export interface RuleState {
  readonly alerts: AlertTable;
  /** When each alert, by its key, was last handed on, and as what. */
  readonly sentMs: ReadonlyMap<string, EpochMs>;
  /** Of alerts that an earlier life of the process left, those that the expression has not matched in this one. */
  readonly unmatched: ReadonlySet<string>;
  /** Until then `ALERTS` and `ALERTS_FOR_STATE` are not written: older samples of them are still to be read back. */
  readonly restored: boolean;
  /** Written by the last evaluation that did not fail, by `labelsKey`: one that is missing next time gets its marker. */
  readonly series: ReadonlyMap<string, Labels>;
  readonly health: RuleHealth;
  readonly lastError: string;
  readonly evaluatedMs: EpochMs | undefined;
  readonly tookMs: number;
  readonly samples: number;
}

/** By the rule's key (rule.ts). */
export type GroupState = ReadonlyMap<string, RuleState>;

export const NEW_RULE_STATE: RuleState = {
  alerts: NO_ALERTS,
  sentMs: new Map(),
  unmatched: new Set(),
  restored: true,
  series: new Map(),
  health: "unknown",
  lastError: "",
  evaluatedMs: undefined,
  tookMs: 0,
  samples: 0,
};

export const NEW_GROUP_STATE: GroupState = new Map();

export function ruleStateOf(state: GroupState, key: string): RuleState {
  return state.get(key) ?? NEW_RULE_STATE;
}

/** Pending, firing and kept firing; not the resolved. */
export function activeAlerts(alerts: AlertTable): readonly Alert[] {
  return [...alerts.values()].filter(({ phase }) => phase !== "resolved");
}
