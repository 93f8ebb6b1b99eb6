import assert from "node:assert/strict";
import { SimClock } from "../../lib/actor/sim_clock.ts";
import type { Clock, Log, LogFields } from "../../lib/core/ports.ts";
import { NEW_SERIES_BIT, type SampleBatch } from "../../lib/model/batch.ts";
import { labelsFromRecord } from "../../lib/model/labels.ts";
import { matcherOf } from "../../lib/model/matchers.ts";
import { HEAD_DEFAULTS } from "../../lib/storage/head_options.ts";
import { openHead } from "../../lib/storage/open.ts";
import type { StorageStats } from "../../lib/storage/stats.ts";
import { MemoryKv } from "./memory_kv.ts";
import { KEYS, QUIET, ShardDriver } from "./shard_driver.ts";

const T0 = 1_700_000_000_000;
const STEP_MS = 15_000;
const EVERYTHING = [matcherOf("=~", "__name__", ".+")];

function rowBatch(cohort: string, tMs: number): SampleBatch {
  return {
    cohort,
    epoch: 0,
    defined: ["a", "b"].map((name) => labelsFromRecord({ __name__: name, cohort, unit: "\u{e9}" })),
    rows: [{
      tMs,
      refs: Uint32Array.of(NEW_SERIES_BIT, NEW_SERIES_BIT + 1),
      values: Float64Array.of(1, tMs),
    }],
    strays: [],
  };
}

async function scraped(
  driver: ShardDriver,
  cohorts: readonly string[],
  from: number,
  to: number,
): Promise<void> {
  for (let i = from; i < to; i++) {
    for (const cohort of cohorts) {
      const [outcome] = driver.append([rowBatch(cohort, T0 + i * STEP_MS)]);
      assert.equal(outcome?.kind, "appended");
    }
    if (i % 50 === 0) { while (await driver.maintain()); }
  }
  while (await driver.maintain());
}

/** Three sources with pages, and for each a manifest, a catalogue and records that came later. */
async function threeSources(): Promise<ShardDriver> {
  const driver = new ShardDriver();
  await driver.open();
  await scraped(driver, ["one", "two", "three"], 0, 200);
  for (const cohort of ["one", "two", "three"]) driver.append([rowBatch(cohort, T0 + 200 * STEP_MS)]);
  driver.drain();
  return driver;
}

/** Turns a bit of every value under a key of the cohort. */
function damage(kv: MemoryKv, kind: "m" | "l", cohort: number): void {
  let count = 0;
  for (const [text, entry] of kv.entries) {
    if (entry.key[2] !== kind || entry.key[3] !== cohort) continue;
    const value = entry.value.slice();
    value[value.length - 3]! ^= 1;
    kv.entries.set(text, { ...entry, value });
    count++;
  }
  assert(count > 0, "there is something to damage");
}

function valuesOf(kv: MemoryKv, cohort: number): Map<string, string> {
  const kept = new Map<string, string>();
  for (const { key, value } of kv.entries.values()) {
    if (key[3] === cohort) kept.set(key.join("/"), value.join(","));
  }
  return kept;
}

function cohortsIn(read: ReadonlyMap<string, unknown>): string[] {
  return [...new Set([...read.keys()].map((key) => key.split(",")[3]!))].sort();
}

for (const [kind, what] of [["m", "manifest"], ["l", "catalogue"]] as const) {
  Deno.test(`with a damaged ${what} the source concerned is left out, kept as it is, and all others open`, async () => {
    const driver = await threeSources();
    const whole = await driver.read(EVERYTHING);
    const lost = driver.head.byName.get("two")!;
    damage(driver.kv, kind, lost);
    const before = valuesOf(driver.kv, lost);
    await driver.crash();
    const read = await driver.read(EVERYTHING);
    assert.deepEqual(cohortsIn(read), ["one", "three"]);
    for (const [key, samples] of read) assert.deepEqual(samples, whole.get(key));
    assert.equal((driver.ask({ kind: "stats" }) as StorageStats).cohortsLost, 1);

    // The source goes on under a number of its own, and maintenance leaves alone what was lost.
    await scraped(driver, ["one", "two", "three"], 201, 500);
    driver.nowMs += 24 * 3_600_000;
    while (await driver.maintain());
    assert.notEqual(driver.head.byName.get("two"), lost);
    assert.deepEqual(valuesOf(driver.kv, lost), before);
    await driver.crash();
    const later = await driver.read(EVERYTHING);
    assert.deepEqual(cohortsIn(later), ["one", "three", "two"]);
    const times = [...[...later].find(([key]) => key.includes("two"))![1].keys()];
    assert.equal(Math.min(...times), T0 + 201 * STEP_MS);
    assert.equal(times.length, 299);
    assert.deepEqual(valuesOf(driver.kv, lost), before);
  });
}

Deno.test("what was left out is logged with what is known of it", async () => {
  const driver = await threeSources();
  const lines: (readonly [string, LogFields | undefined])[] = [];
  const log: Log = { ...QUIET, error: (message, fields) => void lines.push([message, fields]) };
  const lost = driver.head.byName.get("three")!;
  const pages = driver.head.cohorts.get(lost)!.pages.length;
  damage(driver.kv, "l", lost);
  await openHead({ kv: driver.kv, keys: KEYS, log, checks: () => [] }, HEAD_DEFAULTS);
  assert.equal(lines.length, 1);
  const [, fields] = lines[0]!;
  assert.equal(fields?.["cohort"], lost);
  assert.equal(fields?.["name"], "three");
  assert.equal(fields?.["series"], 2);
  assert.equal(fields?.["pages"], pages);
  assert.match(String(fields?.["error"]), /catalogue chunk.*checksum/);
});

Deno.test("a store that takes no write while the shard opens is asked again for a minute, less and less often", async () => {
  const kv = new MemoryKv();
  const clock = new SimClock(T0);
  let refused = 0;
  kv.fate = () => clock.nowMs() < T0 + 30_000 ? (refused++, "lost") : "ok";
  const opened = openHead({ kv, keys: KEYS, log: QUIET, checks: () => [], clock }, HEAD_DEFAULTS);
  let done = false;
  opened.then(() => done = true, () => done = true);
  for (let i = 0; i < 1_000 && !done; i++) await step(clock);
  await opened;
  assert(refused > 5 && refused < 20, `${refused} attempts in 30 seconds`);
});

Deno.test("a store that stays away while the shard opens is given up with its own reason", async () => {
  const kv = new MemoryKv();
  const clock = new SimClock(T0);
  kv.fate = () => "lost";
  let error: Error | undefined;
  openHead({ kv, keys: KEYS, log: QUIET, checks: () => [], clock }, HEAD_DEFAULTS)
    .catch((reason: Error) => error = reason);
  for (let i = 0; i < 1_000 && error === undefined; i++) await step(clock);
  assert.match(
    String(error?.message),
    /^Cannot open the storage shard: .* 18 times, last: the store is away$/,
  );
  const tookMs = clock.nowMs() - T0;
  assert(tookMs > 45_000 && tookMs < 90_000, `${tookMs} ms`);
});

Deno.test("an opening lets others have their turn", async () => {
  const driver = await threeSources();
  const clock = new SimClock(T0);
  let workMs = 0;
  let turns = 0;
  const slow: Clock = {
    nowMs: () => clock.nowMs(),
    monotonicMs: () => workMs += 7,
    at: (atMs, fire) => {
      turns++;
      queueMicrotask(fire);
      return clock.at(atMs, () => {});
    },
  };
  const ports = { kv: driver.kv, keys: KEYS, log: QUIET, checks: () => [], clock: slow };
  const { head } = await openHead(ports, HEAD_DEFAULTS);
  assert.equal(head.cohorts.size, 3);
  assert(turns > 0);
});

/** Lets everything happen that needs no time, then fires the next timer. */
async function step(clock: SimClock): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
  if (clock.armed > 0) clock.step();
}
