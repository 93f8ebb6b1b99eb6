/**
 * What takes alerts understands, whoever it is: the sender to Alertmanagers over HTTP, or an Alertmanager in this
 * process. Alerts are handed over by message, and nobody waits for an answer.
 */
import type { EpochMs } from "../../lib/core/time.ts";
import type { Labels } from "../../lib/model/labels.ts";
import type { RuleLabels } from "../../lib/rules/rule.ts";

export interface SentAlert {
  readonly labels: Labels;
  readonly annotations: RuleLabels;
  readonly startsAtMs: EpochMs;
  /** In the past for a resolved alert; else until when the alert holds if nobody sends it again. */
  readonly endsAtMs: EpochMs;
  readonly generatorUrl: string;
}

/** The alerts of one rule at one evaluation; never empty. External labels are not added yet. */
export interface AlertsCommand {
  readonly kind: "alerts";
  readonly alerts: readonly SentAlert[];
}

export type NotifierCommand = AlertsCommand;
