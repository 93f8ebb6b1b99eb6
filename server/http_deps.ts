/** Joins the HTTP handler to the running server: each of its questions, and who answers it. */
import type { ActorRef, ActorSystem } from "../lib/actor/types.ts";
import type { ServerArguments } from "../lib/cli/flags.ts";
import { Registry } from "../lib/client/registry.ts";
import type { PrometheusConfig } from "../lib/config/types.ts";
import type { Kv } from "../lib/core/ports.ts";
import type { EpochMs } from "../lib/core/time.ts";
import type {
  HttpDeps,
  Notice,
  Readiness,
  ReplayProgress,
  SelfSnapshot,
  TsdbStatus,
} from "../lib/http/deps.ts";
import { labelsOf } from "../lib/model/labels.ts";
import { compileAnchored } from "../lib/model/regex.ts";
import { oneATurn } from "../lib/scrape/slices.ts";
import type { ParseOptions } from "../lib/promql/parse.ts";
import type { QueryEngine } from "../lib/promql/result.ts";
import type { PageCache } from "../lib/storage/page_cache.ts";
import { keepingFor, type RetentionPolicy } from "../lib/storage/retention/policy.ts";
import type { SeriesSource } from "../lib/storage/source.ts";
import type { ConfigCommand } from "../actors/protocol/config.ts";
import type { ShardCommand } from "../actors/protocol/shard.ts";
import { consoleFiles } from "./console_files.ts";
import { adminDeps } from "./admin.ts";
import { STORAGE_TIMEOUT_MS } from "./head_questions.ts";
import type { IntervalLengths } from "./intervals.ts";
import type { NotifierViews } from "./notifier_views.ts";
import { describeRetention } from "./retention.ts";
import type { QueryLog } from "./query_log.ts";
import type { ServerRules } from "./rules.ts";
import type { ScrapeViews } from "./scrape_views.ts";
import type { Store } from "./store.ts";
import type { World } from "./world.ts";

export interface Running {
  readonly system: ActorSystem;
  readonly storage: ActorRef<ShardCommand>;
  readonly store: Store;
  readonly readKv: Kv;
  readonly cache: PageCache;
  readonly source: SeriesSource;
  readonly engine: QueryEngine;
  readonly queryLog: QueryLog;
  readonly config: ActorRef<ConfigCommand>;
  readonly scrape: ScrapeViews;
  readonly notifier: NotifierViews;
  readonly intervals: IntervalLengths;
  readonly rules: ServerRules;
}

/** What changes over the server's life and is shown outside of it. */
export class ServerStatus {
  readiness: Readiness = "starting";
  config: PrometheusConfig | undefined;
  reloadSucceeded = false;
  reloadFailures = 0;
  lastConfigMs: EpochMs | undefined;
  retention: RetentionPolicy = keepingFor(0);
  replay: ReplayProgress = { min: 0, max: 0, current: 0 };
  /** An actor failed for good: the process ends with an error. */
  fatal = false;

  constructor(readonly startMs: EpochMs, readonly parseOptions: ParseOptions) {}

  notices(): readonly Notice[] {
    const notices: Notice[] = [];
    if (this.readiness === "starting") {
      notices.push({
        text: "Prometheus is starting and replaying the write-ahead log (WAL).",
        sinceMs: this.startMs,
      });
    }
    if (this.config !== undefined && !this.reloadSucceeded) {
      notices.push({ text: "Configuration reload has failed.", sinceMs: this.lastConfigMs ?? this.startMs });
    }
    if (this.readiness === "stopping") {
      notices.push({
        text: "Prometheus is shutting down and gracefully stopping all operations.",
        sinceMs: this.startMs,
      });
    }
    return notices;
  }
}

export interface HttpWiring {
  readonly args: Extract<ServerArguments, { kind: "run" }>;
  readonly world: World;
  readonly status: ServerStatus;
  /** Throws a `UserError` (`unavailable`) before the server is ready. */
  readonly running: () => Running;
  readonly reload: () => Promise<void>;
  readonly quit: () => void;
}

/** As users reach this server; it ends in a slash where it has no path. */
export function externalUrlOf(args: HttpWiring["args"], hostname: string): string {
  const { flags } = args;
  return flags["web.external-url"] || `http://${hostname}:${portOf(flags["web.listen-address"])}/`;
}

export function httpDeps({ args, world, status, running, reload, quit }: HttpWiring): HttpDeps {
  const { flags } = args;
  const externalUrl = externalUrlOf(args, world.hostname);
  const routePrefix = flags["web.route-prefix"] ?? new URL(externalUrl).pathname;
  return {
    clock: world.clock,
    yieldToLoop: oneATurn(world.yieldToLoop),
    log: world.log,
    options: {
      routePrefix: `/${routePrefix.replace(/^\/+|\/+$/g, "")}`,
      externalUrl,
      listenAddress: flags["web.listen-address"][0]!,
      corsOrigin: compileAnchored(flags["web.cors.origin"]),
      lookbackMs: flags["query.lookback-delta"],
      pageTitle: flags["web.page-title"],
      enableLifecycle: flags["web.enable-lifecycle"],
      enableRemoteWriteReceiver: flags["web.enable-remote-write-receiver"] && !flags["narthex.read-only"],
      enableAdminApi: flags["web.enable-admin-api"] && !flags["narthex.read-only"],
    },
    parse: status.parseOptions,
    enabledFeatures: args.features,
    engine: {
      instant: (query, timeMs, options) => running().engine.instant(query, timeMs, options),
      range: (query, range, options) => running().engine.range(query, range, options),
    },
    source: {
      select: (request, signal) => running().source.select(request, signal),
      series: (matchers, range, signal) => running().source.series(matchers, range, signal),
      labelNames: (matchers, range, signal) => running().source.labelNames(matchers, range, signal),
      labelValues: (name, matchers, range, signal) =>
        running().source.labelValues(name, matchers, range, signal),
    },
    append: (batches, { atomic, durable }) => {
      const { system, storage } = running();
      const question = { kind: "append", batches, atomic, durable } as const;
      return system.ask<ShardCommand, "append">(storage, question, STORAGE_TIMEOUT_MS);
    },
    exemplars: (matcherSets, range) => {
      const { system, storage } = running();
      const question = { kind: "exemplars", matcherSets, range } as const;
      return system.ask<ShardCommand, "exemplars">(storage, question, STORAGE_TIMEOUT_MS);
    },
    readiness: () => status.readiness,
    lifecycle: { reload, quit },
    targets: () => running().scrape.targets(),
    rules: {
      groups: () => running().rules.groups(),
      history: (matcherSets, { startMs, endMs }) => running().rules.history(matcherSets, startMs, endMs),
      stateAt: (matcherSets, timeMs) => running().rules.stateAt(matcherSets, timeMs),
    },
    alertmanagers: () => running().notifier.alertmanagers(),
    targetMetadata: () => running().scrape.metadata(),
    scrapePoolNames: () => running().scrape.poolNames(),
    scrapePoolConfigYaml: (pool) => Promise.resolve(status.config?.jobYaml[pool]),
    configYaml: () => status.config?.yaml ?? "",
    externalLabels: () => labelsOf(status.config?.global.externalLabels ?? []),
    flags: () => args.strings,
    buildInfo: world.build,
    runtimeInfo: () => ({
      startMs: status.startMs,
      workingDirectory: world.workingDirectory,
      hostname: world.hostname,
      reloadConfigSuccess: status.reloadSucceeded,
      lastConfigMs: status.lastConfigMs ?? status.startMs,
      corruptions: running().cache.stats().damaged,
      actors: running().system.stats().kinds.reduce((count, kind) => count + kind.actors, 0),
      cpus: world.cpus,
      storageRetention: describeRetention(status.retention, status.config?.narthex),
    }),
    tsdbStatus: (top) => tsdbStatus(running(), top),
    replayProgress: () => status.replay,
    blocks: () => {
      const { system, storage } = running();
      return system.ask<ShardCommand, "blocks">(storage, { kind: "blocks" }, STORAGE_TIMEOUT_MS);
    },
    admin: adminDeps({ world, dataPath: flags["storage.tsdb.path"], running }),
    notices: () => status.notices(),
    registry: new Registry(),
    selfSnapshot: () => selfSnapshot(running(), status, world, flags["query.max-concurrency"]),
    consoles: consoleFiles(world.files, {
      templates: flags["web.console.templates"],
      libraries: flags["web.console.libraries"],
    }),
    uiFile: world.uiFile,
  };
}

function portOf(addresses: readonly string[]): string {
  const address = addresses[0]!;
  return address.slice(address.lastIndexOf(":") + 1);
}

async function tsdbStatus({ system, storage }: Running, top: number): Promise<TsdbStatus> {
  const stats = await system.ask<ShardCommand, "stats">(storage, { kind: "stats" }, STORAGE_TIMEOUT_MS);
  const tables = await system.ask<ShardCommand, "cardinality">(
    storage,
    { kind: "cardinality", top },
    STORAGE_TIMEOUT_MS,
  );
  return {
    series: stats.series,
    labelPairs: stats.labelPairs,
    chunks: stats.pages + stats.cohorts,
    minMs: stats.minMs,
    maxMs: stats.maxMs,
    ...tables,
  };
}

async function selfSnapshot(
  { system, storage, store, cache, scrape, notifier, intervals, queryLog, rules }: Running,
  status: ServerStatus,
  world: World,
  queriesConcurrentMax: number,
): Promise<SelfSnapshot> {
  const stats = await system.ask<ShardCommand, "stats">(storage, { kind: "stats" }, STORAGE_TIMEOUT_MS);
  const pages = cache.stats();
  return {
    configReload: { successful: status.reloadSucceeded, lastSuccessMs: status.lastConfigMs },
    storage: {
      series: stats.series,
      seriesCreated: stats.seriesCreated,
      seriesRemoved: stats.seriesRemoved,
      chunks: stats.pages + stats.cohorts,
      samplesAppended: stats.samplesAppended,
      histogramsAppended: stats.histogramsAppended,
      samplesOutOfOrder: stats.outOfOrder,
      samplesOutOfBounds: stats.outOfBounds,
      samplesTooOld: stats.tooOld,
      samplesLate: stats.samplesLate,
      minMs: stats.minMs,
      maxMs: stats.maxMs,
      retentionMs: status.retention.keepMs === Infinity ? 0 : status.retention.keepMs,
      retentionBytes: status.retention.diskPercentMax > 0
        ? stats.retentionLimitBytes
        : status.retention.bytesMax,
      retentionPercentage: status.retention.diskPercentMax,
      timeRetentions: stats.timeRetentions,
      sizeRetentions: stats.sizeRetentions,
      pagesRewritten: stats.pagesRewritten,
      storeUsedBytes: stats.spaceUsedBytes,
      blocksBytes: stats.pageBytes,
      blocksLoaded: stats.pages,
      seals: stats.seals,
      sealFailures: stats.sealFailures,
      cohorts: stats.cohorts,
      exemplars: stats.exemplars,
      faults: {
        cohortsLost: stats.cohortsLost,
        pagesDamaged: pages.damaged,
        pagesGone: pages.gone,
        journalGaps: stats.journalGaps,
        journalRecordsSkipped: stats.journalRecordsSkipped,
        appendsRefused: stats.appendsRefused,
        pendingBytes: stats.pendingBytes,
        ingestStopped: stats.ingestStopped,
        refreshedMs: stats.refreshedMs,
        store: store.figures(),
      },
      pageCache: {
        hits: pages.hits,
        misses: pages.misses,
        bytes: pages.bytes,
        bytesMax: pages.bytesMax,
      },
    },
    scrape: {
      ...await scrape.snapshot(),
      reloadFailures: status.reloadFailures,
      intervals: intervals.snapshot(),
    },
    notifications: await notifier.snapshot(),
    discovery: [...await scrape.discovery(), ...await notifier.discovery()],
    rules: await rules.snapshot(),
    actors: system.stats(),
    eventLoop: world.loopStalls(),
    queriesConcurrentMax,
    queryLog: queryLog.stats(),
    process: await world.processFacts(),
  };
}
