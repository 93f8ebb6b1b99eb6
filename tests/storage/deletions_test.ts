import assert from "node:assert/strict";
import fc from "fast-check";
import { matcherOf } from "../../lib/model/matchers.ts";
import { decodeDeletion, encodeDeletion } from "../../lib/storage/deletions.ts";
import { CorruptDataError } from "../../lib/storage/errors.ts";
import { KEYS, ShardDriver } from "./shard_driver.ts";

const ALL = [matcherOf("=~", "__name__", ".+")];
const STEP_MS = 1_000;

/** Rows of two series in one cohort, every second from `from` on; then one stray far back. */
function append(driver: ShardDriver, from: number, count: number): void {
  for (let i = 0; i < count; i++) {
    driver.nowMs = (from + i) * STEP_MS;
    driver.append([{
      cohort: "scrape/a/b",
      epoch: 0,
      defined: [["__name__", "a"], ["__name__", "b"]],
      rows: [{
        tMs: driver.nowMs,
        refs: Uint32Array.of(0x8000_0000, 0x8000_0001),
        values: Float64Array.of(i, -i),
      }],
      strays: [],
    }]);
  }
}

async function times(driver: ShardDriver, name: string): Promise<number[]> {
  const samples = await driver.read([matcherOf("=", "__name__", name)]);
  return [...samples.get(`__name__,${name}`)?.keys() ?? []].sort((a, b) => a - b).map((tMs) => tMs / STEP_MS);
}

async function deleteSeries(driver: ShardDriver, name: string, start: number, end: number): Promise<void> {
  const range = { startMs: start * STEP_MS, endMs: end * STEP_MS };
  driver.replies = [];
  driver.send({
    kind: "deleteSeries",
    matcherSets: [[matcherOf("=", "__name__", name)]],
    range,
    replyTo: { path: "/test", token: 1 },
  });
  await driver.runTasks();
  assert.deepEqual(driver.replies, [{ kind: "done" }]);
}

async function clean(driver: ShardDriver): Promise<unknown> {
  driver.replies = [];
  driver.send({ kind: "cleanDeletions", replyTo: { path: "/test", token: 1 } });
  while (await driver.runTasks());
  assert.equal(driver.replies.length, 1);
  return driver.replies[0];
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

function deletionKeys(driver: ShardDriver): number {
  return [...driver.kv.entries.values()].filter(({ key }) => key[2] === "x").length;
}

Deno.test("what is deleted is hidden at once, in pages and in the window, after a crash and after cleaning", async () => {
  const driver = new ShardDriver();
  await driver.open();
  append(driver, 1, 200);
  driver.drain();
  while (await driver.maintain());
  append(driver, 201, 20);
  driver.drain();
  assert.ok(driver.head.cohorts.get(1)!.pages.length > 0 && driver.head.cohorts.get(1)!.rows.length > 10);
  await deleteSeries(driver, "a", 50, 60);
  await deleteSeries(driver, "a", 215, 1e6);
  const left = [...range(1, 49), ...range(61, 214)];
  assert.deepEqual(await times(driver, "a"), left);
  assert.deepEqual(await times(driver, "b"), range(1, 220));
  await driver.crash();
  assert.deepEqual(await times(driver, "a"), left);
  assert.deepEqual(await clean(driver), { kind: "done" });
  assert.deepEqual(await times(driver, "a"), left);
  assert.equal(deletionKeys(driver), 1, "of the window the deletion is kept");
  await driver.crash();
  assert.deepEqual(await times(driver, "a"), left);
  assert.deepEqual(await times(driver, "b"), range(1, 220));
  append(driver, 221, 5);
  assert.deepEqual(await times(driver, "a"), [...left, ...range(221, 225)], "what comes later is not hidden");
  append(driver, 226, 200);
  driver.drain();
  while (await driver.maintain());
  assert.deepEqual(await clean(driver), { kind: "done" });
  assert.equal(deletionKeys(driver), 0);
  await driver.crash();
  assert.deepEqual(await times(driver, "a"), [...left, ...range(221, 425)]);
});

Deno.test("a series that is deleted as a whole is no longer listed; one that is deleted in part is", async () => {
  const driver = new ShardDriver();
  await driver.open();
  append(driver, 1, 30);
  await deleteSeries(driver, "a", 0, 1e6);
  await deleteSeries(driver, "b", 5, 10);
  const listed = driver.ask({ kind: "series", matcherSets: [ALL], range: { startMs: 0, endMs: 1e9 } });
  assert.deepEqual(listed, { found: [["__name__", "b"]], next: undefined });
  assert.equal((await driver.read(ALL)).size, 1);
});

Deno.test("a cleaning that fails at any commit hides on, and may be repeated", async () => {
  for (let failed = 1; failed < 6; failed++) {
    for (const fate of ["lost", "kept"] as const) {
      const driver = new ShardDriver();
      await driver.open();
      append(driver, 1, 200);
      driver.drain();
      while (await driver.maintain());
      append(driver, 201, 100);
      await deleteSeries(driver, "a", 50, 60);
      let number = 0;
      driver.kv.fate = () => ++number === failed ? fate : "ok";
      await clean(driver);
      driver.kv.fate = () => "ok";
      const left = [...range(1, 49), ...range(61, 300)];
      assert.deepEqual(await times(driver, "a"), left, `commit ${failed} ${fate}`);
      driver.drain();
      while (await driver.maintain());
      assert.deepEqual(await clean(driver), { kind: "done" });
      await driver.crash();
      assert.deepEqual(await times(driver, "a"), left, `commit ${failed} ${fate}, after a crash`);
      assert.deepEqual(await times(driver, "b"), range(1, 300));
    }
  }
});

Deno.test("maintenance and cleaning keep out of each other's way", async () => {
  const driver = new ShardDriver();
  await driver.open();
  append(driver, 1, 200);
  driver.drain();
  driver.send({ kind: "maintenanceDue" });
  driver.drain();
  const refused = driver.ask({ kind: "cleanDeletions" });
  assert.deepEqual(refused, { kind: "busy" });
  assert.deepEqual(driver.ask({ kind: "holdMaintenance" }), { kind: "busy" });
  await driver.runTasks();
  driver.replies = [];
  driver.send({ kind: "holdMaintenance", replyTo: { path: "/test", token: 1 } });
  driver.drain();
  assert.deepEqual(driver.replies, [{ kind: "done" }]);
  append(driver, 201, 200);
  driver.drain();
  assert.equal(await driver.maintain(), false, "held");
  driver.send({ kind: "resumeMaintenance" });
  assert.equal(await driver.maintain(), true);
});

Deno.test("a deletion is read as it was written, and refused when it is damaged", () => {
  const deletion = {
    cohort: 3,
    number: 9,
    startMs: -5,
    endMs: 2 ** 45,
    columns: Uint32Array.of(0, 1, 7, 100_000),
  };
  const bytes = encodeDeletion(deletion);
  assert.deepEqual(decodeDeletion(3, 9, bytes), deletion);
  fc.assert(fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length), (at, value, cut) => {
    const changed = bytes.slice(0, cut);
    if (at < cut) changed[at] = value;
    try {
      decodeDeletion(3, 9, changed);
    } catch (error) {
      assert.ok(error instanceof CorruptDataError, String(error));
    }
  }));
  assert.deepEqual(KEYS.deletion(3, 9).slice(-3), ["x", 3, 9]);
});
