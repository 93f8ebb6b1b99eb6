/**
 * One step of a rule's alerts: what the expression found meets what is known, and transitions come out. Pure; the next
 * table is the fold of the transitions and of what merely changed its value or its texts.
 */
import type { EpochMs } from "../core/time.ts";
import { type Labels, labelsKey } from "../model/labels.ts";
import {
  type Alert,
  type AlertCause,
  type AlertPhase,
  type AlertTable,
  type AlertTransition,
  applyTransitions,
} from "./alert.ts";
import type { AlertingRule, RuleLabels } from "./rule.ts";

/** As Prometheus: so long a resolved alert is told about, in case that the news of its end was lost. */
export const RESOLVED_RETENTION_MS = 15 * 60_000;

/** A series that the expression answers, as an alert. */
export interface FoundAlert {
  readonly labels: Labels;
  readonly annotations: RuleLabels;
  readonly value: number;
}

export interface AlertStep {
  readonly alerts: AlertTable;
  readonly transitions: readonly AlertTransition[];
  /** Pending, firing and kept firing. */
  readonly active: number;
}

/** How long an alert must match before it fires, and go on firing after it. */
export type Timing = Pick<AlertingRule, "forMs" | "keepFiringForMs">;

const NONE: ReadonlySet<string> = new Set();

/**
 * The label sets of `found` differ from each other. Alerts of `held` (keys) that are missing from it go on as they are:
 * it is not known yet whether they ended. Nothing is limited here (`clearAlerts`).
 */
export function stepAlerts(
  timing: Timing,
  alerts: AlertTable,
  found: readonly FoundAlert[],
  tsMs: EpochMs,
  held: ReadonlySet<string> = NONE,
): AlertStep {
  const transitions: AlertTransition[] = [];
  const refreshed = new Map<string, FoundAlert>();
  let active = 0;
  for (const seen of found) {
    const key = labelsKey(seen.labels);
    refreshed.set(key, seen);
    active++;
    const alert = alerts.get(key);
    const move = matching(alert, timing.forMs, tsMs);
    if (move !== undefined) transitions.push({ atMs: tsMs, ...seen, ...move });
  }
  for (const [key, alert] of alerts) {
    if (refreshed.has(key)) continue;
    const move = held.has(key) && alert.phase !== "resolved" ? undefined : missing(alert, timing, tsMs);
    const phase = move?.to ?? alert.phase;
    if (phase !== "resolved" && phase !== "inactive") active++;
    if (move !== undefined) transitions.push({ ...transitionOf(alert, tsMs), ...move });
  }
  return { alerts: refresh(applyTransitions(alerts, transitions), refreshed), transitions, active };
}

interface Move {
  readonly from: AlertPhase;
  readonly to: AlertPhase;
  readonly cause: AlertCause;
  readonly activeAtMs: EpochMs;
}

/** What becomes of an alert whose expression matches; undefined: it goes on as it is. */
function matching(alert: Alert | undefined, forMs: number, tsMs: EpochMs): Move | undefined {
  if (alert === undefined || alert.phase === "resolved") {
    return {
      from: alert === undefined ? "inactive" : "resolved",
      to: forMs <= 0 ? "firing" : "pending",
      cause: "matched",
      activeAtMs: tsMs,
    };
  }
  const { phase, activeAtMs } = alert;
  const held = tsMs - activeAtMs >= forMs;
  if (phase === "pending") {
    return held ? { from: phase, to: "firing", cause: "heldLongEnough", activeAtMs } : undefined;
  }
  if (!held) return { from: phase, to: "pending", cause: "holdRaised", activeAtMs };
  return phase === "keptFiring" ? { from: phase, to: "firing", cause: "returned", activeAtMs } : undefined;
}

/** What becomes of an alert whose expression does not match. */
function missing(alert: Alert, { forMs, keepFiringForMs }: Timing, tsMs: EpochMs): Move | undefined {
  const { phase: from, activeAtMs } = alert;
  const held = tsMs - activeAtMs >= forMs;
  switch (from) {
    case "pending":
      return { from, to: "inactive", cause: "vanished", activeAtMs };
    case "firing":
      if (keepFiringForMs <= 0) return { from, to: "resolved", cause: "vanished", activeAtMs };
      return held
        ? { from, to: "keptFiring", cause: "vanished", activeAtMs }
        : { from, to: "pending", cause: "holdRaised", activeAtMs };
    case "keptFiring":
      if (tsMs - (alert.keepFiringSinceMs ?? tsMs) >= keepFiringForMs) {
        return { from, to: "resolved", cause: "keepFiringOver", activeAtMs };
      }
      return held ? undefined : { from, to: "pending", cause: "holdRaised", activeAtMs };
    case "resolved":
      return tsMs - (alert.resolvedAtMs ?? tsMs) > RESOLVED_RETENTION_MS
        ? { from, to: "inactive", cause: "retentionOver", activeAtMs }
        : undefined;
  }
}

/** A transition of an alert that nothing new is known of. */
export function transitionOf(
  { labels, annotations, value, phase, activeAtMs }: Alert,
  atMs: EpochMs,
): Omit<AlertTransition, "to" | "cause"> {
  return { atMs, labels, annotations, value, from: phase, activeAtMs };
}

/** All alerts end at once, and nobody is told: the rule is gone, or has more than its limit. */
export function clearAlerts(
  alerts: AlertTable,
  tsMs: EpochMs,
  cause: "limitExceeded" | "ruleRemoved",
): readonly AlertTransition[] {
  return [...alerts.values()].map((alert) => ({ ...transitionOf(alert, tsMs), to: "inactive", cause }));
}

/** Values and texts of this evaluation; labels never change. */
function refresh(alerts: AlertTable, found: ReadonlyMap<string, FoundAlert>): AlertTable {
  if (found.size === 0) return alerts;
  const next = new Map(alerts);
  for (const [key, { value, annotations }] of found) {
    const alert = next.get(key)!;
    if (!Object.is(alert.value, value) || alert.annotations !== annotations) {
      next.set(key, { ...alert, value, annotations });
    }
  }
  return next;
}
