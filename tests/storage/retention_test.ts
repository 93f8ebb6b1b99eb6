import assert from "node:assert/strict";
import { NEW_SERIES_BIT, type SampleBatch } from "../../lib/model/batch.ts";
import { labelsFromRecord } from "../../lib/model/labels.ts";
import { matcherOf } from "../../lib/model/matchers.ts";
import type { HeadView } from "../../lib/storage/view.ts";
import { KEYS, ShardDriver } from "./shard_driver.ts";

const T0 = 1_700_000_000_000;
const STEP_MS = 15_000;
const EVERYTHING = [matcherOf("=~", "__name__", ".+")];
const ALL_TIME = { startMs: 0, endMs: 8e15 };

function rowBatch(cohort: string, tMs: number, names: readonly string[]): SampleBatch {
  return {
    cohort,
    epoch: 0,
    defined: names.map((name) => labelsFromRecord({ __name__: name, cohort })),
    rows: [{
      tMs,
      refs: Uint32Array.from(names, (_, i) => NEW_SERIES_BIT + i),
      values: Float64Array.from(names, (_, i) => i + tMs / 1000),
    }],
    strays: [],
  };
}

async function scraped(driver: ShardDriver, cohort: string, from: number, to: number, names = ["a", "b"]) {
  for (let i = from; i < to; i++) {
    driver.nowMs = Math.max(driver.nowMs, T0 + i * STEP_MS);
    const [outcome] = driver.append([rowBatch(cohort, T0 + i * STEP_MS, names)]);
    assert.equal(outcome?.kind, "appended");
    if (i % 50 !== 0) continue;
    driver.send({ kind: "retentionDue" });
    while (await driver.maintain());
  }
  while (await driver.maintain());
}

Deno.test("pages older than retention leave the store whole, younger ones stay", async () => {
  const driver = new ShardDriver(200 * STEP_MS);
  await driver.open();
  await scraped(driver, "a", 0, 600);
  driver.nowMs += 3_600_000;
  driver.retain();
  while (await driver.maintain());
  const read = await driver.read(EVERYTHING);
  const times = [...read.get("__name__,a,cohort,a")!.keys()];
  assert(Math.min(...times) < T0 + 400 * STEP_MS, "a page that is partly young is kept");
  assert(Math.min(...times) > T0 + 100 * STEP_MS, "old pages are gone");
  assert.equal(Math.max(...times), T0 + 599 * STEP_MS);
  const stored = [...driver.kv.entries.values()].filter(({ key }) => key[2] === "p").length;
  const [cohort] = driver.head.cohorts.values();
  assert.equal(stored, cohort!.pages.length + cohort!.garbage.length, "nothing is left behind");
  await driver.crash();
  assert.deepEqual([...(await driver.read(EVERYTHING)).get("__name__,a,cohort,a")!.keys()], times);
});

Deno.test("a source that is gone for longer than retention leaves nothing behind", async () => {
  const driver = new ShardDriver(200 * STEP_MS);
  await driver.open();
  await scraped(driver, "gone", 0, 70);
  driver.send({ kind: "releaseCohort", cohort: "gone" });
  while (await driver.maintain());
  await scraped(driver, "stays", 70, 400, ["a", "c"]);
  driver.nowMs += 3_600_000;
  driver.retain();
  while (await driver.maintain());
  driver.retain();
  while (await driver.maintain());
  assert.equal(driver.head.cohorts.size, 1);
  const { signal } = new AbortController();
  assert.deepEqual(await driver.source.labelValues("cohort", [], ALL_TIME, signal), ["stays"]);
  for (const { key } of driver.kv.entries.values()) {
    assert(!(["m", "l", "p"].includes(String(key[2])) && key[3] === 1), `left behind: ${key.join("/")}`);
  }
  assert.equal(driver.head.series.live, 2);
  await driver.crash();
  assert.deepEqual([...(await driver.read(EVERYTHING)).keys()].sort(), [
    "__name__,a,cohort,stays",
    "__name__,c,cohort,stays",
  ]);
  // It may come back.
  await scraped(driver, "gone", 400, 401);
  assert.equal((await driver.read(EVERYTHING)).size, 4);
});

Deno.test("a series that ended long ago leaves the index while its cohort goes on, and may return", async () => {
  const driver = new ShardDriver(100 * STEP_MS);
  await driver.open();
  await scraped(driver, "a", 0, 10, ["a", "old"]);
  await scraped(driver, "a", 10, 300, ["a"]);
  driver.retain();
  const names = () => driver.source.labelValues("__name__", [], ALL_TIME, new AbortController().signal);
  assert.deepEqual(await names(), ["a"]);
  while (await driver.maintain());
  await driver.crash();
  driver.retain();
  assert.deepEqual(await names(), ["a"]);
  await scraped(driver, "a", 300, 302, ["a", "old"]);
  assert.deepEqual(await names(), ["a", "old"]);
  driver.drain();
  await driver.crash();
  assert.equal((await driver.read(EVERYTHING)).get("__name__,old,cohort,a")?.size, 2);
});

Deno.test("the journal is cut once windows are sealed, and a rarely written cohort does not hold it up", async () => {
  const driver = new ShardDriver();
  await driver.open();
  await scraped(driver, "rare", 0, 2);
  await scraped(driver, "busy", 0, 200);
  const before = driver.journal.size;
  driver.nowMs += 3_600_000;
  while (await driver.maintain());
  await scraped(driver, "busy", 200, 300);
  driver.nowMs += 3_600_000;
  while (await driver.maintain());
  assert(driver.journal.size < before / 4, `${driver.journal.size} records of ${before} are left`);
  await driver.crash();
  const read = await driver.read(EVERYTHING);
  assert.equal(read.get("__name__,a,cohort,rare")?.size, 2);
  assert.equal(read.get("__name__,a,cohort,busy")?.size, 300);
});

Deno.test("a damaged or missing page is skipped, counted, and everything else answers", async () => {
  const driver = new ShardDriver();
  await driver.open();
  await scraped(driver, "a", 0, 300);
  await scraped(driver, "b", 300, 301);
  const [cohort] = driver.head.cohorts.values();
  const damaged = cohort!.pages[1]!;
  const missing = cohort!.pages[2]!;
  const key = KEYS.page(1, damaged.page);
  const entry = await driver.kv.get(key);
  const bytes = entry!.value.slice();
  bytes[60]! ^= 1;
  await driver.kv.commit({ sets: [{ key, value: bytes }], deletes: [KEYS.page(1, missing.page)] });
  const read = await driver.read(EVERYTHING);
  assert.equal(read.get("__name__,a,cohort,a")?.size, 300 - damaged.rowsCount - missing.rowsCount);
  assert.equal(read.get("__name__,a,cohort,b")?.size, 1);
  assert.equal(driver.cache.stats().damaged, 1);
  assert.equal(driver.cache.stats().gone, 1);
});

Deno.test("a select that would hold too many samples ends with Prometheus's words", async () => {
  const driver = new ShardDriver();
  await driver.open();
  await scraped(driver, "a", 0, 100);
  const request = { matchers: EVERYTHING, range: ALL_TIME, samplesMax: 150 };
  await assert.rejects(async () => {
    for await (const _group of driver.source.select(request, new AbortController().signal));
  }, /would load too many samples into memory/);
  await assert.rejects(async () => {
    for await (const _group of driver.source.select({ ...request, samplesMax: 1e6 }, AbortSignal.abort()));
  }, { name: "AbortError" });
});

Deno.test("a second opening fences off what the first still has under way", async () => {
  const driver = new ShardDriver();
  await driver.open();
  for (let i = 0; i < 70; i++) driver.append([rowBatch("a", T0 + i * STEP_MS, ["a", "b"])]);
  driver.send({ kind: "maintenanceDue" });
  driver.drain();
  const [stale] = driver.tasks;
  await driver.crash();
  const before = driver.kv.entries.size;
  const answer = await stale!();
  assert.equal(answer.kind, "maintenanceFailed");
  assert.equal(driver.kv.entries.size, before);
  assert.equal((await driver.read(EVERYTHING)).get("__name__,a,cohort,a")?.size, 70);
});

Deno.test("a large view comes in parts, and each series once", async () => {
  const driver = new ShardDriver();
  await driver.open();
  const names = Array.from({ length: 2_000 }, (_, i) => `m${i}`);
  for (let cohort = 0; cohort < 25; cohort++) {
    const outcomes = driver.append([rowBatch(`c${cohort}`, T0 + cohort, names)]);
    assert.equal(outcomes[0]?.kind, "appended");
  }
  const part = driver.ask({ kind: "view", matcherSets: [EVERYTHING], range: ALL_TIME, after: 0 }) as HeadView;
  assert(part.next !== undefined && part.cohorts.length < 25);
  assert.equal((await driver.read(EVERYTHING)).size, 50_000);
});

Deno.test("a clock that jumps to 2040 and back deletes nothing, and what comes after is kept", async () => {
  const driver = new ShardDriver(1_000 * STEP_MS);
  await driver.open();
  await scraped(driver, "a", 0, 150);
  const before = await driver.read(EVERYTHING);
  const rightMs = driver.nowMs;
  const wrongMs = Date.UTC(2040, 0, 1);
  driver.nowMs = wrongMs;
  for (let i = 0; i < 4; i++) {
    driver.nowMs = wrongMs + i * STEP_MS;
    assert.equal(driver.append([rowBatch("a", driver.nowMs, ["a", "b"])])[0]?.kind, "appended");
    driver.send({ kind: "retentionDue" });
    while (await driver.maintain());
  }
  driver.nowMs = rightMs;
  driver.send({ kind: "retentionDue" });
  while (await driver.maintain());
  // A sender is told that its references are void, and says again what it has.
  const batch = rowBatch("a", T0 + 150 * STEP_MS, ["a", "b"]);
  assert.deepEqual(driver.append([batch]), [{ kind: "wrongEpoch", epoch: 0 }]);
  await scraped(driver, "a", 150, 350);
  driver.nowMs += 3_600_000;
  while (await driver.maintain());
  for (const reopened of [false, true]) {
    if (reopened) {
      driver.drain();
      await driver.crash();
    }
    const after = await driver.read(EVERYTHING, T0, T0 + 400 * STEP_MS);
    for (const [key, samples] of before) {
      const kept = after.get(key)!;
      for (const tMs of samples.keys()) assert(kept.has(tMs), `${key} at ${tMs}`);
      assert.equal(kept.size, 350);
    }
    const future = await driver.read(EVERYTHING, wrongMs, 8e15);
    assert.equal(future.get("__name__,a,cohort,a")?.size, 4, "what the wrong clock wrote is there too");
  }
  await scraped(driver, "a", 350, 360);
  const last = await driver.read(EVERYTHING, T0 + 350 * STEP_MS, T0 + 360 * STEP_MS);
  assert.equal(last.get("__name__,b,cohort,a")?.size, 10);
});
