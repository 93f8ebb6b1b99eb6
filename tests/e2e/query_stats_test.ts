import assert from "node:assert/strict";
import { createRng } from "../../lib/core/rng.ts";
import { ALL_PARSE_OPTIONS, parseExpr } from "../../lib/promql/parse.ts";
import { ParseError } from "../../lib/promql/parse_error.ts";
import { planOf } from "../../lib/promql/plan/plan.ts";
import { printExpr } from "../../lib/promql/printer.ts";
import type { Pair } from "../promql/differential/ask.ts";
import { SPAN_MS, START_MS } from "../promql/differential/data.ts";
import { createDraw } from "../promql/differential/draw.ts";
import { render } from "../promql/differential/expression.ts";
import { queryOf } from "../promql/differential/run.ts";
import { withServers } from "../promql/differential/servers.ts";
import { hasPeer } from "./processes.ts";

const SEED = 11;
const missing = !hasPeer("prometheus");

/** What versions 2 and 3 count alike. No window's edge meets a sample or a step of a subquery. */
const QUERIES = [
  "1",
  "small_total",
  "sum by (job) (small_total)",
  "small_total offset 7m",
  "timestamp(small_total)",
  "rate(small_total[5m])",
  "max_over_time(level[7m]) - min_over_time(level[7m])",
  "sum(rate(small_total[5m])) / count(rate(small_total[5m]))",
  "absent_over_time(level[2m])",
  "count_over_time(heat[1m])",
  "max_over_time(rate(small_total[5m])[10m:1m])",
  "sum_over_time(level[10m:45s] offset 3m)",
  "avg_over_time(max_over_time(level[2m:30s])[5m:1m])",
  "level @ 1700003000.5",
  "sum(rate(small_total[5m] @ 1700003000.5))",
  "sum_over_time(level[10m:45s] @ 1700003000.5)",
  "level + on () group_left () vector(1)",
  "topk(2, level) or small_total",
  'label_replace(level, "a", "$1", "job", "(.*)")',
  "level[5m]",
  "level[10m:45s]",
  "rate(small_total[5m])[10m:45s]",
];

const GENERATED = 400;

interface Samples {
  readonly totalQueryableSamples: number;
  readonly totalQueryableSamplesPerStep?: readonly (readonly [number, number])[];
}

interface Counted {
  readonly samples: Samples;
  readonly status: string;
}

async function counted(
  url: string,
  query: string,
  times: Readonly<Record<string, number>>,
): Promise<Counted> {
  const texts = Object.entries(times).map(([name, value]) => [name, String(value)]);
  const body = new URLSearchParams([["query", query], ["stats", "all"], ...texts]);
  const path = times.step === undefined ? "query" : "query_range";
  const { status, data } = await (await fetch(`${url}/api/v1/${path}`, { method: "POST", body })).json();
  return { status, samples: data?.stats?.samples };
}

/** Whether both answered; else there is nothing to compare. */
async function countAlike(
  { prometheusUrl, narthexUrl }: Pair,
  query: string,
  times: Readonly<Record<string, number>>,
  theirQuery = query,
): Promise<boolean> {
  const [theirs, ours] = await Promise.all([
    counted(prometheusUrl, theirQuery, times),
    counted(narthexUrl, query, times),
  ]);
  if (theirs.status !== "success" || ours.status !== "success") return false;
  const about = `${query} at ${JSON.stringify(times)}`;
  const pick = (
    { samples }: Counted,
  ) => [samples.totalQueryableSamples, samples.totalQueryableSamplesPerStep];
  assert.deepEqual(pick(ours), pick(theirs), about);
  assert.ok(ours.samples.totalQueryableSamplesPerStep!.length > 0, about);
  return true;
}

const NOW_S = START_MS / 1000 + 3_333.5;
const RANGES = [
  { start: NOW_S, end: NOW_S + 600, step: 60 },
  { start: NOW_S, end: NOW_S + 47, step: 5 },
  { start: NOW_S - 2_000, end: NOW_S + 1_000, step: 900 },
];

Deno.test({
  name: "stats=all counts samples as Prometheus does, step by step" +
    (missing ? " (skipped: prometheus is not installed)" : ""),
  ignore: missing,
  fn: () =>
    withServers(SEED, async (pair) => {
      for (const query of QUERIES) {
        assert.ok(await countAlike(pair, query, { time: NOW_S }), query);
        if (/\]$/.test(query)) continue;
        for (const range of RANGES) assert.ok(await countAlike(pair, query, range), query);
      }
      let compared = 0;
      for (let index = 0; index < GENERATED; index++) {
        const draw = createDraw(createRng(5_000_000 + index));
        const { node } = queryOf(SEED, index);
        const query = render(node, "narthex");
        const start = (START_MS + draw.below(SPAN_MS)) / 1000;
        const step = draw.of([15, 61, 307]);
        const times = { start, end: start + 4 * step, step };
        if (!isRunAsWritten(query)) continue;
        if (await countAlike(pair, query, times, render(node, "prometheus"))) compared++;
      }
      assert.ok(compared > GENERATED / 2, `only ${compared} queries were answered by both`);
    }, ["--enable-feature=promql-per-step-stats"]),
});

/** Else a matcher is passed to the other side of a join, and series are left unread; or it does not parse. */
function isRunAsWritten(query: string): boolean {
  try {
    const expr = parseExpr(query, ALL_PARSE_OPTIONS);
    return printExpr(planOf(expr).expr) === printExpr(expr);
  } catch (error) {
    if (error instanceof ParseError) return false;
    throw error;
  }
}
