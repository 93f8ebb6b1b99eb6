/**
 * Alerts that no journal knows, from the `ALERTS_FOR_STATE` samples that another life, or a Prometheus, left behind.
 * As Prometheus: only rules that wait long enough to be worth it, and the time that nobody looked does not count.
 */
import type { EpochMs } from "../core/time.ts";
import { type Labels, labelsKey } from "../model/labels.ts";
import type { AlertTable, AlertTransition } from "./alert.ts";
import { transitionOf } from "./alert_step.ts";

/** The newest sample of one `ALERTS_FOR_STATE` series. */
export interface ForStateSample {
  /** Without the metric's name: the labels of the alert. */
  readonly labels: Labels;
  readonly tMs: EpochMs;
  /** Unix seconds since when the alert was active; undefined: the series had ended. */
  readonly activeSince: number | undefined;
}

export interface RestoreOptions {
  readonly forMs: number;
  readonly gracePeriodMs: number;
  readonly nowMs: EpochMs;
}

/** Pending alerts with another time that they are active since. */
export function restoreAlerts(
  alerts: AlertTable,
  samples: readonly ForStateSample[],
  options: RestoreOptions,
): readonly AlertTransition[] {
  if (options.forMs < options.gracePeriodMs) return [];
  const byLabels = new Map(samples.map((sample) => [labelsKey(sample.labels), sample]));
  const transitions: AlertTransition[] = [];
  for (const [key, alert] of alerts) {
    const sample = byLabels.get(key);
    if (alert.phase !== "pending" || sample?.activeSince === undefined) continue;
    const activeAtMs = restoredActiveAtMs(Math.floor(sample.activeSince) * 1000, sample.tMs, options);
    transitions.push({ ...transitionOf(alert, options.nowMs), activeAtMs, to: "pending", cause: "restored" });
  }
  return transitions;
}

function restoredActiveAtMs(
  sinceMs: EpochMs,
  downAtMs: EpochMs,
  { forMs, gracePeriodMs, nowMs }: RestoreOptions,
): EpochMs {
  const remainingMs = forMs - (downAtMs - sinceMs);
  // It was firing: the next evaluation sets it back to that.
  if (remainingMs <= 0) return sinceMs;
  if (remainingMs < gracePeriodMs) return nowMs + gracePeriodMs - forMs;
  return sinceMs + (nowMs - downAtMs);
}

/**
 * Pending alerts of the journal that nobody evaluated for longer than the tolerance end: they begin their wait anew.
 * `samples` are those of the time within the tolerance. Firing alerts go on.
 */
export function outdatedPending(
  alerts: AlertTable,
  samples: readonly ForStateSample[],
  nowMs: EpochMs,
): readonly AlertTransition[] {
  const seen = new Set(samples.map((sample) => labelsKey(sample.labels)));
  return [...alerts].filter(([key, { phase }]) => phase === "pending" && !seen.has(key))
    .map(([, alert]) => ({ ...transitionOf(alert, nowMs), to: "inactive", cause: "outageTooLong" }));
}
