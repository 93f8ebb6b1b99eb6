/** What the actors of rules say: the manager, and one actor a group. */
import type { ActorRef, ReplyTo } from "../../lib/actor/types.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import type { AppendOutcome, SampleBatch } from "../../lib/model/batch.ts";
import type { Matcher } from "../../lib/model/matchers.ts";
import type { RuleGroup } from "../../lib/rules/rule.ts";
import type { RuleEvaluation } from "../../lib/rules/evaluate_rule.ts";
import type { EvaluationSettings } from "../../lib/rules/ports.ts";
import type { MovedAlerts } from "../../lib/rules/moved.ts";
import type { AlertHistory, AlertsAt, RuleGroupView } from "../../lib/rules/view.ts";

/** What others may ask a group. */
export type RuleGroupQuestion =
  | { readonly kind: "describe"; readonly replyTo: ReplyTo<RuleGroupView> }
  /** Transitions of alerts that any of the sets match (none: all), alert name and labels alike; both ends inside. */
  | {
    readonly kind: "history";
    readonly matcherSets: readonly (readonly Matcher[])[];
    readonly startMs: EpochMs;
    readonly endMs: EpochMs;
    readonly replyTo: ReplyTo<AlertHistory>;
  }
  /** Alerts that were not inactive at that time. */
  | {
    readonly kind: "stateAt";
    readonly matcherSets: readonly (readonly Matcher[])[];
    readonly tMs: EpochMs;
    readonly replyTo: ReplyTo<AlertsAt>;
  };

/** What all groups are told by the configuration. */
export interface RuleSettings extends EvaluationSettings {
  /**
   * So long after the start of the process the data may have a gap that the process itself made: alerts of an earlier
   * life are not taken for ended before.
   */
  readonly settleMs: number;
}

export type RuleGroupCommand =
  | RuleGroupQuestion
  /** Told to itself at the begin of each life. */
  | { readonly kind: "start" }
  | { readonly kind: "configure"; readonly group: RuleGroup; readonly settings: RuleSettings }
  /** The group is in no file any more: in good time the markers that end its series, and then nothing. */
  | { readonly kind: "retire" }
  | { readonly kind: "evaluationDue"; readonly dueMs: EpochMs }
  | { readonly kind: "outageChecked"; readonly moved: readonly MovedAlerts[] }
  | { readonly kind: "stageEvaluated"; readonly evaluations: readonly RuleEvaluation[] }
  /** The stage as a whole: out of time, or a fault of ours. */
  | { readonly kind: "stageFailed"; readonly reason: string }
  | {
    readonly kind: "stageStored";
    readonly outcome: AppendOutcome;
    readonly again: SampleBatch | undefined;
    readonly rules: readonly string[];
  }
  | { readonly kind: "stageNotStored"; readonly reason: string; readonly rules: readonly string[] }
  /** Told to itself: the next stage, or the end. */
  | { readonly kind: "stagePassed" }
  | { readonly kind: "alertsRestored"; readonly moved: readonly MovedAlerts[]; readonly tookMs: number }
  /** Told to itself, once the journal has what it missed. */
  | { readonly kind: "journalCaughtUp" }
  | { readonly kind: "endOfRunDue"; readonly tMs: EpochMs }
  | { readonly kind: "endOfRunKept"; readonly again: SampleBatch | undefined };

export interface RuleManagerView {
  /** Sorted by file, then as the file has them. Retired groups are not among them. */
  readonly groups: readonly {
    readonly file: string;
    readonly name: string;
    readonly group: ActorRef<RuleGroupQuestion>;
  }[];
}

export type RuleManagerCommand =
  /** The groups that are wanted from now on, replacing what was wanted before. */
  | {
    readonly kind: "apply";
    readonly groups: readonly RuleGroup[];
    readonly settings: RuleSettings;
  }
  /** Told to itself when it comes back: starts the groups that it had. */
  | { readonly kind: "start" }
  | { readonly kind: "groupEnded"; readonly name: string }
  | { readonly kind: "groups"; readonly replyTo: ReplyTo<RuleManagerView> };
