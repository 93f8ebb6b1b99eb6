/**
 * The server's life: what is started in which order, what the HTTP interface is given of it, and how it ends. The
 * listener comes first, so that a probe is answered while the journal is replayed; storage ends last, so that the
 * last scrapes are kept.
 */
import { createHash } from "node:crypto";
import { KvJournal } from "../lib/actor/kv_journal.ts";
import { SimKv } from "../lib/actor/sim_kv.ts";
import { createSystem } from "../lib/actor/system.ts";
import type { ActorPath, ActorRef, ActorSystem } from "../lib/actor/types.ts";
import type { ServerArguments } from "../lib/cli/flags.ts";
import { loadConfig } from "../lib/config/load.ts";
import { loadNarthexFile } from "../lib/config/narthex_file.ts";
import type { PrometheusConfig } from "../lib/config/types.ts";
import { messageOf, UserError } from "../lib/core/errors.ts";
import { CONTENT_TYPE, createHostExporter } from "../lib/exporters/host/exporter.ts";
import { createHandler } from "../lib/http/handler.ts";
import { createEngine } from "../lib/promql/engine.ts";
import { parseMetricSelector, type ParseOptions } from "../lib/promql/parse.ts";
import { oneATurn } from "../lib/scrape/slices.ts";
import { EXEMPLARS_MAX_DEFAULT } from "../lib/storage/exemplars.ts";
import { PAGE_CACHE_BYTES_DEFAULT, PageCache } from "../lib/storage/page_cache.ts";
import { Follower } from "../lib/storage/follower.ts";
import { HEAD_DEFAULTS } from "../lib/storage/head_options.ts";
import { SHARD_ACTOR, SHARD_PREFIX, type StorageKeys, storageKeys } from "../lib/storage/keys.ts";
import { createSeriesSource } from "../lib/storage/reader.ts";
import type { SeriesSource } from "../lib/storage/source.ts";
import type { RetentionPolicy } from "../lib/storage/retention/policy.ts";
import { configBehavior } from "../actors/config.ts";
import type { ConfigCommand } from "../actors/protocol/config.ts";
import type { ShardCommand } from "../actors/protocol/shard.ts";
import { queryGateBehavior } from "../actors/query_gate.ts";
import { scrapeManagerBehavior } from "../actors/scrape_manager.ts";
import { shardBehavior } from "../actors/shard.ts";
import { shardReaderBehavior } from "../actors/shard_reader.ts";
import { chooseConfig } from "./config_choice.ts";
import { askHead } from "./head_questions.ts";
import { externalUrlOf, httpDeps, type Running, ServerStatus } from "./http_deps.ts";
import { IntervalLengths } from "./intervals.ts";
import { startNotifier } from "./notifier_views.ts";
import { createQueryClient } from "./query_client.ts";
import { QueryLog } from "./query_log.ts";
import { type ServerRules, startRules } from "./rules.ts";
import { retentionPolicyOf } from "./retention.ts";
import { ScrapeViews } from "./scrape_views.ts";
import { forgetStaleStreamsLater } from "./stale_streams.ts";
import { openStore, type Store } from "./store.ts";
import type { World } from "./world.ts";

const RELOAD_TIMEOUT_MS = 60_000;
/** More than the one storage shard waits for its last records; a service manager kills after a minute or two. */
const STOP_MS_MAX = 45_000;
const HOST_EXPORTER_PATH = "/exporters/host/metrics";

export interface RunningServer {
  readonly addresses: readonly string[];
  /** Resolves when the server has ended, by `stop` or by a request. */
  readonly ended: Promise<{ readonly failed: boolean }>;
  reload(): Promise<void>;
  stop(): void;
}

/** As Prometheus: exemplars are kept behind a feature flag, as many as the file says. */
function exemplarsMaxOf(features: readonly string[], config: PrometheusConfig | undefined): number {
  if (!features.includes("exemplar-storage")) return 0;
  return Math.max(0, config?.storage.exemplarsMax ?? EXEMPLARS_MAX_DEFAULT);
}

function parseOptionsOf(features: readonly string[]): ParseOptions {
  return {
    experimentalFunctions: features.includes("promql-experimental-functions"),
    extendedRangeSelectors: features.includes("promql-extended-range-selectors"),
    binopFillModifiers: features.includes("promql-binop-fill-modifiers"),
  };
}

interface Foundation {
  readonly system: ActorSystem;
  readonly journal: KvJournal;
  readonly store: Store;
  readonly config: PrometheusConfig;
}

/** Rejects with a `UserError` when the server cannot start; `exitCodeOf` says what the process then answers. */
export async function startServer(
  args: Extract<ServerArguments, { kind: "run" }>,
  world: World,
): Promise<RunningServer> {
  const { flags } = args;
  const { log, clock } = world;
  for (const warning of args.warnings) log.warn(warning);
  const status = new ServerStatus(clock.nowMs(), parseOptionsOf(args.features));
  const ended = Promise.withResolvers<{ readonly failed: boolean }>();
  let running: Running | undefined;
  let stopping: Promise<void> | undefined;

  const handler = createHandler(httpDeps({
    args,
    world,
    status,
    running: () => {
      if (running === undefined) throw new UserError("unavailable", "the server is starting");
      return running;
    },
    reload,
    quit: stop,
  }));
  const hostExporter = createHostExporter(world.host, {
    version: world.build.version,
    revision: world.build.revision,
    branch: world.build.branch,
    goversion: world.build.runtimeVersion,
  });
  const listening = world.listen({
    addresses: flags["web.listen-address"],
    handler: async (request, info) => {
      if (new URL(request.url).pathname !== HOST_EXPORTER_PATH) return await handler(request, info);
      return new Response(await hostExporter.collect(), {
        headers: { "content-type": CONTENT_TYPE },
      });
    },
  });
  log.info("Start listening for connections", { address: listening.addresses.join(",") });

  const opened: { close(): void | Promise<void> }[] = [{ close: () => listening.close() }];
  const chosen = await chooseConfig(args, listening.addresses, world);
  const load = async () => {
    const loaded = await loadConfig(chosen.path, chosen.files, world.env);
    const path = flags["narthex.config"];
    const config = path === undefined
      ? loaded
      : { ...loaded, narthex: await loadNarthexFile(path, world.files, parseMetricSelector) };
    if (!flags["narthex.read-only"]) return config;
    // The process that writes scrapes, evaluates and sends.
    const alerting = { alertRelabelConfigs: [], alertmanagers: [] };
    return { ...config, scrapeConfigs: [], ruleFiles: [], alerting };
  };
  let config: PrometheusConfig;
  try {
    config = await load().catch((error) => {
      throw new ConfigRefused(
        `Error loading config (--config.file=${chosen.path}): ${messageOf(error)}`,
        error,
      );
    });
    running = await startActors(config);
  } catch (error) {
    for (const { close } of opened.reverse()) await close();
    throw error;
  }
  status.readiness = "ready";
  log.info("Server is ready to receive web requests.", {
    replayMs: Math.round(clock.nowMs() - status.startMs),
  });
  return { addresses: listening.addresses, ended: ended.promise, reload, stop };

  async function startActors(config: PrometheusConfig): Promise<Running> {
    const store = await openStore(
      {
        dataPath: flags["storage.tsdb.path"],
        url: flags["storage.kv.url"],
        readOnly: flags["narthex.read-only"],
      },
      world,
      opened,
      (error) => failForGood("/storage", error),
    );
    const { kv, lease } = store;
    // A process that only reads keeps what its own actors remember for as long as it lives.
    const journal = lease === undefined
      ? new KvJournal({ kv: new SimKv() })
      : new KvJournal({ kv, lease: lease.check });
    const system = createSystem({
      clock,
      log,
      rng: world.rng,
      journal,
      schedule: world.scheduler,
      onFatal: (error, path) => failForGood(path, error),
    });
    opened.push({ close: () => stopActors(system) });
    const isAlive = (path: ActorPath) => system.stateOf(path) !== undefined;
    const stale = forgetStaleStreamsLater({ journal, clock, log, isAlive });
    opened.push({ close: () => stale.cancel() });
    return await spawnTree({ system, journal, store, config });
  }

  /** Each actor waits for a store that does not answer; all together must not wait for ever. */
  async function stopActors(system: ActorSystem): Promise<void> {
    const late = Promise.withResolvers<"late">();
    const timer = clock.at(clock.nowMs() + STOP_MS_MAX, () => late.resolve("late"));
    if (await Promise.race([system.stop(), late.promise]) === "late") {
      log.error("Actors did not end in time; what the store has not taken is lost", { afterMs: STOP_MS_MAX });
    }
    timer.cancel();
  }

  function failForGood(path: string, error: unknown): void {
    log.error("An actor failed for good; the server ends", { path, err: messageOf(error) });
    status.fatal = true;
    stop();
  }

  async function spawnTree({ system, journal, store, config }: Foundation): Promise<Running> {
    const { kv, readKv, gauge, lease } = store;
    status.retention = retentionPolicyOf(flags, config);
    const keys = storageKeys(SHARD_PREFIX);
    const replayEnd = await journal.end(SHARD_ACTOR);
    const storage: ActorRef<ShardCommand> = lease === undefined
      ? await spawnReader(system, store, keys, exemplarsMaxOf(args.features, config))
      : await system.spawn(
        "storage",
        shardBehavior({
          kv,
          keys,
          log,
          checks: () => [lease.check],
          clock,
          yieldToLoop: world.yieldToLoop,
          head: {
            exemplarsMax: exemplarsMaxOf(args.features, config),
            lateWindowMs: config.storage.outOfOrderTimeWindowMs,
          },
          retention: status.retention,
          ...(gauge === undefined ? {} : { storeSpace: () => gauge.measure() }),
          replaying: (seq, firstSeq) => status.replay = { min: firstSeq, max: replayEnd, current: seq },
        }),
      );
    const yieldToLoop = oneATurn(world.yieldToLoop); // among all queries
    const cache = new PageCache({ kv: readKv, keys, log, bytesMax: PAGE_CACHE_BYTES_DEFAULT, yieldToLoop });
    const head = askHead(system, storage);
    const source = createSeriesSource({ head, cache, yieldToLoop });
    const engineOver = (source: SeriesSource) =>
      createEngine({
        source,
        clock,
        yieldToLoop,
        lookbackMs: flags["query.lookback-delta"],
        samplesMax: flags["query.max-samples"],
        timeoutMs: flags["query.timeout"],
        get noStepSubqueryIntervalMs() {
          return status.config?.global.evaluationIntervalMs ?? config.global.evaluationIntervalMs;
        },
        parseOptions: status.parseOptions,
        delayedNameRemoval: args.features.includes("promql-delayed-name-removal"),
        perStepStats: args.features.includes("promql-per-step-stats"),
        typeAndUnitLabels: args.features.includes("type-and-unit-labels"),
      });
    const engine = engineOver(source);
    const gate = await system.spawn(
      "query_gate",
      queryGateBehavior({
        path: "/query_gate",
        engine,
        concurrencyMax: flags["query.max-concurrency"],
        log,
        yieldToLoop,
        life: status.startMs,
      }),
    );
    const queryLog = new QueryLog({ clock, openLines: world.openLines });
    opened.push({ close: () => queryLog.close() });
    const intervals = new IntervalLengths();
    const manager = await system.spawn(
      "scrape",
      scrapeManagerBehavior({
        path: "/scrape",
        hostname: world.hostname,
        pool: {
          files: world.files,
          clock,
          log,
          target: {
            storage,
            clients: world.clients,
            files: world.files,
            clock,
            yieldToLoop: oneATurn(world.yieldToLoop),
            log,
            typeAndUnitLabels: args.features.includes("type-and-unit-labels"),
            keepsExemplars: args.features.includes("exemplar-storage"),
            userAgent: `Narthex/${world.build.version}`,
            observeInterval: (intervalMs, actualMs) => intervals.observe(intervalMs, actualMs),
          },
        },
      }),
    );
    // What a rule sees need not survive a crash first: nobody has been shown it, and its own samples come later.
    const hasty = { ...head, untilDurable: () => Promise.resolve() };
    const { notifier, views: notifierViews } = await startNotifier({
      system,
      posters: world.posters,
      files: world.files,
      clock,
      log,
      userAgent: `Narthex/${world.build.version}`,
      queueCapacity: flags["alertmanager.notification-queue-capacity"],
      batchSizeMax: flags["alertmanager.notification-batch-size"],
      drains: flags["alertmanager.drain-notification-queue-on-shutdown"],
    });
    if (flags["alertmanager.drain-notification-queue-on-shutdown"]) {
      opened.push({ close: () => notifierViews.drain(log) });
    }
    const rules = await startRules({
      system,
      storage,
      source,
      engine: queryLog.logged(engineOver(createSeriesSource({ head: hasty, cache, yieldToLoop }))),
      notifier,
      files: chosen.files,
      clock,
      log,
      parse: status.parseOptions,
      concurrentRules: args.features.includes("concurrent-rule-eval"),
      concurrentMax: flags["rules.max-concurrent-evals"],
      samplesMax: flags["query.max-samples"],
      queryTimeoutMs: flags["query.timeout"],
      lookbackMs: flags["query.lookback-delta"],
      outageToleranceMs: flags["rules.alert.for-outage-tolerance"],
      gracePeriodMs: flags["rules.alert.for-grace-period"],
      resendDelayMs: flags["rules.alert.resend-delay"],
      externalUrl: externalUrlOf(args, world.hostname).replace(/\/+$/, ""),
      processStartMs: status.startMs,
    });
    const configRef: ActorRef<ConfigCommand> = await system.spawn(
      "config",
      configBehavior({
        load,
        digestOf: (loaded) => createHash("sha256").update(loaded.yaml).digest("hex"),
        scrape: manager,
        notifier,
        log,
      }),
    );
    const started: Running = {
      system,
      storage,
      store,
      readKv,
      cache,
      source,
      engine: queryLog.logged(
        createQueryClient({ system, gate, clock, timeoutMs: flags["query.timeout"] }),
      ),
      queryLog,
      config: configRef,
      scrape: new ScrapeViews(system, manager),
      notifier: notifierViews,
      intervals,
      rules,
    };
    await applyConfig(started);
    return started;
  }

  async function spawnReader(
    system: ActorSystem,
    { kv }: Store,
    keys: StorageKeys,
    exemplarsMax: number,
  ): Promise<ActorRef<ShardCommand>> {
    const follower = new Follower({
      kv,
      keys,
      log,
      checks: () => [],
      clock,
      journal: new KvJournal({ kv }),
      stream: SHARD_ACTOR,
      headOptions: { ...HEAD_DEFAULTS, exemplarsMax },
    });
    const nowMs = clock.nowMs();
    const loaded = { head: await follower.load(nowMs), nowMs };
    return await system.spawn("storage", shardReaderBehavior({ loaded, follower, log }));
  }

  async function applyConfig(target: Running): Promise<void> {
    const outcome = await target.system.ask<ConfigCommand, "reload">(
      target.config,
      { kind: "reload" },
      RELOAD_TIMEOUT_MS,
    );
    const now = await target.system.ask<ConfigCommand, "describe">(
      target.config,
      { kind: "describe" },
      RELOAD_TIMEOUT_MS,
    );
    status.config = now.config ?? status.config;
    status.reloadSucceeded = now.lastReloadSucceeded;
    status.lastConfigMs = now.lastAppliedMs;
    const exemplarsMax = exemplarsMaxOf(args.features, status.config);
    target.system.tell(target.storage, { kind: "limitExemplars", exemplarsMax });
    const lateWindowMs = status.config?.storage.outOfOrderTimeWindowMs ?? 0;
    target.system.tell(target.storage, { kind: "setLateWindow", lateWindowMs });
    if (outcome.kind === "rejected") throw new UserError("internal", outcome.reason);
    if (status.config !== undefined) await useRetention(target, retentionPolicyOf(flags, status.config));
    await openQueryLog(target.queryLog, status.config?.global.queryLogFile ?? "");
    if (status.config !== undefined) await applyRules(target.rules, status.config);
  }

  async function useRetention({ system, storage }: Running, policy: RetentionPolicy): Promise<void> {
    status.retention = policy;
    if (flags["narthex.read-only"]) return;
    await system.ask<ShardCommand, "setRetention">(
      storage,
      { kind: "setRetention", policy },
      RELOAD_TIMEOUT_MS,
    );
  }

  /** As Prometheus: one that cannot be opened fails the reload, though the rest of the configuration is in force. */
  async function openQueryLog(queryLog: QueryLog, path: string): Promise<void> {
    try {
      await queryLog.use(path);
    } catch (error) {
      status.reloadSucceeded = false;
      throw new UserError("internal", `Cannot write the query log: ${messageOf(error)}`, { cause: error });
    }
  }

  /** As Prometheus: rules that cannot be read fail the reload; those that were there go on. */
  async function applyRules(rules: ServerRules, config: PrometheusConfig): Promise<void> {
    try {
      await rules.apply(config);
    } catch (error) {
      status.reloadSucceeded = false;
      throw error;
    }
  }

  async function reload(): Promise<void> {
    if (running === undefined) throw new UserError("unavailable", "the server is starting");
    log.info("Loading configuration file", { filename: chosen.path });
    await applyConfig(running).catch((error) => {
      status.reloadFailures++;
      throw error;
    });
    log.info("Completed loading of configuration file", { filename: chosen.path });
  }

  function stop(): void {
    if (stopping !== undefined) return;
    status.readiness = "stopping";
    log.info("Shutting down");
    stopping = (async () => {
      for (const { close } of opened.reverse()) {
        try {
          await close();
        } catch (error) {
          log.error("Could not close cleanly", { err: messageOf(error) });
        }
      }
      log.info("See you next time!");
      ended.resolve({ failed: status.fatal });
    })();
  }
}

/** The first configuration did not load: the process answers 2, as Prometheus does. */
export class ConfigRefused extends UserError {
  constructor(message: string, cause: unknown) {
    super("bad_data", message, { cause });
  }
}

export function exitCodeOf(error: unknown): number {
  return error instanceof ConfigRefused ? 2 : 1;
}
