import assert from "node:assert/strict";
import { type FloatHistogram, histogramsEqual } from "../../lib/model/histogram/float_histogram.ts";
import { histogramAt, putHistogram } from "../../lib/model/histogram_cell.ts";
import { matcherOf } from "../../lib/model/matchers.ts";
import { isAbsent, wordsOf } from "../../lib/model/stale.ts";
import { latency } from "./histogram_samples.ts";
import { ShardDriver } from "./shard_driver.ts";

const MATCHERS = [matcherOf("=", "__name__", "a")];

/** Of a counter that begins anew at every hundredth second, beside a float. */
function append(driver: ShardDriver, from: number, count: number): void {
  for (let t = from; t < from + count; t++) {
    driver.nowMs = t * 1_000;
    const values = Float64Array.of(0, t);
    const histograms: FloatHistogram[] = [];
    putHistogram(wordsOf(values), 0, histograms, latency(1 + t % 100));
    const refs = Uint32Array.of(0x8000_0000, 0x8000_0001);
    driver.append([{
      cohort: "scrape/a/b",
      epoch: 0,
      defined: [["__name__", "a"], ["__name__", "b"]],
      rows: [{ tMs: driver.nowMs, refs, values, histograms }],
      strays: [],
    }]);
  }
}

/** By seconds. */
async function histogramsOf(driver: ShardDriver): Promise<Map<number, FloatHistogram>> {
  const request = { matchers: MATCHERS, range: { startMs: 0, endMs: 1e9 }, samplesMax: 1e9 };
  const found = new Map<number, FloatHistogram>();
  for await (
    const { tMs, columns, histograms } of driver.source.select(request, new AbortController().signal)
  ) {
    const words = wordsOf(columns[0]!);
    tMs.forEach((at, i) => {
      if (!isAbsent(words, i)) found.set(at / 1_000, histogramAt(words, i, histograms)!);
    });
  }
  return found;
}

async function assertLeft(driver: ShardDriver, through: number, when: string): Promise<void> {
  const found = await histogramsOf(driver);
  for (let t = 1; t <= through; t++) {
    if (t >= 95 && t <= 105) {
      assert.ok(!found.has(t), `${t} ${when}`);
      continue;
    }
    const histogram = found.get(t);
    assert.ok(histogram !== undefined && histogramsEqual(histogram, latency(1 + t % 100)), `${t} ${when}`);
    const anew = t === 1 || t % 100 === 0;
    // Between 94 and 106 it began anew: who believes that it did not misses that.
    const hint = anew || t === 106 ? "unknown" : "not_reset";
    assert.equal(histogram.counterResetHint, hint, `${t} ${when}`);
  }
}

Deno.test("histograms are deleted from windows and pages, and the one behind no longer says that it goes on", async () => {
  const driver = new ShardDriver();
  await driver.open();
  append(driver, 1, 200);
  driver.drain();
  driver.send({
    kind: "deleteSeries",
    matcherSets: [MATCHERS],
    range: { startMs: 95_000, endMs: 105_000 },
    replyTo: { path: "/test", token: 1 },
  });
  await driver.runTasks();
  await assertLeft(driver, 200, "in the window");
  while (await driver.maintain());
  append(driver, 201, 60);
  driver.drain();
  while (await driver.maintain());
  await assertLeft(driver, 260, "in pages");
  driver.replies = [];
  driver.send({ kind: "cleanDeletions", replyTo: { path: "/test", token: 1 } });
  while (await driver.runTasks());
  assert.deepEqual(driver.replies, [{ kind: "done" }]);
  assert.equal(driver.head.deletions.size, 0);
  await assertLeft(driver, 260, "after cleaning");
  await driver.crash();
  await assertLeft(driver, 260, "after a crash");
});
