/**
 * Everything that the HTTP handler needs from the rest of the program, as plain functions and rows. The handler
 * owns no state of the server: each answer is made of what these return at that moment. Durations and times are
 * milliseconds here; seconds appear in the answers only.
 */
import type { SystemStats } from "../actor/types.ts";
import type { ProcessFacts } from "../client/process.ts";
import type { Registry } from "../client/registry.ts";
import type { Clock, KvFigures, Log } from "../core/ports.ts";
import type { EpochMs } from "../core/time.ts";
import type { Labels } from "../model/labels.ts";
import type { Matcher } from "../model/matchers.ts";
import type { MetricMetadata } from "../model/metadata.ts";
import type { Regex } from "../model/regex.ts";
import type { ParseOptions } from "../promql/parse.ts";
import type { QueryEngine } from "../promql/result.ts";
import type { AppendSamples } from "../remote/append.ts";
import type { ExemplarSeries, ExemplarStats } from "../model/exemplar.ts";
import type { AlertHistory, AlertsAt, RuleGroupView } from "../rules/view.ts";
import type { SeriesSource, TimeRange } from "../storage/source.ts";

export interface HttpDeps {
  readonly clock: Clock;
  /** Resolves once the event loop has turned: awaited between pieces of long work. */
  readonly yieldToLoop: () => Promise<void>;
  readonly log: Log;
  readonly options: HttpOptions;
  readonly engine: QueryEngine;
  /** What a query may use, as the engine has it; what is on by default without it. */
  readonly parse?: ParseOptions;
  /** Names of `--enable-feature` that are on; none without it. */
  readonly enabledFeatures?: readonly string[];
  readonly source: SeriesSource;
  readonly append: AppendSamples;
  readonly exemplars: (
    matcherSets: readonly (readonly Matcher[])[],
    range: TimeRange,
  ) => Promise<readonly ExemplarSeries[]>;
  readonly readiness: () => Readiness;
  readonly lifecycle: Lifecycle;
  readonly targets: () => Promise<TargetsView>;
  readonly rules: RulesDeps;
  readonly alertmanagers: () => Promise<AlertmanagersView>;
  /** What the last scrape of each active target said about its metrics. */
  readonly targetMetadata: () => Promise<readonly TargetMetadataView[]>;
  /** Sorted. */
  readonly scrapePoolNames: () => Promise<readonly string[]>;
  /** The `scrape_config` of one pool as YAML; undefined when there is none of that name. */
  readonly scrapePoolConfigYaml: (scrapePool: string) => Promise<string | undefined>;
  /** The whole active configuration, secrets hidden. */
  readonly configYaml: () => string;
  /** Read at each federation: they change with the configuration. */
  readonly externalLabels: () => Labels;
  /** Every flag of the command line with its value as text, by its name without dashes. */
  readonly flags: () => Readonly<Record<string, string>>;
  readonly buildInfo: BuildInfo;
  readonly runtimeInfo: () => RuntimeInfo;
  readonly tsdbStatus: (listLengthMax: number) => Promise<TsdbStatus>;
  readonly replayProgress: () => ReplayProgress;
  /** What storage has sealed, oldest first. */
  readonly blocks: () => Promise<readonly BlockView[]>;
  readonly admin: AdminDeps;
  readonly notices: () => readonly Notice[];
  /** Served at `/metrics`, after `selfSnapshot` has been taken. The handler registers its own metrics in it. */
  readonly registry: Registry;
  readonly selfSnapshot: () => Promise<SelfSnapshot>;
  readonly consoles: ConsoleFiles;
  /** A file of the user interface by its path (`/assets/app.js`, `/index.html`). */
  readonly uiFile: (path: string) => Promise<UiFile | undefined>;
}

export interface ConsoleFiles {
  /** By its path below the directory of consoles. Rejects with a `UserError`: `not_found`, or `internal` for what is no file. */
  template(path: string): Promise<string>;
  /** Every `*.lib`, by name. */
  libraries(): Promise<readonly ConsoleLibrary[]>;
}

export interface ConsoleLibrary {
  /** Of the file. */
  readonly name: string;
  readonly text: string;
}

export interface HttpOptions {
  /** `/` or `/prefix`, without a slash at its end. */
  readonly routePrefix: string;
  /** The address under which users reach this server, with the path prefix they see. */
  readonly externalUrl: string;
  /** `host:port` as listened on; targets on this port of localhost are this server. */
  readonly listenAddress: string;
  /** Whole origins that may read answers from another site. */
  readonly corsOrigin: Regex;
  readonly lookbackMs: number;
  readonly pageTitle: string;
  readonly enableLifecycle: boolean;
  readonly enableRemoteWriteReceiver: boolean;
  readonly enableAdminApi: boolean;
}

export type Readiness = "starting" | "ready" | "stopping";

export interface Lifecycle {
  /** Rejects with a message for the user when the new configuration was not taken. */
  reload(): Promise<void>;
  /** Returns at once; the answer is sent before the server goes. */
  quit(): void;
}

export interface TargetView {
  /** Before relabelling, `__address__` and meta labels included. */
  readonly discoveredLabels: Labels;
  readonly labels: Labels;
  readonly scrapePool: string;
  readonly scrapeUrl: string;
  /** `scrapeUrl` as others reach it; undefined lets the handler derive it from the external URL. */
  readonly globalUrl?: string;
  readonly lastError: string;
  /** Undefined before the first scrape. */
  readonly lastScrapeMs: EpochMs | undefined;
  readonly lastScrapeDurationMs: number;
  readonly health: "up" | "down" | "unknown";
  readonly scrapeIntervalMs: number;
  readonly scrapeTimeoutMs: number;
}

export interface DroppedTargetView {
  readonly discoveredLabels: Labels;
  readonly scrapePool: string;
}

export interface TargetsView {
  readonly active: readonly TargetView[];
  /** As many as are kept. */
  readonly dropped: readonly DroppedTargetView[];
  /** Of every pool, those that are not kept included. */
  readonly droppedCounts: ReadonlyMap<string, number>;
}

export interface RulesDeps {
  readonly groups: () => Promise<readonly RuleGroupView[]>;
  /** Of all groups together, oldest first. No matchers: all alerts. */
  readonly history: (matcherSets: readonly (readonly Matcher[])[], range: TimeRange) => Promise<AlertHistory>;
  readonly stateAt: (matcherSets: readonly (readonly Matcher[])[], timeMs: EpochMs) => Promise<AlertsAt>;
}

/** URLs that alerts are posted to. */
export interface AlertmanagersView {
  readonly active: readonly string[];
  /** Taken out by relabelling. */
  readonly dropped: readonly string[];
}

export interface TargetMetadataView {
  readonly labels: Labels;
  readonly metrics: ReadonlyMap<string, MetricMetadata>;
}

export interface BuildInfo {
  readonly version: string;
  readonly revision: string;
  readonly branch: string;
  readonly buildUser: string;
  readonly buildDate: string;
  /** The runtime that runs this: `deno 2.9.6`. Stands where Prometheus names Go. */
  readonly runtimeVersion: string;
}

export interface RuntimeInfo {
  readonly startMs: EpochMs;
  readonly workingDirectory: string;
  readonly hostname: string;
  readonly reloadConfigSuccess: boolean;
  readonly lastConfigMs: EpochMs;
  readonly corruptions: number;
  /** Actors stand where Prometheus counts goroutines. */
  readonly actors: number;
  readonly cpus: number;
  /** `15d`, or `15d or 1GiB`. */
  readonly storageRetention: string;
}

export interface NamedCount {
  readonly name: string;
  readonly value: number;
}

/** Lists are sorted by falling value and no longer than asked for. */
export interface TsdbStatus {
  readonly series: number;
  readonly labelPairs: number;
  /** Sealed pages and windows in memory stand where Prometheus counts chunks. */
  readonly chunks: number;
  /** Undefined for an empty head. */
  readonly minMs: EpochMs | undefined;
  readonly maxMs: EpochMs | undefined;
  readonly seriesCountByMetricName: readonly NamedCount[];
  readonly labelValueCountByLabelName: readonly NamedCount[];
  readonly memoryInBytesByLabelName: readonly NamedCount[];
  readonly seriesCountByLabelValuePair: readonly NamedCount[];
}

/** One source's pages stand where Prometheus has a block. */
export interface BlockView {
  readonly cohort: number;
  readonly minMs: EpochMs;
  readonly maxMs: EpochMs;
  readonly series: number;
  readonly pages: number;
  readonly bytes: number;
  /** Rows by columns. */
  readonly cells: number;
  readonly level: number;
}

export interface AdminDeps {
  /** Resolves once it would survive a crash. */
  deleteSeries(matcherSets: readonly (readonly Matcher[])[], range: TimeRange): Promise<void>;
  cleanTombstones(): Promise<void>;
  /** The name of the directory under `snapshots`. */
  snapshot(options: { readonly skipHead: boolean }): Promise<string>;
}

/** Numbers of journal records: the first and the last that are replayed, and the one that is. */
export interface ReplayProgress {
  readonly min: number;
  readonly max: number;
  readonly current: number;
}

export interface Notice {
  readonly text: string;
  readonly sinceMs: EpochMs;
}

export interface UiFile {
  readonly body: Uint8Array;
  readonly contentType: string;
}

/** Counters are since the start of the process. */
export interface SelfSnapshot {
  readonly configReload: { readonly successful: boolean; readonly lastSuccessMs: EpochMs | undefined };
  readonly storage: StorageSnapshot;
  readonly scrape: ScrapeSnapshot;
  readonly notifications: NotificationsSnapshot;
  readonly discovery: readonly DiscoverySnapshot[];
  readonly rules: RulesSnapshot;
  readonly actors: SystemStats;
  readonly eventLoop: EventLoopSnapshot;
  readonly queriesConcurrentMax: number;
  readonly queryLog: { readonly enabled: boolean; readonly failures: number; readonly dropped: number };
  /** Undefined where the platform does not tell. */
  readonly process: ProcessFacts | undefined;
}

/** How late the event loop was. */
export interface EventLoopSnapshot {
  readonly stallMsMax: number;
  readonly stallMsTotal: number;
  /** Ascending; the last bound is Infinity. Each counts what is above the bound before it. */
  readonly counts: readonly { readonly boundS: number; readonly count: number }[];
}

/** An Alertmanager is there while it is found. */
export interface NotificationsSnapshot {
  readonly queueCapacity: number;
  /** Of all sets, one that two sets name twice. */
  readonly discovered: number;
  readonly alertmanagers: readonly AlertmanagerSnapshot[];
}

export interface AlertmanagerSnapshot {
  readonly url: string;
  readonly queueLength: number;
  readonly sent: number;
  readonly errors: number;
  readonly dropped: number;
  readonly latency: {
    readonly count: number;
    readonly sumSeconds: number;
    readonly quantiles: readonly (readonly [quantile: number, seconds: number])[];
  };
}

export interface StorageSnapshot {
  readonly series: number;
  readonly seriesCreated: number;
  readonly seriesRemoved: number;
  readonly chunks: number;
  readonly samplesAppended: number;
  /** Of those, native histograms. */
  readonly histogramsAppended: number;
  readonly samplesOutOfOrder: number;
  readonly samplesOutOfBounds: number;
  readonly samplesTooOld: number;
  /** Kept though they came out of order. */
  readonly samplesLate: number;
  readonly minMs: EpochMs | undefined;
  readonly maxMs: EpochMs | undefined;
  readonly retentionMs: number;
  /** 0: no limit. */
  readonly retentionBytes: number;
  /** Of the disk; 0: no limit. */
  readonly retentionPercentage: number;
  readonly timeRetentions: number;
  readonly sizeRetentions: number;
  readonly pagesRewritten: number;
  /** Undefined while no limit of size asks for it. */
  readonly storeUsedBytes: number | undefined;
  /** Of sealed pages. */
  readonly blocksBytes: number;
  readonly blocksLoaded: number;
  readonly seals: number;
  readonly sealFailures: number;
  readonly cohorts: number;
  readonly exemplars: ExemplarStats;
  readonly faults: StorageFaults;
  readonly pageCache: {
    readonly hits: number;
    readonly misses: number;
    readonly bytes: number;
    readonly bytesMax: number;
  };
}

/** What storage could not read, write or take. */
export interface StorageFaults {
  readonly cohortsLost: number;
  readonly pagesDamaged: number;
  readonly pagesGone: number;
  readonly journalGaps: number;
  readonly journalRecordsSkipped: number;
  readonly appendsRefused: number;
  readonly pendingBytes: number;
  readonly ingestStopped: boolean;
  /** Undefined in a process that writes. */
  readonly refreshedMs: EpochMs | undefined;
  readonly store: KvFigures;
}

export interface ScrapePoolSnapshot {
  readonly name: string;
  readonly targets: number;
  readonly targetLimit: number;
  readonly syncs: number;
  readonly syncSecondsTotal: number;
  readonly syncFailures: number;
}

export interface ScrapeSnapshot {
  readonly pools: readonly ScrapePoolSnapshot[];
  readonly reloads: number;
  readonly reloadFailures: number;
  readonly poolsFailed: number;
  readonly exceededTargetLimit: number;
  readonly exceededLabelLimits: number;
  readonly exceededSampleLimit: number;
  readonly exceededBodySizeLimit: number;
  readonly exceededBucketLimit: number;
  readonly duplicateTimestamp: number;
  readonly outOfOrder: number;
  readonly outOfBounds: number;
  /** Time between the starts of two scrapes of a target, by its configured interval (`15s`). */
  readonly intervals: readonly IntervalSnapshot[];
}

export interface IntervalSnapshot {
  readonly interval: string;
  readonly count: number;
  readonly sumSeconds: number;
  /** 0.01, 0.05, 0.5, 0.9 and 0.99, as far as known; in seconds. */
  readonly quantiles: readonly (readonly [quantile: number, seconds: number])[];
}

/** Of durations in seconds; quantiles as far as known. */
export interface SummarySnapshot {
  readonly count: number;
  readonly sumSeconds: number;
  readonly quantiles: readonly (readonly [quantile: number, seconds: number])[];
}

export interface RulesSnapshot {
  readonly groups: readonly RuleGroupView[];
  readonly ruleDurations: SummarySnapshot;
  readonly groupDurations: SummarySnapshot;
  /** Evaluations that run, and that wait for a place. */
  readonly evaluating: number;
  readonly waiting: number;
}

export interface DiscoverySnapshot {
  /** `scrape`, or `notify`. */
  readonly manager: string;
  readonly config: string;
  readonly targets: number;
  readonly updates: number;
  readonly fileReadErrors: number;
}
