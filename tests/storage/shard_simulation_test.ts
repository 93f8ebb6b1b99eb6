import assert from "node:assert/strict";
import { createSimulation } from "../../lib/actor/simulation.ts";
import { NEW_SERIES_BIT, type SampleBatch } from "../../lib/model/batch.ts";
import { labelsFromRecord } from "../../lib/model/labels.ts";
import { matcherOf } from "../../lib/model/matchers.ts";
import { storageKeys } from "../../lib/storage/keys.ts";
import { PageCache } from "../../lib/storage/page_cache.ts";
import { createSeriesSource } from "../../lib/storage/reader.ts";
import { shardBehavior } from "../../actors/shard.ts";
import { QUIET } from "./shard_driver.ts";

const KEYS = storageKeys(["s", 0]);
const SERIES = 5;

function batch(cohort: string, tMs: number): SampleBatch {
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

Deno.test("in the runtime, with a store that is slow and fails and a shard that crashes, what was acknowledged stays", async () => {
  for (let seed = 1; seed <= 6; seed++) {
    const sim = createSimulation({ seed });
    const behavior = shardBehavior({
      kv: sim.kv,
      keys: KEYS,
      log: QUIET,
      clock: sim.clock,
      retentionMs: Infinity,
    });
    const shard = await sim.spawn("storage", behavior);
    sim.kv.latencyMs = () => sim.rng.uint32() % 40;
    sim.kv.fate = () => {
      const draw = sim.rng.uint32() % 20;
      return draw === 0 ? "lost" : draw === 1 ? "keptButRejected" : "kept";
    };
    const acknowledged = new Set<string>();
    const sent = new Set<string>();
    for (let round = 0; round < 160; round++) {
      for (const cohort of ["a", "b"]) {
        const tMs = sim.clock.nowMs();
        sent.add(`${cohort}/${tMs}`);
        const durable = sim.rng.uint32() % 4 === 0;
        sim.ask(shard, { kind: "append", batches: [batch(cohort, tMs)], atomic: false, durable }, 60_000)
          .then(
            ([outcome]) => {
              if (durable && outcome?.kind === "appended") acknowledged.add(`${cohort}/${tMs}`);
            },
            () => undefined,
          );
      }
      await sim.runFor(15_000);
      if (sim.rng.uint32() % 25 === 0) sim.crash(shard.path);
    }
    sim.kv.fate = () => "kept";
    await sim.runFor(120_000);
    assert.deepEqual(sim.fatal, [], `seed ${seed}`);
    assert(acknowledged.size > 20, `seed ${seed}: ${acknowledged.size} were acknowledged`);
    const source = createSeriesSource({
      cache: new PageCache({ kv: sim.kv, keys: KEYS, log: QUIET, bytesMax: 1 << 20 }),
      head: {
        view: (matcherSets, range, after) =>
          sim.ask(shard, { kind: "view", matcherSets, range, after }, 60_000),
        untilDurable: async () => {
          assert.equal(await sim.ask(shard, { kind: "flush" }, 60_000), "durable");
        },
        series: (matcherSets, range, cursor) =>
          sim.ask(shard, { kind: "series", matcherSets, range, cursor }, 60_000),
        labelNames: (matcherSets, range, cursor) =>
          sim.ask(shard, { kind: "labelNames", matcherSets, range, cursor }, 60_000),
        labelValues: (name, matcherSets, range, cursor) =>
          sim.ask(shard, { kind: "labelValues", name, matcherSets, range, cursor }, 60_000),
      },
    });
    const read = async () => {
      const found = new Map<string, number>();
      const request = {
        matchers: [matcherOf("=~", "__name__", "m.")],
        range: { startMs: 0, endMs: 8e15 },
        samplesMax: 1e7,
      };
      for await (const group of source.select(request, new AbortController().signal)) {
        group.series.forEach((labels, i) => {
          const name = Number(labels[1]!.slice(1));
          group.tMs.forEach((tMs, r) => {
            assert.equal(group.columns[i]![r], name * tMs);
            const key = `${labels[3]}/${tMs}`;
            found.set(key, (found.get(key) ?? 0) + 1);
          });
        });
      }
      return found;
    };
    const found = await sim.settle(read());
    for (const key of acknowledged) {
      assert.equal(found.get(key), SERIES, `seed ${seed}: ${key} was acknowledged`);
    }
    for (const [key, count] of found) {
      assert(sent.has(key), `seed ${seed}: ${key} was never sent`);
      assert.equal(count, SERIES, `seed ${seed}: ${key} is whole`);
    }
    const stats = await sim.settle(sim.ask(shard, { kind: "stats" }, 60_000));
    assert(stats.pages > 0, `seed ${seed}: windows were sealed`);
    await sim.stop();
  }
});
