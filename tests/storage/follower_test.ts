import assert from "node:assert/strict";
import { KvJournal } from "../../lib/actor/kv_journal.ts";
import { createSimulation } from "../../lib/actor/simulation.ts";
import { NEW_SERIES_BIT, type SampleBatch } from "../../lib/model/batch.ts";
import { labelsFromRecord } from "../../lib/model/labels.ts";
import { matcherOf } from "../../lib/model/matchers.ts";
import { Follower } from "../../lib/storage/follower.ts";
import { HEAD_DEFAULTS } from "../../lib/storage/head_options.ts";
import { storageKeys } from "../../lib/storage/keys.ts";
import { PageCache } from "../../lib/storage/page_cache.ts";
import { createSeriesSource } from "../../lib/storage/reader.ts";
import { shardBehavior } from "../../actors/shard.ts";
import { shardReaderBehavior } from "../../actors/shard_reader.ts";
import { askHead } from "../../server/head_questions.ts";
import { QUIET } from "./shard_driver.ts";

const KEYS = storageKeys(["d", 0]);
const SERIES = 3;
const STEP_MS = 15_000;

function batchOf(cohort: string, tMs: number): SampleBatch {
  return {
    cohort,
    epoch: 0,
    defined: Array.from({ length: SERIES }, (_, i) => labelsFromRecord({ __name__: `m${i}`, cohort })),
    rows: [{
      tMs,
      refs: Uint32Array.from({ length: SERIES }, (_, i) => NEW_SERIES_BIT + i),
      values: Float64Array.from({ length: SERIES }, (_, i) => i * tMs),
    }],
    strays: [],
  };
}

Deno.test("a reading process sees each sample of the writing one once, through seals, truncations and its restarts", async () => {
  for (let seed = 1; seed <= 4; seed++) {
    const sim = createSimulation({ seed });
    const { kv, clock } = sim;
    const writer = shardBehavior({ kv, keys: KEYS, log: QUIET, clock, retentionMs: Infinity });
    const storage = await sim.spawn("storage", writer);
    const follower = new Follower({
      ...{ kv, keys: KEYS, log: QUIET, clock, checks: () => [], journal: new KvJournal({ kv }) },
      stream: "/storage",
      headOptions: HEAD_DEFAULTS,
    });
    const nowMs = clock.nowMs();
    const loaded = { head: await sim.settle(follower.load(nowMs)), nowMs };
    const reader = await sim.spawn("reader", shardReaderBehavior({ loaded, follower, log: QUIET }));
    const cache = new PageCache({ kv, keys: KEYS, log: QUIET, bytesMax: 1 << 20 });
    const source = createSeriesSource({ head: askHead(sim, reader as typeof storage), cache });
    const sent = new Map<string, number[]>();
    const commitsBefore = kv.commits;
    for (let step = 0; step < 400; step++) {
      for (const cohort of step % 3 === 0 ? ["a", "b"] : ["a"]) {
        const tMs = clock.nowMs();
        void sim.ask(storage, {
          kind: "append",
          batches: [batchOf(cohort, tMs)],
          atomic: false,
          durable: false,
        }, 1_000);
        sent.set(cohort, [...sent.get(cohort) ?? [], tMs]);
      }
      await sim.runFor(STEP_MS);
      if (sim.rng.uint32() % 60 === 0) sim.crash("/storage");
      if (step % 40 !== 39) continue;
      const read = async () => {
        const found = new Map<string, number[]>();
        const request = {
          matchers: [matcherOf("=", "__name__", "m2")],
          range: { startMs: 0, endMs: 8e15 },
          samplesMax: 1e7,
        };
        for await (const group of source.select(request, new AbortController().signal)) {
          group.series.forEach((labels, i) => {
            group.tMs.forEach((tMs, row) => assert.equal(group.columns[i]![row], 2 * tMs));
            found.set(labels[3]!, [...group.tMs]);
          });
        }
        return found;
      };
      assert.deepEqual(await sim.settle(read()), sent, `seed ${seed}, step ${step}`);
    }
    assert.ok(kv.commits > commitsBefore);
    const stats = await sim.settle(sim.ask(reader as typeof storage, { kind: "stats" }, 1_000));
    assert.ok(stats.pages > 0, "what was sealed is seen as pages");
    assert.ok(stats.windowRows < 400, `${stats.windowRows} rows are in memory`);
    assert.ok(stats.refreshedMs! > clock.nowMs() - 10_000);
    assert.deepEqual(cache.stats().damaged + cache.stats().gone, 0);
    const refused = await sim.settle(
      sim.ask(reader as typeof storage, {
        kind: "append",
        batches: [batchOf("x", 1)],
        atomic: false,
        durable: false,
      }, 1_000),
    );
    assert.equal(refused[0]?.kind, "limited");
    await sim.stop();
  }
});
