import assert from "node:assert/strict";
import fc from "fast-check";
import "../../seed.ts";
import { NEW_SERIES_BIT, type SampleBatch } from "../../../lib/model/batch.ts";
import { labelsFromRecord } from "../../../lib/model/labels.ts";
import { type Matcher, matcherOf } from "../../../lib/model/matchers.ts";
import type { KeepRule, RetentionPolicy, RollupRule } from "../../../lib/storage/retention/policy.ts";
import { checkStore } from "../../../lib/storage/check/check_store.ts";
import { bitsOf, KEYS, QUIET, ShardDriver } from "../shard_driver.ts";

const T0 = 1_700_000_100_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const EVERYTHING = [matcherOf("=~", "__name__", ".+")];

function keep(label: string, value: string, hours: number): KeepRule {
  const matchers: Matcher[] = [matcherOf("=", label, value)];
  return { matchers, keepMs: hours * HOUR_MS, text: `${label}=${value} ${hours}` };
}

function rollup(hours: number, matchers: readonly Matcher[] = []): RollupRule {
  return { matchers, afterMs: hours * HOUR_MS, intervalMs: 5 * MINUTE_MS, text: `r${hours}` };
}

/** One series an entry: its `kind` label is the entry. */
function rowOf(cohort: string, tMs: number, kinds: readonly string[]): SampleBatch {
  return {
    cohort,
    epoch: 0,
    defined: kinds.map((kind) => labelsFromRecord({ __name__: "m", cohort, kind })),
    rows: [{
      tMs,
      refs: Uint32Array.from(kinds, (_, i) => NEW_SERIES_BIT + i),
      values: Float64Array.from(kinds, (_, i) => valueOf(tMs, i)),
    }],
    strays: [],
  };
}

function valueOf(tMs: number, i: number): number {
  const minute = Math.round((tMs - T0) / MINUTE_MS);
  const noise = Math.floor(Math.abs(Math.sin(minute * 12.9898 + i) * 43_758.5453) % 1 * 10_000);
  return i % 2 === 0 ? minute * 10_000 + noise : noise;
}

async function settle(driver: ShardDriver): Promise<void> {
  for (let i = 0; i < 500 && await driver.maintain(); i++);
}

/** Each minute a row, with maintenance now and then. */
async function fill(driver: ShardDriver, cohort: string, from: number, to: number, kinds: readonly string[]) {
  for (let i = from; i < to; i++) {
    const [outcome] = driver.append([rowOf(cohort, T0 + i * MINUTE_MS, kinds)]);
    assert.equal(outcome?.kind, "appended");
    if (i % 64 === 0) await settle(driver);
  }
  await settle(driver);
}

/** Garbage is deleted once no query reads it. */
async function sweep(driver: ShardDriver): Promise<void> {
  await settle(driver);
  driver.nowMs += 11 * MINUTE_MS;
  await settle(driver);
}

async function timesOf(driver: ShardDriver, kind: string, cohort = "c"): Promise<readonly number[]> {
  const key = `__name__,m,cohort,${cohort},kind,${kind}`;
  const samples = (await driver.read(EVERYTHING)).get(key) ?? new Map<number, string>();
  return [...samples.keys()].map((tMs) => Math.round((tMs - T0) / MINUTE_MS));
}

Deno.test("a series with a rule of its own outlives the general time, or leaves before it", async () => {
  const driver = new ShardDriver();
  driver.nowMs = T0 + 1_000 * 3_600_000;
  await driver.open();
  const hours = 100;
  await fill(driver, "c", 0, hours * 60, ["dev", "plain", "slo"]);
  const pagesBefore = driver.kv.entries.size;
  driver.keep({ keepMs: 40 * HOUR_MS, rules: [keep("kind", "slo", 1000), keep("kind", "dev", 20)] });
  await sweep(driver);
  const slo = await timesOf(driver, "slo");
  const plain = await timesOf(driver, "plain");
  const dev = await timesOf(driver, "dev");
  assert.equal(slo.length, hours * 60, "nothing of it is lost");
  // What is due leaves with its page, which holds a day, and a run of pages may wait for six hours.
  for (const [name, times, keepHours] of [["plain", plain, 40], ["dev", dev, 20]] as const) {
    const first = (hours - keepHours) * 60;
    assert(times[0]! < first + 1 && times[0]! > first - 31 * 60, `${name} begins at ${times[0]}`);
    assert.equal(times[times.length - 1], hours * 60 - 1);
    assert.equal(times.length, hours * 60 - times[0]!, `${name} has no holes`);
  }
  assert(driver.kv.entries.size <= pagesBefore);
  const written = driver.head.counters.pagesRewritten;
  assert(written > 0);
  driver.send({ kind: "retentionDue" });
  await settle(driver);
  assert.equal(driver.head.counters.pagesRewritten, written, "pages are not written anew for nothing");
  driver.drain();
  await driver.crash();
  driver.keep({ keepMs: 40 * HOUR_MS, rules: [keep("kind", "slo", 1000), keep("kind", "dev", 20)] });
  await settle(driver);
  assert.equal(driver.head.counters.pagesRewritten, 0, "nor after a restart");
  assert.deepEqual(await timesOf(driver, "dev"), dev);
  assert.deepEqual(await timesOf(driver, "slo"), slo);
});

Deno.test("the first rule that matches decides", async () => {
  const driver = new ShardDriver();
  driver.nowMs = T0 + 1_000 * 3_600_000;
  await driver.open();
  await fill(driver, "c", 0, 40 * 60, ["a"]);
  driver.keep({ keepMs: 10 * HOUR_MS, rules: [keep("cohort", "c", 1000), keep("kind", "a", 1)] });
  await sweep(driver);
  assert.equal((await timesOf(driver, "a")).length, 40 * 60);
  driver.keep({ keepMs: 10 * HOUR_MS, rules: [keep("kind", "a", 20), keep("cohort", "c", 1000)] });
  await sweep(driver);
  const left = await timesOf(driver, "a");
  assert(left.length < 30 * 60 && left.length >= 20 * 60, `${left.length} are left`);
});

Deno.test("a source whose series all have short rules is forgotten whole", async () => {
  const driver = new ShardDriver();
  driver.nowMs = T0 + 1_000 * 3_600_000;
  await driver.open();
  await fill(driver, "old", 0, 200, ["dev"]);
  driver.send({ kind: "releaseCohort", cohort: "old" });
  await settle(driver);
  await fill(driver, "c", 200, 40 * 60, ["x"]);
  driver.keep({ keepMs: Infinity, rules: [keep("kind", "dev", 5)] });
  await sweep(driver);
  driver.send({ kind: "retentionDue" });
  await sweep(driver);
  assert.equal(driver.head.byName.has("old"), false);
  for await (const { key } of driver.kv.list({ prefix: KEYS.page(1, 0).slice(0, -1) })) {
    assert.fail(`${key.join()} is left`);
  }
  assert.equal(driver.head.series.live, 1);
});

Deno.test("old samples are rolled up, the young stay as they are", async () => {
  const driver = new ShardDriver();
  driver.nowMs = T0 + 1_000 * 3_600_000;
  await driver.open();
  const hours = 48;
  await fill(driver, "c", 0, hours * 60, ["counter", "gauge"]);
  const bytes = () =>
    [...driver.head.cohorts.values()].flatMap((c) => c.pages).reduce((sum, page) => sum + page.bytes, 0);
  const before = bytes();
  driver.keep({ rollups: [rollup(12)] });
  await sweep(driver);
  assert(bytes() < before, `${bytes()} of ${before} bytes`);
  const counter = await timesOf(driver, "counter");
  const young = counter.filter((minute) => minute >= (hours - 12) * 60);
  assert.equal(young.length, 12 * 60);
  // First and last of each five minutes; a span's border may part one.
  const old = counter.filter((minute) => minute < 24 * 60);
  assert(old.length >= 24 * 12 * 2 && old.length < 24 * 12 * 2.2, `${old.length} samples a day`);
  const all = (await driver.read(EVERYTHING)).get("__name__,m,cohort,c,kind,gauge")!;
  for (const [tMs, bits] of all) assert.equal(bits, bitsOf(Float64Array.of(valueOf(tMs, 1)), 0));
});

Deno.test("a damaged page that is due is skipped and not tried again", async () => {
  const driver = new ShardDriver();
  driver.nowMs = T0 + 1_000 * 3_600_000;
  await driver.open();
  await fill(driver, "c", 0, 40 * 60, ["a", "b"]);
  const [page] = driver.head.cohorts.get(1)!.pages;
  const key = KEYS.page(1, page!.page);
  const bytes = (await driver.kv.get(key))!.value.slice();
  bytes[50]! ^= 1;
  await driver.kv.commit({ sets: [{ key, value: bytes }] });
  driver.keep({ rollups: [rollup(10)] });
  await sweep(driver);
  const commits = driver.kv.commits;
  await settle(driver);
  assert.equal(driver.kv.commits, commits, "there is nothing left to do");
  assert((await timesOf(driver, "a")).length < 40 * 60);
});

const POLICIES: readonly Partial<RetentionPolicy>[] = [
  { keepMs: 10 * HOUR_MS },
  { keepMs: 10 * HOUR_MS, rules: [keep("kind", "b", 20)] },
  { rules: [keep("kind", "a", 6), keep("kind", "c", 14)], rollups: [rollup(8)] },
  { keepMs: 18 * HOUR_MS, rollups: [rollup(4, [matcherOf("=", "kind", "b")]), rollup(9)] },
];

Deno.test("a crash amid retention and roll-up loses nothing that is to stay, and doubles nothing", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...POLICIES),
      fc.array(
        fc.record({
          rows: fc.integer({ min: 20, max: 300 }),
          fate: fc.constantFrom("ok" as const, "lost" as const, "kept" as const),
          after: fc.nat({ max: 4 }),
          crash: fc.boolean(),
        }),
        { minLength: 4, maxLength: 12 },
      ),
      async (policy, turns) => {
        const driver = new ShardDriver();
        driver.nowMs = T0 + 1_000 * 3_600_000;
        await driver.open();
        const kinds = ["a", "b", "c"];
        let minute = 0;
        for (const turn of turns) {
          driver.keep(policy);
          await fill(driver, "c", minute, minute += turn.rows, kinds);
          driver.drain();
          let left = turn.after;
          driver.kv.fate = () => left-- > 0 ? "ok" : turn.fate;
          for (let i = 0; i < 3; i++) await driver.maintain();
          driver.kv.fate = () => "ok";
          driver.nowMs += 7 * HOUR_MS;
          if (turn.crash) await driver.crash();
          await check(driver, policy, kinds, minute);
        }
        driver.keep(policy);
        await sweep(driver);
        await check(driver, policy, kinds, minute);
        await driver.crash();
        await check(driver, policy, kinds, minute);
        // The journal is the driver's, not the store's.
        const { findings } = await checkStore({ kv: driver.kv, keys: KEYS, log: QUIET }, () => {});
        const damage = findings.filter(({ harmless, problem, where }) =>
          !harmless && !problem.includes("but the journal ends at") && !where.startsWith("journal")
        );
        assert.deepEqual(damage, []);
      },
    ),
    { numRuns: 25 },
  );
});

/** Only true samples are there, and all that no rule touches. */
async function check(
  driver: ShardDriver,
  policy: Partial<RetentionPolicy>,
  kinds: readonly string[],
  minutes: number,
): Promise<void> {
  const read = await driver.read(EVERYTHING);
  for (const [i, kind] of kinds.entries()) {
    const samples = read.get(`__name__,m,cohort,c,kind,${kind}`) ?? new Map<number, string>();
    const rule = policy.rules?.find(({ matchers }) => matchers[0]!.value === kind);
    const keepMs = rule?.keepMs ?? policy.keepMs ?? Infinity;
    const rollups = (policy.rollups ?? []).filter(({ matchers }) =>
      matchers.length === 0 || matchers[0]!.value === kind
    );
    const wholeMs = Math.min(keepMs, rollups[0]?.afterMs ?? Infinity);
    const newestMs = T0 + (minutes - 1) * MINUTE_MS;
    for (const [tMs, bits] of samples) {
      assert.equal(bits, bitsOf(Float64Array.of(valueOf(tMs, i)), 0), `${kind} at ${tMs}`);
    }
    let kept = 0;
    for (let m = 0; m < minutes; m++) {
      const tMs = T0 + m * MINUTE_MS;
      if (tMs >= newestMs - wholeMs) assert(samples.has(tMs), `${kind} lacks minute ${m} of ${minutes}`);
      // The ends of each interval stay for as long as the series is kept.
      const ends = tMs % (5 * MINUTE_MS) === 0;
      if (ends && tMs >= newestMs - keepMs) assert(samples.has(tMs), `${kind} lacks minute ${m}, an end`);
      if (samples.has(tMs)) kept++;
    }
    assert.equal(kept, samples.size, "no sample of another time");
  }
}
