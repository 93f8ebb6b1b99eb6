/**
 * One Alertmanager: a queue of its own and one request at a time, so that one that hangs keeps nobody else waiting.
 * Nothing is sent twice: what fails is dropped and counted, since the rules send again what still holds.
 */
import { CHILDLESS } from "../lib/actor/childless.ts";
import { reply, tell } from "../lib/actor/effects.ts";
import type { ActorPath, ActorRef, Behavior, Decision, Effect, ReplyTo } from "../lib/actor/types.ts";
import { SUMMARY_MAX_AGE_MS, SummaryChild } from "../lib/client/summary.ts";
import { credentialHeaders, tlsMaterial } from "../lib/config/credentials.ts";
import type { AlertmanagerConfig } from "../lib/config/types.ts";
import { assertNever } from "../lib/core/assert.ts";
import { messageOf } from "../lib/core/errors.ts";
import type { Clock, Files, HttpOutcome, HttpPost, HttpPoster, HttpPosters, Log } from "../lib/core/ports.ts";
import { encodeAlerts, type SentAlert } from "../lib/notify/alert.ts";
import { AlertQueue } from "../lib/notify/alert_queue.ts";
import type { AlertmanagerCommand, AlertmanagerTallies, AlertmanagerView } from "./protocol/notifier.ts";

/** The client keeps to the timeout itself; a deadline of ours stands behind it. */
const REQUEST_GRACE_MS = 5_000;
const QUANTILES = [0.5, 0.9, 0.99] as const;

export interface AlertmanagerDeps {
  readonly posters: HttpPosters;
  readonly files: Files;
  readonly clock: Clock;
  readonly log: Log;
  readonly userAgent: string;
  /** Alerts that may wait; the oldest go when there are more. */
  readonly queueCapacity: number;
  /** Alerts of one request. */
  readonly batchSizeMax: number;
  /** Whether one that is no longer wanted gets what still waits. */
  readonly drains: boolean;
}

export interface AlertmanagerOptions {
  readonly path: ActorPath;
  readonly url: string;
  readonly config: AlertmanagerConfig;
  readonly deps: AlertmanagerDeps;
}

/** Changed in place: the queue may be long. */
interface AlertmanagerState {
  readonly queue: AlertQueue;
  /** Alerts of the request that is under way; 0 for none. */
  sending: number;
  tallies: AlertmanagerTallies;
  lastError: string;
  readonly waiting: ReplyTo<"drained">[];
}

type AlertmanagerEvent =
  | { readonly kind: "queued"; readonly alerts: readonly SentAlert[] }
  | { readonly kind: "batchTaken"; readonly count: number }
  | { readonly kind: "batchSent"; readonly count: number }
  | { readonly kind: "batchDropped"; readonly count: number; readonly reason: string }
  | { readonly kind: "drainAsked"; readonly replyTo: ReplyTo<"drained"> }
  | { readonly kind: "drained" };

type AlertmanagerDecision = Decision<AlertmanagerCommand, AlertmanagerEvent>;

export function alertmanagerBehavior(
  options: AlertmanagerOptions,
): Behavior<AlertmanagerState, AlertmanagerCommand, AlertmanagerEvent> {
  const { url, deps } = options;
  const log = deps.log.with({ alertmanager: url });
  const self: ActorRef<AlertmanagerCommand> = { path: options.path };
  /** What the set has told; it outlives a restart, as the latencies do. */
  let config = options.config;
  let retired = false;
  const latency = new SummaryChild(deps.clock, SUMMARY_MAX_AGE_MS);
  let poster: HttpPoster | undefined;

  function decide(state: AlertmanagerState, command: AlertmanagerCommand): AlertmanagerDecision {
    switch (command.kind) {
      case "alerts":
        return onAlerts(state, command.alerts);
      case "configure":
        config = command.config;
        retired = false;
        return { events: [], effects: [] };
      case "sent":
        latency.observe(command.tookMs / 1000);
        return goOn(state, { kind: "batchSent", count: command.count });
      case "sendFailed":
        log.error("Error sending alerts", { count: command.count, err: command.reason });
        return goOn(state, { kind: "batchDropped", count: command.count, reason: command.reason });
      case "retire":
        retired = true;
        return { events: [], effects: isIdle(state) || !deps.drains ? [{ kind: "stopSelf" }] : [] };
      case "drain":
        if (isIdle(state)) return { events: [], effects: [reply(command.replyTo, "drained")] };
        return { events: [{ kind: "drainAsked", replyTo: command.replyTo }], effects: [] };
      case "describe":
        return { events: [], effects: [reply(command.replyTo, viewOf(state))] };
      default:
        return assertNever(command);
    }
  }

  function onAlerts(state: AlertmanagerState, alerts: readonly SentAlert[]): AlertmanagerDecision {
    if (alerts.length === 0) return { events: [], effects: [] };
    const overflow = state.queue.length + alerts.length - deps.queueCapacity;
    if (overflow > 0) log.warn("Alert notification queue full, dropping alerts", { count: overflow });
    const queued: AlertmanagerEvent = { kind: "queued", alerts };
    if (state.sending > 0) return { events: [queued], effects: [] };
    // Nothing is under way, so nothing waits: the batch is made of what came.
    const batch = alerts.slice(Math.max(0, overflow)).slice(0, deps.batchSizeMax);
    return { events: [queued, { kind: "batchTaken", count: batch.length }], effects: [sendTask(batch)] };
  }

  /** The request has ended: sends what waits, or tells those who wait for the end. */
  function goOn(state: AlertmanagerState, ended: AlertmanagerEvent): AlertmanagerDecision {
    const batch = retired && !deps.drains ? [] : state.queue.head(deps.batchSizeMax);
    if (batch.length > 0) {
      return { events: [ended, { kind: "batchTaken", count: batch.length }], effects: [sendTask(batch)] };
    }
    const effects: Effect<AlertmanagerCommand>[] = state.waiting.map((replyTo) => reply(replyTo, "drained"));
    if (retired) effects.push({ kind: "stopSelf" });
    return { events: [ended, { kind: "drained" }], effects };
  }

  function sendTask(batch: readonly SentAlert[]): Effect<AlertmanagerCommand> {
    const count = batch.length;
    return {
      kind: "task",
      label: "send alerts",
      timeoutMs: config.timeoutMs + REQUEST_GRACE_MS,
      run: async (signal) => {
        const startedMs = deps.clock.monotonicMs();
        poster ??= deps.posters.open();
        const outcome = await poster.post(await requestOf(batch), signal);
        const reason = problemOf(outcome);
        if (reason !== undefined) return { kind: "sendFailed", count, reason };
        return { kind: "sent", count, tookMs: deps.clock.monotonicMs() - startedMs };
      },
      failed: (error) => ({ kind: "sendFailed", count, reason: messageOf(error) }),
    };
  }

  /** Rejects when a file with a secret cannot be read: they are read anew for each request. */
  async function requestOf(batch: readonly SentAlert[]): Promise<HttpPost> {
    const { http, timeoutMs } = config;
    const tls = await tlsMaterial(http.tls, deps.files);
    return {
      url,
      headers: [
        ["User-Agent", deps.userAgent],
        ["Content-Type", "application/json"],
        ...await credentialHeaders(http, deps.files),
      ],
      body: encodeAlerts(batch),
      timeoutMs,
      followRedirects: http.followRedirects,
      ...(tls === undefined ? {} : { tls }),
      ...(http.proxy.kind === "url" ? { proxyUrl: http.proxy.url } : {}),
    };
  }

  function problemOf(outcome: HttpOutcome): string | undefined {
    switch (outcome.kind) {
      case "response":
        // As Prometheus: any 2xx will do.
        if (outcome.status >= 200 && outcome.status < 300) return undefined;
        return `bad response status ${outcome.status} ${outcome.statusText}`.trimEnd();
      case "timedOut":
        return `Post "${url}": context deadline exceeded`;
      case "tooLarge":
        return `Post "${url}": the answer is longer than ${outcome.bytesMax} bytes`;
      case "failed":
        return outcome.reason;
      default:
        return assertNever(outcome);
    }
  }

  function viewOf(state: AlertmanagerState): AlertmanagerView {
    const { tallies, lastError, queue } = state;
    const values = latency.quantiles(QUANTILES);
    return {
      url,
      queueLength: queue.length,
      tallies,
      latency: {
        count: latency.count,
        sumSeconds: latency.sum,
        quantiles: QUANTILES.map((quantile, i) => [quantile, values[i]!] as const),
      },
      lastError,
    };
  }

  function evolve(state: AlertmanagerState, event: AlertmanagerEvent): AlertmanagerState {
    switch (event.kind) {
      case "queued":
        return tally(state, "dropped", state.queue.push(event.alerts));
      case "batchTaken":
        state.queue.remove(event.count);
        state.sending = event.count;
        return state;
      case "batchSent":
        state.sending = 0;
        state.lastError = "";
        return tally(state, "sent", event.count);
      case "batchDropped":
        state.sending = 0;
        state.lastError = event.reason;
        return tally(tally(state, "errors", event.count), "dropped", event.count);
      case "drainAsked":
        state.waiting.push(event.replyTo);
        return state;
      case "drained":
        state.waiting.length = 0;
        return state;
      default:
        return assertNever(event);
    }
  }

  return {
    name: "alertmanager",
    initial: () => ({
      queue: new AlertQueue(deps.queueCapacity),
      sending: 0,
      tallies: { sent: 0, errors: 0, dropped: 0 },
      lastError: "",
      waiting: [],
    }),
    decide,
    evolve,
    resume: () => retired ? [tell(self, { kind: "retire" })] : [],
    stopping(state) {
      poster?.close();
      poster = undefined;
      const left = state.queue.length + state.sending;
      if (left > 0) log.warn("Alert notification queue not drained, dropping alerts", { count: left });
      return [];
    },
    persistence: { kind: "none" },
    supervision: CHILDLESS,
  };
}

function isIdle(state: AlertmanagerState): boolean {
  return state.sending === 0 && state.queue.length === 0;
}

function tally(
  state: AlertmanagerState,
  name: keyof AlertmanagerTallies,
  count: number,
): AlertmanagerState {
  state.tallies = { ...state.tallies, [name]: state.tallies[name] + count };
  return state;
}
