/** Which alerts of a rule are to be told about now, and in which words. As Prometheus: at once, and again until resolved. */
import type { EpochMs } from "../core/time.ts";
import type { Labels } from "../model/labels.ts";
import { escapeUrlQuery } from "../template/escape.ts";
import type { Alert } from "./alert.ts";
import type { RuleLabels } from "./rule.ts";
import type { RuleState } from "./state.ts";

export interface AlertMessage {
  readonly labels: Labels;
  readonly annotations: RuleLabels;
  readonly startsAtMs: EpochMs;
  readonly endsAtMs: EpochMs;
  readonly generatorUrl: string;
}

export interface SendingOptions {
  readonly expr: string;
  readonly tsMs: EpochMs;
  readonly intervalMs: number;
  readonly resendDelayMs: number;
  readonly externalUrl: string;
}

export interface AlertsToSend {
  /** Of the alerts in the rule's table. */
  readonly keys: readonly string[];
  readonly alerts: readonly AlertMessage[];
}

/** An alert that is not heard of again holds for so many of the longer of interval and resend delay. */
const HOLDS_FACTOR = 4;

export function alertsToSend({ alerts, sentMs }: RuleState, options: SendingOptions): AlertsToSend {
  const { tsMs, intervalMs, resendDelayMs } = options;
  const generatorUrl = generatorUrlOf(options.externalUrl, options.expr);
  const validUntilMs = tsMs + HOLDS_FACTOR * Math.max(intervalMs, resendDelayMs);
  const keys: string[] = [];
  const messages: AlertMessage[] = [];
  for (const [key, alert] of alerts) {
    if (!isDue(alert, sentMs.get(key) ?? -Infinity, tsMs, resendDelayMs)) continue;
    keys.push(key);
    messages.push({
      labels: alert.labels,
      annotations: alert.annotations,
      startsAtMs: alert.firedAtMs ?? alert.activeAtMs,
      endsAtMs: alert.resolvedAtMs ?? validUntilMs,
      generatorUrl,
    });
  }
  return { keys, alerts: messages };
}

function isDue(alert: Alert, sentMs: EpochMs, tsMs: EpochMs, resendDelayMs: number): boolean {
  if (alert.phase === "pending") return false;
  if (alert.resolvedAtMs !== undefined && alert.resolvedAtMs > sentMs) return true;
  return sentMs + resendDelayMs < tsMs;
}

export function generatorUrlOf(externalUrl: string, expr: string): string {
  return `${externalUrl}/graph?g0.expr=${escapeUrlQuery(expr)}&g0.tab=1`;
}
