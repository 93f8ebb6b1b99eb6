/** One life of the server's actor tree in the simulation: the wiring of server/start.ts over simulated ports. */
import { createSimulation, type Simulated } from "../../lib/actor/simulation.ts";
import type { SimKv } from "../../lib/actor/sim_kv.ts";
import type { ActorRef } from "../../lib/actor/types.ts";
import { loadConfig } from "../../lib/config/load.ts";
import type { Files, HttpClients } from "../../lib/core/ports.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import type { SeriesSource } from "../../lib/storage/source.ts";
import { storageKeys } from "../../lib/storage/keys.ts";
import { PageCache } from "../../lib/storage/page_cache.ts";
import { createSeriesSource } from "../../lib/storage/reader.ts";
import { configBehavior } from "../../actors/config.ts";
import type { ConfigCommand } from "../../actors/protocol/config.ts";
import type { ScrapeManagerCommand } from "../../actors/protocol/scrape.ts";
import type { ShardCommand } from "../../actors/protocol/shard.ts";
import { scrapeManagerBehavior } from "../../actors/scrape_manager.ts";
import { shardBehavior } from "../../actors/shard.ts";
import { askHead } from "../../server/head_questions.ts";
import type { Ledger } from "./ledger.ts";
import { CONFIG_PATH } from "./model_config.ts";

export const HOSTNAME = "sim";
const KEYS = storageKeys(["d", 0]);
const RELOAD_TIMEOUT_MS = 60_000;

export interface Surroundings {
  readonly seed: number;
  readonly startMs: EpochMs;
  readonly kv: SimKv;
  readonly files: Files;
  readonly clients: HttpClients;
  readonly ledger: Ledger;
  /** The simulation exists, and nothing has run yet. */
  readonly begun: (sim: Simulated) => void;
  /** Called by targets as they decide: what it throws is thrown by the actor. */
  readonly observeInterval: () => void;
}

export interface Process {
  readonly sim: Simulated;
  readonly storage: ActorRef<ShardCommand>;
  readonly manager: ActorRef<ScrapeManagerCommand>;
  readonly config: ActorRef<ConfigCommand>;
  readonly source: SeriesSource;
  reload(): Promise<"applied" | "rejected">;
}

export async function startProcess(around: Surroundings): Promise<Process> {
  const { seed, startMs, kv, files, clients, ledger, observeInterval } = around;
  const sim = createSimulation({ seed, kv, startMs });
  around.begun(sim);
  const { clock, log } = sim;
  const storage: ActorRef<ShardCommand> = await sim.spawn(
    "storage",
    ledger.watch(shardBehavior({ kv, keys: KEYS, log, retentionMs: Infinity })),
  );
  const cache = new PageCache({ kv, keys: KEYS, log, bytesMax: 1 << 20 });
  const manager = await sim.spawn(
    "scrape",
    scrapeManagerBehavior({
      path: "/scrape",
      hostname: HOSTNAME,
      pool: {
        files,
        clock,
        log,
        target: {
          ...{
            storage,
            clients,
            files,
            clock,
            log,
            userAgent: "Narthex/sim",
            keepsExemplars: false,
            observeInterval,
          },
          yieldToLoop: () => Promise.resolve(),
        },
      },
    }),
  );
  const config: ActorRef<ConfigCommand> = await sim.spawn(
    "config",
    configBehavior({
      load: () => loadConfig(CONFIG_PATH, files, () => undefined),
      digestOf: (loaded) => `${loaded.yaml.length}`,
      scrape: manager,
      log,
    }),
  );
  return {
    sim,
    storage,
    manager,
    config,
    source: createSeriesSource({ head: askHead(sim, storage), cache }),
    reload: async () => {
      const asked = sim.ask<ConfigCommand, "reload">(config, { kind: "reload" }, RELOAD_TIMEOUT_MS);
      return (await sim.settle(asked)).kind;
    },
  };
}
