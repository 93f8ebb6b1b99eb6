import assert from "node:assert/strict";
import { createSimulation } from "../../lib/actor/simulation.ts";
import type { AppendOutcome, SampleBatch } from "../../lib/model/batch.ts";
import { NEW_SERIES_BIT } from "../../lib/model/batch.ts";
import { labelsFromRecord } from "../../lib/model/labels.ts";
import { matcherOf } from "../../lib/model/matchers.ts";
import { follows, linked, unlinked } from "../../lib/storage/journal_link.ts";
import { storageKeys } from "../../lib/storage/keys.ts";
import { shardBehavior } from "../../actors/shard.ts";
import { QUIET } from "./shard_driver.ts";

const KEYS = storageKeys(["d", 0]);
const SERIES = 3;

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

Deno.test("after a damaged stretch of the journal no sample is wrong, sources without a record in it lose nothing, and what comes after is kept", async () => {
  for (let seed = 1; seed <= 8; seed++) {
    const sim = createSimulation({ seed });
    const options = { kv: sim.kv, keys: KEYS, log: QUIET, clock: sim.clock, retentionMs: Infinity };
    const shard = await sim.spawn("storage", shardBehavior(options));
    const sent = new Map<string, number[]>();
    const append = async (cohort: string) => {
      const tMs = sim.clock.nowMs();
      const asked = sim.ask(shard, {
        kind: "append",
        batches: [batch(cohort, tMs)],
        atomic: false,
        durable: true,
      }, 60_000);
      const [outcome]: readonly AppendOutcome[] = await sim.settle(asked);
      assert.equal(outcome?.kind, "appended");
      sent.set(cohort, [...sent.get(cohort) ?? [], tMs]);
      await sim.runFor(500);
    };
    // Group by group: each append is a group, since it waits for its commit.
    const order = Array.from({ length: 30 }, () => ["a", "b", "c"][sim.rng.uint32() % 3]!);
    for (const cohort of order) await append(cohort);
    const at = 3 + sim.rng.uint32() % 26;
    const groups = sim.kv.entries.filter(({ key }) => key[0] === "j" && key.length === 4);
    assert.equal(groups.length, 30);
    sim.kv.damage(groups[at]!.key, (value) => value[value.length - 1]! ^= 0x55);
    const hit = order[at]!;
    const read = async (cohort: string) => {
      const view = await sim.settle(sim.ask(shard, {
        kind: "view",
        matcherSets: [[matcherOf("=", "cohort", cohort)]],
        range: { startMs: 0, endMs: 8e15 },
        after: 0,
      }, 60_000));
      const times = new Set<number>();
      for (const { series, window } of view.cohorts) {
        series.forEach((labels, i) => {
          const factor = Number(labels[1]!.slice(1));
          window.tMs.forEach((tMs, r) => {
            assert.equal(window.cells[i * window.tMs.length + r], factor * tMs, `seed ${seed}`);
            times.add(tMs);
          });
        });
      }
      return [...times].sort((a, b) => a - b);
    };
    const reopen = async () => {
      sim.crash(shard.path);
      await sim.runFor(5_000);
      assert.deepEqual(sim.fatal, [], `seed ${seed}`);
      const stats = await sim.settle(sim.ask(shard, { kind: "stats" }, 60_000));
      assert.equal(stats.journalGaps, 1, `seed ${seed}`);
    };
    await reopen();
    const before = order.slice(0, at).filter((cohort) => cohort === hit).length;
    const kept = sent.get(hit)!.slice(0, before);
    for (const cohort of ["a", "b", "c"]) {
      assert.deepEqual(
        await read(cohort),
        cohort === hit ? kept : sent.get(cohort) ?? [],
        `seed ${seed}, ${cohort}`,
      );
    }
    sent.set(hit, kept);
    for (const cohort of ["a", "b", "c", "a", "b", "c"]) await append(cohort);
    await reopen();
    for (const [cohort, times] of sent) {
      assert.deepEqual(await read(cohort), times, `seed ${seed}, ${cohort}`);
    }
    await sim.stop();
  }
});

Deno.test("a record says what it builds on, and one without a link builds on nothing that can be told", () => {
  const record = Uint8Array.of(1, 2, 3);
  for (const [seq, previousSeq] of [[1, 0], [7, 0], [7, 6], [1_000_000, 3]] as const) {
    const { record: found, previousSeq: before } = unlinked(linked(record, seq, previousSeq), seq);
    assert.deepEqual([...found], [1, 2, 3]);
    assert.equal(before, previousSeq);
  }
  assert.deepEqual(unlinked(record, 9), { record, previousSeq: undefined });
  assert.throws(() => unlinked(linked(record, 9, 1), 8), /cannot follow/);
  assert.equal(follows(undefined, 0), true);
  assert.equal(follows(undefined, 4), false);
  assert.equal(follows({ baseSeq: 10, lastSeq: 12 }, 12), true);
  assert.equal(follows({ baseSeq: 10, lastSeq: 12 }, 9), true);
  assert.equal(follows({ baseSeq: 10, lastSeq: 12 }, 11), false);
  assert.equal(follows({ baseSeq: 10, lastSeq: 12 }, undefined), false);
});

Deno.test("a store that takes nothing stops ingest at a bound, with a line in the log; questions go on, and so does ingest when it takes again", async () => {
  const sim = createSimulation({ seed: 1 });
  const { kv, clock, log } = sim;
  const shard = await sim.spawn(
    "storage",
    shardBehavior({ kv, keys: KEYS, log, clock, retentionMs: Infinity }),
  );
  const names = Array.from({ length: 2_000 }, (_, i) => labelsFromRecord({ __name__: `m${i}` }));
  const append = async () => {
    const tMs = clock.nowMs();
    const wide: SampleBatch = {
      cohort: "wide",
      epoch: 0,
      defined: names,
      rows: [{
        tMs,
        refs: Uint32Array.from(names, (_, i) => NEW_SERIES_BIT + i),
        values: Float64Array.from(names, () => (sim.rng.uint32() + 1) / 2 ** 32),
      }],
      strays: [],
    };
    const asked = sim.ask(shard, { kind: "append", batches: [wide], atomic: false, durable: false }, 60_000);
    const [outcome] = await sim.settle(asked);
    await sim.runFor(1_000);
    return outcome!;
  };
  const stats = () => sim.settle(sim.ask(shard, { kind: "stats" }, 60_000));
  assert.equal((await append()).kind, "appended");
  kv.fate = () => "lost";
  let appended = 0;
  while ((await append()).kind === "appended") assert.ok(appended++ < 4_000, "ingest stops");
  for (let i = 0; i < 5; i++) assert.equal((await append()).kind, "limited");
  const stopped = await stats();
  assert.equal(stopped.ingestStopped, true);
  assert.equal(stopped.appendsRefused, 6);
  assert.ok(stopped.pendingBytes < 30 * 1024 * 1024, `${stopped.pendingBytes}`);
  assert.equal(log.lines.filter((line) => line.includes("Ingest stops")).length, 1);
  kv.fate = () => "kept";
  await sim.runFor(60_000);
  assert.equal((await append()).kind, "appended");
  assert.equal((await stats()).ingestStopped, false);
  assert.equal(log.lines.filter((line) => line.includes("Ingest goes on")).length, 1);
  sim.crash(shard.path);
  await sim.runFor(10_000);
  const reopened = await stats();
  assert.equal(reopened.series, names.length);
  assert.equal(reopened.journalGaps, 0);
  await sim.stop();
});
