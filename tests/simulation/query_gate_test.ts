/**
 * The query gate in the simulation: askers that come in storms, go away and run out of time. An engine that counts
 * stands behind it, on the virtual clock.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { createSimulation, type Simulated } from "../../lib/actor/simulation.ts";
import { UserError } from "../../lib/core/errors.ts";
import { createRng, drawBelow } from "../../lib/core/rng.ts";
import type { Rng } from "../../lib/core/ports.ts";
import type { QueryEngine, QueryOptions, QueryResult } from "../../lib/promql/result.ts";
import { queryGateBehavior } from "../../actors/query_gate.ts";
import { QUIET } from "../actors/decider.ts";
import type { QueryGateCommand } from "../../actors/protocol/query_gate.ts";

const CONCURRENCY_MAX = 3;
const QUERIES = 60;
const SEEDS = 20;
/** The gate answers at the deadline, the engine's own end may come at the same moment. */
const LATE_MS_MAX = 1;

class CountingEngine implements QueryEngine {
  running = 0;
  runningMax = 0;
  readonly begun: string[] = [];
  readonly #sim: Simulated;
  readonly #rng: Rng;

  constructor(sim: Simulated, rng: Rng) {
    this.#sim = sim;
    this.#rng = rng;
  }

  async instant(query: string, _timeMs: number, options: QueryOptions = {}): Promise<QueryResult> {
    this.begun.push(query);
    this.runningMax = Math.max(this.runningMax, ++this.running);
    try {
      return await this.#work(options);
    } finally {
      this.running--;
    }
  }

  range(): Promise<QueryResult> {
    return Promise.reject(new Error("only instant queries here"));
  }

  #work({ timeoutMs = Infinity, signal }: QueryOptions): Promise<QueryResult> {
    const { clock } = this.#sim;
    const tookMs = drawBelow(this.#rng, 4_000);
    const fails = drawBelow(this.#rng, 10) === 0;
    return new Promise((resolve, reject) => {
      const end = clock.at(clock.nowMs() + Math.min(tookMs, timeoutMs), () => {
        if (tookMs >= timeoutMs) reject(new UserError("timeout", "query timed out"));
        else if (fails) reject(new TypeError("the engine broke"));
        else resolve({ type: "scalar", value: 1, timeMs: 0 } as unknown as QueryResult);
      });
      signal?.addEventListener("abort", () => {
        end.cancel();
        reject(new UserError("canceled", "query was canceled"));
      }, { once: true });
    });
  }
}

interface Asked {
  readonly id: string;
  readonly deadlineMs: number;
  cancelledMs: number | undefined;
  endedMs: number | undefined;
  end: string;
}

async function storm(seed: number) {
  const sim = createSimulation({ seed });
  const rng = createRng(seed ^ 0x9a7e);
  const engine = new CountingEngine(sim, rng);
  const gate = await sim.spawn(
    "query_gate",
    queryGateBehavior({
      path: "/query_gate",
      yieldToLoop: () => Promise.resolve(),
      engine,
      concurrencyMax: CONCURRENCY_MAX,
      log: QUIET,
      life: 1,
    }),
  );
  const asked: Asked[] = [];
  const startMs = sim.clock.nowMs();
  for (let i = 0; i < QUERIES; i++) {
    sim.clock.at(startMs + drawBelow(rng, 30_000), () => {
      const deadlineMs = sim.clock.nowMs() + 500 + drawBelow(rng, 8_000);
      const query: Asked = { id: `q${i}`, deadlineMs, cancelledMs: undefined, endedMs: undefined, end: "" };
      asked.push(query);
      const spec = { kind: "instant", query: query.id, timeMs: 0 } as const;
      const command = {
        kind: "run",
        id: query.id,
        spec,
        lookbackMs: undefined,
        countsSteps: false,
        deadlineMs,
      } as const;
      sim.ask<QueryGateCommand, "run">(gate, command, 60_000).then((outcome) => {
        query.end = outcome.kind === "failed" ? outcome.code : outcome.kind;
        query.endedMs = sim.clock.nowMs();
      });
      if (drawBelow(rng, 4) > 0) return;
      sim.clock.at(sim.clock.nowMs() + drawBelow(rng, 5_000), () => {
        query.cancelledMs ??= sim.clock.nowMs();
        sim.tell(gate, { kind: "cancel", id: query.id });
      });
    });
  }
  await sim.runFor(60_000);
  return { sim, gate, engine, asked };
}

Deno.test(`the query gate keeps its promises in ${SEEDS} storms`, async () => {
  const ends = new Map<string, number>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { sim, gate, engine, asked } = await storm(seed);
    strictEqual(engine.runningMax, CONCURRENCY_MAX, `seed ${seed}: all slots were used, and no more`);
    for (const { id, deadlineMs, cancelledMs, endedMs, end } of asked) {
      ok(endedMs !== undefined, `seed ${seed}: ${id} was never answered`);
      ok(endedMs <= deadlineMs + LATE_MS_MAX, `seed ${seed}: ${id} was answered after its deadline`);
      if (cancelledMs !== undefined && cancelledMs < endedMs) {
        throw new Error(`seed ${seed}: ${id} was answered ${endedMs - cancelledMs}ms after it was cancelled`);
      }
      ends.set(end, (ends.get(end) ?? 0) + 1);
    }
    // Who begins has asked before everybody who begins later.
    const order = new Map(asked.map(({ id }, index) => [id, index]));
    const begun = engine.begun.map((id) => order.get(id)!);
    deepStrictEqual(begun, begun.toSorted((a, b) => a - b), `seed ${seed}: queries began out of order`);
    const status = await sim.settle(sim.ask<QueryGateCommand, "describe">(gate, { kind: "describe" }, 1_000));
    deepStrictEqual(status, { running: [], queued: 0, concurrencyMax: CONCURRENCY_MAX }, `seed ${seed}`);
    strictEqual(engine.running, 0);
    await sim.stop();
  }
  for (const end of ["answered", "canceled", "timeout", "internal"]) ok((ends.get(end) ?? 0) > 10, end);
});

Deno.test("equal seeds give equal storms", async () => {
  const [first, second] = [await storm(3), await storm(3)];
  deepStrictEqual(first.asked, second.asked);
  strictEqual(first.sim.trace.join("\n"), second.sim.trace.join("\n"));
});
