import assert from "node:assert/strict";
import fc from "fast-check";
import type { BatchExemplar } from "../../lib/model/batch.ts";
import { NEW_SERIES_BIT, SCRAPE_COHORTS } from "../../lib/model/batch.ts";
import type { ExemplarSeries, SeriesExemplar } from "../../lib/model/exemplar.ts";
import { labelsFromRecord } from "../../lib/model/labels.ts";
import { matcherOf } from "../../lib/model/matchers.ts";
import { decodeExemplarChunk, encodeExemplarChunk } from "../../lib/storage/codecs/exemplars.ts";
import { CorruptDataError } from "../../lib/storage/errors.ts";
import { EXEMPLARS_CHUNK, ExemplarStore } from "../../lib/storage/exemplars.ts";
import { decodeRecord, encodeExemplarsRecord } from "../../lib/storage/journal_record.ts";
import { KEYS, ShardDriver } from "./shard_driver.ts";

const SERIES = labelsFromRecord({ __name__: "latency_bucket", le: "1.0" });
const ALL = { startMs: -8e15, endMs: 8e15 };
const ANY = [[]];

function exemplarOf(tMs: number, value = tMs, trace = `t${tMs}`, series = SERIES): SeriesExemplar {
  return { series, labels: labelsFromRecord({ trace_id: trace }), value, tMs, hasTime: true };
}

Deno.test("the newest exemplar once more is passed over, an older one is out of order and counted", () => {
  const store = new ExemplarStore(10);
  assert.equal(store.add(exemplarOf(5)), true);
  assert.equal(store.add(exemplarOf(5)), false);
  assert.equal(store.stats().outOfOrder, 0);
  assert.equal(store.add(exemplarOf(4)), false);
  assert.equal(store.add(exemplarOf(5, 4)), false);
  assert.equal(store.stats().outOfOrder, 2);
  assert.equal(store.add(exemplarOf(5, 6)), true);
  assert.deepEqual(store.stats(), {
    appended: 2,
    outOfOrder: 2,
    scrapedOutOfOrder: 0,
    inStorage: 2,
    series: 1,
    max: 10,
    oldestMs: 5,
  });
});

Deno.test("without a time of its own an exemplar is the same as long as value and labels are", () => {
  const store = new ExemplarStore(10);
  const untimed = (tMs: number, value: number) => ({ ...exemplarOf(tMs, value, "x"), hasTime: false });
  assert.deepEqual([untimed(1, 1), untimed(2, 1), untimed(3, 2)].map((one) => store.add(one)), [
    true,
    false,
    true,
  ]);
});

Deno.test("labels of more than 128 characters, counted as characters, are not kept", () => {
  const store = new ExemplarStore(10);
  assert.equal(store.add(exemplarOf(1, 1, "é".repeat(120))), true);
  assert.equal(store.add(exemplarOf(2, 2, "é".repeat(121))), false);
});

Deno.test("a full ring pushes the oldest out, whatever its series, and a smaller limit as many as it must", () => {
  const store = new ExemplarStore(3);
  const other = labelsFromRecord({ __name__: "other" });
  store.add(exemplarOf(1, 1, "a", other));
  for (let t = 2; t <= 4; t++) store.add(exemplarOf(t));
  assert.deepEqual(store.select(ANY, ALL).map(({ labels }) => labels), [SERIES]);
  assert.equal(store.stats().series, 1);
  store.limit(1);
  assert.deepEqual(store.select(ANY, ALL)[0]!.exemplars.map(({ tMs }) => tMs), [4]);
  store.limit(0);
  assert.equal(store.add(exemplarOf(9)), false);
  assert.deepEqual(store.select(ANY, ALL), []);
});

Deno.test("exemplars are found by any of the matcher sets and by time", () => {
  const store = new ExemplarStore(10);
  const other = labelsFromRecord({ __name__: "a" });
  for (const t of [1, 2, 3]) {
    store.add(exemplarOf(t));
    store.add(exemplarOf(t, t, "x", other));
  }
  const sets = [[matcherOf("=", "__name__", "a")], [matcherOf("=", "le", "1.0")]];
  const found = store.select(sets, { startMs: 2, endMs: 2 });
  assert.deepEqual(found.map(({ labels, exemplars }) => [labels, exemplars.length]), [[other, 1], [
    SERIES,
    1,
  ]]);
  assert.deepEqual(store.select([[matcherOf("=", "le", "2.0")]], ALL), []);
});

const anyExemplar: fc.Arbitrary<SeriesExemplar> = fc.record({
  series: fc.constantFrom(SERIES, labelsFromRecord({ __name__: "b", job: "ü" })),
  labels: fc.constantFrom(labelsFromRecord({}), labelsFromRecord({ trace_id: "1", span: "日" })),
  value: fc.double(),
  tMs: fc.integer({ min: -(2 ** 50), max: 2 ** 50 }),
  hasTime: fc.boolean(),
}, { noNullPrototype: true });

Deno.test("a chunk of exemplars comes back, and refuses any changed byte", () => {
  fc.assert(
    fc.property(fc.array(anyExemplar, { maxLength: 20 }), fc.nat(), fc.nat(), (exemplars, seq, at) => {
      const bytes = encodeExemplarChunk(exemplars, seq)!;
      assert.deepEqual(decodeExemplarChunk(bytes), { baseSeq: seq, exemplars });
      bytes[at % bytes.length]! ^= 0x55;
      assert.throws(() => decodeExemplarChunk(bytes), CorruptDataError);
    }),
  );
});

Deno.test("damaged records of exemplars are refused and never crash or loop", () => {
  fc.assert(
    fc.property(
      fc.array(anyExemplar, { maxLength: 9 }),
      fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 }))),
      (exemplars, changes) => {
        const bytes = encodeExemplarsRecord(exemplars);
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        try {
          decodeRecord(bytes);
        } catch (error) {
          assert(error instanceof CorruptDataError, String(error));
        }
      },
    ),
  );
});

function append(driver: ShardDriver, exemplars: readonly Omit<BatchExemplar, "ref">[], tMs: number): void {
  const ref = NEW_SERIES_BIT;
  const row = { tMs, refs: Uint32Array.of(ref), values: Float64Array.of(tMs) };
  const defined = [SERIES];
  const [outcome] = driver.append([{
    ...{ cohort: "c", epoch: 0, defined, rows: [row], strays: [] },
    exemplars: exemplars.map((exemplar) => ({ ...exemplar, ref })),
  }]);
  assert.equal(outcome!.kind, "appended");
}

function timesOf(driver: ShardDriver): readonly number[] {
  const found = driver.ask({ kind: "exemplars", matcherSets: ANY, range: ALL }) as readonly ExemplarSeries[];
  return found.flatMap(({ exemplars }) => exemplars.map(({ tMs }) => tMs));
}

async function openDriver(exemplarsMax: number): Promise<ShardDriver> {
  const driver = new ShardDriver(Infinity, { head: { exemplarsMax } });
  await driver.open();
  return driver;
}

Deno.test("exemplars survive a crash, from the journal and from the store, as many as are allowed", async () => {
  const max = 1_500;
  const driver = await openDriver(max);
  const times: number[] = [];
  for (let t = 1; t <= 4_000; t += 10) {
    const these = Array.from({ length: 10 }, (_, i) => t + i);
    append(driver, these.map((one) => exemplarOf(one)), t + 9);
    times.push(...these);
    driver.drain();
    if (t % 7 === 0) await driver.maintain();
    if (t % 501 === 0) await driver.crash();
    assert.deepEqual(timesOf(driver), times.slice(-max));
  }
  await driver.crash();
  assert.deepEqual(timesOf(driver), times.slice(-max));
  let chunks = 0;
  for await (const _ of driver.kv.list({ prefix: KEYS.exemplars })) chunks++;
  assert(chunks > 1 && chunks <= max / EXEMPLARS_CHUNK + 8, `${chunks} chunks`);
});

Deno.test("few exemplars do not hold up the journal for ever", async () => {
  const driver = await openDriver(100);
  append(driver, [exemplarOf(1)], 1);
  driver.drain();
  driver.nowMs += 21 * 60_000;
  await driver.maintain();
  await driver.maintain();
  assert.equal(driver.head.truncatableThrough(), driver.head.nextSeq - 1);
  await driver.crash();
  assert.deepEqual(timesOf(driver), [1]);
});

Deno.test("a damaged chunk is left out and everything else opens", async () => {
  const driver = await openDriver(2_000);
  append(driver, Array.from({ length: EXEMPLARS_CHUNK }, (_, i) => exemplarOf(i + 1)), 1);
  await driver.maintain();
  append(driver, Array.from({ length: EXEMPLARS_CHUNK }, (_, i) => exemplarOf(i + 1001)), 2);
  await driver.maintain();
  const key = KEYS.exemplarChunk(0);
  const value = (await driver.kv.get(key))!.value.slice();
  value[20]! ^= 1;
  await driver.kv.commit({ sets: [{ key, value }] });
  await driver.crash();
  assert.equal(timesOf(driver).length, EXEMPLARS_CHUNK);
  append(driver, [exemplarOf(5000)], 3);
  assert.equal(timesOf(driver).at(-1), 5000);
});

Deno.test("without the feature no exemplar is kept", async () => {
  const driver = await openDriver(0);
  append(driver, [exemplarOf(1)], 1);
  assert.deepEqual(timesOf(driver), []);
});

Deno.test("version 1 of chunks of exemplars is read for ever", async () => {
  const file = new URL("./golden/exemplars_v1.bin", import.meta.url);
  const exemplars = [exemplarOf(-5, NaN), { ...exemplarOf(1_700_000_000_123, -0, ""), hasTime: false }];
  if (Deno.env.get("NARTHEX_WRITE_GOLDEN") === "1") {
    await Deno.writeFile(file, encodeExemplarChunk(exemplars, 77)!);
  }
  assert.deepEqual(decodeExemplarChunk(await Deno.readFile(file)), { baseSeq: 77, exemplars });
});

Deno.test("of a scrape late exemplars count where all of a series are late, and those that were sent do not count", () => {
  const store = new ExemplarStore(10);
  const other = labelsFromRecord({ __name__: "a" });
  const scraped = { name: `${SCRAPE_COHORTS}job/target`, nowMs: 1 };
  store.keep([exemplarOf(5), exemplarOf(5, 5, "x", other)], 1, scraped);
  store.keep(
    [exemplarOf(3), exemplarOf(4), exemplarOf(4, 4, "x", other), exemplarOf(6, 6, "x", other)],
    2,
    scraped,
  );
  assert.equal(store.stats().scrapedOutOfOrder, 2, "the other series has a newer one beside its late one");
  assert.equal(store.stats().outOfOrder, 3);
  store.keep([exemplarOf(2)], 3, { name: "write/job/target", nowMs: 1 });
  assert.equal(store.stats().scrapedOutOfOrder, 2);
});
