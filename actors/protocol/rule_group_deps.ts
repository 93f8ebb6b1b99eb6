/** What the actor of a group of rules is given by those who start it: addresses, ports, and the command line's settings. */
import type { ActorRef } from "../../lib/actor/types.ts";
import type { Clock, Log } from "../../lib/core/ports.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import type { EvaluationPorts } from "../../lib/rules/ports.ts";
import type { ReadBackOptions } from "../../lib/rules/read_back.ts";
import type { RuleGroup } from "../../lib/rules/rule.ts";
import type { EvaluationSlots } from "../../lib/rules/slots.ts";
import type { NotifierCommand } from "./notifier.ts";
import type { ShardCommand } from "./shard.ts";

export interface RuleGroupDeps extends ReadBackOptions {
  readonly storage: ActorRef<ShardCommand>;
  /** Undefined: nobody takes alerts. */
  readonly notifier: ActorRef<NotifierCommand> | undefined;
  /** As `EvaluationPorts.query`; the group is for the query log. */
  readonly query: (
    group: RuleGroup,
    ...asked: Parameters<EvaluationPorts["query"]>
  ) => ReturnType<EvaluationPorts["query"]>;
  readonly slots: EvaluationSlots;
  /** Whether independent rules of a group run side by side, as far as there are free places. */
  readonly concurrentRules: boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly queryTimeoutMs: number;
  readonly resendDelayMs: number;
  readonly processStartMs: EpochMs;
  readonly observeRule: (tookMs: number) => void;
  /** Appends to journals that failed in this process so far. */
  readonly journalFailures: () => number;
  readonly observeGroup: (tookMs: number) => void;
}
