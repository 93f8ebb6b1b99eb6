/** What the actors of rules say: the manager, and one actor a group. */
import type { ActorRef, ReplyTo } from "../../lib/actor/types.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import type { Matcher } from "../../lib/model/matchers.ts";
import type { RuleGroup } from "../../lib/rules/rule.ts";
import type { EvaluationSettings } from "../../lib/rules/ports.ts";
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
    readonly settings: EvaluationSettings;
  }
  /** Told to itself when it comes back: starts the groups that it had. */
  | { readonly kind: "start" }
  | { readonly kind: "groupEnded"; readonly name: string }
  | { readonly kind: "groups"; readonly replyTo: ReplyTo<RuleManagerView> };
