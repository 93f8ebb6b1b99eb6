/**
 * A planned query must answer what the query as written answers: values to the bit, errors and remarks to the letter,
 * and the samples that it counts, but for those that a passed-on matcher leaves unread.
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { createRng } from "../../lib/core/rng.ts";
import { UserError } from "../../lib/core/errors.ts";
import { labelsKey } from "../../lib/model/labels.ts";
import { createEngine } from "../../lib/promql/engine.ts";
import { ALL_PARSE_OPTIONS } from "../../lib/promql/parse.ts";
import { ALL_REWRITES, NO_REWRITES, type PlanRewrites } from "../../lib/promql/plan/plan.ts";
import type { QueryEngine, QueryResult } from "../../lib/promql/result.ts";
import { MemorySource } from "../../lib/promql/script/memory_source.ts";
import { differentialData, END_MS, START_MS } from "./differential/data.ts";
import { createDraw, type Draw } from "./differential/draw.ts";
import { expr, render } from "./differential/expression.ts";
import { createGenerator } from "./differential/generate.ts";
import { queryOf } from "./differential/run.ts";
import { TestPorts } from "./ports.ts";

function sourceOf(seed: number): MemorySource {
  const source = new MemorySource();
  for (const { labels, tMs, values } of differentialData(createRng(seed))) source.add(labels, tMs, values);
  return source;
}

function engineOver(
  source: MemorySource,
  rewrites: PlanRewrites,
  { samplesMax = 50_000_000, delayedNameRemoval = false } = {},
): QueryEngine {
  const ports = new TestPorts();
  return createEngine({
    source,
    clock: ports.clock,
    yieldToLoop: ports.yieldToLoop,
    lookbackMs: 300_000,
    samplesMax,
    timeoutMs: 60_000,
    noStepSubqueryIntervalMs: 60_000,
    parseOptions: ALL_PARSE_OPTIONS,
    delayedNameRemoval,
    rewrites,
  });
}

interface When {
  readonly startMs: number;
  readonly endMs: number;
  /** 0: an instant query. */
  readonly stepMs: number;
}

interface Answer {
  readonly text: string;
  readonly remarks: readonly string[];
  readonly samplesRead: number;
  readonly samplesTotal: number;
}

/** The sign of a computed NaN is the machine's affair: it changes when code is compiled anew, and nobody sees it. */
const NEGATIVE_NAN = 0xfff8000000000000n;
const POSITIVE_NAN = 0x7ff8000000000000n;

function bitsOf(values: Float64Array): string {
  const bits = [...new BigUint64Array(values.slice().buffer)];
  return bits.map((cell) => cell === NEGATIVE_NAN ? POSITIVE_NAN : cell).join(" ");
}

/** Everything that a client sees. Of a vector the order too, unless it is none that was asked for. */
function textOf({ value }: QueryResult): string {
  switch (value.kind) {
    case "scalar":
      return String(value.value);
    case "string":
      return value.value;
    case "matrix":
      return value.series.map(({ labels, tMs, values }) =>
        `${labelsKey(labels)} ${tMs.join(" ")} ${bitsOf(values)}`
      ).join("\n");
    case "vector":
      return value.labels.map((labels, i) =>
        `${labelsKey(labels)} ${bitsOf(value.values.subarray(i, i + 1))}`
      )
        .sort().join("\n");
  }
}

async function answerOf(engine: QueryEngine, query: string, when: When): Promise<Answer> {
  try {
    const result = when.stepMs === 0
      ? await engine.instant(query, when.startMs)
      : await engine.range(query, when);
    const remarks = [...result.warnings, ...result.infos].sort();
    const { samplesRead, samplesTotal } = result.stats;
    return { text: textOf(result), remarks, samplesRead, samplesTotal };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { text: `${error.code}: ${error.message}`, remarks: [], samplesRead: 0, samplesTotal: 0 };
  }
}

const MATCHED = ["instance", "job", "zone", "code", "a", "b"];
const SIDES = [
  'small_total{instance="a:1"}',
  'small_total{code=~"4..|500"}',
  "small_total",
  'big_total{job="api"}',
  "big_total",
  'host_info{zone="east"}',
  "host_info",
  'level{job="api",instance=~"[ab]:.*"}',
  "level",
  "heat",
  'left{a="x"}',
  "left",
  'right{b!="2"}',
  "right",
  'one{a=~"[xy]"}',
];

/** Queries whose parts repeat, and whose sides restrict each other: what the rewrites are about. */
function planned(draw: Draw): string {
  const side = (): string => {
    const selector = draw.of(SIDES);
    return draw.weighted<() => string>([
      [6, () => selector],
      [2, () => `rate(${selector}[5m])`],
      [2, () => `max_over_time(${selector}[10m])`],
      [1, () => `max_over_time(${selector}[10m:1m])`],
      [1, () => `-${selector}`],
      [1, () => `abs(${selector})`],
      [2, () => `${selector} * 2`],
      [1, () => `topk by (${draw.of(MATCHED)}) (2, ${selector})`],
      [4, () => `${draw.of(["sum", "max", "count"])} by (${draw.some(MATCHED, 35)}) (${selector})`],
      [2, () => `sum without (${draw.some(MATCHED, 25)}) (${selector})`],
      [1, () => `${selector} offset 5m`],
      [1, () => `label_replace(${selector}, "job", "api", "job", ".*")`],
      [1, () => `quantile by (${draw.some(MATCHED, 35)}) (1 - 0.1, ${selector})`],
    ])();
  };
  const matching = (): string => {
    const clause = draw.of([
      "",
      ` on (${draw.some(MATCHED, 35)})`,
      ` on (${draw.some(MATCHED, 35)})`,
      ` ignoring (${draw.some(MATCHED, 25)})`,
    ]);
    if (clause === "" || draw.chance(50)) return clause;
    return `${clause} group_${draw.of(["left", "right"])} ()`;
  };
  const joined = (left: string, right: string): string => {
    if (draw.chance(30)) {
      const clause = draw.chance(50) ? "" : ` on (${draw.some(MATCHED, 35)})`;
      return `(${left}) ${draw.of(["and", "or", "unless"])}${clause} (${right})`;
    }
    const fill = draw.chance(5) ? " fill (0)" : "";
    return `(${left}) ${draw.of(["+", "/", "-", "> bool", "=="])}${matching()}${fill} (${right})`;
  };
  const a = side();
  const b = side();
  const inner = joined(a, b);
  return draw.weighted<() => string>([
    [6, () => inner],
    [2, () => joined(inner, side())],
    [2, () => joined(side(), inner)],
    [2, () => `(${a}) / (${a} + ${a})`],
    [2, () => joined(inner, a)],
    [2, () => joined(inner, inner)],
    [1, () => `sum(${inner}) / count(${inner})`],
    [1, () => `max_over_time((${inner})[10m:1m]) - min_over_time((${inner})[10m:1m])`],
    [1, () => `(${a} @ end()) - on (instance, job, code) group_left () (${a} @ end())`],
    [1, () => `stddev(${a}) + stddev(${a})`],
  ])();
}

function whenOf(draw: Draw): When {
  const startMs = START_MS + draw.below(END_MS - START_MS - 600_000) + 500;
  if (draw.chance(40)) return { startMs, endMs: startMs, stepMs: 0 };
  return { startMs, endMs: startMs + 1_200_000, stepMs: draw.of([15_000, 60_000, 300_000]) };
}

interface Case {
  readonly query: string;
  readonly when: When;
}

function plannedCase(index: number): Case {
  const draw = createDraw(createRng(7_000_000 + index));
  return { query: planned(draw), when: whenOf(draw) };
}

/** From the generator that real Prometheus servers are asked with, next to itself, so that its parts repeat. */
function generatedCase(index: number): Case {
  const draw = createDraw(createRng(9_000_000 + index));
  const generator = createGenerator(draw);
  const { node } = queryOf(3, index);
  const twice = draw.chance(50) && node.type === "vector"
    ? expr("vector", "twice", "(", node, ") + (", draw.chance(60) ? node : generator.vector(2), ")")
    : node;
  return { query: render(twice, "narthex"), when: whenOf(draw) };
}

async function comparePlanned(cases: readonly Case[], options = {}): Promise<number> {
  const source = sourceOf(5);
  const asWritten = engineOver(source, NO_REWRITES, options);
  const rewritten = engineOver(source, ALL_REWRITES, options);
  const shared = engineOver(source, { ...ALL_REWRITES, matchers: false }, options);
  let answered = 0;
  for (const { query, when } of cases) {
    const wanted = await answerOf(asWritten, query, when);
    const got = await answerOf(rewritten, query, when);
    const about = `${query} at ${JSON.stringify(when)}`;
    deepStrictEqual(got.text, wanted.text, about);
    deepStrictEqual(got.remarks, wanted.remarks, about);
    ok(got.samplesRead <= wanted.samplesRead, about);
    ok(got.samplesTotal <= wanted.samplesTotal, about);
    deepStrictEqual(await answerOf(shared, query, when), wanted, about);
    if (wanted.text.includes("\n")) answered++;
  }
  return answered;
}

const RUNS = 800;

Deno.test("a planned query answers as it does unplanned: joins and repeated parts", async () => {
  const answered = await comparePlanned(Array.from({ length: RUNS }, (_, i) => plannedCase(i)));
  ok(answered > RUNS / 5, `only ${answered} had several series`);
});

Deno.test("a planned query answers as it does unplanned: any query", async () => {
  const answered = await comparePlanned(Array.from({ length: RUNS }, (_, i) => generatedCase(i)));
  ok(answered > RUNS / 5, `only ${answered} had several series`);
});

Deno.test("a planned query answers as it does unplanned where names go at the end of the query", async () => {
  const cases = Array.from(
    { length: RUNS / 4 },
    (_, i) => [plannedCase(50_000 + i), generatedCase(50_000 + i)],
  );
  await comparePlanned(cases.flat(), { delayedNameRemoval: true });
});

Deno.test("what is kept for later readers never makes a query hold too many samples", async () => {
  const source = sourceOf(5);
  let refused = 0;
  for (let i = 0; i < RUNS; i++) {
    const { query, when } = plannedCase(i);
    const samplesMax = [20, 100, 500, 2_000][i % 4]!;
    const wanted = await answerOf(engineOver(source, NO_REWRITES, { samplesMax }), query, when);
    const shared = engineOver(source, { ...NO_REWRITES, sharing: true }, { samplesMax });
    const got = await answerOf(shared, query, when);
    if (wanted.text.includes("too many samples")) refused++; // what is not computed again may have room
    else deepStrictEqual(got, wanted, `${query} at ${JSON.stringify(when)}`);
  }
  ok(refused > RUNS / 10 && refused < RUNS * 0.9, `${refused} were refused`);
});
