/** The storage head's questions as calls: each is one message to the shard, and waits for its answer. */
import type { ActorRef, ActorSystem } from "../lib/actor/types.ts";
import { UserError } from "../lib/core/errors.ts";
import type { HeadQuestions } from "../lib/storage/reader.ts";
import type { ShardCommand } from "../actors/protocol/shard.ts";

/** The shard answers between two batches; a question that waits longer has found it in trouble. */
export const STORAGE_TIMEOUT_MS = 30_000;

/**
 * A commit takes a millisecond or two, and a busy disk some hundred. A journal that has not taken a group for so long
 * is in trouble: answers come without waiting for it then, since a monitoring system must answer when the disk is full.
 */
const DURABLE_WAIT_MS_MAX = 5_000;

export function askHead(
  system: ActorSystem,
  shard: ActorRef<ShardCommand>,
): HeadQuestions {
  return {
    view: (matcherSets, range, after, labelNames) =>
      system.ask<ShardCommand, "view">(
        shard,
        { kind: "view", matcherSets, range, after, labelNames },
        STORAGE_TIMEOUT_MS,
      ),
    untilDurable: async () => {
      try {
        await system.ask<ShardCommand, "flush">(shard, { kind: "flush" }, DURABLE_WAIT_MS_MAX);
      } catch (error) {
        if (!(error instanceof UserError)) throw error; // late, or refused by a shard that is overloaded
      }
    },
    series: (matcherSets, range, cursor) =>
      system.ask<ShardCommand, "series">(
        shard,
        { kind: "series", matcherSets, range, cursor },
        STORAGE_TIMEOUT_MS,
      ),
    labelNames: (matcherSets, range, cursor) =>
      system.ask<ShardCommand, "labelNames">(
        shard,
        { kind: "labelNames", matcherSets, range, cursor },
        STORAGE_TIMEOUT_MS,
      ),
    labelValues: (name, matcherSets, range, cursor) =>
      system.ask<ShardCommand, "labelValues">(
        shard,
        { kind: "labelValues", name, matcherSets, range, cursor },
        STORAGE_TIMEOUT_MS,
      ),
  };
}
