/** How many samples a query says that it looked at and read: by a table, and step by step against instant queries. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { UserError } from "../../lib/core/errors.ts";
import { createRng } from "../../lib/core/rng.ts";
import { createEngine } from "../../lib/promql/engine.ts";
import { ALL_PARSE_OPTIONS } from "../../lib/promql/parse.ts";
import type { QueryEngine } from "../../lib/promql/result.ts";
import { parseScript } from "../../lib/promql/script/commands.ts";
import { loadSeries } from "../../lib/promql/script/load_series.ts";
import { MemorySource } from "../../lib/promql/script/memory_source.ts";
import { differentialData, END_MS, START_MS } from "./differential/data.ts";
import { createDraw } from "./differential/draw.ts";
import { render } from "./differential/expression.ts";
import { queryOf } from "./differential/run.ts";
import { TestPorts } from "./ports.ts";

function engineOver(source: MemorySource, perStepStats = true): QueryEngine {
  const ports = new TestPorts();
  return createEngine({
    source,
    clock: ports.clock,
    yieldToLoop: ports.yieldToLoop,
    lookbackMs: 300_000,
    samplesMax: 50_000_000,
    timeoutMs: 60_000,
    noStepSubqueryIntervalMs: 60_000,
    parseOptions: ALL_PARSE_OPTIONS,
    delayedNameRemoval: false,
    perStepStats,
  });
}

/** Every 10 s from 0 to 1000 s: `one` has a series, `three` has three, `holes` misses two samples of three. */
const LOADED = `load 10s
  one 0+1x100
  three{i="a"} 0+1x100
  three{i="b"} 0+2x100
  three{i="c"} 0+3x100
  holes{i="a"} 1 _ _ 2 _ _ 3 _ _ 4 stale
  holes{i="b"} 1 2 3 4 5 6 7 8 9 10 11
  heat {{schema:1 count:5 sum:20 buckets:[1 2 1 1]}}x100
  mixed 1 2 {{schema:1 count:5 sum:20 buckets:[1 2 1 1]}} 4 5 6
`;

function loaded(): MemorySource {
  const source = new MemorySource();
  for (const command of parseScript(LOADED)) {
    if (command.kind !== "load") continue;
    for (const series of command.series) loadSeries(source, series, command.stepMs);
  }
  return source;
}

interface Row {
  readonly query: string;
  /** In seconds: an instant, or a start, an end and a step. */
  readonly at: number | readonly [number, number, number];
  readonly total: readonly number[];
  /** Undefined: as the total. */
  readonly read?: readonly number[];
}

/** As many samples as a histogram with four buckets in a row takes the memory of. */
const HEAT = 13;
const FOUR = [201, 216, 5] as const;

const ROWS: readonly Row[] = [
  { query: '"text"', at: 201, total: [0] },
  { query: "1", at: FOUR, total: [0, 0, 0, 0] },
  { query: "one", at: 201, total: [1] },
  { query: "three", at: 201, total: [3] },
  { query: "three", at: 5_000, total: [0] },
  { query: "three", at: FOUR, total: [3, 3, 3, 3] },
  { query: "sum by (i) (three offset 1m)", at: FOUR, total: [3, 3, 3, 3] },
  { query: "timestamp(three)", at: FOUR, total: [3, 3, 3, 3] },
  { query: "three + on (i) three", at: FOUR, total: [6, 6, 6, 6] },
  { query: "sum(three) / count(three)", at: FOUR, total: [6, 6, 6, 6] },
  { query: "holes", at: [81, 111, 10], total: [2, 2, 1, 1] },
  { query: "heat", at: 201, total: [HEAT] },
  { query: "timestamp(heat)", at: 201, total: [HEAT] },
  { query: "histogram_count(heat)", at: FOUR, total: [HEAT, HEAT, HEAT, HEAT] },
  // Samples of windows: once a step, and read once.
  { query: "one[60s]", at: 201, total: [6] },
  { query: "heat[60s]", at: 201, total: [6 * HEAT] },
  { query: "max_over_time(three[60s])", at: 201, total: [18] },
  { query: "max_over_time(three[60s])", at: FOUR, total: [18, 18, 18, 18], read: [18, 0, 3, 0] },
  { query: "rate(three[60s])", at: [201, 501, 100], total: [18, 18, 18, 18] },
  { query: "rate(three[100s])", at: [201, 401, 100], total: [30, 30, 30] },
  { query: "rate(three[2m])", at: [201, 401, 100], total: [36, 36, 36], read: [36, 30, 30] },
  { query: "absent_over_time(three[60s])", at: 201, total: [18] },
  { query: "sum_over_time(holes[60s])", at: [61, 121, 30], total: [8, 8, 5], read: [8, 4, 1] },
  { query: "rate(heat[60s])", at: FOUR, total: Array(4).fill(6 * HEAT), read: [6 * HEAT, 0, HEAT, 0] },
  {
    query: "last_over_time(mixed[30s])",
    at: [31, 51, 10],
    total: [2 + HEAT, 2 + HEAT, 3],
    read: [2 + HEAT, 1, 1],
  },
  {
    query: "min_over_time(mixed[30s])",
    at: [31, 51, 10],
    total: [2 + HEAT, 2 + HEAT, 3],
    read: [2 + HEAT, 1, 1],
  },
  // Of a subquery its points count, and what it reads is read.
  { query: "one[60s:5s]", at: 201, total: [12] },
  { query: "rate(three[60s])[60s:5s]", at: 201, total: [216], read: [3 * 12] },
  { query: "max_over_time(three[60s:5s])", at: 201, total: [36] },
  { query: "max_over_time(three[60s:5s])", at: FOUR, total: [36, 36, 36, 36], read: [36, 3, 3, 3] },
  {
    query: "max_over_time(three[60s:5s] offset 10s)",
    at: FOUR,
    total: [36, 36, 36, 36],
    read: [36, 3, 3, 3],
  },
  { query: "max_over_time(three[20s:10s])", at: [201, 501, 100], total: [6, 6, 6, 6] },
  { query: "max_over_time(rate(three[60s])[60s:10s])", at: 201, total: [18], read: [33] },
  { query: "max_over_time((three > 1e9)[60s:10s])", at: 201, total: [0], read: [18] },
  { query: "sum(max_over_time(three[60s:5s])) + sum(max_over_time(three[60s:5s]))", at: 201, total: [72] },
  {
    query: "max_over_time(sum_over_time(one[20s:10s])[60s:20s])",
    at: [201, 401, 200],
    total: [3, 3],
    read: [6, 6],
  },
  // What is the same at every step is read at the first.
  { query: "three @ 100", at: FOUR, total: [3, 3, 3, 3], read: [3, 0, 0, 0] },
  { query: "max_over_time(three[60s] @ 100)", at: FOUR, total: [18, 18, 18, 18], read: [18, 0, 0, 0] },
  { query: "max_over_time(three[60s:5s] @ 100)", at: FOUR, total: [36, 36, 36, 36], read: [36, 0, 0, 0] },
  { query: "predict_linear(one[60s] @ 100, 60)", at: FOUR, total: [6, 6, 6, 6], read: [6, 0, 0, 0] },
  { query: "predict_linear(one[60s:5s] @ 100, 60)", at: FOUR, total: [12, 12, 12, 12], read: [12, 0, 0, 0] },
  { query: "timestamp(three @ 100)", at: FOUR, total: [3, 3, 3, 3] },
  { query: "max_over_time((three @ 100)[60s:20s])", at: 201, total: [9], read: [3] },
];

async function statsOf(engine: QueryEngine, query: string, at: Row["at"], countsSteps = true) {
  if (typeof at === "number") return (await engine.instant(query, at * 1000, { countsSteps })).stats;
  const [startS, endS, stepS] = at;
  const range = { startMs: startS * 1000, endMs: endS * 1000, stepMs: stepS * 1000 };
  return (await engine.range(query, range, { countsSteps })).stats;
}

Deno.test("samples count as in Prometheus: at each step that looks at them, and where they are read", async () => {
  const engine = engineOver(loaded());
  const plain = engineOver(loaded(), false);
  for (const { query, at, total, read = total } of ROWS) {
    const stats = await statsOf(engine, query, at);
    const { byStep } = stats;
    deepStrictEqual([...byStep!.samplesTotal], total, `${query} at ${at}: total by step`);
    deepStrictEqual([...byStep!.samplesRead], read, `${query} at ${at}: read by step`);
    const sums = { samplesTotal: sumOf(total), samplesRead: sumOf(read) };
    for (const each of [stats, await statsOf(plain, query, at), await statsOf(engine, query, at, false)]) {
      const { samplesTotal, samplesRead } = each;
      deepStrictEqual({ samplesTotal, samplesRead }, sums, `${query} at ${at}`);
    }
  }
});

Deno.test("nothing is counted by step where the feature is off or nobody asks", async () => {
  strictEqual((await statsOf(engineOver(loaded()), "one", FOUR, false)).byStep, undefined);
  strictEqual((await statsOf(engineOver(loaded(), false), "one", FOUR, true)).byStep, undefined);
});

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

Deno.test("a step of any range query counts what it counts as a query of its own", async () => {
  const source = new MemorySource();
  for (const { labels, tMs, values } of differentialData(createRng(11))) source.add(labels, tMs, values);
  const engine = engineOver(source);
  const plain = engineOver(source, false);
  let compared = 0;
  for (let index = 0; index < 300; index++) {
    const draw = createDraw(createRng(3_000_000 + index));
    const { node } = queryOf(3, 5_000 + index);
    const query = render(node, "narthex");
    // Of `@ end()` each instant has its own; a vector is what both kinds of query answer.
    if (node.type !== "vector" || /@ (start|end)/.test(query)) continue;
    const startMs = START_MS + draw.below(END_MS - START_MS - 1_000_000) + 500;
    const stepMs = draw.of([15_000, 60_000, 300_000, 700_000]);
    const range = { startMs, endMs: startMs + 3 * stepMs, stepMs };
    try {
      const { stats } = await engine.range(query, range, { countsSteps: true });
      const { samplesTotal, samplesRead } = stats.byStep!;
      strictEqual(sumOf([...samplesTotal]), stats.samplesTotal, query);
      strictEqual(sumOf([...samplesRead]), stats.samplesRead, query);
      const bare = (await plain.range(query, range)).stats;
      deepStrictEqual([bare.samplesTotal, bare.samplesRead], [stats.samplesTotal, stats.samplesRead], query);
      for (let s = 0; s < samplesTotal.length; s++) {
        const instant = await engine.instant(query, startMs + s * stepMs);
        strictEqual(samplesTotal[s], instant.stats.samplesTotal, `step ${s} of ${query}`);
        ok(samplesRead[s]! <= instant.stats.samplesRead, `step ${s} of ${query}`);
        if (s === 0) strictEqual(samplesRead[s], instant.stats.samplesRead, query);
      }
      if (stats.samplesTotal > 0) compared++;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
    }
  }
  ok(compared > 60, `only ${compared} queries read anything`);
});
