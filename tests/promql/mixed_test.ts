/**
 * Series that hold histograms are looked at sample by sample, others by kernels over columns: both must say the same of
 * floats. A histogram before all windows that are compared sends a series of floats the slow way.
 */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { UserError } from "../../lib/core/errors.ts";
import {
  bucketsFrom,
  EMPTY_HISTOGRAM,
  type FloatHistogram,
} from "../../lib/model/histogram/float_histogram.ts";
import { histogramAt, isHistogram, putHistogram } from "../../lib/model/histogram_cell.ts";
import { formatLabels, labelsFromRecord } from "../../lib/model/labels.ts";
import { absentColumn, isAbsent, setStale, wordsOf } from "../../lib/model/stale.ts";
import { createEngine, type EngineOptions } from "../../lib/promql/engine.ts";
import { ALL_PARSE_OPTIONS } from "../../lib/promql/parse.ts";
import { MemorySource } from "../../lib/promql/script/memory_source.ts";
import { TestPorts } from "./ports.ts";

function engineOver(source: MemorySource, options: Partial<EngineOptions> = {}) {
  const ports = new TestPorts();
  return createEngine({
    source,
    clock: ports.clock,
    yieldToLoop: ports.yieldToLoop,
    lookbackMs: 60_000,
    samplesMax: 1_000_000,
    timeoutMs: 10_000,
    noStepSubqueryIntervalMs: 60_000,
    parseOptions: ALL_PARSE_OPTIONS,
    delayedNameRemoval: false,
    ...options,
  });
}

function histogramOf(count: number): FloatHistogram {
  return { ...EMPTY_HISTOGRAM, count, sum: 2 * count, positive: bucketsFrom(0, [count]) };
}

/** Samples of one series every 10 s from 0 on; before them, at −10 min, a histogram if asked for. */
function sourceOf(cells: readonly (number | "stale" | null)[], histogram: boolean): MemorySource {
  const source = new MemorySource();
  const tMs = Float64Array.from(cells, (_, i) => i * 10_000);
  const values = absentColumn(cells.length);
  cells.forEach((cell, i) => {
    if (cell === "stale") setStale(wordsOf(values), i);
    else if (cell !== null) values[i] = cell;
  });
  const labels = labelsFromRecord({ __name__: "m_total" });
  source.add(labels, tMs, values);
  if (histogram) {
    const column = new Float64Array(1);
    const table: FloatHistogram[] = [];
    putHistogram(wordsOf(column), 0, table, histogramOf(1));
    source.add(labels, Float64Array.of(-600_000), column, { histograms: table });
  }
  return source;
}

const NAMES =
  "rate increase delta irate idelta changes resets deriv sum_over_time avg_over_time min_over_time " +
  "max_over_time count_over_time present_over_time stddev_over_time mad_over_time first_over_time " +
  "last_over_time ts_of_first_over_time ts_of_last_over_time ts_of_min_over_time";

const QUERIES = [
  ...NAMES.split(" ").map((name) => `${name}(m_total[45s])`),
  ..."rate increase delta changes resets".split(" ").map((name) => `${name}(m_total[45s] anchored)`),
  ..."rate increase delta".split(" ").map((name) => `${name}(m_total[45s] smoothed)`),
  "quantile_over_time(0.3, m_total[45s])",
  "predict_linear(m_total[45s], 60)",
  "m_total",
  "m_total smoothed",
];

/** Begins so early that the histogram is read, and so late that no window of a float reaches it. */
async function cellsOf(source: MemorySource, query: string): Promise<ReadonlyMap<string, number>> {
  const engine = engineOver(source);
  const { value } = await engine.range(query, { startMs: -589_000, endMs: 400_000, stepMs: 7_000 });
  ok(value.kind === "matrix");
  const cells = new Map<string, number>();
  for (const { labels, tMs, values } of value.series) {
    const words = wordsOf(values);
    tMs.forEach((t, i) => {
      if (t >= -100_000 && !isAbsent(words, i)) cells.set(`${formatLabels(labels)} ${t}`, values[i]!);
    });
  }
  return cells;
}

function assertClose(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>, query: string): void {
  deepStrictEqual([...a.keys()], [...b.keys()], query);
  for (const [key, x] of a) {
    const y = b.get(key)!;
    const near = Object.is(x, y) || x === y || Math.abs(x - y) <= 1e-9 * Math.max(1, Math.abs(x));
    ok(near, `${query} at ${key}: ${x} and ${y}`);
  }
}

const cell = fc.oneof(
  { weight: 10, arbitrary: fc.integer({ min: 0, max: 12 }) },
  { weight: 1, arbitrary: fc.constant("stale" as const) },
  { weight: 3, arbitrary: fc.constant(null) },
);

Deno.test("floats have the same answers in a series with histograms as without", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(cell, { minLength: 1, maxLength: 30 }), async (cells) => {
      for (const query of QUERIES) {
        const plain = await cellsOf(sourceOf(cells, false), query);
        assertClose(plain, await cellsOf(sourceOf(cells, true), query), query);
      }
    }),
    { numRuns: 25 },
  );
});

Deno.test("start times that are not known change nothing", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 30 }),
      async (values) => {
        const labels = labelsFromRecord({ __name__: "m_total" });
        const tMs = Float64Array.from(values, (_, i) => i * 10_000);
        const [plain, timed] = [new MemorySource(), new MemorySource()];
        plain.add(labels, tMs, Float64Array.from(values));
        timed.add(labels, tMs, Float64Array.from(values), { startTimesMs: new Float64Array(values.length) });
        for (const name of ["rate", "increase", "irate", "resets"]) {
          const query = `${name}(m_total[45s])`;
          const range = { startMs: 0, endMs: 400_000, stepMs: 7_000 };
          const a = (await engineOver(plain).range(query, range)).value;
          const b = (await engineOver(timed, { usesStartTimes: true }).range(query, range)).value;
          ok(a.kind === "matrix" && b.kind === "matrix");
          strictEqual(a.series.length, b.series.length);
          a.series.forEach(({ values: x }, i) => {
            const y = b.series[i]!.values;
            x.forEach((value, s) => {
              ok(Object.is(value, y[s]) || Math.abs(value - y[s]!) < 1e-9, `${query}: ${value} and ${y[s]}`);
            });
          });
        }
      },
    ),
    { numRuns: 40 },
  );
});

function histogramSource(seriesCount: number, samples: number): MemorySource {
  const source = new MemorySource();
  for (let i = 0; i < seriesCount; i++) {
    const tMs = Float64Array.from({ length: samples }, (_, row) => row * 1000 + i);
    const values = new Float64Array(samples);
    const table: FloatHistogram[] = [];
    for (let row = 0; row < samples; row++) putHistogram(wordsOf(values), row, table, histogramOf(row + i));
    source.add(labelsFromRecord({ __name__: i % 2 === 0 ? "even" : "odd", i: String(i) }), tMs, values, {
      histograms: table,
    });
  }
  return source;
}

Deno.test("histograms of many blocks keep their places when the blocks are joined", async () => {
  const engine = engineOver(histogramSource(40, 10));
  const { value } = await engine.instant("(even * 2) or (odd * 3)", 9_500);
  ok(value.kind === "vector");
  strictEqual(value.labels.length, 40);
  value.labels.forEach((labels, row) => {
    const i = Number(labels[labels.indexOf("i") + 1]);
    const histogram = histogramAt(wordsOf(value.values), row, value.histograms);
    const newest = Math.min(9, Math.floor((9_500 - i) / 1000));
    strictEqual(histogram?.count, (newest + i) * (i % 2 === 0 ? 2 : 3), formatLabels(labels));
  });
});

Deno.test("a matrix selector answers histograms beside floats", async () => {
  const { value } = await engineOver(sourceOf([1, 2], true)).instant("m_total[20m]", 20_000);
  ok(value.kind === "matrix");
  const [series] = value.series;
  deepStrictEqual([...series!.tMs], [-600_000, 0, 10_000]);
  ok(isHistogram(wordsOf(series!.values), 0));
  strictEqual(series!.histograms?.length, 1);
});

Deno.test("histograms weigh as much as their memory in the limit of samples", async () => {
  const source = histogramSource(10, 10);
  const query = "even * on (i) even";
  await engineOver(source, { samplesMax: 200 }).instant("count(even)", 9_500);
  await rejects(
    engineOver(source, { samplesMax: 60 }).instant(`sort_by_label({i=~".+"}, "i")`, 9_500),
    (error) => error instanceof UserError && /too many samples/.test(error.message),
  );
  const { infos } = await engineOver(source).instant(query, 9_500);
  strictEqual(infos.length, 1);
});

Deno.test("a gathered vector of many histograms is passed on in pieces, and each keeps its own", async () => {
  const ports = new TestPorts();
  ports.tickMs = 13; // each look at the clock finds that the loop should turn
  const source = histogramSource(200, 40);
  const engine = engineOver(source, {
    clock: ports.clock,
    yieldToLoop: ports.yieldToLoop,
    timeoutMs: 10_000_000,
  });
  const range = { startMs: 0, endMs: 39_000, stepMs: 1_000 };
  const { value } = await engine.range("histogram_count((even or odd) * 2)", range);
  ok(value.kind === "matrix");
  strictEqual(value.series.length, 200);
  for (const { labels, values } of value.series) {
    const i = Number(labels[labels.indexOf("i") + 1]);
    strictEqual(values[39], 2 * (i === 0 ? 39 : 38 + i), formatLabels(labels));
  }
  ok(ports.turns > 10, `${ports.turns} turns`);
});
