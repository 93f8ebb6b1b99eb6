/**
 * What takes alerts understands, whoever it is: the sender to Alertmanagers over HTTP, or an Alertmanager in this
 * process. Alerts are handed over by message, and nobody waits for an answer. Then what the sender's own actors say to
 * each other: notifier, set of Alertmanagers, Alertmanager.
 */
import type { ActorRef, ReplyTo } from "../../lib/actor/types.ts";
import type { AlertingConfig, AlertmanagerConfig } from "../../lib/config/types.ts";
import type { SentAlert } from "../../lib/notify/alert.ts";
import type { GroupsFoundCommand } from "./scrape.ts";

export type { SentAlert };

/** The alerts of one rule at one evaluation; never empty. External labels are not added yet. */
export interface AlertsCommand {
  readonly kind: "alerts";
  readonly alerts: readonly SentAlert[];
}

/** What it costs and how it went, since it was found; named after Prometheus's metrics. */
export interface AlertmanagerTallies {
  readonly sent: number;
  readonly errors: number;
  readonly dropped: number;
}

export interface LatencyView {
  readonly count: number;
  readonly sumSeconds: number;
  /** 0.5, 0.9 and 0.99; NaN where nothing was sent lately. */
  readonly quantiles: readonly (readonly [quantile: number, seconds: number])[];
}

export interface AlertmanagerView {
  /** Of the endpoint that takes alerts. */
  readonly url: string;
  readonly queueLength: number;
  readonly tallies: AlertmanagerTallies;
  readonly latency: LatencyView;
  /** Of the last request that failed, "" after one that did not. */
  readonly lastError: string;
}

export type AlertmanagerCommand =
  | AlertsCommand
  /** Also takes back a `retire`. */
  | { readonly kind: "configure"; readonly config: AlertmanagerConfig }
  | { readonly kind: "sent"; readonly count: number; readonly tookMs: number }
  | { readonly kind: "sendFailed"; readonly count: number; readonly reason: string }
  /** No longer wanted: ends when its queue is empty, or at once where queues are not drained. */
  | { readonly kind: "retire" }
  /** Answered when nothing waits and nothing is on its way. */
  | { readonly kind: "drain"; readonly replyTo: ReplyTo<"drained"> }
  | { readonly kind: "describe"; readonly replyTo: ReplyTo<AlertmanagerView> };

export interface AlertmanagerSetView {
  readonly alertmanagers: readonly { readonly url: string; readonly ref: ActorRef<AlertmanagerCommand> }[];
  /** URLs that relabelling took out. */
  readonly dropped: readonly string[];
  readonly discoveryErrors: readonly string[];
  readonly syncs: number;
}

export type AlertmanagerSetCommand =
  | AlertsCommand
  | GroupsFoundCommand
  /** Told to itself when it starts and when it comes back: brings the Alertmanagers to the newest orders. */
  | { readonly kind: "start" }
  | { readonly kind: "configure"; readonly config: AlertmanagerConfig }
  | { readonly kind: "retire" }
  | { readonly kind: "childEnded"; readonly name: string }
  | { readonly kind: "describe"; readonly replyTo: ReplyTo<AlertmanagerSetView> };

export interface NotifierView {
  readonly sets: readonly ActorRef<AlertmanagerSetCommand>[];
}

export type NotifierCommand =
  | AlertsCommand
  | {
    readonly kind: "apply";
    readonly alerting: AlertingConfig;
    readonly externalLabels: readonly (readonly [name: string, value: string])[];
  }
  /** Told to itself when it comes back. */
  | { readonly kind: "start" }
  | { readonly kind: "childEnded"; readonly name: string }
  | { readonly kind: "describe"; readonly replyTo: ReplyTo<NotifierView> };
