/** Whole ranges at a time must equal one step at a time: a second, plain evaluator over samples as objects. */
import { ok } from "node:assert/strict";
import fc from "fast-check";
import { createEngine } from "../../lib/promql/engine.ts";
import { ALL_PARSE_OPTIONS } from "../../lib/promql/parse.ts";
import { MemorySource } from "../../lib/promql/script/memory_source.ts";
import { extrapolatedRateOfWindow, IS_COUNTER, IS_RATE } from "../../lib/promql/kernels/rate.ts";
import { labelsFromRecord, labelValue } from "../../lib/model/labels.ts";
import { absentColumn, isAbsent, setStale, wordsOf } from "../../lib/model/stale.ts";
import { TestPorts } from "./ports.ts";

const LOOKBACK_MS = 60_000;
const RANGE_MS = 50_000;

interface Point {
  readonly tMs: number;
  readonly value: number | "stale";
}

interface RawSeries {
  readonly group: string;
  readonly points: readonly Point[];
}

type StepFunction = (points: readonly Point[], tMs: number) => number | undefined;

function windowOf(points: readonly Point[], tMs: number): readonly { tMs: number; value: number }[] {
  const out: { tMs: number; value: number }[] = [];
  for (const { tMs: at, value } of points) {
    if (at > tMs - RANGE_MS && at <= tMs && value !== "stale") out.push({ tMs: at, value });
  }
  return out;
}

function overWindow(fn: (values: readonly number[]) => number): StepFunction {
  return (points, tMs) => {
    const window = windowOf(points, tMs);
    return window.length === 0 ? undefined : fn(window.map(({ value }) => value));
  };
}

function rateOf(flags: number): StepFunction {
  return (points, tMs) => {
    const window = windowOf(points, tMs);
    return extrapolatedRateOfWindow(
      Float64Array.from(window, (point) => point.tMs),
      Float64Array.from(window, (point) => point.value),
      tMs,
      RANGE_MS,
      flags,
    );
  };
}

function newest(points: readonly Point[], tMs: number): number | undefined {
  const seen = points.filter((point) => point.tMs <= tMs && point.tMs > tMs - LOOKBACK_MS).at(-1);
  return seen === undefined || seen.value === "stale" ? undefined : seen.value;
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

function smallest(values: readonly number[]): number {
  const numbers = values.filter((value) => !Number.isNaN(value));
  return numbers.length === 0 ? NaN : Math.min(...numbers);
}

const OF_SERIES: Readonly<Record<string, StepFunction>> = {
  "m": newest,
  "rate(m[50s])": rateOf(IS_COUNTER | IS_RATE),
  "increase(m[50s])": rateOf(IS_COUNTER),
  "delta(m[50s])": rateOf(0),
  "sum_over_time(m[50s])": overWindow(sum),
  "avg_over_time(m[50s])": overWindow((values) => sum(values) / values.length),
  "min_over_time(m[50s])": overWindow(smallest),
  "max_over_time(m[50s])": overWindow((values) => -smallest(values.map((value) => -value))),
  "count_over_time(m[50s])": overWindow((values) => values.length),
  "last_over_time(m[50s])": overWindow((values) => values.at(-1)!),
  "m > 3": (points, tMs) => {
    const value = newest(points, tMs);
    return value !== undefined && value > 3 ? value : undefined;
  },
};

const OF_GROUP: Readonly<Record<string, (values: readonly number[]) => number>> = {
  "sum by (g) (m)": sum,
  "count by (g) (m)": (values) => values.length,
  "min by (g) (m)": smallest,
  "avg by (g) (m)": (values) => sum(values) / values.length,
};

const value = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: -3, max: 12 }) },
  { weight: 1, arbitrary: fc.constant(NaN) },
  { weight: 1, arbitrary: fc.constant("stale" as const) },
);

const series: fc.Arbitrary<RawSeries> = fc.record({
  group: fc.constantFrom("a", "b"),
  points: fc.oneof(
    // On the common scrape grid, with or without gaps: shares its group.
    fc.array(fc.option(value, { freq: 6 }), { minLength: 12, maxLength: 30 }).map((cells) =>
      cells.flatMap((cell, i): Point[] => cell === null ? [] : [{ tMs: i * 10_000, value: cell }])
    ),
    // At times of its own.
    fc.array(fc.tuple(fc.integer({ min: 0, max: 300_000 }), value), { maxLength: 20 }).map((points) => {
      const byTime = new Map(points);
      return [...byTime].sort(([a], [b]) => a - b).map(([tMs, value]): Point => ({ tMs, value }));
    }),
  ),
});

function sourceOf(all: readonly RawSeries[]): MemorySource {
  const source = new MemorySource();
  all.forEach(({ group, points }, i) => {
    const values = absentColumn(points.length);
    points.forEach(({ value }, at) => {
      if (value === "stale") setStale(wordsOf(values), at);
      else values[at] = value;
    });
    const labels = labelsFromRecord({ __name__: "m", g: group, i: String(i) });
    source.add(labels, Float64Array.from(points, ({ tMs }) => tMs), values);
  });
  return source;
}

function close(a: number | undefined, b: number | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b);
  return a === b || Math.abs(a - b) <= 1e-12 * Math.max(Math.abs(a), Math.abs(b));
}

const grid = { startMs: -5_000, endMs: 330_000, stepMs: 7_000 };

async function rangeOf(all: readonly RawSeries[], query: string, keyLabel: string) {
  const ports = new TestPorts();
  const engine = createEngine({
    source: sourceOf(all),
    clock: ports.clock,
    yieldToLoop: ports.yieldToLoop,
    lookbackMs: LOOKBACK_MS,
    samplesMax: 1_000_000,
    timeoutMs: 1_000,
    noStepSubqueryIntervalMs: 60_000,
    parseOptions: ALL_PARSE_OPTIONS,
    delayedNameRemoval: false,
  });
  const { value } = await engine.range(query, grid);
  ok(value.kind === "matrix");
  const cells = new Map<string, number>();
  for (const { labels, tMs, values } of value.series) {
    const words = wordsOf(values.slice());
    tMs.forEach((t, i) => {
      if (!isAbsent(words, i)) cells.set(`${labelValue(labels, keyLabel)} ${t}`, values[i]!);
    });
  }
  return cells;
}

function* stepTimes(): Generator<number> {
  for (let tMs = grid.startMs; tMs <= grid.endMs; tMs += grid.stepMs) yield tMs;
}

Deno.test("functions of series give over a range what a plain evaluator gives step by step", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(series, { maxLength: 5 }),
      fc.constantFrom(...Object.keys(OF_SERIES)),
      async (all, query) => {
        const cells = await rangeOf(all, query, "i");
        for (const tMs of stepTimes()) {
          all.forEach(({ points }, i) => {
            const key = `${i} ${tMs}`;
            const wanted = OF_SERIES[query]!(points, tMs);
            ok(
              close(cells.get(key), wanted),
              `${query} at ${tMs}: expected ${wanted}, got ${cells.get(key)}`,
            );
          });
        }
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("aggregations give over a range what a plain evaluator gives step by step", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(series, { maxLength: 6 }),
      fc.constantFrom(...Object.keys(OF_GROUP)),
      async (all, query) => {
        const cells = await rangeOf(all, query, "g");
        for (const tMs of stepTimes()) {
          for (const group of ["a", "b"]) {
            const values = all.filter((one) => one.group === group)
              .map(({ points }) => newest(points, tMs)).filter((found) => found !== undefined);
            const wanted = values.length === 0 ? undefined : OF_GROUP[query]!(values);
            const got = cells.get(`${group} ${tMs}`);
            ok(close(got, wanted), `${query} at ${tMs}: expected ${wanted}, got ${got}`);
          }
        }
      },
    ),
    { numRuns: 200 },
  );
});
