/**
 * The configuration in force. A file that does not load changes nothing and says why; one that does is handed to
 * those who live by it, and the journal keeps which version was in force since when.
 */
import { CHILDLESS } from "../lib/actor/childless.ts";
import { reply, tell } from "../lib/actor/effects.ts";
import { jsonCodec } from "../lib/actor/json_codec.ts";
import type { ActorRef, Behavior, Codec, Decision, Effect, ReplyTo } from "../lib/actor/types.ts";
import type { PrometheusConfig } from "../lib/config/types.ts";
import { assertNever } from "../lib/core/assert.ts";
import { messageOf } from "../lib/core/errors.ts";
import type { Log } from "../lib/core/ports.ts";
import type { EpochMs } from "../lib/core/time.ts";
import type { ConfigCommand, ConfigEvent, ConfigStatus, ReloadOutcome } from "./protocol/config.ts";
import type { NotifierCommand } from "./protocol/notifier.ts";
import type { ScrapeManagerCommand } from "./protocol/scrape.ts";

/** Reading files and globs is quick; a file system that hangs must not hang the reload for ever. */
const LOAD_TIMEOUT_MS = 30_000;
const SNAPSHOT_EVERY = 50;

export interface ConfigOptions {
  readonly load: () => Promise<PrometheusConfig>;
  /** Of the whole text in force, secrets masked: tells versions apart. */
  readonly digestOf: (config: PrometheusConfig) => string;
  readonly scrape: ActorRef<ScrapeManagerCommand>;
  readonly notifier: ActorRef<NotifierCommand>;
  readonly log: Log;
}

type ConfigDecision = Decision<ConfigCommand, ConfigEvent>;

export function configBehavior(options: ConfigOptions): Behavior<ConfigStatus, ConfigCommand, ConfigEvent> {
  /** Settled when the last load has ended: one that began earlier must not be applied later. */
  let loading: Promise<void> = Promise.resolve();

  function decide(state: ConfigStatus, command: ConfigCommand, nowMs: EpochMs): ConfigDecision {
    switch (command.kind) {
      case "reload":
        return { events: [], effects: [loadTask(command.replyTo)] };
      case "loaded":
        return onLoaded(command.config, command.replyTo, nowMs);
      case "loadFailed":
        options.log.error("Error loading config", { err: command.reason });
        return {
          events: [{ kind: "configRejected", atMs: nowMs, reason: command.reason }],
          effects: [reply(command.replyTo, { kind: "rejected", reason: command.reason })],
        };
      case "describe":
        return { events: [], effects: [reply(command.replyTo, state)] };
      default:
        return assertNever(command);
    }
  }

  function onLoaded(
    config: PrometheusConfig,
    replyTo: ReplyTo<ReloadOutcome>,
    nowMs: EpochMs,
  ): ConfigDecision {
    for (const warning of config.warnings) options.log.warn(warning);
    for (const section of config.inactive) {
      options.log.warn("This section of the configuration is checked, but not active yet", { section });
    }
    const applied: Effect<ConfigCommand>[] = [
      tell(options.scrape, {
        kind: "apply",
        scrapeConfigs: config.scrapeConfigs,
        externalLabels: config.global.externalLabels,
      }),
      tell(options.notifier, {
        kind: "apply",
        alerting: config.alerting,
        externalLabels: config.global.externalLabels,
      }),
      reply(replyTo, { kind: "applied" }),
    ];
    return {
      events: [
        { kind: "configHeld", config },
        { kind: "configApplied", atMs: nowMs, digest: options.digestOf(config) },
      ],
      effects: applied,
    };
  }

  function loadTask(replyTo: ReplyTo<ReloadOutcome>): Effect<ConfigCommand> {
    return {
      kind: "task",
      label: "load configuration",
      timeoutMs: LOAD_TIMEOUT_MS,
      run: async (signal) => {
        const before = loading;
        const ended = Promise.withResolvers<void>();
        loading = ended.promise;
        signal.addEventListener("abort", () => ended.resolve(), { once: true });
        try {
          await before;
          return { kind: "loaded", config: await options.load(), replyTo };
        } finally {
          ended.resolve();
        }
      },
      failed: (error) => ({ kind: "loadFailed", reason: messageOf(error), replyTo }),
    };
  }

  return {
    name: "config",
    initial: () => ({ config: undefined, lastReloadSucceeded: false, lastAppliedMs: undefined }),
    decide,
    evolve,
    resume: () => [],
    persistence: {
      kind: "ahead",
      events: jsonCodec<ConfigEvent>(1),
      state: withoutConfig(jsonCodec<ConfigStatus>(1)),
      snapshotEvery: SNAPSHOT_EVERY,
      durable: (event) => event.kind !== "configHeld",
    },
    supervision: CHILDLESS,
  };
}

/** The file is read again at each start, and its secrets have no place in the journal. */
function withoutConfig(codec: Codec<ConfigStatus>): Codec<ConfigStatus> {
  return { ...codec, encode: (state) => codec.encode({ ...state, config: undefined }) };
}

function evolve(state: ConfigStatus, event: ConfigEvent): ConfigStatus {
  switch (event.kind) {
    case "configHeld":
      return { ...state, config: event.config };
    case "configApplied":
      return { ...state, lastReloadSucceeded: true, lastAppliedMs: event.atMs };
    case "configRejected":
      return { ...state, lastReloadSucceeded: false };
    default:
      return assertNever(event);
  }
}
