import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { KvJournal } from "../../lib/actor/kv_journal.ts";
import { TURN_COMMANDS_MAX } from "../../lib/actor/options.ts";
import { SimClock } from "../../lib/actor/sim_clock.ts";
import { SimKv } from "../../lib/actor/sim_kv.ts";
import { SimLog } from "../../lib/actor/sim_log.ts";
import { createSystem } from "../../lib/actor/system.ts";
import { createSimulation } from "../../lib/actor/simulation.ts";
import type { ActorRef, Behavior } from "../../lib/actor/types.ts";
import {
  askGet,
  counter,
  type CounterCommand,
  noted,
  parent,
  type PingCommand,
  player,
  refOf,
  wish,
} from "./fixtures.ts";

Deno.test("a counter counts, and answers what it was asked", async () => {
  const sim = createSimulation({ seed: 1 });
  const ref = await sim.spawn("c", counter());
  sim.tell(ref, { kind: "add", amount: 2 });
  sim.tell(ref, { kind: "add", amount: 3 });
  strictEqual(await sim.settle(sim.ask(ref, { kind: "get" }, 1000)), 5);
  const [kind] = sim.stats().kinds;
  deepStrictEqual(kind, {
    kind: "counter",
    mailboxDepth: 0,
    actors: 1,
    commands: 3,
    restarts: 0,
    refused: 0,
  });
  await sim.stop();
});

async function traceOf(seed: number): Promise<readonly string[]> {
  const sim = createSimulation({ seed });
  const names = ["a", "b", "c", "d", "e"];
  for (const [id, name] of names.entries()) await sim.spawn(name, player(names, id));
  for (const name of names) sim.tell(refOf<PingCommand>(`/${name}`), { kind: "start" });
  await sim.runFor(100);
  await sim.stop();
  return sim.trace;
}

Deno.test("equal seeds give equal traces, and different seeds different ones", async () => {
  const first = await traceOf(7);
  ok(first.length > 100);
  deepStrictEqual(await traceOf(7), first);
  const others = await Promise.all([8, 9, 10].map(traceOf));
  for (const other of others) ok(other.join("\n") !== first.join("\n"));
});

Deno.test("an ask times out on the virtual clock", async () => {
  const sim = createSimulation({ seed: 1 });
  const ref = await sim.spawn("c", counter());
  const startMs = sim.clock.nowMs();
  await rejects(sim.settle(sim.ask(ref, { kind: "ignore" }, 5_000)), { name: "UserError", code: "timeout" });
  strictEqual(sim.clock.nowMs() - startMs, 5_000);
  await sim.stop();
});

Deno.test("an answer that comes after its deadline is a dead letter", async () => {
  const sim = createSimulation({ seed: 1 });
  const ref = await sim.spawn("c", counter({ persistence: "behind" }));
  sim.kv.latencyMs = () => 1_000;
  await rejects(sim.settle(sim.ask(ref, { kind: "addKept", amount: 1 }, 100)), { code: "timeout" });
  strictEqual(sim.stats().deadLetters, 0);
  await sim.runFor(10_000);
  deepStrictEqual(sim.stats().latestDeadLetters.map(({ kind, reason }) => `${kind}: ${reason}`), [
    "reply: late or repeated reply",
  ]);
  await sim.stop();
});

Deno.test("a flood of commands yields to the event loop between turns, and to other actors within them", async () => {
  const clock = new SimClock(0);
  const turns: (() => void)[] = [];
  const journal = new KvJournal({ kv: new SimKv() });
  const schedule = { soon: (run: () => void) => void turns.push(run) };
  const system = createSystem({ clock, log: new SimLog(clock), journal, schedule });
  const order: string[] = [];
  const talker = (name: string): Behavior<null, { readonly kind: "again" }, never> => ({
    name: "talker",
    initial: () => null,
    decide: () => {
      order.push(name);
      return {
        events: [],
        effects: [{ kind: "tell", to: refOf<never>(`/${name}`), command: { kind: "again" } }],
      };
    },
    evolve: (state) => state,
    resume: () => [],
    persistence: { kind: "none" },
    supervision: counter().supervision,
  });
  for (const name of ["a", "b"]) system.tell(await system.spawn(name, talker(name)), { kind: "again" });
  for (let turn = 1; turn <= 10; turn++) {
    strictEqual(turns.length, 1);
    turns.shift()!();
    ok(order.length <= turn * TURN_COMMANDS_MAX);
  }
  const mine = order.filter((name) => name === "a").length;
  ok(Math.abs(mine * 2 - order.length) <= 64, `${mine} of ${order.length}`);
});

Deno.test("asking nobody, and asking an actor that ends, is unavailable", async () => {
  const sim = createSimulation({ seed: 1 });
  await rejects(sim.settle(sim.ask(refOf<CounterCommand>("/none"), { kind: "get" }, 1000)), {
    code: "unavailable",
    message: /no such actor/,
  });
  const top = await sim.spawn("p", parent([["c", counter()]]));
  const question = sim.ask(refOf<CounterCommand>("/p/c"), { kind: "ignore" }, 60_000);
  await sim.runFor(1);
  sim.tell(top, wish({ kind: "stop", name: "c" }));
  await rejects(sim.settle(question), { code: "unavailable", message: /stop/ });
  strictEqual(sim.stats().deadLetters, 1);
  await sim.stop();
});

Deno.test("an actor's question comes back as a command of its own, answered or failed", async () => {
  const sim = createSimulation({ seed: 1 });
  const log: string[] = [];
  const top = await sim.spawn("p", parent([], { log }));
  const ref = await sim.spawn("c", counter());
  sim.tell(ref, { kind: "add", amount: 4 });
  await sim.runFor(1);
  sim.tell(top, wish(askGet(ref, 100), askGet(refOf("/none"), 100)));
  await sim.runFor(10);
  strictEqual(log.length, 2);
  ok(log.includes("answered 4"));
  match(log.find((line) => line.startsWith("failed"))!, /no such actor/);
  await sim.stop();
});

Deno.test("a full mailbox refuses and counts dead letters, while a stop still passes", async () => {
  const sim = createSimulation({ seed: 1 });
  const top = await sim.spawn("p", parent([["c", counter({ mailboxCapacity: 3 })]]));
  await sim.runFor(1);
  const ref = refOf<CounterCommand>("/p/c");
  sim.tell(top, wish({ kind: "stop", name: "c" }));
  const outcomes = Array.from({ length: 5 }, () => sim.tell(ref, { kind: "add", amount: 1 }));
  deepStrictEqual(outcomes, ["queued", "queued", "queued", "refused", "refused"]);
  await rejects(sim.settle(sim.ask(ref, { kind: "get" }, 10)), { code: "unavailable", message: /refused/ });
  const stats = sim.stats();
  strictEqual(stats.deadLetters, 3);
  strictEqual(stats.kinds.find(({ kind }) => kind === "counter")?.refused, 3);
  deepStrictEqual(stats.latestDeadLetters.map(({ kind, reason }) => `${kind} ${reason}`), [
    "add refused",
    "add refused",
    "get refused",
  ]);
  await sim.runFor(10);
  strictEqual(sim.tell(ref, { kind: "add", amount: 1 }), "refused");
  strictEqual(sim.stats().latestDeadLetters.at(-1)?.reason, "no such actor");
  await sim.stop();
});

Deno.test("a timer fires at its time, one of the same key replaces it, and a cancelled one is silent", async () => {
  const sim = createSimulation({ seed: 1, startMs: 0 });
  const log: string[] = [];
  const top = await sim.spawn("p", parent([], { log }));
  const timer = (key: string, atMs: number, as = key) =>
    ({ kind: "timer", key, atMs, command: { kind: "ticked", key: as } }) as const;
  sim.tell(
    top,
    wish(
      timer("a", 50),
      timer("b", 20),
      timer("a", 30, "a again"),
      timer("c", 25),
      { kind: "cancelTimer", key: "c" },
      timer("d", 20),
      timer("past", -5),
    ),
  );
  await sim.runFor(100);
  deepStrictEqual(log, ["past at 0", "b at 20", "d at 20", "a again at 30"]);
  await sim.stop();
});

Deno.test("a task answers, fails, throws at once, or runs into its deadline: one command each", async () => {
  const sim = createSimulation({ seed: 1, startMs: 0 });
  const log: string[] = [];
  const aborted: string[] = [];
  const top = await sim.spawn("p", parent([], { log }));
  const failed = (error: unknown) => ({ kind: "failed", message: (error as Error).message }) as const;
  sim.tell(
    top,
    wish(
      {
        kind: "task",
        label: "t1",
        timeoutMs: 100,
        failed,
        run: () => Promise.resolve({ kind: "answered", value: 1 }),
      },
      { kind: "task", label: "t2", timeoutMs: 100, failed, run: () => Promise.reject(new Error("no luck")) },
      {
        kind: "task",
        label: "t3",
        timeoutMs: 100,
        failed,
        run: () => {
          throw new Error("at once");
        },
      },
      {
        kind: "task",
        label: "t4",
        timeoutMs: 100,
        failed,
        run: async (signal) => {
          signal.addEventListener("abort", () => aborted.push(`at ${sim.clock.nowMs()}`));
          await sim.clock.delay(500);
          return { kind: "answered", value: 4 };
        },
      },
    ),
  );
  await sim.runFor(1000);
  deepStrictEqual(log.sort(), [
    "answered 1",
    "failed: Task t4 took longer than 100ms",
    "failed: at once",
    "failed: no luck",
  ]);
  deepStrictEqual(aborted, ["at 100"]);
  await sim.stop();
});

type SlowCommand = { readonly kind: "work" } | { readonly kind: "done"; readonly life: number } | {
  readonly kind: "boom";
};

Deno.test("a restart aborts tasks and drops their late answers", async () => {
  const sim = createSimulation({ seed: 1, startMs: 0 });
  const heard: number[] = [];
  let aborts = 0;
  let life = 0;
  const slow: Behavior<number, SlowCommand, never> = {
    name: "slow",
    initial: () => ++life,
    decide(state, command) {
      if (command.kind === "boom") throw new Error("boom");
      if (command.kind === "done") {
        heard.push(command.life);
        return { events: [], effects: [] };
      }
      return {
        events: [],
        effects: [{
          kind: "task",
          label: "work",
          timeoutMs: 10_000,
          run: async (signal) => {
            signal.addEventListener("abort", () => aborts++);
            await sim.clock.delay(1_000);
            return { kind: "done", life: state };
          },
          failed: () => ({ kind: "boom" }),
        }],
      };
    },
    evolve: (state) => state,
    resume: () => [],
    persistence: { kind: "none" },
    supervision: counter().supervision,
  };
  const ref = await sim.spawn("s", slow);
  sim.tell(ref, { kind: "work" });
  await sim.run(10);
  sim.tell(ref, { kind: "boom" });
  await sim.run(500);
  sim.tell(ref, { kind: "work" });
  await sim.run(5_000);
  deepStrictEqual(heard, [2]);
  strictEqual(aborts, 1);
  await sim.stop();
});

Deno.test("children start left to right and stop right to left, before their parent", async () => {
  const sim = createSimulation({ seed: 3 });
  const events: string[] = [];
  const inner = parent([["x", noted("x", events)], ["y", noted("y", events)]]);
  await sim.spawn("first", noted("first", events));
  await sim.spawn("p", { ...inner, stopping: () => (events.push("-p"), []) });
  await sim.spawn("last", noted("last", events));
  await sim.stop();
  deepStrictEqual(events, ["+first", "+x", "+y", "+last", "-last", "-y", "-x", "-p", "-first"]);
  strictEqual(sim.stats().kinds.reduce((actors, kind) => actors + kind.actors, 0), 0);
});

Deno.test("a stopping actor decides what it had accepted, and its last word is told", async () => {
  const sim = createSimulation({ seed: 3 });
  const sums = await sim.spawn("sums", counter());
  const worker: Behavior<number, { readonly kind: "one" }, { readonly kind: "counted" }> = {
    name: "worker",
    initial: () => 0,
    decide: () => ({ events: [{ kind: "counted" }], effects: [] }),
    evolve: (state) => state + 1,
    resume: () => [],
    stopping: (
      state,
    ) => [{ kind: "tell", to: sums as ActorRef<never>, command: { kind: "add", amount: state } }],
    persistence: { kind: "none" },
    supervision: counter().supervision,
  };
  const top = await sim.spawn("p", parent([["w", worker]]));
  for (let i = 0; i < 10; i++) sim.tell(refOf<{ readonly kind: "one" }>("/p/w"), { kind: "one" });
  sim.tell(top, wish({ kind: "stop", name: "w" }));
  await sim.runFor(10);
  strictEqual(await sim.settle(sim.ask(sums, { kind: "get" }, 100)), 10);
  await sim.stop();
});

Deno.test("a name that is stopping is waited for, and a name in use fails its parent", async () => {
  const sim = createSimulation({ seed: 1 });
  const events: string[] = [];
  const log: string[] = [];
  const top = await sim.spawn("p", parent([["x", noted("x", events)]], { log }));
  sim.tell(
    top,
    wish({ kind: "stop", name: "x" }, { kind: "spawn", name: "x", behavior: noted("x2", events) }),
  );
  await sim.runFor(10);
  deepStrictEqual(events, ["+x", "-x", "+x2"]);
  deepStrictEqual(log, ["x stopped"]);
  sim.tell(top, wish({ kind: "spawn", name: "x", behavior: noted("x3", events) }));
  await sim.runFor(1_000);
  ok(sim.trace.some((line) => /\/p failed: .*in use/.test(line)));
  deepStrictEqual(events.slice(3), ["-x2", "+x"]); // the parent restarted, and its children with it
  await sim.stop();
});

Deno.test("an actor ends itself, and its parent hears of it", async () => {
  const sim = createSimulation({ seed: 1 });
  const log: string[] = [];
  const inner = parent([]);
  await sim.spawn("p", parent([["q", inner]], { log }));
  sim.tell(refOf<Parameters<typeof inner.decide>[1]>("/p/q"), wish({ kind: "stopSelf" }));
  await sim.runFor(10);
  deepStrictEqual(log, ["q stopped"]);
  await sim.stop();
});

Deno.test("a stopped system refuses, and leaves no question open", async () => {
  const sim = createSimulation({ seed: 1 });
  const ref = await sim.spawn("c", counter());
  const question = sim.ask(ref, { kind: "ignore" }, 60_000);
  const answer = rejects(question, { code: "unavailable" });
  await sim.runFor(1);
  await sim.stop();
  await answer;
  strictEqual(sim.tell(ref, { kind: "boom" }), "refused");
  await rejects(sim.spawn("d", counter()), { code: "unavailable" });
});

Deno.test("two thousand actors with a timer each cost one timer of the clock", async () => {
  const sim = createSimulation({ seed: 1, startMs: 0 });
  const log: string[] = [];
  const actors = 2_000;
  const ticking = (index: number): Behavior<null, { readonly kind: "tick" }, never> => ({
    name: "ticking",
    initial: () => null,
    decide: () => (log.push("tick"), { events: [], effects: [] }),
    evolve: (state) => state,
    resume: () => [{ kind: "timer", key: "t", atMs: 1_000 + (index % 7), command: { kind: "tick" } }],
    persistence: { kind: "none" },
    supervision: counter().supervision,
  });
  const top = await sim.spawn("p", parent([]));
  const spawns = Array.from(
    { length: actors },
    (_, i) => ({ kind: "spawn", name: `t${i}`, behavior: ticking(i) }) as const,
  );
  sim.tell(top, wish(...spawns));
  await sim.run(500);
  ok(sim.clock.armed <= 2, `${sim.clock.armed} timers are armed`);
  await sim.run(2_000);
  strictEqual(log.length, actors);
  await sim.stop();
});
