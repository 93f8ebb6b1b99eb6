import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { createSimulation } from "../../lib/actor/simulation.ts";
import { RestartBudget, restartGroup } from "../../lib/actor/supervision.ts";
import type { Behavior } from "../../lib/actor/types.ts";
import { counter, type CounterCommand, noted, parent, refOf, supervision } from "./fixtures.ts";

const boom = refOf<{ readonly kind: "boom" }>;

Deno.test("a restart budget doubles its back-off, is spent, and comes back with time", () => {
  const budget = new RestartBudget();
  const limits = { ...supervision, restartsMax: 5, windowMs: 1_000, backoffMs: { min: 10, max: 50 } };
  const grants = [0, 1, 2, 3, 4, 5].map((nowMs) => budget.grant(limits, nowMs));
  deepStrictEqual(grants, [10, 20, 40, 50, 50, undefined]);
  strictEqual(budget.grant(limits, 1_000), 50);
  strictEqual(budget.grant(limits, 5_000), 10);
});

Deno.test("a scope says who restarts with whom", () => {
  const children = ["a", "b", "c"];
  deepStrictEqual(restartGroup("oneForOne", children, "b"), ["b"]);
  deepStrictEqual(restartGroup("restForOne", children, "b"), ["b", "c"]);
  deepStrictEqual(restartGroup("allForOne", children, "b"), ["a", "b", "c"]);
  deepStrictEqual(restartGroup("oneForOne", children, "gone"), []);
});

Deno.test("a child that throws on every message restarts within its budget, then escalates; siblings go on", async () => {
  const sim = createSimulation({ seed: 5 });
  const events: string[] = [];
  const bad = parent([["bad", noted("bad", events)]], { restartsMax: 3 });
  await sim.spawn("top", parent([["pool", bad], ["sibling", counter()]], { restartsMax: 1 }));
  await sim.runFor(1);
  const sibling = refOf<CounterCommand>("/top/sibling");
  for (let i = 0; i < 4; i++) {
    sim.tell(boom("/top/pool/bad"), { kind: "boom" });
    sim.tell(sibling, { kind: "add", amount: 1 });
    await sim.runFor(2_000);
  }
  // Three restarts of its own; the fourth failure restarts its parent, which starts it anew.
  deepStrictEqual(events.filter((event) => event === "+bad").length, 5);
  ok(sim.trace.some((line) => /\/top\/pool failed: .*more than 3 restarts/.test(line)));
  strictEqual(await sim.settle(sim.ask(sibling, { kind: "get" }, 100)), 4);
  strictEqual(sim.trace.filter((line) => / \/top\/sibling started/.test(line)).length, 1);
  const kinds = sim.stats().kinds;
  strictEqual(kinds.find(({ kind }) => kind === "noted")?.restarts, 3);
  strictEqual(kinds.find(({ kind }) => kind === "parent")?.restarts, 1);
  deepStrictEqual(sim.fatal, []);
  await sim.stop();
});

Deno.test("an escalation at the top is fatal, and says where", async () => {
  const sim = createSimulation({ seed: 5, supervision: { ...supervision, restartsMax: 1 } });
  await sim.spawn("bad", counter());
  for (let i = 0; i < 2; i++) {
    sim.tell(boom("/bad"), { kind: "boom" });
    await sim.runFor(2_000);
  }
  deepStrictEqual(sim.fatal.map(({ path }) => path), ["/bad"]);
  match(String(sim.fatal[0]?.error), /more than 1 restarts in 60000ms: boom/);
  strictEqual(sim.tell(boom("/bad"), { kind: "boom" }), "refused");
  await sim.stop();
});

for (const scope of ["oneForOne", "restForOne", "allForOne"] as const) {
  Deno.test(`${scope}: the group stops right to left and starts left to right`, async () => {
    const sim = createSimulation({ seed: 11 });
    const events: string[] = [];
    const children = ["a", "b", "c", "d"].map((name) => [name, noted(name, events)] as const);
    await sim.spawn("p", parent(children, { scope }));
    await sim.runFor(1);
    events.length = 0;
    sim.tell(boom("/p/b"), { kind: "boom" });
    await sim.runFor(50);
    const halted = { oneForOne: [], restForOne: ["-d", "-c"], allForOne: ["-d", "-c", "-a"] }[scope];
    deepStrictEqual(events, halted);
    await sim.runFor(100);
    const started = {
      oneForOne: ["+b"],
      restForOne: ["+b", "+c", "+d"],
      allForOne: ["+a", "+b", "+c", "+d"],
    }[scope];
    deepStrictEqual(events, [...halted, ...started]);
    await sim.stop();
  });
}

Deno.test("commands wait for a restart, and two failures of one group are two restarts in turn", async () => {
  const sim = createSimulation({ seed: 2 });
  const children = [["a", counter()], ["b", counter()]] as const;
  await sim.spawn("p", parent(children, { scope: "allForOne" }));
  await sim.runFor(1);
  const [a, b] = [refOf<CounterCommand>("/p/a"), refOf<CounterCommand>("/p/b")];
  sim.tell(a, { kind: "boom" });
  sim.tell(b, { kind: "boom" });
  await sim.runFor(20);
  sim.tell(a, { kind: "add", amount: 7 });
  sim.tell(b, { kind: "add", amount: 8 });
  await sim.runFor(2_000);
  strictEqual(await sim.settle(sim.ask(a, { kind: "get" }, 100)), 7);
  strictEqual(await sim.settle(sim.ask(b, { kind: "get" }, 100)), 8);
  await sim.stop();
});

Deno.test("resume keeps the state, stop ends the child and tells the parent", async () => {
  const sim = createSimulation({ seed: 2 });
  const log: string[] = [];
  const directive = (_error: unknown, child: string) => child === "a" ? "resume" as const : "stop" as const;
  await sim.spawn("p", parent([["a", counter()], ["b", counter()]], { directive, log }));
  await sim.runFor(1);
  const a = refOf<CounterCommand>("/p/a");
  sim.tell(a, { kind: "add", amount: 7 });
  sim.tell(a, { kind: "boom" });
  sim.tell(boom("/p/b"), { kind: "boom" });
  await sim.runFor(10);
  strictEqual(await sim.settle(sim.ask(a, { kind: "get" }, 100)), 7);
  deepStrictEqual(log, ["b failed"]);
  match(sim.stats().latestDeadLetters[0]!.reason, /failed: boom/);
  await sim.stop();
});

Deno.test("a fold that throws is never resumed with half a state", async () => {
  const sim = createSimulation({ seed: 2 });
  const half: Behavior<{ folded: number }, { readonly kind: "go" | "boom" }, { readonly kind: "a" | "b" }> = {
    name: "half",
    initial: () => ({ folded: 0 }),
    decide: () => ({ events: [{ kind: "a" }, { kind: "b" }], effects: [] }),
    evolve(state, event) {
      if (event.kind === "b") throw new Error("cannot fold");
      return { folded: state.folded + 1 };
    },
    resume: () => [],
    persistence: { kind: "none" },
    supervision,
  };
  await sim.spawn("p", parent([["h", half]], { directive: () => "resume" }));
  await sim.runFor(1);
  sim.tell(refOf<{ readonly kind: "go" }>("/p/h"), { kind: "go" });
  await sim.runFor(1_000);
  deepStrictEqual(sim.stateOf("/p/h"), { folded: 0 });
  await sim.stop();
});

Deno.test("a top-level actor that cannot start rejects its spawn and leaves nothing behind", async () => {
  const sim = createSimulation({ seed: 2 });
  const broken = {
    ...counter(),
    resume: () => {
      throw new Error("cannot resume");
    },
  };
  await rejects(sim.spawn("x", broken), /cannot resume/);
  await sim.runFor(10);
  deepStrictEqual(sim.fatal, []);
  await sim.spawn("x", counter());
  await sim.stop();
});

Deno.test("a stop during a back-off ends the waiting child", async () => {
  const sim = createSimulation({ seed: 2 });
  const events: string[] = [];
  await sim.spawn("p", parent([["a", noted("a", events)]], { scope: "restForOne" }));
  await sim.runFor(1);
  sim.tell(boom("/p/a"), { kind: "boom" });
  await sim.runFor(5);
  await sim.stop();
  await sim.runFor(5_000);
  deepStrictEqual(events, ["+a"]);
});
