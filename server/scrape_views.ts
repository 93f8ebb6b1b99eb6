/** What the HTTP interface shows of scraping, asked of the pools at the moment of the request. */
import type { ActorRef, ActorSystem } from "../lib/actor/types.ts";
import type { DiscoverySnapshot, ScrapeSnapshot, TargetMetadataView, TargetsView } from "../lib/http/deps.ts";
import type {
  PoolView,
  ScrapeManagerCommand,
  ScrapePoolCommand,
  TargetCommand,
} from "../actors/protocol/scrape.ts";

/** Pools and targets answer between two scrapes; longer than this means that something is wrong. */
const ANSWER_TIMEOUT_MS = 10_000;

export class ScrapeViews {
  readonly #system: ActorSystem;
  readonly #manager: ActorRef<ScrapeManagerCommand>;

  constructor(system: ActorSystem, manager: ActorRef<ScrapeManagerCommand>) {
    this.#system = system;
    this.#manager = manager;
  }

  async poolNames(): Promise<readonly string[]> {
    return (await this.#manage()).pools.map(({ jobName }) => jobName).sort();
  }

  async targets(): Promise<TargetsView> {
    const pools = await this.#pools();
    return {
      active: pools.flatMap((pool) =>
        pool.targets.map(({ target, status }) => ({
          discoveredLabels: target.discoveredLabels,
          labels: target.labels,
          scrapePool: pool.jobName,
          scrapeUrl: target.url,
          lastError: status.lastError,
          lastScrapeMs: status.lastScrapeMs,
          lastScrapeDurationMs: status.lastTookMs,
          health: status.health,
          scrapeIntervalMs: target.scrapeIntervalMs,
          scrapeTimeoutMs: target.scrapeTimeoutMs,
        }))
      ),
      dropped: pools.flatMap((pool) =>
        pool.dropped.map((discoveredLabels) => ({ discoveredLabels, scrapePool: pool.jobName }))
      ),
      droppedCounts: new Map(pools.map((pool) => [pool.jobName, pool.droppedCount])),
    };
  }

  async metadata(): Promise<readonly TargetMetadataView[]> {
    const { pools } = await this.#manage();
    const refs = await Promise.all(
      pools.map(({ pool }) =>
        this.#system.ask<ScrapePoolCommand, "targets">(pool, { kind: "targets" }, ANSWER_TIMEOUT_MS)
      ),
    );
    return await Promise.all(
      refs.flat().map((target) =>
        this.#system.ask<TargetCommand, "metadata">(target, { kind: "metadata" }, ANSWER_TIMEOUT_MS)
      ),
    );
  }

  async snapshot(): Promise<Omit<ScrapeSnapshot, "intervals" | "reloadFailures">> {
    const { reloads } = await this.#manage();
    const pools = await this.#pools();
    const sum = (of: (pool: PoolView) => number) => pools.reduce((total, pool) => total + of(pool), 0);
    return {
      pools: pools.map((pool) => ({
        name: pool.jobName,
        targets: pool.targets.length,
        targetLimit: pool.targetLimit,
        syncs: pool.syncs,
        syncSecondsTotal: pool.syncSeconds,
        syncFailures: pool.syncFailures,
      })),
      reloads,
      poolsFailed: 0,
      exceededTargetLimit: sum((pool) => pool.exceededTargetLimit),
      exceededLabelLimits: sum((pool) => pool.tallies.exceededLabelLimits),
      exceededSampleLimit: sum((pool) => pool.tallies.exceededSampleLimit),
      exceededBodySizeLimit: sum((pool) => pool.tallies.exceededBodySizeLimit),
      exceededBucketLimit: sum((pool) => pool.tallies.exceededBucketLimit),
      duplicateTimestamp: sum((pool) => pool.tallies.duplicateTimestamp),
      outOfOrder: sum((pool) => pool.tallies.outOfOrder),
      outOfBounds: sum((pool) => pool.tallies.outOfBounds),
    };
  }

  async discovery(): Promise<readonly DiscoverySnapshot[]> {
    return (await this.#pools()).map((pool) => ({
      manager: "scrape",
      config: pool.jobName,
      targets: pool.targets.length + pool.droppedCount,
      updates: pool.syncs,
      fileReadErrors: pool.discoveryErrors.length,
    }));
  }

  #manage() {
    return this.#system.ask<ScrapeManagerCommand, "describe">(
      this.#manager,
      { kind: "describe" },
      ANSWER_TIMEOUT_MS,
    );
  }

  async #pools(): Promise<readonly PoolView[]> {
    const { pools } = await this.#manage();
    return await Promise.all(
      pools.map(({ pool }) =>
        this.#system.ask<ScrapePoolCommand, "describe">(pool, { kind: "describe" }, ANSWER_TIMEOUT_MS)
      ),
    );
  }
}
