/**
 * The administration of storage, as the HTTP interface offers it: questions to the shard that are asked again while
 * maintenance is under way, and snapshots, which copy the store while nothing but the journal's end may change.
 */
import type { ActorRef, ActorSystem } from "../lib/actor/types.ts";
import { UserError } from "../lib/core/errors.ts";
import type { Kv } from "../lib/core/ports.ts";
import { pauseMs } from "../lib/actor/pace.ts";
import type { AdminDeps } from "../lib/http/deps.ts";
import { SHARD_PREFIX, storageKeys } from "../lib/storage/keys.ts";
import { copyStore } from "../lib/storage/snapshot.ts";
import type { AdminOutcome, ShardCommand } from "../actors/protocol/shard.ts";
import type { World } from "./world.ts";

/** A cleaning rewrites every page that a deletion touches. */
const ADMIN_TIMEOUT_MS = 5 * 60_000;
const BUSY_PAUSE_MS = 100;

export interface AdminWiring {
  readonly world: World;
  readonly dataPath: string;
  /** Throws a `UserError` before the server is ready. */
  readonly running: () => {
    readonly system: ActorSystem;
    readonly storage: ActorRef<ShardCommand>;
    readonly readKv: Kv;
  };
}

export function adminDeps({ world, dataPath, running }: AdminWiring): AdminDeps {
  async function whenIdle(ask: () => Promise<AdminOutcome>, what: string): Promise<void> {
    const untilMs = world.clock.monotonicMs() + ADMIN_TIMEOUT_MS;
    for (;;) {
      const outcome = await ask();
      if (outcome.kind === "done") return;
      if (outcome.kind === "failed") throw new UserError("internal", `cannot ${what}: ${outcome.reason}`);
      if (world.clock.monotonicMs() > untilMs) {
        throw new UserError(
          "internal",
          `cannot ${what}: maintenance has been under way for ${ADMIN_TIMEOUT_MS} ms`,
        );
      }
      await pauseMs(world.clock, BUSY_PAUSE_MS);
    }
  }

  return {
    deleteSeries: (matcherSets, range) => {
      const { system, storage } = running();
      const question = { kind: "deleteSeries", matcherSets, range } as const;
      return whenIdle(
        () => system.ask<ShardCommand, "deleteSeries">(storage, question, ADMIN_TIMEOUT_MS),
        "delete series",
      );
    },

    cleanTombstones: () => {
      const { system, storage } = running();
      return whenIdle(
        () =>
          system.ask<ShardCommand, "cleanDeletions">(storage, { kind: "cleanDeletions" }, ADMIN_TIMEOUT_MS),
        "clean tombstones",
      );
    },

    snapshot: async ({ skipHead }) => {
      const { system, storage, readKv } = running();
      await whenIdle(
        () =>
          system.ask<ShardCommand, "holdMaintenance">(storage, { kind: "holdMaintenance" }, ADMIN_TIMEOUT_MS),
        "take a snapshot",
      );
      try {
        const name = snapshotName(world);
        const directory = await world.claimData(`${dataPath.replace(/\/+$/, "")}/snapshots/${name}`);
        const kv = await world.openKv(directory.kvPath);
        try {
          await copyStore(readKv, kv, storageKeys(SHARD_PREFIX), { skipHead });
        } finally {
          kv.close();
          directory.release();
        }
        return name;
      } finally {
        system.tell(storage, { kind: "resumeMaintenance" });
      }
    },
  };
}

/** As Prometheus: the time in UTC, and 63 random bits. */
function snapshotName({ clock, rng }: World): string {
  const time = Temporal.Instant.fromEpochMilliseconds(clock.nowMs()).toString({ smallestUnit: "second" });
  const high = (rng.uint32() >>> 1).toString(16).padStart(8, "0");
  return `${time.replace(/[-:]/g, "")}-${high}${rng.uint32().toString(16).padStart(8, "0")}`;
}
