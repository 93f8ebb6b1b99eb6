/** Limits, manners and results of the engine that scripts cannot show. */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { UserError } from "../../lib/core/errors.ts";
import { compareLabels, formatLabels, labelsFromRecord } from "../../lib/model/labels.ts";
import { createEngine, type EngineOptions } from "../../lib/promql/engine.ts";
import { VECTOR_FUNCTIONS } from "../../lib/promql/functions/table.ts";
import { FUNCTIONS } from "../../lib/promql/functions_table.ts";
import { ALL_PARSE_OPTIONS } from "../../lib/promql/parse.ts";
import { MemorySource } from "../../lib/promql/script/memory_source.ts";
import { TestPorts } from "./ports.ts";

function sourceOf(seriesCount: number, samples: number): MemorySource {
  const source = new MemorySource();
  for (let i = 0; i < seriesCount; i++) {
    const labels = labelsFromRecord({ __name__: i % 2 === 0 ? "even" : "odd", i: String(i) });
    source.add(
      labels,
      Float64Array.from({ length: samples }, (_, row) => row * 1000 + i),
      Float64Array.from({ length: samples }, (_, row) => row + i),
    );
  }
  return source;
}

function engineOver(source: MemorySource, ports: TestPorts, options: Partial<EngineOptions> = {}) {
  return createEngine({
    source,
    clock: ports.clock,
    yieldToLoop: ports.yieldToLoop,
    lookbackMs: 300_000,
    samplesMax: 100_000,
    timeoutMs: 10_000,
    noStepSubqueryIntervalMs: 60_000,
    parseOptions: ALL_PARSE_OPTIONS,
    delayedNameRemoval: false,
    ...options,
  });
}

function failsWith(code: string, message: RegExp) {
  return (error: unknown) => error instanceof UserError && error.code === code && message.test(error.message);
}

const MINUTE = { startMs: 0, endMs: 60_000, stepMs: 1000 };

Deno.test("a query that would hold too many samples is refused", async () => {
  const engine = engineOver(sourceOf(20, 100), new TestPorts(), { samplesMax: 500 });
  await rejects(
    engine.range("even", MINUTE),
    failsWith("execution", /^query processing would load too many samples into memory in query execution$/),
  );
  await rejects(engine.instant("even[100s]", 60_000), failsWith("execution", /too many samples/));
});

Deno.test("an aggregation that folds may read more samples than a query may hold", async () => {
  const engine = engineOver(sourceOf(20, 100), new TestPorts(), { samplesMax: 500 });
  const { value } = await engine.range("sum(even)", MINUTE);
  ok(value.kind === "matrix" && value.series.length === 1);
});

Deno.test("a query ends at its deadline", async () => {
  const ports = new TestPorts();
  ports.tickMs = 100;
  const engine = engineOver(sourceOf(300, 10), ports);
  await rejects(
    engine.range("sum(even)", MINUTE),
    failsWith("timeout", /^query timed out in expression evaluation$/),
  );
  await rejects(engine.range("even", MINUTE, { timeoutMs: 200 }), failsWith("timeout", /timed out/));
});

Deno.test("a query that works for long lets the event loop turn, and stops when cancelled", async () => {
  const ports = new TestPorts();
  ports.tickMs = 5;
  const engine = engineOver(sourceOf(300, 10), ports);
  await engine.range("sum(even)", MINUTE);
  ok(ports.turns >= 40, `${ports.turns} turns`);

  const abort = new AbortController();
  ports.turns = 0;
  ports.onTurn = () => {
    if (ports.turns === 3) abort.abort();
  };
  await rejects(
    engine.range("sum(even)", MINUTE, { signal: abort.signal }),
    failsWith("canceled", /^query was canceled in expression evaluation$/),
  );
  strictEqual(ports.turns, 3);
});

Deno.test("a range query over samples or text is refused", async () => {
  const engine = engineOver(sourceOf(2, 10), new TestPorts());
  await rejects(
    engine.range("even[5m]", MINUTE),
    failsWith(
      "bad_data",
      /^invalid expression type "range vector" for range query, must be Scalar or instant Vector$/,
    ),
  );
  await rejects(engine.range('"text"', MINUTE), failsWith("bad_data", /invalid expression type "string"/));
});

Deno.test("an instant query over a range gives the samples at their own times", async () => {
  const engine = engineOver(sourceOf(2, 10), new TestPorts());
  const { value } = await engine.instant("odd[2s]", 5000);
  ok(value.kind === "matrix");
  strictEqual(value.series.length, 1);
  deepStrictEqual([...value.series[0]!.tMs], [3001, 4001]);
  deepStrictEqual([...value.series[0]!.values], [4, 5]);
});

Deno.test("names go at once, or, when their removal is delayed, at the end", async () => {
  const source = sourceOf(2, 10);
  const query = 'label_replace(rate(even[5s]), "was", "$1", "__name__", "(.*)")';
  const atOnce = await engineOver(source, new TestPorts()).instant(query, 9000);
  const delayed = await engineOver(source, new TestPorts(), { delayedNameRemoval: true }).instant(
    query,
    9000,
  );
  ok(atOnce.value.kind === "vector" && delayed.value.kind === "vector");
  strictEqual(formatLabels(atOnce.value.labels[0]!), '{i="0"}');
  strictEqual(formatLabels(delayed.value.labels[0]!), '{i="0", was="even"}');
});

Deno.test("a scalar and a string are answered as such", async () => {
  const engine = engineOver(sourceOf(0, 0), new TestPorts());
  deepStrictEqual((await engine.instant("1 + 1", 1000)).value, { kind: "scalar", tMs: 1000, value: 2 });
  deepStrictEqual((await engine.instant('"a"', 1000)).value, { kind: "string", tMs: 1000, value: "a" });
});

Deno.test("a query says how many samples it has read and held", async () => {
  const engine = engineOver(sourceOf(2, 100), new TestPorts());
  const { stats } = await engine.instant("sum_over_time(even[50s])", 60_000);
  strictEqual(stats.samplesRead, 50);
  ok(stats.samplesPeak >= 50 && stats.samplesPeak < 100, String(stats.samplesPeak));
});

Deno.test("every function that gives a vector has code", () => {
  const missing = [...FUNCTIONS.values()]
    .filter(({ returnType, name }) => returnType === "vector" && !VECTOR_FUNCTIONS.has(name))
    .map(({ name }) => name);
  deepStrictEqual(missing, []);
});

Deno.test("a range or a step of nothing is refused when only the query's times make it so", async () => {
  const engine = engineOver(sourceOf(2, 10), new TestPorts());
  await rejects(engine.instant("rate(even[step()])", 5000), failsWith("bad_data", /greater than 0/));
  await rejects(
    engine.instant("sum_over_time(even[1m:step()])", 5000),
    failsWith("bad_data", /greater than 0/),
  );
});

Deno.test("a subquery of more steps than a query may hold is refused before it is made", async () => {
  const engine = engineOver(sourceOf(2, 10), new TestPorts());
  await rejects(
    engine.instant("sum_over_time(even[10y:1ms])", 5000),
    failsWith("execution", /too many samples/),
  );
});

Deno.test("trimming floats drops them and says so", async () => {
  const engine = engineOver(sourceOf(2, 10), new TestPorts());
  const { value, infos } = await engine.instant("even </ 3", 5000);
  ok(value.kind === "vector" && value.labels.length === 0);
  strictEqual(infos.length, 1);
});

Deno.test("a window of very many samples does not keep the event loop from turning", async () => {
  const ports = new TestPorts();
  ports.tickMs = 20;
  const engine = engineOver(sourceOf(1, 20_000), ports);
  await engine.range("quantile_over_time(0.5, even[5000s])", {
    startMs: 0,
    endMs: 20_000_000,
    stepMs: 20_000,
  });
  ok(ports.turns >= 4, `${ports.turns} turns`);
});

Deno.test("the series of a range query are ordered by their labels, however many", async () => {
  const engine = engineOver(sourceOf(6000, 3), new TestPorts());
  const { value } = await engine.range('{i=~".+"}', { startMs: 2000, endMs: 9000, stepMs: 1000 });
  ok(value.kind === "matrix");
  strictEqual(value.series.length, 6000);
  for (let i = 1; i < 6000; i++) {
    ok(compareLabels(value.series[i - 1]!.labels, value.series[i]!.labels) < 0);
  }
});

Deno.test("a subquery without a step takes the interval of the configuration as it is now", async () => {
  let intervalMs = 10_000;
  const engine = createEngine({
    source: sourceOf(1, 100),
    clock: new TestPorts().clock,
    yieldToLoop: () => Promise.resolve(),
    lookbackMs: 300_000,
    samplesMax: 100_000,
    timeoutMs: 10_000,
    get noStepSubqueryIntervalMs() {
      return intervalMs;
    },
    parseOptions: ALL_PARSE_OPTIONS,
    delayedNameRemoval: false,
  });
  const countOf = async () => {
    const { value } = await engine.instant("count_over_time(even[60s:])", 60_000);
    return value.kind === "vector" ? value.values[0] : undefined;
  };
  strictEqual(await countOf(), 6);
  intervalMs = 5_000;
  strictEqual(await countOf(), 12);
});
