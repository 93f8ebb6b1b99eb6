/**
 * Sending alerts in the running server: its actors are started, what the HTTP interface shows of them is asked at the
 * moment of the request, and at the end their queues are drained.
 */
import type { ActorRef, ActorSystem } from "../lib/actor/types.ts";
import { messageOf } from "../lib/core/errors.ts";
import type { Log } from "../lib/core/ports.ts";
import type { AlertmanagersView, DiscoverySnapshot, NotificationsSnapshot } from "../lib/http/deps.ts";
import type { AlertmanagerDeps } from "../actors/alertmanager.ts";
import { notifierBehavior } from "../actors/notifier.ts";
import type {
  AlertmanagerCommand,
  AlertmanagerSetCommand,
  AlertmanagerSetView,
  AlertmanagerView,
  NotifierCommand,
} from "../actors/protocol/notifier.ts";

export interface ServerNotifierOptions extends AlertmanagerDeps {
  readonly system: ActorSystem;
}

export interface ServerNotifier {
  /** Where alerts are told. */
  readonly notifier: ActorRef<NotifierCommand>;
  readonly views: NotifierViews;
}

export async function startNotifier(
  { system, ...alertmanager }: ServerNotifierOptions,
): Promise<ServerNotifier> {
  const notifier: ActorRef<NotifierCommand> = await system.spawn(
    "notifier",
    // An Alertmanager in this process would be a receiver here.
    notifierBehavior({ path: "/notifier", receivers: [], alertmanager }),
  );
  return { notifier, views: new NotifierViews(system, notifier, alertmanager.queueCapacity) };
}

const ANSWER_TIMEOUT_MS = 10_000;
/**
 * The end of the server waits so long for queues to empty, all of them at once: two requests that time out by
 * default, and less than a service manager's patience.
 */
export const DRAIN_TIMEOUT_MS = 25_000;

export class NotifierViews {
  readonly #system: ActorSystem;
  readonly #notifier: ActorRef<NotifierCommand>;
  readonly #queueCapacity: number;

  constructor(system: ActorSystem, notifier: ActorRef<NotifierCommand>, queueCapacity: number) {
    this.#system = system;
    this.#notifier = notifier;
    this.#queueCapacity = queueCapacity;
  }

  async alertmanagers(): Promise<AlertmanagersView> {
    const sets = await this.#sets();
    return {
      active: sets.flatMap((set) => set.alertmanagers.map(({ url }) => url)),
      dropped: sets.flatMap((set) => set.dropped),
    };
  }

  async snapshot(): Promise<NotificationsSnapshot> {
    const refs = await this.#alertmanagers();
    const views = await Promise.all(
      refs.map((ref) =>
        this.#system.ask<AlertmanagerCommand, "describe">(ref, { kind: "describe" }, ANSWER_TIMEOUT_MS)
          .catch(() => undefined) // it has ended since
      ),
    );
    const present = views.filter((view) => view !== undefined);
    return {
      queueCapacity: this.#queueCapacity,
      discovered: present.length,
      alertmanagers: byUrl(present),
    };
  }

  async discovery(): Promise<readonly DiscoverySnapshot[]> {
    return (await this.#sets()).map((set, index) => ({
      manager: "notify",
      config: `config-${index}`,
      targets: set.alertmanagers.length + set.dropped.length,
      updates: set.syncs,
      fileReadErrors: set.discoveryErrors.length,
    }));
  }

  /** Resolves when nothing waits to be sent, or after `DRAIN_TIMEOUT_MS`. */
  async drain(log: Log): Promise<void> {
    log.info("Draining any remaining notifications...");
    const refs = await this.#alertmanagers();
    const drained = refs.map((ref) =>
      this.#system.ask<AlertmanagerCommand, "drain">(ref, { kind: "drain" }, DRAIN_TIMEOUT_MS)
    );
    for (const outcome of await Promise.allSettled(drained)) {
      if (outcome.status === "fulfilled") continue;
      log.warn("Could not drain the notifications of an Alertmanager", { err: messageOf(outcome.reason) });
    }
    log.info("Remaining notifications drained");
  }

  async #sets(): Promise<readonly AlertmanagerSetView[]> {
    const { sets } = await this.#system.ask<NotifierCommand, "describe">(
      this.#notifier,
      { kind: "describe" },
      ANSWER_TIMEOUT_MS,
    );
    return await Promise.all(
      sets.map((set) =>
        this.#system.ask<AlertmanagerSetCommand, "describe">(set, { kind: "describe" }, ANSWER_TIMEOUT_MS)
      ),
    );
  }

  async #alertmanagers(): Promise<readonly ActorRef<AlertmanagerCommand>[]> {
    return (await this.#sets()).flatMap((set) => set.alertmanagers.map(({ ref }) => ref));
  }
}

/** Two sets may name one Alertmanager, and its metrics are one series: counts add up, quantiles are the slower. */
function byUrl(views: readonly AlertmanagerView[]): NotificationsSnapshot["alertmanagers"] {
  const merged = new Map<string, AlertmanagerView>();
  for (const view of views) {
    const other = merged.get(view.url);
    merged.set(view.url, other === undefined ? view : sumOf(other, view));
  }
  return [...merged.values()].map(({ url, queueLength, tallies, latency }) => ({
    url,
    queueLength,
    ...tallies,
    latency,
  }));
}

function sumOf(a: AlertmanagerView, b: AlertmanagerView): AlertmanagerView {
  return {
    url: a.url,
    queueLength: a.queueLength + b.queueLength,
    tallies: {
      sent: a.tallies.sent + b.tallies.sent,
      errors: a.tallies.errors + b.tallies.errors,
      dropped: a.tallies.dropped + b.tallies.dropped,
    },
    latency: {
      count: a.latency.count + b.latency.count,
      sumSeconds: a.latency.sumSeconds + b.latency.sumSeconds,
      quantiles: a.latency.quantiles.map(([quantile, seconds], i) =>
        [quantile, slower(seconds, b.latency.quantiles[i]![1])] as const
      ),
    },
    lastError: a.lastError || b.lastError,
  };
}

function slower(a: number, b: number): number {
  if (Number.isNaN(a)) return b;
  return Number.isNaN(b) ? a : Math.max(a, b);
}
