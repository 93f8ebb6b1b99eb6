/** A name that is used again: who hears what is told to it, and what its journal keeps. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { tell } from "../../lib/actor/effects.ts";
import { CorruptRecordError } from "../../lib/actor/journal_errors.ts";
import { createSimulation, type Simulated } from "../../lib/actor/simulation.ts";
import type { ActorPath, Behavior, Effect } from "../../lib/actor/types.ts";
import {
  counter,
  type CounterCommand,
  type CounterState,
  parent,
  type ParentCommand,
  refOf,
  supervision,
  wish,
} from "./fixtures.ts";

type Word = { readonly kind: "say"; readonly word: string };

/** Writes what it hears; takes its time to stop, as an actor does that flushes. */
function listener(name: string, heard: string[]): Behavior<number, Word, { readonly kind: "heard" }> {
  return {
    name: "listener",
    initial: () => 0,
    decide(_state, command) {
      heard.push(`${name} ${command.word}`);
      return { events: [{ kind: "heard" }], effects: [] };
    },
    evolve: (count) => count + 1,
    resume: () => {
      heard.push(`${name} started`);
      return [];
    },
    stopping: () => {
      heard.push(`${name} stopped`);
      return [];
    },
    persistence: { kind: "none" },
    supervision,
  };
}

const CHILD: ActorPath = "/p/c";

function say(word: string): Effect<ParentCommand> {
  return tell(refOf<Word>(CHILD), { kind: "say", word });
}

async function family(heard: string[]): Promise<Simulated> {
  const sim = createSimulation({ seed: 1 });
  await sim.spawn("p", parent([["c", listener("old", heard)]]));
  await sim.runFor(1);
  return sim;
}

Deno.test("what is told to a name after its next spawn is for the new actor", async () => {
  const heard: string[] = [];
  const sim = await family(heard);
  const behavior = listener("new", heard);
  sim.tell(
    refOf<ParentCommand>("/p"),
    wish(say("1"), { kind: "stop", name: "c" }, say("2"), { kind: "spawn", name: "c", behavior }, say("3")),
  );
  await sim.runFor(10);
  deepStrictEqual(
    heard,
    ["old started", "old 1", "old 2", "old stopped", "new started", "new 3"],
  );
  strictEqual(sim.stateOf(CHILD), 1);
  await sim.stop();
});

Deno.test("a stop takes back a spawn that waits, with what it was told", async () => {
  const heard: string[] = [];
  const sim = await family(heard);
  sim.tell(
    refOf<ParentCommand>("/p"),
    wish(
      { kind: "stop", name: "c" },
      { kind: "spawn", name: "c", behavior: listener("second", heard) },
      say("lost"),
      { kind: "stop", name: "c" },
      { kind: "spawn", name: "c", behavior: listener("third", heard) },
      say("kept"),
    ),
  );
  await sim.runFor(10);
  deepStrictEqual(heard, ["old started", "old stopped", "third started", "third kept"]);
  strictEqual(sim.stats().latestDeadLetters.filter(({ kind }) => kind === "say").length, 1);
  strictEqual(sim.stats().kinds.find(({ kind }) => kind === "listener")?.actors, 1);
  await sim.stop();
  strictEqual(sim.stats().kinds.find(({ kind }) => kind === "listener")?.actors, 0);
});

Deno.test("a crash of a parent takes the spawns that wait along", async () => {
  const heard: string[] = [];
  const sim = await family(heard);
  const behavior = listener("new", heard);
  sim.tell(
    refOf<ParentCommand>("/p"),
    wish({ kind: "stop", name: "c" }, { kind: "spawn", name: "c", behavior }),
  );
  await sim.steps(1, sim.clock.nowMs());
  sim.crash("/p");
  await sim.runFor(10);
  ok(!heard.includes("new started"));
  strictEqual(sim.stats().kinds.find(({ kind }) => kind === "listener")?.actors, 1);
  await sim.stop();
});

for (const persistence of ["ahead", "behind"] as const) {
  Deno.test(`${persistence}: an actor that forgets itself takes its journal along`, async () => {
    const sim = createSimulation({ seed: 1 });
    const base = counter({ persistence, snapshotEvery: 2 });
    const forgetful = {
      ...base,
      decide: (...[state, command, nowMs]: Parameters<typeof base.decide>) =>
        command.kind === "ignore" || command.kind === "boom"
          ? { events: [], effects: [{ kind: "forgetSelf" } as const] }
          : base.decide(state, command, nowMs),
    };
    await sim.spawn("p", parent([["c", forgetful]]));
    const child = refOf<{ readonly kind: "add"; readonly amount: number } | { readonly kind: "boom" }>(CHILD);
    for (const amount of [1, 2, 4]) sim.tell(child, { kind: "add", amount });
    await sim.runFor(5_000);
    ok(sim.kv.entries.some(({ key }) => key[1] === CHILD));
    sim.tell(child, { kind: "boom" });
    await sim.runFor(5_000);
    strictEqual(sim.stateOf(CHILD), undefined);
    deepStrictEqual(sim.kv.entries.map(({ key }) => key), [["j"]], "nothing but the next stream's number");
    // The name again: it begins anew, and keeps anew.
    sim.tell(refOf<ParentCommand>("/p"), wish({ kind: "spawn", name: "c", behavior: base }));
    await sim.runFor(10);
    sim.tell(child, { kind: "add", amount: 8 });
    await sim.runFor(5_000);
    await sim.stop();
    const again = createSimulation({ seed: 2, kv: sim.kv });
    await again.spawn("p", parent([["c", base]]));
    await again.runFor(10);
    strictEqual((again.stateOf(CHILD) as CounterState).total, 8);
    await again.stop();
  });
}

Deno.test("a journal that cannot be deleted does not keep its actor from ending", async () => {
  const sim = createSimulation({ seed: 1 });
  const base = counter({ persistence: "ahead" });
  const decide = () => ({ events: [], effects: [{ kind: "forgetSelf" } as const] });
  await sim.spawn("p", parent([["c", { ...base, decide }]]));
  await sim.runFor(1);
  sim.kv.readFails = () => true;
  sim.tell(refOf<{ readonly kind: "boom" }>(CHILD), { kind: "boom" });
  await sim.runFor(1_000);
  strictEqual(sim.stateOf(CHILD), undefined);
  ok(sim.log.lines.some((line) => line.includes("Cannot delete a journal")));
});

for (const damaged of [true, false]) {
  const what = damaged ? "is damaged starts over" : "cannot be read is tried again";
  Deno.test(`where the supervisor says so, an actor whose journal ${what}, and its siblings go on`, async () => {
    const child = counter({ persistence: "ahead" });
    const first = createSimulation({ seed: 1 });
    await first.spawn("p", parent([["c", child]]));
    await first.runFor(1);
    first.tell(refOf<CounterCommand>(CHILD), { kind: "add", amount: 1 });
    await first.runFor(10);
    await first.stop();
    const { kv } = first;
    if (damaged) kv.damage(["j", 1, 1, 0], (value) => value[value.length - 1]! ^= 1);
    const heard: string[] = [];
    const base = parent([["s", listener("sibling", heard)], ["c", child]]);
    const unrecoverable = (error: unknown) => error instanceof CorruptRecordError ? "startOver" : "restart";
    const sim = createSimulation({ seed: 2, kv });
    kv.readFails = () => !damaged;
    await sim.spawn("p", { ...base, supervision: { ...base.supervision, unrecoverable } });
    await sim.runFor(50);
    kv.readFails = () => false;
    await sim.runFor(10_000);
    strictEqual((sim.stateOf(CHILD) as CounterState).total, damaged ? 0 : 1);
    sim.tell(refOf<CounterCommand>(CHILD), { kind: "add", amount: 2 });
    await sim.runFor(10);
    strictEqual((sim.stateOf(CHILD) as CounterState).total, damaged ? 2 : 3);
    deepStrictEqual(heard, ["sibling started"]);
    await sim.stop();
  });
}

Deno.test("a step of the simulation waits for chains of microtasks of any length", async () => {
  const sim = createSimulation({ seed: 1 });
  let hops = 0;
  const long = (async () => {
    while (hops < 10_000) {
      hops++;
      await Promise.resolve();
    }
  })();
  await sim.settle(long);
  strictEqual(hops, 10_000);
});
