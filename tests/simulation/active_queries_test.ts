/** What a start says about the queries that a crash of the process ended, in the simulation. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { SimKv } from "../../lib/actor/sim_kv.ts";
import { createSimulation, type Simulated } from "../../lib/actor/simulation.ts";
import type { Log, LogFields } from "../../lib/core/ports.ts";
import type { QueryResult } from "../../lib/promql/result.ts";
import { NOTED_LENGTH_MAX } from "../../actors/active_queries.ts";
import type { QueryGateCommand } from "../../actors/protocol/query_gate.ts";
import { NOTE_AFTER_MS, queryGateBehavior } from "../../actors/query_gate.ts";

const MESSAGE = "These queries didn't finish in prometheus' last run:";

const RESULT: QueryResult = {
  value: { kind: "scalar", tMs: 0, value: 1 },
  warnings: [],
  infos: [],
  stats: { samplesTotal: 0, samplesRead: 0, samplesPeak: 0, prepareMs: 0, evalMs: 0 },
};

class Life {
  readonly said: LogFields[] = [];
  readonly #sim: Simulated;
  readonly #life: number;
  #gate: Awaited<ReturnType<Life["open"]>> | undefined;

  constructor(life: number, kv: SimKv) {
    this.#life = life;
    this.#sim = createSimulation({ seed: life, kv });
  }

  /** Each query takes as many milliseconds as it says. */
  async open() {
    const log: Log = {
      debug() {},
      info: (message, fields) => void (message === MESSAGE && this.said.push(fields ?? {})),
      warn() {},
      error() {},
      with: () => log,
    };
    const { clock } = this.#sim;
    const behavior = queryGateBehavior({
      path: "/query_gate",
      yieldToLoop: () => Promise.resolve(),
      life: this.#life,
      log,
      concurrencyMax: 10,
      engine: {
        instant: (query) =>
          new Promise((resolve) => {
            clock.at(clock.nowMs() + Number(query.split(" ")[0]), () => resolve(RESULT));
          }),
        range: () => Promise.reject(new Error("only instant queries here")),
      },
    });
    const gate = await this.#sim.spawn("query_gate", behavior);
    this.#gate = gate;
    await this.#sim.runFor(1_000);
    return gate;
  }

  readonly answers: string[] = [];

  ask(query: string): void {
    const command = {
      kind: "run",
      id: query,
      spec: { kind: "instant", query, timeMs: 0 },
      lookbackMs: undefined,
      countsSteps: false,
      deadlineMs: this.#sim.clock.nowMs() + 3_600_000,
    } as const;
    this.#sim.ask<QueryGateCommand, "run">(this.#gate!, command, 3_600_000).then(
      ({ kind }) => this.answers.push(kind),
      () => this.answers.push("lost"),
    );
  }

  run(ms: number): Promise<void> {
    return this.#sim.runFor(ms);
  }

  stop(): Promise<void> {
    return this.#sim.stop();
  }

  crashGate(): void {
    this.#sim.crash("/query_gate");
  }
}

function queriesOf(life: Life): readonly string[][] {
  return life.said.map(({ queries }) =>
    JSON.parse(String(queries)).map(({ query }: { query: string }) => query)
  );
}

async function begun(life: number, kv: SimKv): Promise<Life> {
  const begun = new Life(life, kv);
  await begun.open();
  return begun;
}

Deno.test("queries that a crash has ended are logged at the next start, once", async () => {
  const kv = new SimKv();
  const first = await begun(1, kv);
  deepStrictEqual(first.said, []);
  first.ask("60000 a");
  first.ask("60000 b");
  first.ask("900 ended in time");
  await first.run(2_000);
  first.ask("60000 too young to be known");
  await first.run(NOTE_AFTER_MS / 2);
  // The process is gone here: nobody stops anything.
  const second = await begun(2, kv);
  deepStrictEqual(queriesOf(second), [["60000 a", "60000 b"]]);
  strictEqual(second.said[0]!["component"], "activeQueryTracker");
  const third = await begun(3, kv);
  deepStrictEqual(third.said, []);
});

Deno.test("a stop is no crash, and neither is a gate that came back", async () => {
  const kv = new SimKv();
  const first = await begun(1, kv);
  first.ask("60000 a");
  await first.run(2_000);
  await first.stop();
  const second = await begun(2, kv);
  second.ask("60000 b");
  await second.run(2_000);
  second.crashGate();
  await second.run(5_000);
  deepStrictEqual(second.said, []);
  const third = await begun(3, kv);
  deepStrictEqual(queriesOf(third), [["60000 b"]], "it has not finished");
});

Deno.test("queries that end soon cost no write, and a long text is shortened", async () => {
  const kv = new SimKv();
  const first = await begun(1, kv);
  const before = kv.commits;
  for (let i = 0; i < 100; i++) {
    first.ask(`${NOTE_AFTER_MS - 10} ${i}`);
    await first.run(300);
  }
  strictEqual(kv.commits, before);
  first.ask(`60000 ${"x".repeat(5_000)}`);
  await first.run(1_000);
  const second = await begun(2, kv);
  strictEqual(queriesOf(second)[0]![0]!.length, NOTED_LENGTH_MAX);
});

Deno.test("queries are answered while the journal is in trouble", async () => {
  const kv = new SimKv();
  const life = await begun(1, kv);
  kv.fate = () => "lost";
  life.ask("2000 long");
  await life.run(60_000);
  life.ask("2000 longer");
  await life.run(600_000);
  deepStrictEqual(life.answers, ["answered", "answered"]);
  kv.fate = () => "kept";
  await life.run(60_000);
  life.ask("60000 after it");
  await life.run(2_000);
  deepStrictEqual(queriesOf(await begun(2, kv)).flat().includes("60000 after it"), true);
});
