import assert from "node:assert/strict";
import { NEW_SERIES_BIT, type SampleBatch } from "../../../lib/model/batch.ts";
import { labelsFromRecord } from "../../../lib/model/labels.ts";
import { matcherOf } from "../../../lib/model/matchers.ts";
import type { StoreSpace } from "../../../lib/core/ports.ts";
import { ShardDriver } from "../shard_driver.ts";

const T0 = 1_700_000_000_000;
const MiB = 1024 * 1024;
const LIMIT_BYTES = MiB;

function noise(cohort: string, tMs: number, columns: number): SampleBatch {
  return {
    cohort,
    epoch: 0,
    defined: Array.from({ length: columns }, (_, i) => labelsFromRecord({ __name__: `m${i}`, cohort })),
    rows: [{
      tMs,
      refs: Uint32Array.from({ length: columns }, (_, i) => NEW_SERIES_BIT + i),
      values: Float64Array.from({ length: columns }, (_, i) => Math.sin(tMs * (i + 1)) * 1e6),
    }],
    strays: [],
  };
}

interface Store {
  readonly driver: ShardDriver;
  readonly space: () => StoreSpace;
}

async function open(): Promise<Store> {
  const space = () => {
    let usedBytes = 0;
    for (const { value } of driver.kv.entries.values()) usedBytes += value.length;
    return { usedBytes, fileBytes: usedBytes, diskBytes: 8 * MiB };
  };
  const driver: ShardDriver = new ShardDriver(Infinity, { storeSpace: () => Promise.resolve(space()) });
  driver.nowMs = T0 + 1_000 * 3_600_000;
  await driver.open();
  return { driver, space };
}

/** As the shard's timers do: a look at the space, a run of maintenance. */
async function look(driver: ShardDriver): Promise<void> {
  driver.nowMs += 60_000;
  driver.send({ kind: "spaceDue" });
  await driver.runTasks();
  for (let i = 0; i < 50 && await driver.maintain(); i++);
}

async function fill({ driver, space }: Store, from: number, to: number): Promise<number> {
  let largest = 0;
  for (let i = from; i < to; i++) {
    driver.append([noise("a", T0 + i * 15_000, 40), noise("b", T0 + i * 15_000 + 7, 20)]);
    if (i % 30 !== 0) continue;
    await look(driver);
    largest = Math.max(largest, space().usedBytes);
  }
  return largest;
}

async function oldestOf(driver: ShardDriver, cohort: string): Promise<number> {
  let oldest = Infinity;
  for (const samples of (await driver.read([matcherOf("=", "cohort", cohort)])).values()) {
    oldest = Math.min(oldest, ...samples.keys());
  }
  return oldest;
}

Deno.test("a limit of size holds over many turns, and the oldest pages of all sources leave first", async () => {
  const store = await open();
  store.driver.keep({ bytesMax: LIMIT_BYTES });
  const largest = await fill(store, 0, 7_000);
  assert(largest <= LIMIT_BYTES, `${largest} bytes at most`);
  assert(largest > 0.8 * LIMIT_BYTES, "the room is used");
  const { counters, retention } = store.driver.head;
  assert(counters.sizeRetentions > 0);
  assert.equal(counters.timeRetentions, 0);
  assert.equal(retention.limitBytes, LIMIT_BYTES);
  const [a, b] = [await oldestOf(store.driver, "a"), await oldestOf(store.driver, "b")];
  assert(a > T0 && Math.abs(a - b) < 4 * 3_600_000, `${(a - b) / 60_000} minutes apart`);
});

Deno.test("a percentage of the disk stands in place of a size", async () => {
  const store = await open();
  store.driver.keep({ bytesMax: 100 * MiB, diskPercentMax: 12.5 });
  const largest = await fill(store, 0, 7_000);
  assert(largest > 0.8 * MiB && largest <= MiB, `${largest} bytes at most`);
  assert.equal(store.driver.head.retention.limitBytes, MiB);
});

Deno.test("a size goes before every time, and without it times count again", async () => {
  const store = await open();
  await fill(store, 0, 3_000);
  const matchers = [matcherOf("=", "cohort", "b")];
  const rules = [{ matchers, keepMs: 9e12, text: "b" }];
  store.driver.keep({ bytesMax: MiB / 2, rules });
  for (let i = 0; i < 5; i++) await look(store.driver);
  assert(store.space().usedBytes <= MiB / 2);
  const oldest = await oldestOf(store.driver, "b");
  assert(oldest > T0, "samples with a long rule of their own left, too");
  store.driver.keep({ rules });
  assert.equal(store.driver.head.retention.sizeFromMs, -Infinity);
  await look(store.driver);
  assert.equal(await oldestOf(store.driver, "b"), oldest);
});

Deno.test("a limit that cannot be held is told once", async () => {
  const lines: string[] = [];
  const log = {
    ...{ debug() {}, info() {}, error() {} },
    warn: (line: string) => void lines.push(line),
    with: () => log,
  };
  const space = { usedBytes: 10 * MiB, fileBytes: 10 * MiB, diskBytes: 100 * MiB };
  const driver = new ShardDriver(Infinity, { storeSpace: () => Promise.resolve(space), log });
  driver.nowMs = T0 + 1_000 * 3_600_000;
  await driver.open();
  driver.keep({ bytesMax: MiB });
  for (let i = 0; i < 3; i++) await look(driver);
  assert.equal(lines.filter((line) => line.includes("larger than its limit")).length, 1);
});
