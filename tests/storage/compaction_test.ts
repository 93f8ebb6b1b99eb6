import assert from "node:assert/strict";
import { NEW_SERIES_BIT, type SampleBatch } from "../../lib/model/batch.ts";
import { createRng } from "../../lib/core/rng.ts";
import { labelsFromRecord } from "../../lib/model/labels.ts";
import { matcherOf } from "../../lib/model/matchers.ts";
import { bitsOf, ShardDriver } from "./shard_driver.ts";

const T0 = 1_700_000_000_000;
const STEP_MS = 15_000;
const HOUR_ROWS = 240;
const EVERYTHING = [matcherOf("=~", "__name__", ".+")];

function rowOf(row: number, columns: number, rng: { uint32(): number }): SampleBatch {
  return {
    cohort: "c",
    epoch: 0,
    defined: Array.from({ length: columns }, (_, i) => labelsFromRecord({ __name__: `m${i}` })),
    rows: [{
      tMs: T0 + row * STEP_MS,
      refs: Uint32Array.from({ length: columns }, (_, i) => NEW_SERIES_BIT + i),
      values: Float64Array.from({ length: columns }, () => Math.sqrt(rng.uint32())),
    }],
    strays: [],
  };
}

Deno.test("a narrow source's samples of a day come to lie in a page", async () => {
  const driver = new ShardDriver();
  await driver.open();
  const rng = createRng(1);
  const expected = new Map<number, string>();
  for (let row = 0; row < 76 * HOUR_ROWS; row++) {
    const batch = rowOf(row, 1, rng);
    expected.set(T0 + row * STEP_MS, bitsOf(batch.rows[0]!.values, 0));
    driver.append([batch]);
    if (row % 64 === 0) { while (await driver.maintain()); }
  }
  while (await driver.maintain());
  const { pages } = driver.head.cohorts.get(1)!;
  const large = pages.filter((page) => page.level === 2);
  assert(large.length >= 2, `${large.length} large pages`);
  for (const page of large) {
    assert(page.bytes > 16_384, `${page.bytes} bytes`);
    assert(page.endMs - page.startMs <= 24 * 3_600_000);
  }
  assert(pages.length < 40, `${pages.length} pages`);
  assert.deepEqual((await driver.read(EVERYTHING)).get("__name__,m0"), expected);
  driver.drain();
  await driver.crash();
  assert.deepEqual((await driver.read(EVERYTHING)).get("__name__,m0"), expected);
});

Deno.test("a store that fails amid a merge takes nothing with it that was sealed in the same run", async () => {
  for (let failing = 0; failing < 2; failing++) {
    const driver = new ShardDriver();
    await driver.open();
    const rng = createRng(2);
    const rows = 560;
    for (let row = 0; row < rows; row++) {
      driver.append([rowOf(row, 300, rng)]);
      if (row % 60 !== 0) continue;
      let left = failing;
      driver.kv.fate = () => left-- === 0 ? "lost" : "ok";
      await driver.maintain();
      driver.kv.fate = () => "ok";
    }
    driver.drain();
    for (const when of ["before", "after"]) {
      const read = await driver.read(EVERYTHING);
      assert.equal(read.size, 300);
      for (const [key, samples] of read) {
        assert.equal(samples.size, rows, `${key} ${when} a crash, commit ${failing}`);
      }
      if (when === "before") await driver.crash();
    }
  }
});
