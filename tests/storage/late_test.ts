import assert from "node:assert/strict";
import fc from "fast-check";
import type { Rng } from "../../lib/core/ports.ts";
import { createRng } from "../../lib/core/rng.ts";
import { NEW_SERIES_BIT, type SampleBatch, type SampleRow } from "../../lib/model/batch.ts";
import { type FloatHistogram, histogramsEqual } from "../../lib/model/histogram/float_histogram.ts";
import { histogramAt, putHistogram } from "../../lib/model/histogram_cell.ts";
import { labelsFromRecord } from "../../lib/model/labels.ts";
import { matcherOf } from "../../lib/model/matchers.ts";
import { setStale, wordsOf } from "../../lib/model/stale.ts";
import { latency } from "./histogram_samples.ts";
import { ShardDriver } from "./shard_driver.ts";

const T0 = 1_700_000_000_000;
const MINUTE_MS = 60_000;
const WINDOW_MS = 30 * MINUTE_MS;
const EVERYTHING = [matcherOf("=~", "__name__", ".+")];

async function opened(lateWindowMs = WINDOW_MS): Promise<ShardDriver> {
  const driver = new ShardDriver(Infinity, { head: { lateWindowMs } });
  await driver.open();
  return driver;
}

/** One sample of each series at one time; `undefined` is left out. */
function rowOf(tMs: number, values: readonly (number | undefined)[]): SampleRow {
  const at = values.flatMap((value, i) => value === undefined ? [] : [i]);
  return {
    tMs,
    refs: Uint32Array.from(at, (i) => NEW_SERIES_BIT + i),
    values: Float64Array.from(at, (i) => values[i]!),
  };
}

function batchOf(width: number, rows: readonly SampleRow[], more: Partial<SampleBatch> = {}): SampleBatch {
  const defined = Array.from({ length: width }, (_, i) => labelsFromRecord({ __name__: `s${i}` }));
  return { cohort: "write/a", epoch: 0, defined, rows, strays: [], ...more };
}

function add(driver: ShardDriver, batch: SampleBatch, atomic = false) {
  const [outcome] = driver.append([batch], atomic);
  assert(outcome?.kind === "appended" || outcome?.kind === "refused", JSON.stringify(outcome));
  return outcome;
}

function one(driver: ShardDriver, tMs: number, value: number, more: Partial<SampleBatch> = {}) {
  return add(driver, batchOf(1, [rowOf(tMs, [value])], more)).counts;
}

const NONE = { appended: 0, late: 0, outOfOrder: 0, outOfBounds: 0, tooOld: 0, duplicate: 0 };

async function samplesOf(driver: ShardDriver, name = "s0"): Promise<readonly number[]> {
  const samples = (await driver.read(EVERYTHING)).get(`__name__,${name}`) ?? new Map();
  return [...samples.keys()].map((tMs) => tMs - T0);
}

Deno.test("a sample inside the window is kept out of order, one beyond it is too old", async () => {
  const driver = await opened();
  one(driver, T0, 1);
  assert.deepEqual(one(driver, T0 - 1, 2), { ...NONE, appended: 1, late: 1 });
  assert.deepEqual(one(driver, T0 - WINDOW_MS, 3), { ...NONE, appended: 1, late: 1 });
  assert.deepEqual(one(driver, T0 - WINDOW_MS - 1, 4), { ...NONE, tooOld: 1 });
  assert.deepEqual(one(driver, T0 - 1, 9), NONE, "the first of two late samples at one time stays");
  assert.deepEqual(one(driver, T0, 1), NONE, "the newest again");
  assert.deepEqual(one(driver, T0, 7), { ...NONE, duplicate: 1 });
  assert.deepEqual(await samplesOf(driver), [-WINDOW_MS, -1, 0]);
  const { counters } = driver.head;
  assert.deepEqual(
    [counters.samplesLate, counters.tooOld, counters.duplicate, counters.outOfOrder, counters.outOfBounds],
    [2, 1, 1, 0, 0],
  );
});

Deno.test("a window of two hours takes what would be out of bounds, of new series too", async () => {
  const driver = await opened(120 * MINUTE_MS);
  one(driver, T0, 1);
  const hourAgo = batchOf(2, [rowOf(T0 - 90 * MINUTE_MS, [5, 6])]);
  assert.deepEqual(add(driver, hourAgo).counts, { ...NONE, appended: 2, late: 2 });
  assert.deepEqual(await samplesOf(driver, "s1"), [-90 * MINUTE_MS]);
  const next = batchOf(2, [rowOf(T0 - 89 * MINUTE_MS, [undefined, 7])]);
  assert.deepEqual(add(driver, next).counts, { ...NONE, appended: 1, late: 1 });
  const inOrder = batchOf(2, [rowOf(T0 - 30 * MINUTE_MS, [undefined, 8])]);
  assert.deepEqual(add(driver, inOrder).counts, { ...NONE, appended: 1 });
});

Deno.test("without a window late samples are refused, and what a window once took stays readable", async () => {
  const driver = await opened();
  one(driver, T0, 1);
  one(driver, T0 - MINUTE_MS, 2);
  driver.send({ kind: "setLateWindow", lateWindowMs: 0 });
  assert.deepEqual(one(driver, T0 - 2 * MINUTE_MS, 3), { ...NONE, outOfOrder: 1 });
  assert.deepEqual(one(driver, T0 - 61 * MINUTE_MS, 3), { ...NONE, outOfBounds: 1 });
  assert.deepEqual(await samplesOf(driver), [-MINUTE_MS, 0]);
  driver.send({ kind: "releaseCohort", cohort: "write/a" });
  assert.equal(await driver.maintain(), true);
  await driver.crash();
  assert.deepEqual(await samplesOf(driver), [-MINUTE_MS, 0]);
});

Deno.test("an append that keeps all or nothing tells what is wrong in Prometheus's words, and counts one sample", async () => {
  const driver = await opened();
  one(driver, T0, 1);
  const reasons = [
    rowOf(T0, [2_500_000]),
    rowOf(T0 - WINDOW_MS - 1, [1]),
  ].map((row) => {
    const outcome = add(driver, batchOf(1, [row]), true);
    return outcome.kind === "refused" ? outcome.reason : outcome.kind;
  });
  assert.deepEqual(reasons, [
    `duplicate sample for timestamp ${T0}; overrides not allowed: existing 1, new value 2.5e+06`,
    "too old sample",
  ]);
  assert.deepEqual([driver.head.counters.duplicate, driver.head.counters.tooOld], [1, 1]);
  const half = add(driver, batchOf(2, [rowOf(T0 - WINDOW_MS - 1, [1, 2]), rowOf(T0 + 1, [1, 2])]), true);
  assert.equal(half.kind, "refused");
  assert.deepEqual(half.counts.appended, 0);
  assert.equal(driver.head.counters.tooOld, 2, "as Prometheus, which stops at the first");
  assert.deepEqual(await samplesOf(driver), [0]);
});

Deno.test("who wants no late samples gets none, and late markers of a scrape vanish without a word", async () => {
  const driver = await opened();
  one(driver, T0, 1);
  assert.deepEqual(one(driver, T0 - 1, 1, { late: "refused" }), { ...NONE, outOfOrder: 1 });
  const row = rowOf(T0 - 1, [0]);
  setStale(wordsOf(row.values), 0);
  assert.deepEqual(add(driver, batchOf(1, [row], { late: "noMarkers" })).counts, NONE);
  assert.deepEqual(one(driver, T0 - 2, 1, { late: "noMarkers" }), { ...NONE, appended: 1, late: 1 });
  assert.deepEqual(await samplesOf(driver), [-2, 0]);
});

function shareOf(rng: Rng): number {
  return rng.uint32() / 2 ** 32;
}

/** Numbers 0 … count − 1 in an order in which none comes more than `distanceMax` after its turn. */
function lateOrder(rng: Rng, count: number, distanceMax: number): readonly number[] {
  const keys = Array.from({ length: count }, (_, i) => ({ i, at: i + shareOf(rng) * distanceMax }));
  return keys.sort((a, b) => a.at - b.at).map(({ i }) => i);
}

async function upkeep(driver: ShardDriver, rng: Rng): Promise<void> {
  const dice = shareOf(rng);
  if (dice < 0.15) driver.drain();
  else if (dice < 0.2) await driver.maintain();
  else if (dice < 0.22) {
    driver.send({ kind: "releaseCohort", cohort: "write/a" });
    await driver.maintain();
  } else if (dice < 0.23) {
    driver.drain();
    await driver.crash();
  }
}

Deno.test("any order of arrival within the window gives the answer of sorted arrival, through seals and crashes", async () => {
  const property = fc.asyncProperty(fc.integer(), fc.integer({ min: 1, max: 90 }), async (seed, width) => {
    const rng = createRng(seed);
    const rows = Array.from(
      { length: 150 },
      (_, r) => Array.from({ length: width }, (_, i) => shareOf(rng) < 0.3 ? undefined : r * 1000 + i),
    );
    const stepMs = 10_000;
    const [sorted, mixed] = [await opened(), await opened()];
    for (const [r, row] of rows.entries()) add(sorted, batchOf(width, [rowOf(T0 + r * stepMs, row)]));
    // One series at a time, or all of them: some rows come in parts, others whole.
    for (const r of lateOrder(rng, rows.length, 170)) {
      const tMs = T0 + r * stepMs;
      const cut = Math.floor(shareOf(rng) * width);
      const parts = shareOf(rng) < 0.5 ? [rows[r]!] : [
        rows[r]!.map((value, i) => i < cut ? value : undefined),
        rows[r]!.map((value, i) => i < cut ? undefined : value),
      ];
      for (const part of parts) {
        const asStrays = shareOf(rng) < 0.2;
        const made = [rowOf(tMs, part)];
        const { counts } = add(mixed, batchOf(width, asStrays ? [] : made, { strays: asStrays ? made : [] }));
        assert.equal(counts.tooOld + counts.outOfOrder + counts.outOfBounds + counts.duplicate, 0);
        await upkeep(mixed, rng);
      }
    }
    assert.deepEqual(ordered(await mixed.read(EVERYTHING)), ordered(await sorted.read(EVERYTHING)));
    const part = [T0 + 40 * stepMs, T0 + 90 * stepMs] as const;
    assert.deepEqual(
      ordered(await mixed.read(EVERYTHING, ...part)),
      ordered(await sorted.read(EVERYTHING, ...part)),
    );
  });
  await fc.assert(property, { numRuns: 12 });
});

function ordered(all: Map<string, Map<number, string>>): unknown {
  return [...all].sort(([a], [b]) => a < b ? -1 : 1).map(([name, samples]) => [name, [...samples]]);
}

Deno.test("a sender that is hours late leaves no flood of strays behind: its samples become rows", async () => {
  const lateMs = 3 * 3_600_000;
  const stepMs = 15_000;
  const width = 100;
  const driver = await opened(6 * 3_600_000);
  driver.nowMs = T0 + lateMs;
  const steps = lateMs / stepMs;
  const valuesOf = (step: number, from: number) =>
    Array.from({ length: width }, (_, i) => i < from ? undefined : step + i);
  // Every series has a sample now and then; all that is between comes three hours late.
  for (let step = 0; step < steps; step += 10) {
    add(driver, batchOf(width, [rowOf(T0 + step * stepMs, valuesOf(step, 0))]));
    if (step % 100 === 0) await driver.maintain();
  }
  driver.send({ kind: "releaseCohort", cohort: "write/a" });
  await driver.maintain();
  let strayBytesMax = 0;
  for (let step = 0; step < steps; step++) {
    if (step % 10 === 0) continue;
    const { counts } = add(driver, batchOf(width, [rowOf(T0 + step * stepMs, valuesOf(step, 1))]));
    assert.equal(counts.late, step < steps - 10 ? width - 1 : 0, "all but what follows the last row");
    strayBytesMax = Math.max(strayBytesMax, driver.head.windowBytes);
    if (driver.head.due.size > 0) await driver.maintain();
    if (step === 333) {
      driver.drain();
      await driver.crash();
    }
  }
  assert.ok(strayBytesMax < 1_000_000, `${strayBytesMax} bytes in memory`);
  while (await driver.maintain());
  const cohort = driver.head.cohorts.get(1)!;
  const strays = cohort.pages.filter((page) => page.kind === "strays");
  assert.ok(strays.length < 16, `${strays.length} pages of strays`);
  const rows = cohort.pages.filter((page) => page.kind === "rows");
  for (const [i, page] of rows.entries()) {
    const next = rows[i + 1];
    assert.ok(next === undefined || next.startMs > page.endMs, "spans do not overlap");
  }
  const check = async () => {
    const all = await driver.read(EVERYTHING);
    assert.equal(all.get("__name__,s0")!.size, steps / 10);
    assert.equal(all.get("__name__,s57")!.size, steps);
  };
  await check();
  driver.drain();
  await driver.crash();
  await check();
});

Deno.test("samples with times of their own are written once more, so that a query of one series opens few pages", async () => {
  const driver = await opened(0);
  const width = 2_000;
  const samples = 34_000;
  driver.nowMs = T0 + samples;
  const { refs } = driver.append([batchOf(width, [])])[0] as { readonly refs: Uint32Array };
  const epoch = driver.head.epochOf(1);
  for (let at = 0; at < samples; at += 500) {
    // A time for each sample: none of them makes a row.
    const strays = Array.from({ length: 500 }, (_, i) => ({
      tMs: T0 + at + i,
      refs: Uint32Array.of(refs[(at + i) % width]!),
      values: Float64Array.of(at + i),
    }));
    const [outcome] = driver.append([{ cohort: "write/a", epoch, defined: [], rows: [], strays }]);
    assert(outcome?.kind === "appended" && outcome.counts.appended === 500);
    if (driver.head.due.size > 0) await driver.maintain();
  }
  const matchers = [matcherOf("=", "__name__", "s77")];
  const before = await driver.read(matchers);
  const { pages } = driver.head.cohorts.get(1)!;
  assert.ok(pages.every((page) => page.kind === "strays"));
  while (await driver.maintain());
  const folded = pages.filter((page) => page.level === 1);
  assert.ok(folded.length >= 10, `${folded.length} pages were written anew`);
  assert.ok(Math.max(...folded.map((page) => page.columnsCount)) < width / 8);
  assert.equal(before.get("__name__,s77")!.size, samples / width);
  assert.deepEqual(await driver.read(matchers), before);
  driver.drain();
  await driver.crash();
  assert.deepEqual(await driver.read(matchers), before);
});

Deno.test("late native histograms are read in their place, before and after they are folded", async () => {
  const driver = await opened(120 * MINUTE_MS);
  const rows = 420;
  const stepMs = 10_000;
  driver.nowMs = T0 + rows * stepMs;
  const put = (r: number) => {
    const values = new Float64Array(2);
    const histograms: FloatHistogram[] = [];
    putHistogram(wordsOf(values), 0, histograms, latency(r));
    putHistogram(wordsOf(values), 1, histograms, latency(1000 + r));
    const refs = Uint32Array.of(NEW_SERIES_BIT, NEW_SERIES_BIT + 1);
    return add(driver, batchOf(2, [{ tMs: T0 + r * stepMs, refs, values, histograms }])).counts;
  };
  for (let r = 0; r < rows; r += 3) put(r);
  for (let r = 1; r < rows - 3; r++) {
    driver.send({ kind: "releaseCohort", cohort: "write/a" });
    await driver.maintain();
    if (r % 3 !== 0) assert.deepEqual(put(r), { ...NONE, appended: 2, late: 2 });
  }
  const check = async () => {
    const range = { startMs: T0, endMs: T0 + rows * stepMs };
    const request = { matchers: [matcherOf("=", "__name__", "s1")], range, samplesMax: 1e6 };
    let found = 0;
    for await (const group of driver.source.select(request, new AbortController().signal)) {
      const words = wordsOf(group.columns[0]!);
      for (let i = 0; i < group.tMs.length; i++) {
        const histogram = histogramAt(words, i, group.histograms);
        if (histogram === undefined) continue;
        found++;
        const expected = latency(1000 + (group.tMs[i]! - T0) / stepMs);
        assert.ok(histogramsEqual(histogram, expected), `at ${i}`);
      }
    }
    assert.equal(found, rows - 2);
  };
  await check();
  while (await driver.maintain());
  const cohort = driver.head.cohorts.get(1)!;
  assert.ok(cohort.pages.filter((page) => page.kind === "strays").length < 16, "strays were folded");
  assert.ok(cohort.pages.some((page) => page.kind === "rows" && page.rowsCount > rows / 3));
  await check();
  driver.drain();
  await driver.crash();
  await check();
});
