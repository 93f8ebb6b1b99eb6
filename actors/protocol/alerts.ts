/**
 * The word between the rules and those who notify people. An Alertmanager elsewhere is one kind of receiver, behind
 * the notifier; an actor that understands this command is another.
 */
import type { AlertNotice } from "../../lib/notify/alert.ts";

export interface AlertsCommand {
  readonly kind: "alerts";
  readonly alerts: readonly AlertNotice[];
}
