/** The storage head's questions as calls: each is one message to the shard, and waits for its answer. */
import type { ActorRef, ActorSystem } from "../lib/actor/types.ts";
import type { HeadQuestions } from "../lib/storage/reader.ts";
import type { ShardCommand } from "../actors/protocol/shard.ts";

/** The shard answers between two batches; a question that waits longer has found it in trouble. */
export const STORAGE_TIMEOUT_MS = 30_000;

export function askHead(system: ActorSystem, shard: ActorRef<ShardCommand>): HeadQuestions {
  return {
    view: (matcherSets, range, after) =>
      system.ask<ShardCommand, "view">(
        shard,
        { kind: "view", matcherSets, range, after },
        STORAGE_TIMEOUT_MS,
      ),
    series: (matcherSets, range) =>
      system.ask<ShardCommand, "series">(shard, { kind: "series", matcherSets, range }, STORAGE_TIMEOUT_MS),
    labelNames: (matcherSets, range) =>
      system.ask<ShardCommand, "labelNames">(
        shard,
        { kind: "labelNames", matcherSets, range },
        STORAGE_TIMEOUT_MS,
      ),
    labelValues: (name, matcherSets, range) =>
      system.ask<ShardCommand, "labelValues">(
        shard,
        { kind: "labelValues", name, matcherSets, range },
        STORAGE_TIMEOUT_MS,
      ),
  };
}
