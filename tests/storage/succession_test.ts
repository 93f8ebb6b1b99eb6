import assert from "node:assert/strict";
import { NEW_SERIES_BIT, type SampleBatch } from "../../lib/model/batch.ts";
import { labelsFromRecord } from "../../lib/model/labels.ts";
import { matcherOf } from "../../lib/model/matchers.ts";
import { ShardDriver } from "./shard_driver.ts";

const T0 = 1_700_000_000_000;
const STEP_MS = 60_000;
const ALIVE = 400;
const EVERYTHING = [matcherOf("=~", "__name__", ".+")];

/** Series `first … first + ALIVE − 1`. */
function rowOf(row: number, first: number): SampleBatch {
  const ids = Array.from({ length: ALIVE }, (_, i) => first + i);
  return {
    cohort: "c",
    epoch: 0,
    defined: ids.map((id) => labelsFromRecord({ __name__: "m", id: String(id) })),
    rows: [{
      tMs: T0 + row * STEP_MS,
      refs: Uint32Array.from(ids, (_, i) => NEW_SERIES_BIT + i),
      values: Float64Array.from(ids, (id) => id + row),
    }],
    strays: [],
  };
}

/** Every `rowsEach` rows, a tenth of the series are others. */
async function churn(driver: ShardDriver, from: number, to: number, rowsEach: number): Promise<void> {
  for (let row = from; row < to; row++) {
    driver.nowMs = Math.max(driver.nowMs, T0 + row * STEP_MS);
    const first = Math.floor(row / rowsEach) * (ALIVE / 10);
    const [outcome] = driver.append([rowOf(row, first)]);
    assert.equal(outcome?.kind, "appended");
    if (row % 5 === 0) driver.send({ kind: "retentionDue" });
    if (row % 16 === 0) { while (await driver.maintain()); }
  }
  while (await driver.maintain());
}

function samplesOf(id: number, from: number, to: number, rowsEach: number): number {
  let count = 0;
  for (let row = from; row < to; row++) {
    const first = Math.floor(row / rowsEach) * (ALIVE / 10);
    if (id >= first && id < first + ALIVE) count++;
  }
  return count;
}

Deno.test("a source whose series come and go stays small, and nothing of it is lost or doubled", async () => {
  const driver = new ShardDriver();
  driver.nowMs = T0;
  await driver.open();
  await churn(driver, 0, 900, 15);
  const widths = [...driver.head.cohorts.values()].map((cohort) => cohort.width);
  assert(widths.length > 1, "cohorts made way");
  const current = driver.head.cohorts.get(driver.head.byName.get("c")!)!;
  assert(current.width < 2_000, `the living one has ${current.width} columns`);
  for (const cohort of driver.head.cohorts.values()) {
    if (cohort !== current) assert.equal(cohort.rows.length, 0, "those that made way are sealed");
  }
  const check = async () => {
    const read = await driver.read(EVERYTHING);
    for (const id of [0, 200, 399, 700, 1_500, 2_000, 2_700]) {
      const samples = read.get(`__name__,m,id,${id}`);
      assert.equal(samples?.size ?? 0, samplesOf(id, 0, 900, 15), `series ${id}`);
    }
  };
  await check();
  driver.drain();
  await driver.crash();
  await check();
  await churn(driver, 900, 905, 15);
  assert.equal(driver.head.cohorts.get(driver.head.byName.get("c")!)!.width <= current.width + 80, true);
});

Deno.test("cohorts that made way leave with retention, their labels and index entries, too", async () => {
  const driver = new ShardDriver(4 * 3_600_000);
  driver.nowMs = T0;
  await driver.open();
  await churn(driver, 0, 1_500, 10);
  const columns = [...driver.head.cohorts.values()].reduce((sum, cohort) => sum + cohort.width, 0);
  // 6,400 were defined; some 1,400 lived within four hours, some of them in two cohorts.
  assert(columns < 4_500, `${columns} columns are held`);
  assert(driver.head.series.count < 4_500, `${driver.head.series.count} series are in the table`);
  const cohorts = new Set<number>();
  for await (const { key } of driver.kv.list({ prefix: ["s", 0, "l"] })) cohorts.add(Number(key[3]));
  for (const cohort of cohorts) assert(driver.head.cohorts.has(cohort), `the catalogue of ${cohort} is left`);
});
