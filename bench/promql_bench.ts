/**
 * What a query costs in the engine alone, over series in memory: no storage, no decoding, no HTTP. Prints a table of
 * medians of CPU time: `deno run -A bench/promql_bench.ts [instances]`, 800 instances × 8 modes by default.
 */
import process from "node:process";
import { setImmediate } from "node:timers";
import { createEngine } from "../lib/promql/engine.ts";
import { ALL_PARSE_OPTIONS } from "../lib/promql/parse.ts";
import { type Labels, labelsOf } from "../lib/model/labels.ts";
import { type Matcher, matchesLabels } from "../lib/model/matchers.ts";
import type { ColumnGroup, SelectRequest, SeriesSource } from "../lib/storage/source.ts";

const INSTANCES = Number(Deno.args[0] ?? 800);
const MODES = ["idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user"];
const SCRAPE_MS = 15_000;
const ROWS = 1440;
const START_MS = 1_700_000_000_000;
const END_MS = START_MS + (ROWS - 1) * SCRAPE_MS;
const ROUNDS = 7;

interface Cohort {
  readonly tMs: Float64Array;
  readonly series: readonly Labels[];
  readonly columns: readonly Float64Array[];
}

function makeCohorts(): readonly Cohort[] {
  const cohorts: Cohort[] = [];
  let seed = 1;
  const random = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  for (let i = 0; i < INSTANCES; i++) {
    const offsetMs = Math.floor(random() * SCRAPE_MS);
    const tMs = Float64Array.from({ length: ROWS }, (_, row) => START_MS + row * SCRAPE_MS + offsetMs);
    const instance = `host-${String(i).padStart(4, "0")}`;
    const series: Labels[] = [];
    const columns: Float64Array[] = [];
    for (const mode of MODES) {
      series.push(
        labelsOf([["__name__", "cpu_seconds_total"], ["instance", instance], ["job", "node"], [
          "mode",
          mode,
        ]]),
      );
      let value = random() * 1e6;
      columns.push(Float64Array.from({ length: ROWS }, () => value += Math.round(random() * 1500) / 100));
    }
    series.push(
      labelsOf([["__name__", "load1"], ["instance", instance], ["job", "node"], ["zone", `z${i % 4}`]]),
    );
    columns.push(Float64Array.from({ length: ROWS }, () => Math.round(random() * 800) / 100));
    cohorts.push({ tMs, series, columns });
  }
  return cohorts;
}

class CohortSource implements SeriesSource {
  readonly #cohorts = makeCohorts();

  async *select(request: SelectRequest): AsyncGenerator<ColumnGroup> {
    for (const cohort of this.#cohorts) {
      const picked = this.#pick(cohort, request.matchers);
      if (picked.length === 0) continue;
      const from = firstAtOrAfter(cohort.tMs, request.range.startMs);
      const to = firstAtOrAfter(cohort.tMs, request.range.endMs + 1);
      yield {
        tMs: cohort.tMs.subarray(from, to),
        series: picked.map((i) => cohort.series[i]!),
        columns: picked.map((i) => cohort.columns[i]!.subarray(from, to)),
        gaps: picked.map(() => false),
      };
    }
  }

  #pick(cohort: Cohort, matchers: readonly Matcher[]): readonly number[] {
    const picked: number[] = [];
    cohort.series.forEach((labels, i) => {
      if (matchesLabels(matchers, labels)) picked.push(i);
    });
    return picked;
  }

  series() {
    return Promise.resolve([]);
  }
  labelNames() {
    return Promise.resolve([]);
  }
  labelValues() {
    return Promise.resolve([]);
  }
}

function firstAtOrAfter(tMs: Float64Array, at: number): number {
  let low = 0;
  let high = tMs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (tMs[middle]! < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

let longestTurnMs = 0;
let turnedMs = performance.now();
const engine = createEngine({
  source: new CohortSource(),
  clock: { monotonicMs: () => performance.now() },
  yieldToLoop: () => {
    longestTurnMs = Math.max(longestTurnMs, performance.now() - turnedMs);
    return new Promise((resolve) =>
      setImmediate(() => {
        turnedMs = performance.now();
        resolve();
      })
    );
  },
  lookbackMs: 300_000,
  samplesMax: 50_000_000,
  timeoutMs: 120_000,
  noStepSubqueryIntervalMs: 60_000,
  parseOptions: ALL_PARSE_OPTIONS,
  delayedNameRemoval: false,
});

const RANGE_QUERIES = [
  "sum by (mode) (rate(cpu_seconds_total[5m]))",
  "sum(cpu_seconds_total)",
  'rate(cpu_seconds_total{instance="host-0007"}[5m])',
  "avg_over_time(load1[30m]) > 1.5",
  "max_over_time(load1[1h])",
  "quantile by (zone) (0.9, load1)",
  "topk(5, sum by (instance) (rate(cpu_seconds_total[5m])))",
  "sum by (instance) (rate(cpu_seconds_total[5m])) / on (instance) group_left () load1",
  "max_over_time(sum by (mode) (rate(cpu_seconds_total[5m]))[30m:1m])",
  'rate(cpu_seconds_total{mode="user"}[5m])',
  "stddev_over_time(load1[30m])",
];
const INSTANT_QUERIES = [
  "1 + 1",
  'load1{instance="host-0007"}',
  "sum by (instance) (rate(cpu_seconds_total[5m]))",
  'count({__name__=~".+"})',
  "sum(increase(cpu_seconds_total[5h]))",
];

async function median(run: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    turnedMs = performance.now();
    // CPU time and not wall time: other work on the machine must not count.
    const from = process.cpuUsage();
    await run();
    const { user, system } = process.cpuUsage(from);
    times.push((user + system) / 1000);
  }
  return times.sort((a, b) => a - b)[ROUNDS >> 1]!;
}

console.log(`${INSTANCES * (MODES.length + 1)} series × ${ROWS} samples`);
for (const query of RANGE_QUERIES) {
  longestTurnMs = 0;
  const range = { startMs: START_MS, endMs: END_MS, stepMs: 60_000 };
  const ms = await median(() => engine.range(query, range));
  console.log(`${ms.toFixed(1).padStart(9)} ms  turn ≤ ${longestTurnMs.toFixed(0)} ms  range    ${query}`);
}
for (const query of INSTANT_QUERIES) {
  const ms = await median(() => engine.instant(query, END_MS));
  console.log(`${ms.toFixed(3).padStart(9)} ms                instant  ${query}`);
}
