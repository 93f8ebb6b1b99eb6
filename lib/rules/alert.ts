/**
 * Alerts, and what happens to them. Every change of an alert's phase is a transition; the alerts of a rule are the
 * fold of its transitions, so that a replay ends where the process was. Knows nothing of expressions.
 */
import type { EpochMs } from "../core/time.ts";
import { type Labels, labelsKey } from "../model/labels.ts";
import type { RuleLabels } from "./rule.ts";

/**
 * `inactive` is no alert at all. `keptFiring` is firing to the outside: the expression does not match any more, and
 * `keep_firing_for` has not passed. `resolved` is not active any more, and is told to those who take alerts for a while.
 */
export type AlertPhase = "inactive" | "pending" | "firing" | "keptFiring" | "resolved";

export type AlertCause =
  /** The expression matches. */
  | "matched"
  /** It has matched for as long as `for` says. */
  | "heldLongEnough"
  /** The expression does not match any more. */
  | "vanished"
  /** It matches again while the alert was kept firing. */
  | "returned"
  /** It has not matched for as long as `keep_firing_for` says. */
  | "keepFiringOver"
  /** A reload raised `for` beyond what the alert has held. */
  | "holdRaised"
  /** A resolved alert has been told about for long enough. */
  | "retentionOver"
  /** The rule has more alerts than the group's limit. */
  | "limitExceeded"
  /** The rule is not in the file any more. */
  | "ruleRemoved"
  /** The time it was active since was read back from `ALERTS_FOR_STATE`. */
  | "restored"
  /** Nobody evaluated the rule for longer than `--rules.alert.for-outage-tolerance`. */
  | "outageTooLong";

export interface AlertTransition {
  readonly atMs: EpochMs;
  readonly labels: Labels;
  /** As expanded at that moment. */
  readonly annotations: RuleLabels;
  readonly from: AlertPhase;
  readonly to: AlertPhase;
  readonly value: number;
  readonly cause: AlertCause;
  /** Of the alert after the transition; of the one that ended, where it ends. */
  readonly activeAtMs: EpochMs;
}

export interface Alert {
  readonly labels: Labels;
  readonly annotations: RuleLabels;
  readonly phase: Exclude<AlertPhase, "inactive">;
  /** Of the last evaluation that matched. */
  readonly value: number;
  readonly activeAtMs: EpochMs;
  readonly firedAtMs: EpochMs | undefined;
  readonly resolvedAtMs: EpochMs | undefined;
  readonly keepFiringSinceMs: EpochMs | undefined;
}

/** Of one rule, by `labelsKey` of their labels, the oldest first. */
export type AlertTable = ReadonlyMap<string, Alert>;

export const NO_ALERTS: AlertTable = new Map();

/** The table after the transitions, in their order. */
export function applyTransitions(table: AlertTable, transitions: readonly AlertTransition[]): AlertTable {
  if (transitions.length === 0) return table;
  const next = new Map(table);
  for (const transition of transitions) {
    const key = labelsKey(transition.labels);
    const alert = applyTransition(next.get(key), transition);
    if (alert === undefined) next.delete(key);
    else next.set(key, alert);
  }
  return next;
}

function applyTransition(alert: Alert | undefined, transition: AlertTransition): Alert | undefined {
  const { atMs, labels, annotations, value, activeAtMs } = transition;
  const said = { labels, annotations, value, activeAtMs };
  switch (transition.to) {
    case "inactive":
      return undefined;
    case "pending":
      return {
        ...said,
        phase: "pending",
        firedAtMs: undefined,
        resolvedAtMs: undefined,
        keepFiringSinceMs: undefined,
      };
    case "firing":
      return {
        ...said,
        phase: "firing",
        firedAtMs: transition.from === "keptFiring" ? alert?.firedAtMs ?? atMs : atMs,
        resolvedAtMs: undefined,
        keepFiringSinceMs: undefined,
      };
    case "keptFiring":
      return {
        ...said,
        phase: "keptFiring",
        firedAtMs: alert?.firedAtMs ?? atMs,
        resolvedAtMs: undefined,
        keepFiringSinceMs: atMs,
      };
    case "resolved":
      return {
        ...said,
        phase: "resolved",
        firedAtMs: alert?.firedAtMs ?? atMs,
        resolvedAtMs: atMs,
        keepFiringSinceMs: alert?.keepFiringSinceMs,
      };
  }
}

/** The state that Prometheus tells of: kept firing is firing, resolved is inactive. */
export function publicState(phase: AlertPhase): "inactive" | "pending" | "firing" {
  if (phase === "keptFiring") return "firing";
  return phase === "resolved" ? "inactive" : phase;
}

const CAUSE_TEXTS: Readonly<Record<AlertCause, string>> = {
  matched: "the expression matched",
  heldLongEnough: "it matched for as long as 'for' says",
  vanished: "the expression did not match any more",
  returned: "the expression matched again",
  keepFiringOver: "it did not match for as long as 'keep_firing_for' says",
  holdRaised: "a reload raised 'for'",
  retentionOver: "it was resolved long enough ago",
  limitExceeded: "the rule exceeded the limit of its group",
  ruleRemoved: "the rule was removed",
  restored: "restored from ALERTS_FOR_STATE",
  outageTooLong: "the rule was not evaluated for longer than the outage tolerance",
};

export function causeText(cause: AlertCause): string {
  return CAUSE_TEXTS[cause];
}
