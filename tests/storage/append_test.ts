import assert from "node:assert/strict";
import { type AppendOutcome, NEW_SERIES_BIT, type SampleBatch } from "../../lib/model/batch.ts";
import { labelsFromRecord } from "../../lib/model/labels.ts";
import { matcherOf } from "../../lib/model/matchers.ts";
import { setStale, wordsOf } from "../../lib/model/stale.ts";
import { createSeriesSource } from "../../lib/storage/reader.ts";
import type { HeadView } from "../../lib/storage/view.ts";
import { ShardDriver } from "./shard_driver.ts";

const T0 = 1_700_000_000_000;
const EVERYTHING = [matcherOf("=~", "__name__", ".+")];

interface Given {
  readonly cohort?: string;
  readonly names: readonly string[];
  /** Per row: time, then a value per name (undefined: not in the row). */
  readonly rows: readonly (readonly [tMs: number, ...values: (number | undefined)[]])[];
  readonly strays?: Given["rows"];
}

function batch({ cohort = "scrape/a", names, rows, strays = [] }: Given): SampleBatch {
  const made = (row: Given["rows"][number]) => {
    const values = row.slice(1);
    const at = values.flatMap((value, i) => value === undefined ? [] : [i]);
    return {
      tMs: row[0],
      refs: Uint32Array.from(at, (i) => NEW_SERIES_BIT + i),
      values: Float64Array.from(at, (i) => values[i]!),
    };
  };
  return {
    cohort,
    epoch: 0,
    defined: names.map((name) => labelsFromRecord({ __name__: name })),
    rows: rows.map(made),
    strays: strays.map(made),
  };
}

async function opened(retentionMs?: number): Promise<ShardDriver> {
  const driver = new ShardDriver(retentionMs);
  await driver.open();
  return driver;
}

function appended(outcomes: readonly AppendOutcome[], at = 0) {
  const outcome = outcomes[at];
  assert(outcome?.kind === "appended", JSON.stringify(outcome));
  return outcome;
}

function counts(outcome: AppendOutcome | undefined) {
  assert(outcome?.kind === "appended" || outcome?.kind === "refused");
  const { appended, outOfOrder, outOfBounds, duplicate } = outcome.counts;
  return { appended, outOfOrder, outOfBounds, duplicate };
}

Deno.test("references from one answer serve the next append", async () => {
  const driver = await opened();
  const first = appended(driver.append([batch({ names: ["a", "b"], rows: [[T0, 1, 2]] })]));
  assert.deepEqual([...first.refs], [0, 1]);
  const row = { tMs: T0 + 15_000, refs: first.refs, values: Float64Array.of(3, 4) };
  const next = { cohort: "scrape/a", epoch: first.epoch, defined: [], rows: [row], strays: [] };
  assert.equal(appended(driver.append([next])).counts.appended, 2);
  const samples = await driver.read(EVERYTHING);
  assert.equal(samples.get("__name__,b")?.size, 2);
});

Deno.test("references from before a restart, or for columns that there are not, are a wrong epoch", async () => {
  const driver = await opened();
  const first = appended(driver.append([batch({ names: ["a"], rows: [[T0, 1]] })]));
  const row = { tMs: T0 + 1, refs: Uint32Array.of(1), values: Float64Array.of(3) };
  const beyond = { cohort: "scrape/a", epoch: first.epoch, defined: [], rows: [row], strays: [] };
  assert.equal(driver.append([beyond])[0]?.kind, "wrongEpoch");
  assert.equal(driver.append([{ ...beyond, epoch: 0 }])[0]?.kind, "wrongEpoch", "a column needs an epoch");
  assert.equal(driver.append([{ ...beyond, cohort: "other" }])[0]?.kind, "wrongEpoch");
  driver.drain();
  await driver.crash();
  const known = { ...row, refs: Uint32Array.of(0) };
  assert.equal(driver.append([{ ...beyond, rows: [known] }])[0]?.kind, "wrongEpoch");
  const again = appended(driver.append([batch({ names: ["a"], rows: [[T0 + 5, 1]] })]));
  assert.deepEqual([...again.refs], [0], "a known series keeps its column");
});

Deno.test("samples that are old, late or double are counted as Prometheus counts them, and the others kept", async () => {
  const driver = await opened();
  driver.append([batch({ names: ["a", "b"], rows: [[T0, 1, 2], [T0 + 1000, 1, undefined]] })]);
  const late = driver.append([batch({ names: ["a", "b"], rows: [[T0 + 500, 9, 9]] })]);
  assert.deepEqual(counts(late[0]), { appended: 1, outOfOrder: 1, outOfBounds: 0, duplicate: 0 });
  const same = driver.append([batch({ names: ["a", "b"], rows: [[T0 + 1000, 1, 5]] })]);
  assert.deepEqual(counts(same[0]), { appended: 1, outOfOrder: 0, outOfBounds: 0, duplicate: 0 });
  const double = driver.append([batch({ names: ["a", "b"], rows: [[T0 + 1000, 2, 6]] })]);
  assert.deepEqual(counts(double[0]), { appended: 0, outOfOrder: 0, outOfBounds: 0, duplicate: 2 });
  const old = driver.append([batch({ names: ["c"], rows: [[T0 + 1000 - 3_600_001, 1]] })]);
  assert.deepEqual(counts(old[0]), { appended: 0, outOfOrder: 0, outOfBounds: 1, duplicate: 0 });
  const edge = driver.append([batch({ names: ["c"], rows: [[T0 + 1000 - 3_600_000, 1]] })]);
  assert.equal(counts(edge[0]).appended, 1);
  const inOne = driver.append([batch({ names: ["d"], rows: [[T0 + 10, 1], [T0 + 5, 1], [T0 + 10, 2]] })]);
  assert.deepEqual(counts(inOne[0]), { appended: 2, outOfOrder: 0, outOfBounds: 0, duplicate: 1 });
});

Deno.test("an equal sample is silently fine even after its row was sealed", async () => {
  const driver = await opened();
  driver.append([batch({ names: ["a"], rows: [[T0, 1]] })]);
  driver.send({ kind: "releaseCohort", cohort: "scrape/a" });
  assert.equal(await driver.maintain(), true);
  await driver.crash();
  const same = driver.append([batch({ names: ["a"], rows: [], strays: [[T0, 1]] })]);
  assert.deepEqual(counts(same[0]), { appended: 0, outOfOrder: 0, outOfBounds: 0, duplicate: 0 });
  const other = driver.append([batch({ names: ["a"], rows: [], strays: [[T0, 2]] })]);
  assert.equal(counts(other[0]).duplicate, 1);
});

Deno.test("an atomic append keeps all batches or none", async () => {
  const driver = await opened();
  driver.append([batch({ names: ["a"], rows: [[T0, 1]] })]);
  const good = batch({ cohort: "other", names: ["z"], rows: [[T0, 1]] });
  const bad = batch({ names: ["a", "b"], rows: [[T0 - 1, 1, 1]] });
  const outcomes = driver.append([good, bad], true);
  assert.deepEqual(outcomes.map((outcome) => outcome.kind), ["refused", "refused"]);
  assert(outcomes[1]?.kind === "refused");
  assert.equal(outcomes[1].reason, "out of order sample");
  assert.deepEqual([...(await driver.read(EVERYTHING)).keys()], ["__name__,a"]);
  assert.equal(appended(driver.append([good], true)).counts.appended, 1);
});

Deno.test("limits answer with their name, and the batch beside them is kept", async () => {
  const driver = await opened();
  const named = (cohort: string) => batch({ cohort, names: ["a"], rows: [[T0, 1]] });
  const outcomes = driver.append([named("x".repeat(600)), named("fine"), named("fine")]);
  assert.deepEqual(outcomes.map((o) => o.kind === "limited" ? o.limit : o.kind), [
    "COHORT_NAME_BYTES_MAX",
    "appended",
    "cohortsDistinct",
  ]);
  const large = batch({ names: ["n".repeat(20_000)], rows: [[T0, 1]] });
  assert.equal(driver.append([large])[0]?.kind, "limited");
  const fraction = batch({ names: ["a"], rows: [[T0 + 0.5, 1]] });
  assert.equal(driver.append([fraction])[0]?.kind, "limited");
});

Deno.test("remote write in blocks of twenty times fills rows and makes no strays", async () => {
  const driver = await opened();
  const names = Array.from({ length: 84 }, (_, i) => `m${i}`);
  for (let block = 0; block < 40; block++) {
    const times = Array.from({ length: 20 }, (_, i) => T0 + (block * 20 + i) * 15_000);
    // Two requests share the cohort, the first with fewer of its series.
    for (const part of [names.slice(0, 30), names.slice(30)]) {
      const rows = times.map((tMs) => [tMs, ...part.map((_, i) => i + block)] as const);
      driver.append([batch({ names: part, rows })], true);
    }
    if (block % 3 === 2) { while (await driver.maintain()); }
  }
  const [cohort] = driver.head.cohorts.values();
  assert.equal(cohort?.straysCount, 0);
  assert(cohort!.pages.every((page) => page.kind === "rows"));
  assert(driver.head.counters.compactions > 0, "small spans were merged");
  const read = await driver.read(EVERYTHING);
  assert.equal(read.size, 84);
  for (const samples of read.values()) assert.equal(samples.size, 800);
});

Deno.test("a message with late samples and new ones leaves the new ones its newest", async () => {
  const driver = await opened();
  const times = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => T0 + (from + i) * 15_000);
  driver.append([
    batch({ names: ["ahead", "behind"], rows: times(0, 100).map((tMs) => [tMs, 1, undefined]) }),
  ]);
  assert.equal(await driver.maintain(), true);
  driver.append([
    batch({ names: ["ahead", "behind"], rows: times(0, 120).map((tMs) => [tMs, undefined, 2]) }),
  ]);
  const newest = await driver.read([matcherOf("=", "__name__", "behind")], T0 + 110 * 15_000);
  assert.deepEqual([...newest.values()].map((samples) => samples.size), [10]);
  const late = driver.append([batch({ names: ["behind"], rows: [[T0 + 105 * 15_000 + 1, 3]] })]);
  assert.deepEqual(counts(late[0]), { appended: 0, outOfOrder: 1, outOfBounds: 0, duplicate: 0 });
});

Deno.test("a view says whether a crash could take back what it shows", async () => {
  const driver = await opened();
  const durable = (startMs: number, endMs: number) => {
    const matcherSets = [EVERYTHING];
    const answer = driver.ask({ kind: "view", matcherSets, range: { startMs, endMs }, after: 0 });
    return (answer as HeadView).durable;
  };
  driver.append([batch({ names: ["a"], rows: [[T0, 1]] })]);
  assert.equal(durable(T0, T0 + 10), false, "not drained");
  driver.drain();
  assert.equal(durable(T0, T0 + 10), false, "drained, and its flush may be under way");
  driver.drain();
  assert.equal(durable(T0, T0 + 10), true, "the flush before is over when the next is drained");
  driver.append([batch({ names: ["a"], rows: [[T0 + 10, 1]] })]);
  assert.equal(durable(T0, T0 + 9), true, "what is not durable is not in the range");
  assert.equal(durable(T0, T0 + 10), false);
  driver.drain();
  driver.append([batch({ cohort: "scrape/b", names: ["b"], rows: [[T0, 1]] })]);
  driver.drain();
  driver.append([batch({ names: ["a"], rows: [[T0 + 20, 1]] })]);
  assert.equal(durable(T0, T0 + 19), false, "b may be in flight");
  driver.drain();
  assert.equal(durable(T0, T0 + 19), true);
  await driver.crash();
  assert.equal(durable(T0, T0 + 20), true, "replayed from the journal");
});

Deno.test("a flush is answered once everything before it is durable", async () => {
  const driver = await opened();
  driver.append([batch({ names: ["a"], rows: [[T0, 1]] })]);
  driver.replies = [];
  driver.send({ kind: "flush", replyTo: { path: "/test", token: 1 } });
  assert.deepEqual(driver.replies, []);
  driver.drain();
  assert.deepEqual(driver.replies, ["durable"]);
});

Deno.test("a reading that shows samples which a crash could take back ends once it could not", async () => {
  const driver = await opened();
  driver.append([batch({ names: ["a"], rows: [[T0, 1]] })]);
  const flushed = Promise.withResolvers<void>();
  let asked = 0;
  const source = createSeriesSource({
    cache: driver.cache,
    head: {
      view: (matcherSets, range, after) =>
        Promise.resolve(driver.ask({ kind: "view", matcherSets, range, after }) as HeadView),
      untilDurable: () => {
        asked++;
        return flushed.promise;
      },
      series: () => Promise.resolve({ found: [], next: undefined }),
      labelNames: () => Promise.resolve({ found: [], next: undefined }),
      labelValues: () => Promise.resolve({ found: [], next: undefined }),
    },
  });
  const request = { matchers: EVERYTHING, range: { startMs: T0, endMs: T0 }, samplesMax: 10 };
  const groups = source.select(request, new AbortController().signal)[Symbol.asyncIterator]();
  assert.equal((await groups.next()).value?.columns[0]?.[0], 1, "what is there is worked on meanwhile");
  let ended = false;
  const end = groups.next().then(({ done }) => ended = done === true);
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  assert.equal(ended, false);
  flushed.resolve();
  await end;
  assert.deepEqual({ ended, asked }, { ended: true, asked: 1 });
  driver.drain();
  driver.drain();
  for await (const group of source.select(request, new AbortController().signal)) {
    assert.equal(group.tMs.length, 1);
  }
  assert.equal(asked, 1, "durable samples ask for no flush");
});

Deno.test("an end marker is dropped where the series has gone on in another cohort, and kept where it has not", async () => {
  const driver = await opened();
  const both = ["moved", "ended"];
  const known = appended(
    await driver.append([batch({ cohort: "scrape/old/t", names: both, rows: [[T0, 1, 2]] })]),
  );
  await driver.append([
    batch({ cohort: "scrape/new/t", names: ["moved"], rows: [[T0 + 15_000, 3], [T0 + 30_000, 4]] }),
  ]);
  const markers = new Float64Array(2);
  setStale(wordsOf(markers), 0);
  setStale(wordsOf(markers), 1);
  const last = appended(
    await driver.append([{
      cohort: "scrape/old/t",
      epoch: known.epoch,
      defined: [],
      rows: [{ tMs: T0 + 15_000, refs: known.refs, values: markers }],
      strays: [],
    }]),
  );
  assert.deepEqual(counts(last), { appended: 1, outOfOrder: 0, outOfBounds: 0, duplicate: 0 });
});

Deno.test("a row that comes in pieces is one row, open to a seal and to the journal as any other", async () => {
  const driver = await opened();
  const names = Array.from({ length: 300 }, (_, i) => `s${i}`);
  const piece = (from: number, to: number, tMs: number, cellsToCome: number): SampleBatch => {
    const made = batch({
      names: names.slice(from, to),
      rows: [[tMs, ...names.slice(from, to).map((_, i) => i)]],
    });
    return { ...made, rows: made.rows.map((row) => ({ ...row, cellsToCome })) };
  };
  for (const [from, to] of [[0, 100], [100, 200], [200, 300]] as const) {
    const { counts } = appended(driver.append([piece(from, to, T0, 300 - to)]));
    assert.equal(counts.appended, 100);
  }
  const cohort = driver.head.cohorts.get(1)!;
  assert.deepEqual([cohort.rows.length, cohort.straysCount, cohort.lateSeen], [1, 0, false]);
  // The first piece of the next row is small beside the cohort's width, and no strays for all that.
  const wide = { ...piece(0, 2, T0 + 1_000, 298) };
  appended(driver.append([wide]));
  assert.deepEqual([cohort.rows.length, cohort.straysCount, cohort.rowsKeptBack], [2, 0, 1]);
  appended(driver.append([piece(2, 300, T0 + 1_000, 0)]));
  assert.deepEqual([cohort.rows.length, cohort.rowsKeptBack, cohort.lateSeen], [2, 0, false]);
});

Deno.test("new series in a batch of their own are judged like all others", async () => {
  const driver = await opened();
  appended(driver.append([batch({ names: ["a"], rows: [[T0, 1]] })]));
  const late = appended(driver.append([batch({ names: ["b", "c"], rows: [[T0 - 1_000, 1, 2]] })]));
  assert.equal(late.counts.appended, 2, "older than the cohort's newest row, and the first of their series");
  const mixed = driver.append([batch({ names: ["a", "d", "d"], rows: [[T0, 9, 3, 4]] })])[0];
  assert.deepEqual(counts(mixed), { appended: 1, outOfOrder: 0, outOfBounds: 0, duplicate: 2 });
});
