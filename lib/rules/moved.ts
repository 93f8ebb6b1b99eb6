/** Alerts of one rule that move: what the journal keeps of them. */
import type { AlertTransition } from "./alert.ts";

export interface MovedAlerts {
  /** The rule's key (rule.ts). */
  readonly rule: string;
  readonly transitions: readonly AlertTransition[];
}
