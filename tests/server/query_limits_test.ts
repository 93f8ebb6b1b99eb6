/**
 * Limits of queries as an HTTP client meets them: handler, query client, gate and engine together, on a virtual clock
 * over a store that is as slow as a test wants.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { createSimulation } from "../../lib/actor/simulation.ts";
import { createEngine } from "../../lib/promql/engine.ts";
import type { ColumnGroup, SelectRequest, SeriesSource } from "../../lib/storage/source.ts";
import { queryGateBehavior } from "../../actors/query_gate.ts";
import { createQueryClient } from "../../server/query_client.ts";
import { QUIET } from "../actors/decider.ts";
import { FakeSource, worldOf } from "../http/fixtures.ts";

const UP = ["__name__", "up", "job"];
const LABELS = ["a", "b", "c"].map((job) => [...UP, job]);

class SlowSource extends FakeSource {
  selecting = 0;
  selectingMax = 0;
  constructor(readonly wait: (request: SelectRequest) => Promise<void>) {
    super();
  }

  override async *select(request: SelectRequest): AsyncIterable<ColumnGroup> {
    this.selectingMax = Math.max(this.selectingMax, ++this.selecting);
    try {
      await this.wait(request);
      yield* super.select(request);
    } finally {
      this.selecting--;
    }
  }
}

interface Limits {
  readonly concurrencyMax?: number;
  readonly timeoutMs?: number;
  readonly tookMs?: number;
  readonly samplesMax?: number;
}

async function serverOf(
  { concurrencyMax = 20, timeoutMs = 120_000, tookMs = 0, samplesMax = 50_000_000 }: Limits,
) {
  const sim = createSimulation({ seed: 7 });
  const source = new SlowSource(() => tookMs === 0 ? Promise.resolve() : sim.clock.delay(tookMs));
  const nowMs = sim.clock.nowMs();
  // A sample a minute ago, in three series.
  source.groups = [{
    tMs: Float64Array.of(nowMs - 60_000),
    series: LABELS,
    columns: [1, 2, 3].map((value) => Float64Array.of(value)),
    gaps: [false, false, false],
  }];
  const engine = createEngine({
    source: source satisfies SeriesSource,
    clock: sim.clock,
    yieldToLoop: () => Promise.resolve(),
    lookbackMs: 300_000,
    samplesMax,
    timeoutMs,
    noStepSubqueryIntervalMs: 60_000,
    parseOptions: {},
    delayedNameRemoval: false,
  });
  const gate = await sim.spawn(
    "query_gate",
    queryGateBehavior({
      path: "/query_gate",
      yieldToLoop: () => Promise.resolve(),
      engine,
      concurrencyMax,
      log: QUIET,
      life: 1,
    }),
  );
  const client = createQueryClient({ system: sim, gate, clock: sim.clock, timeoutMs });
  const world = worldOf((deps) => ({ ...deps, clock: sim.clock, engine: client }));
  const ask = async (params: Record<string, string>, path = "query") => {
    const response = await world.get(`/api/v1/${path}?${new URLSearchParams({ query: "up", ...params })}`);
    return { ...JSON.parse(await response.text()), status: response.status };
  };
  return { sim, source, nowMs, ask };
}

Deno.test("a query that takes too long is answered 503 in Prometheus's words", async () => {
  const { sim, ask } = await serverOf({ tookMs: 10_000, timeoutMs: 3_000 });
  const { status, errorType, error } = await sim.settle(ask({}));
  deepStrictEqual([status, errorType, error], [503, "timeout", "query timed out in expression evaluation"]);
});

Deno.test("a client may ask for less time than the server allows, but not for more", async () => {
  const { sim, nowMs, ask } = await serverOf({ tookMs: 5_000, timeoutMs: 8_000 });
  strictEqual((await sim.settle(ask({ timeout: "2s", time: String(nowMs / 1000) }))).status, 503);
  strictEqual((await sim.settle(ask({ timeout: "6", time: String(nowMs / 1000) }))).status, 200);
  for (const timeout of ["0", "-5"]) {
    const { status, error } = await sim.settle(ask({ timeout, time: String(nowMs / 1000) }));
    deepStrictEqual([status, error], [503, "query timed out in query queue"]);
  }
  const short = await serverOf({ tookMs: 5_000, timeoutMs: 2_000 });
  strictEqual((await short.sim.settle(short.ask({ timeout: "1h" }))).status, 503);
});

Deno.test("queries beyond the most at once wait their turn, and the answer says how long", async () => {
  const { sim, source, ask } = await serverOf({ concurrencyMax: 2, tookMs: 1_000 });
  const answers = await sim.settle(Promise.all(Array.from({ length: 6 }, () => ask({ stats: "all" }))));
  deepStrictEqual(answers.map(({ status }) => status), Array(6).fill(200));
  strictEqual(source.selectingMax, 2);
  const queued = answers.map(({ data }) => data.stats.timings.execQueueTime);
  deepStrictEqual(queued.map((seconds) => Math.round(seconds)), [0, 0, 1, 1, 2, 2]);
  for (const { data } of answers) {
    const { execTotalTime, execQueueTime, evalTotalTime } = data.stats.timings;
    ok(execTotalTime >= execQueueTime + evalTotalTime - 1e-6);
  }
});

Deno.test("a query whose time ends while it waits is answered 503, and says that it was the queue", async () => {
  const { sim, ask } = await serverOf({ concurrencyMax: 1, tookMs: 10_000 });
  const first = ask({});
  const { status, errorType, error } = await sim.settle(ask({ timeout: "3s" }));
  deepStrictEqual([status, errorType, error], [503, "timeout", "query timed out in query queue"]);
  strictEqual((await sim.settle(first)).status, 200);
});

Deno.test("a query that would hold too many samples is answered 422", async () => {
  const { sim, nowMs, ask } = await serverOf({ samplesMax: 2 });
  const { status, errorType, error } = await sim.settle(ask({ time: String(nowMs / 1000) }));
  deepStrictEqual([status, errorType, error], [
    422,
    "execution",
    "query processing would load too many samples into memory in query execution",
  ]);
});

Deno.test("lookback_delta replaces the server's own, open on its left", async () => {
  const { sim, nowMs, ask } = await serverOf({});
  const found = async (afterMs: number, lookback?: string, range = false) => {
    const at = String((nowMs - 60_000 + afterMs) / 1000);
    const times: Record<string, string> = range ? { start: at, end: at, step: "1" } : { time: at };
    const { data } = await sim.settle(
      ask(
        { ...times, ...(lookback === undefined ? {} : { lookback_delta: lookback }) },
        range ? "query_range" : "query",
      ),
    );
    return data.result.length;
  };
  for (const range of [false, true]) {
    deepStrictEqual(
      [await found(299_999, undefined, range), await found(300_000, undefined, range)],
      [3, 0],
    );
    deepStrictEqual([await found(9_999, "10s", range), await found(10_000, "10s", range)], [3, 0]);
    deepStrictEqual([await found(9_999, "10", range), await found(10_000, "10", range)], [3, 0]);
    strictEqual(await found(599_999, "10m", range), 3);
  }
});

Deno.test("limit cuts vectors and matrices and says so, scalars and strings stay whole", async () => {
  const { sim, nowMs, ask } = await serverOf({});
  const at = String(nowMs / 1000);
  const cut = await sim.settle(ask({ time: at, limit: "2" }));
  deepStrictEqual([cut.data.result.length, cut.warnings], [2, ["results truncated due to limit"]]);
  const range = await sim.settle(ask({ start: at, end: at, step: "1", limit: "1" }, "query_range"));
  deepStrictEqual([range.data.result.length, range.warnings], [1, ["results truncated due to limit"]]);
  for (const limit of ["0", "3"]) {
    const whole = await sim.settle(ask({ time: at, limit }));
    deepStrictEqual([whole.data.result.length, whole.warnings], [3, undefined]);
  }
  for (const query of ["1", '"text"']) {
    const { status, warnings } = await sim.settle(ask({ query, limit: "1" }));
    deepStrictEqual([status, warnings], [200, undefined]);
  }
});
