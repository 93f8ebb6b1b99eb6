import assert from "node:assert/strict";
import { NEW_SERIES_BIT } from "../../../lib/model/batch.ts";
import { labelsFromRecord } from "../../../lib/model/labels.ts";
import { createRng } from "../../../lib/core/rng.ts";
import { createEngine } from "../../../lib/promql/engine.ts";
import type { QueryEngine } from "../../../lib/promql/result.ts";
import { ShardDriver } from "../shard_driver.ts";

const STEP_MS = 15_000;
const FIVE_MINUTES_MS = 300_000;
const HOURS = 18;
/** A multiple of five minutes; scrapes stand beside them, as they do. */
const T0 = 1_700_000_100_000 - 1_700_000_100_000 % FIVE_MINUTES_MS;
const OFFSET_MS = 4_321;

async function filled(rollups: boolean): Promise<ShardDriver> {
  const driver = new ShardDriver();
  driver.nowMs = T0 + 1_000 * 3_600_000;
  await driver.open();
  const rng = createRng(7);
  const names = ["requests_total", "bytes_total", "temperature", "up"];
  const values = [0, 1e6, 20, 1];
  for (let i = 0; i < HOURS * 240; i++) {
    values[0] = rng.uint32() % 700 === 0 ? 3 : values[0]! + rng.uint32() % 40;
    values[1]! += rng.uint32() % 65_536;
    values[2] = (rng.uint32() % 4_000) / 100;
    values[3] = i % 900 < 4 ? 0 : 1;
    driver.append([{
      cohort: "c",
      epoch: 0,
      defined: names.map((name) => labelsFromRecord({ __name__: name, job: "a" })),
      rows: [{
        tMs: T0 + OFFSET_MS + i * STEP_MS,
        refs: Uint32Array.from(names, (_, k) => NEW_SERIES_BIT + k),
        values: Float64Array.from(values),
      }],
      strays: [],
    }]);
    if (i % 60 === 0) { while (await driver.maintain()); }
  }
  if (rollups) {
    driver.keep({
      rollups: [{ matchers: [], afterMs: 3_600_000, intervalMs: FIVE_MINUTES_MS, text: "all" }],
    });
    driver.nowMs += 7 * 3_600_000;
    while (await driver.maintain());
    assert(driver.head.counters.pagesRewritten > 0);
  }
  return driver;
}

function engineOver(driver: ShardDriver): QueryEngine {
  return createEngine({
    source: driver.source,
    clock: { monotonicMs: () => 0 },
    yieldToLoop: () => Promise.resolve(),
    lookbackMs: FIVE_MINUTES_MS,
    samplesMax: 1e8,
    timeoutMs: 60_000,
    noStepSubqueryIntervalMs: 60_000,
    parseOptions: {},
    delayedNameRemoval: false,
  });
}

/** Of the oldest hours, at multiples of five minutes. */
async function answer(engine: QueryEngine, query: string): Promise<readonly string[]> {
  const range = { startMs: T0 + 3_600_000, endMs: T0 + 10 * 3_600_000, stepMs: FIVE_MINUTES_MS };
  const { value } = await engine.range(query, range);
  assert(value.kind === "matrix");
  return value.series.map(({ labels, tMs, values }) => {
    assert(values.length > 100, `${query} has ${values.length} points`);
    return `${labels.join()} ${[...values].map((v, i) => `${tMs[i]}=${v.toPrecision(12)}`).join(" ")}`;
  }).sort();
}

const EXACT = [
  "requests_total",
  "temperature",
  "rate(requests_total[5m])",
  "rate(requests_total[1h])",
  "increase(bytes_total[30m])",
  "sum by (job) (rate(requests_total[10m]))",
  "delta(temperature[1h])",
  "resets(requests_total[1h])",
  "min_over_time(temperature[15m])",
  "max_over_time(temperature[1h])",
  "min_over_time(up[5m])",
  "last_over_time(temperature[5m])",
  "first_over_time(temperature[10m])",
  "present_over_time(temperature[5m])",
  "max_over_time(rate(requests_total[5m])[1h:5m])",
];
const APPROXIMATE = [
  "avg_over_time(temperature[1h])",
  "sum_over_time(temperature[1h])",
  "count_over_time(temperature[1h])",
  "stddev_over_time(temperature[1h])",
  "quantile_over_time(0.9, temperature[1h])",
  "changes(temperature[1h])",
];

Deno.test("rolled up samples answer what is promised as all samples do, over whole intervals", async () => {
  const [raw, rolled] = [await filled(false), await filled(true)];
  const [expected, got] = [engineOver(raw), engineOver(rolled)];
  for (const query of EXACT) {
    assert.deepEqual(await answer(got, query), await answer(expected, query), query);
  }
  for (const query of APPROXIMATE) {
    assert.notDeepEqual(await answer(got, query), await answer(expected, query), `${query} is not promised`);
  }
});
