/** A handler over stand-ins for the rest of the program: an engine that answers what it is told, a list of series. */
import { Registry } from "../../lib/client/registry.ts";
import { UserError } from "../../lib/core/errors.ts";
import type { Clock } from "../../lib/core/ports.ts";
import type { HttpDeps, SelfSnapshot, UiFile } from "../../lib/http/deps.ts";
import { createHandler, type HttpHandler } from "../../lib/http/handler.ts";
import { type Labels, labelsFromRecord, labelValue } from "../../lib/model/labels.ts";
import { type Matcher, matchesLabels } from "../../lib/model/matchers.ts";
import { compileAnchored } from "../../lib/model/regex.ts";
import { parseExpr } from "../../lib/promql/parse.ts";
import type { QueryEngine, QueryOptions, QueryResult, QueryValue } from "../../lib/promql/result.ts";
import type { ColumnGroup, SeriesSource } from "../../lib/storage/source.ts";
import { FakeStorage, silentLog } from "../remote/fixtures.ts";

export const NOW_MS = 1_700_000_000_250;

export class ManualClock implements Clock {
  ms = NOW_MS;
  monotonic = 0;
  nowMs(): number {
    return this.ms;
  }
  monotonicMs(): number {
    return this.monotonic;
  }
  at(): { cancel(): void } {
    return { cancel: () => {} };
  }
}

export const STATS = { samplesTotal: 12, samplesRead: 12, samplesPeak: 7, prepareMs: 0.25, evalMs: 1.5 };

export function resultOf(value: QueryValue, more: Partial<QueryResult> = {}): QueryResult {
  return { value, warnings: [], infos: [], stats: STATS, ...more };
}

export class FakeEngine implements QueryEngine {
  answer: QueryResult | Error = resultOf({ kind: "scalar", tMs: NOW_MS, value: 1 });
  readonly calls: { query: string; times: readonly number[]; options: QueryOptions }[] = [];

  instant(query: string, timeMs: number, options: QueryOptions = {}): Promise<QueryResult> {
    return this.#run(query, [timeMs], options);
  }

  range(
    query: string,
    range: { readonly startMs: number; readonly endMs: number; readonly stepMs: number },
    options: QueryOptions = {},
  ): Promise<QueryResult> {
    return this.#run(query, [range.startMs, range.endMs, range.stepMs], options);
  }

  #run(query: string, times: readonly number[], options: QueryOptions): Promise<QueryResult> {
    this.calls.push({ query, times, options });
    try {
      parseExpr(query);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.answer instanceof Error ? Promise.reject(this.answer) : Promise.resolve(this.answer);
  }
}

export class FakeSource implements SeriesSource {
  all: readonly Labels[] = [];
  groups: readonly ColumnGroup[] = [];
  ranges: (readonly [number, number])[] = [];
  failure: Error | undefined;

  async *select({ matchers }: { readonly matchers: readonly Matcher[] }): AsyncIterable<ColumnGroup> {
    await Promise.resolve();
    for (const group of this.groups) {
      const kept = group.series.map((_, i) => i).filter((i) => matchesLabels(matchers, group.series[i]!));
      yield {
        tMs: group.tMs,
        series: kept.map((i) => group.series[i]!),
        columns: kept.map((i) => group.columns[i]!),
        gaps: kept.map((i) => group.gaps[i]!),
      };
    }
  }

  series(
    matcherSets: readonly (readonly Matcher[])[],
    range: { readonly startMs: number; readonly endMs: number },
  ): Promise<readonly Labels[]> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    this.ranges.push([range.startMs, range.endMs]);
    if (matcherSets.length === 0) return Promise.resolve(this.all);
    return Promise.resolve(
      this.all.filter((labels) => matcherSets.some((set) => matchesLabels(set, labels))),
    );
  }

  async labelNames(
    matcherSets: readonly (readonly Matcher[])[],
    range: { readonly startMs: number; readonly endMs: number },
  ): Promise<readonly string[]> {
    const found = await this.series(matcherSets, range);
    return [...new Set(found.flatMap((labels) => labels.filter((_, i) => i % 2 === 0)))].sort();
  }

  async labelValues(
    name: string,
    matcherSets: readonly (readonly Matcher[])[],
    range: { readonly startMs: number; readonly endMs: number },
  ): Promise<readonly string[]> {
    const found = await this.series(matcherSets, range);
    return [...new Set(found.map((labels) => labelValue(labels, name)).filter((value) => value !== ""))]
      .sort();
  }
}

const NO_DURATIONS = { count: 0, sumSeconds: 0, quantiles: [] };
export const SELF: SelfSnapshot = {
  rules: {
    groups: [],
    ruleDurations: NO_DURATIONS,
    groupDurations: NO_DURATIONS,
    evaluating: 0,
    waiting: 0,
  },
  configReload: { successful: true, lastSuccessMs: 1_699_999_000_000 },
  storage: {
    series: 42,
    seriesCreated: 50,
    seriesRemoved: 8,
    chunks: 9,
    samplesAppended: 1_000_000,
    histogramsAppended: 0,
    samplesOutOfOrder: 3,
    samplesOutOfBounds: 2,
    samplesTooOld: 1,
    samplesLate: 4,
    minMs: undefined,
    maxMs: 1_700_000_000_000,
    retentionMs: 15 * 86_400_000,
    retentionBytes: 0,
    retentionPercentage: 0,
    timeRetentions: 2,
    sizeRetentions: 1,
    pagesRewritten: 7,
    storeUsedBytes: 8192,
    blocksBytes: 4096,
    blocksLoaded: 2,
    seals: 5,
    sealFailures: 0,
    cohorts: 4,
    exemplars: {
      appended: 9,
      outOfOrder: 1,
      scrapedOutOfOrder: 1,
      inStorage: 8,
      series: 2,
      max: 100,
      oldestMs: 1_699_999_999_500,
    },
    faults: {
      cohortsLost: 0,
      pagesDamaged: 0,
      pagesGone: 0,
      journalGaps: 0,
      journalRecordsSkipped: 0,
      appendsRefused: 0,
      pendingBytes: 0,
      ingestStopped: false,
      refreshedMs: undefined,
      store: {
        commits: 9,
        commitMs: 18,
        commitFailures: 0,
        commitTimeouts: 0,
        readFailures: 0,
        readTimeouts: 0,
        reopened: 0,
      },
    },
    pageCache: { hits: 10, misses: 2, bytes: 100, bytesMax: 1000 },
  },
  scrape: {
    pools: [{ name: "node", targets: 2, targetLimit: 0, syncs: 3, syncSecondsTotal: 0.5, syncFailures: 0 }],
    reloads: 1,
    reloadFailures: 0,
    poolsFailed: 0,
    exceededTargetLimit: 0,
    exceededLabelLimits: 0,
    exceededSampleLimit: 1,
    exceededBodySizeLimit: 0,
    exceededBucketLimit: 0,
    duplicateTimestamp: 0,
    outOfOrder: 0,
    outOfBounds: 0,
    intervals: [{ interval: "15s", count: 4, sumSeconds: 60, quantiles: [[0.5, 15]] }],
  },
  notifications: {
    queueCapacity: 10_000,
    discovered: 1,
    alertmanagers: [{
      url: "http://am:9093/api/v2/alerts",
      queueLength: 3,
      sent: 40,
      errors: 2,
      dropped: 2,
      latency: { count: 12, sumSeconds: 0.5, quantiles: [[0.5, 0.01], [0.9, 0.02], [0.99, NaN]] },
    }],
  },
  discovery: [{ manager: "scrape", config: "node", targets: 2, updates: 1, fileReadErrors: 0 }],
  actors: {
    kinds: [{ kind: "target", actors: 2, mailboxDepth: 0, commands: 8, restarts: 1, refused: 0 }],
    deadLetters: 0,
    latestDeadLetters: [],
    journalFailures: 2,
    journalRecords: 5,
    journalBytes: 500,
    journalAppendSeconds: 0.25,
  },
  eventLoop: {
    stallMsMax: 12,
    stallMsTotal: 30,
    counts: [{ boundS: 0.01, count: 5 }, { boundS: 0.05, count: 2 }, { boundS: Infinity, count: 1 }],
  },
  queriesConcurrentMax: 20,
  queryLog: { enabled: true, failures: 2, dropped: 1 },
  process: undefined,
};

const UI_FILES: ReadonlyMap<string, UiFile> = new Map([
  ["/index.html", {
    body: new TextEncoder().encode(
      "<title>TITLE_PLACEHOLDER</title>PATH_PREFIX_PLACEHOLDER|READY_PLACEHOLDER",
    ),
    contentType: "text/html; charset=utf-8",
  }],
  ["/assets/app.js", { body: new TextEncoder().encode("app()"), contentType: "text/javascript" }],
]);

export interface World {
  readonly handler: HttpHandler;
  readonly engine: FakeEngine;
  readonly source: FakeSource;
  readonly storage: FakeStorage;
  readonly clock: ManualClock;
  readonly get: (path: string, headers?: Record<string, string>) => Promise<Response>;
  readonly post: (path: string, form: Record<string, string>) => Promise<Response>;
  readonly json: (path: string) => Promise<string>;
}

export function worldOf(change: (deps: HttpDeps) => HttpDeps = (deps) => deps): World {
  const engine = new FakeEngine();
  const source = new FakeSource();
  const storage = new FakeStorage();
  const clock = new ManualClock();
  const deps: HttpDeps = {
    clock,
    yieldToLoop: () => Promise.resolve(),
    log: silentLog,
    options: {
      routePrefix: "/",
      externalUrl: "http://prom.example.com:9090/",
      listenAddress: "0.0.0.0:9090",
      corsOrigin: compileAnchored(".*"),
      lookbackMs: 300_000,
      pageTitle: "A <title>",
      enableLifecycle: true,
      enableRemoteWriteReceiver: true,
      enableAdminApi: false,
    },
    engine,
    parse: {},
    source,
    append: storage.append,
    exemplars: () => Promise.resolve([]),
    readiness: () => "ready",
    lifecycle: { reload: () => Promise.resolve(), quit: () => {} },
    targets: () => Promise.resolve({ active: [], dropped: [], droppedCounts: new Map() }),
    rules: {
      groups: () => Promise.resolve([]),
      history: () => Promise.resolve({ entries: [], completeSinceMs: undefined }),
      stateAt: () => Promise.resolve({ alerts: [], completeSinceMs: undefined }),
    },
    alertmanagers: () => Promise.resolve({ active: [], dropped: [] }),
    targetMetadata: () => Promise.resolve([]),
    scrapePoolNames: () => Promise.resolve(["a", "b"]),
    scrapePoolConfigYaml: (pool) => Promise.resolve(pool === "a" ? "job_name: a\n" : undefined),
    configYaml: () => "global:\n  scrape_interval: 15s\n",
    externalLabels: () => labelsFromRecord({ region: "eu" }),
    flags: () => ({ "web.listen-address": "0.0.0.0:9090", "config.file": "x.yml" }),
    buildInfo: {
      version: "0.1.0",
      revision: "abc",
      branch: "main",
      buildUser: "",
      buildDate: "",
      runtimeVersion: "deno 2.9.6",
    },
    runtimeInfo: () => ({
      startMs: 1_699_999_999_000,
      workingDirectory: "/srv",
      hostname: "box",
      reloadConfigSuccess: true,
      lastConfigMs: 1_699_999_999_120,
      corruptions: 0,
      actors: 7,
      cpus: 2,
      storageRetention: "15d",
    }),
    tsdbStatus: () =>
      Promise.resolve({
        series: 3,
        labelPairs: 5,
        chunks: 2,
        minMs: undefined,
        maxMs: undefined,
        seriesCountByMetricName: [{ name: "up", value: 2 }, { name: "x", value: 1 }],
        labelValueCountByLabelName: [],
        memoryInBytesByLabelName: [],
        seriesCountByLabelValuePair: [{ name: "job=a", value: 3 }],
      }),
    replayProgress: () => ({ min: 0, max: 4, current: 3 }),
    blocks: () =>
      Promise.resolve([
        { cohort: 7, minMs: 1_000, maxMs: 1_999, series: 3, pages: 2, bytes: 99, cells: 12, level: 1 },
      ]),
    admin: {
      deleteSeries: () => Promise.resolve(),
      cleanTombstones: () => Promise.resolve(),
      snapshot: ({ skipHead }) => Promise.resolve(skipHead ? "without head" : "with head"),
    },
    notices: () => [{ text: "Configuration reload has failed.", sinceMs: 1_700_000_000_000 }],
    registry: new Registry(),
    selfSnapshot: () => Promise.resolve(SELF),
    consoles: {
      template: (path) =>
        Promise.reject(new UserError("not_found", `open consoles${path}: no such file or directory`)),
      libraries: () => Promise.resolve([]),
    },
    uiFile: (path) => Promise.resolve(UI_FILES.get(path)),
  };
  const handler = createHandler(change(deps));
  const info = { remoteAddress: "127.0.0.1" };
  const get: World["get"] = (path, headers = {}) =>
    handler(new Request(`http://x${path}`, { headers }), info);
  return {
    handler,
    engine,
    source,
    storage,
    clock,
    get,
    post: (path, form) =>
      handler(new Request(`http://x${path}`, { method: "POST", body: new URLSearchParams(form) }), info),
    json: async (path) => await (await get(path)).text(),
  };
}

export function failure(code: UserError["code"], message: string): UserError {
  return new UserError(code, message);
}
