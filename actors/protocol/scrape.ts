/** What the actors of scraping say to each other: manager, pool, target, discovery. One message a scrape at most. */
import type { ActorRef, ReplyTo } from "../../lib/actor/types.ts";
import type { ScrapeConfig } from "../../lib/config/types.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import type { DiscoveredTarget } from "../../lib/discovery/targets.ts";
import type { TargetGroup } from "../../lib/discovery/target_groups.ts";
import type { AppendOutcome, SampleBatch } from "../../lib/model/batch.ts";
import type { Labels } from "../../lib/model/labels.ts";
import type { MetricMetadata } from "../../lib/model/metadata.ts";
import type { ScrapeEnding } from "../../lib/scrape/ending.ts";

export type TargetHealth = "unknown" | "up" | "down";

/** What a pool knows of a target's last scrape. */
export interface TargetStatus {
  readonly health: TargetHealth;
  readonly lastError: string;
  readonly lastScrapeMs: EpochMs | undefined;
  readonly lastTookMs: number;
}

/** Counters that a pool adds up over its targets; named after Prometheus's metrics. */
export interface ScrapeTallies {
  readonly scrapes: number;
  readonly exceededSampleLimit: number;
  readonly exceededBodySizeLimit: number;
  readonly exceededBucketLimit: number;
  readonly exceededLabelLimits: number;
  readonly duplicateTimestamp: number;
  readonly outOfOrder: number;
  readonly outOfBounds: number;
  /** Scrapes that were due while the one before was still under way. */
  readonly skipped: number;
}

export interface TargetMetadata {
  readonly labels: Labels;
  readonly metrics: ReadonlyMap<string, MetricMetadata>;
}

export type TargetCommand =
  | { readonly kind: "scrapeDue"; readonly dueMs: EpochMs }
  | {
    readonly kind: "scraped";
    readonly startedMs: EpochMs;
    readonly tookMs: number;
    readonly ending: ScrapeEnding;
    readonly batch: SampleBatch;
  }
  /** The scrape ended in no answer: too late even for the task, or (`broken`) by a fault of ours in reading it. */
  | {
    readonly kind: "scrapeFailed";
    readonly startedMs: EpochMs;
    readonly tookMs: number;
    readonly reason: string;
    readonly broken: boolean;
  }
  /** Told to itself, so that the samples do not wait for the journal. */
  | { readonly kind: "healthSeen"; readonly atMs: EpochMs; readonly lastError: string }
  | { readonly kind: "appended"; readonly outcome: AppendOutcome; readonly again: SampleBatch | undefined }
  | { readonly kind: "appendFailed"; readonly reason: string }
  /** Every scrape fails with this reason until it is taken back: the pool is over its target limit. */
  | { readonly kind: "force"; readonly reason: string | undefined }
  /** The target is gone: no more scrapes, and in good time the markers that end its series. */
  | { readonly kind: "retire" }
  | { readonly kind: "endOfRunDue"; readonly tMs: EpochMs }
  | { readonly kind: "endOfRunKept"; readonly again: SampleBatch | undefined }
  | { readonly kind: "metadata"; readonly replyTo: ReplyTo<TargetMetadata> };

export type TargetEvent =
  | { readonly kind: "wentUp"; readonly atMs: EpochMs }
  | { readonly kind: "wentDown"; readonly atMs: EpochMs; readonly reason: string }
  // Not durable: a restart forgets them.
  | { readonly kind: "scrapeStarted"; readonly atMs: EpochMs }
  | { readonly kind: "scrapeSkipped"; readonly atMs: EpochMs }
  | { readonly kind: "scrapeReported" }
  | { readonly kind: "scrapeEnded" }
  | { readonly kind: "forced"; readonly reason: string | undefined }
  | { readonly kind: "retired"; readonly atMs: EpochMs };

export interface TargetView {
  readonly target: DiscoveredTarget;
  readonly status: TargetStatus;
}

export interface PoolView {
  readonly jobName: string;
  readonly targets: readonly TargetView[];
  /** As many as `keep_dropped_targets` lets be kept. */
  readonly dropped: readonly Labels[];
  readonly droppedCount: number;
  readonly discoveryErrors: readonly string[];
  readonly tallies: ScrapeTallies;
  readonly syncs: number;
  readonly syncSeconds: number;
  readonly syncFailures: number;
  readonly targetLimit: number;
  /** How often discovery found more targets than the limit allows. */
  readonly exceededTargetLimit: number;
}

export type ScrapePoolCommand =
  /** Told to itself when it starts and when it comes back: brings the targets to the newest assignment. */
  | { readonly kind: "start" }
  | { readonly kind: "configure"; readonly config: ScrapeConfig; readonly offsetSeed: number }
  /** Everything that one discovery mechanism has found, replacing what it found before. */
  | {
    readonly kind: "groupsFound";
    readonly provider: string;
    readonly groups: readonly TargetGroup[];
    readonly errors: readonly string[];
  }
  | {
    readonly kind: "targetScraped";
    readonly name: string;
    readonly status: TargetStatus;
    readonly tallies: ScrapeTallies;
  }
  /** Storage kept a scrape without some of its samples. */
  | {
    readonly kind: "samplesRefused";
    readonly outOfOrder: number;
    readonly outOfBounds: number;
    readonly duplicateTimestamp: number;
  }
  | { readonly kind: "targetEnded"; readonly name: string }
  | { readonly kind: "retire" }
  | { readonly kind: "describe"; readonly replyTo: ReplyTo<PoolView> }
  | { readonly kind: "targets"; readonly replyTo: ReplyTo<readonly ActorRef<TargetCommand>[]> };

export type DiscoveryCommand =
  | { readonly kind: "refreshDue" }
  | {
    readonly kind: "refreshed";
    readonly groups: readonly TargetGroup[];
    readonly errors: readonly string[];
  };

export interface ScrapeManagerView {
  readonly pools: readonly { readonly jobName: string; readonly pool: ActorRef<ScrapePoolCommand> }[];
  readonly reloads: number;
}

export type ScrapeManagerCommand =
  | {
    readonly kind: "apply";
    readonly scrapeConfigs: readonly ScrapeConfig[];
    readonly externalLabels: readonly (readonly [name: string, value: string])[];
  }
  /** Told to itself when it comes back: starts the pools that it had. */
  | { readonly kind: "start" }
  | { readonly kind: "poolEnded"; readonly name: string }
  | { readonly kind: "describe"; readonly replyTo: ReplyTo<ScrapeManagerView> };
