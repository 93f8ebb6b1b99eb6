import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { createSimulation, type Simulated } from "../../lib/actor/simulation.ts";
import { SimKv } from "../../lib/actor/sim_kv.ts";
import { jsonCodec } from "../../lib/actor/json_codec.ts";
import { KvJournal } from "../../lib/actor/kv_journal.ts";
import { drawBelow } from "../../lib/core/rng.ts";
import {
  counter,
  type CounterCommand,
  type CounterEvent,
  type CounterState,
  parent,
  refOf,
  wish,
} from "./fixtures.ts";

const ADDS = 12;

interface Run {
  readonly sim: Simulated;
  /** Sums that were answered, and thus durable. */
  readonly confirmed: number[];
}

type Kind = "ahead" | "behind";

/** Each add has a bit of its own, so a sum says which ones it has seen. */
async function begin(kind: Kind, seed: number, troubled: boolean): Promise<Run> {
  const sim = createSimulation({ seed });
  sim.kv.latencyMs = () => drawBelow(sim.rng, 4);
  if (troubled) {
    sim.kv.fate = () => (["kept", "kept", "lost", "keptButRejected"] as const)[drawBelow(sim.rng, 4)]!;
  }
  const ref = await sim.spawn("c", counter({ persistence: kind, flushMs: 5, snapshotEvery: 3 }));
  const confirmed: number[] = [];
  for (let i = 0; i < ADDS; i++) {
    sim.clock.at(sim.clock.nowMs() + i * 3, () => {
      // Every third asks to be told when it is durable.
      if (i % 3 !== 0) sim.tell(ref, { kind: "add", amount: 2 ** i });
      else {void sim.ask(ref, { kind: "addKept", amount: 2 ** i }, 1e6).then((sum) =>
          confirmed.push(sum), () => {});}
    });
  }
  return { sim, confirmed };
}

async function replayed(kind: Kind, kv: SimKv): Promise<unknown> {
  kv.latencyMs = () => 0;
  kv.fate = () => "kept";
  const again = createSimulation({ seed: 0, kv });
  await again.spawn("c", counter({ persistence: kind, snapshotEvery: 3 }));
  return (again.stateOf("/c") as CounterState).total;
}

for (const kind of ["ahead", "behind"] as const) {
  for (const troubled of [false, true]) {
    const store = troubled ? "a failing store" : "a slow store";
    Deno.test(`${kind}: a crash at any step of a run over ${store} replays to what was kept`, async () => {
      for (const seed of [1, 2, 3]) {
        const whole = await begin(kind, seed, troubled);
        const untilMs = whole.sim.clock.nowMs() + 60_000;
        const stepsCount = await whole.sim.steps(100_000, untilMs);
        strictEqual((whole.sim.stateOf("/c") as CounterState).total, 2 ** ADDS - 1);
        ok(stepsCount > 3 * ADDS);
        for (let step = 0; step <= stepsCount; step++) {
          const { sim, confirmed } = await begin(kind, seed, troubled);
          await sim.steps(step, untilMs);
          const before = sim.stateOf("/c") as CounterState | undefined;
          const promised = confirmed.at(-1) ?? 0;
          // Folded when it crashed, if it was running then: for `ahead` that much is kept, and perhaps the next.
          const folded = before?.total ?? 0;
          sim.crash("/c");
          sim.clock.at(sim.clock.nowMs(), () => {}); // something to visit
          let recovered: number | undefined;
          for (let i = 0; i < 10_000 && recovered === undefined; i++) {
            await sim.steps(1, untilMs);
            recovered = (sim.stateOf("/c") as CounterState | undefined)?.total;
          }
          ok(recovered !== undefined, `seed ${seed}, step ${step}: never came back`);
          // The sum at the first moment after the replay may have grown by adds sent since, never shrunk.
          ok(recovered >= promised, `seed ${seed}, step ${step}: ${recovered} lost some of ${promised}`);
          strictEqual(recovered & promised, promised);
          if (kind === "ahead") strictEqual(recovered & folded, folded, `seed ${seed}, step ${step}`);
          await sim.run(untilMs);
          const live = (sim.stateOf("/c") as CounterState).total;
          const kept = confirmed.at(-1) ?? 0;
          strictEqual(live & kept, kept);
          await sim.stop();
          strictEqual(await replayed(kind, sim.kv), live, `seed ${seed}, step ${step}`);
        }
      }
    });
  }
}

for (const kind of ["ahead", "behind"] as const) {
  Deno.test(`${kind}: a process killed at any step loses nothing that was confirmed`, async () => {
    for (const seed of [4, 5]) {
      for (let step = 0, ended = false; !ended; step++) {
        const { sim, confirmed } = await begin(kind, seed, true);
        ended = await sim.steps(step, sim.clock.nowMs() + 60_000) < step;
        const folded = (sim.stateOf("/c") as CounterState | undefined)?.total ?? 0;
        const promised = kind === "ahead" ? folded : confirmed.at(-1) ?? 0;
        const again = await replayed(kind, sim.kv) as number;
        strictEqual(again & promised, promised, `seed ${seed}, step ${step}`);
        ok(kind === "ahead" || again <= folded);
      }
    }
  });
}

Deno.test("equal seeds give equal traces with crashes, a slow and a failing store too", async () => {
  const traces: string[] = [];
  for (let i = 0; i < 2; i++) {
    const { sim } = await begin("behind", 9, true);
    await sim.steps(20, sim.clock.nowMs() + 60_000);
    sim.crash("/c");
    await sim.runFor(60_000);
    await sim.stop();
    traces.push(sim.trace.join("\n"));
  }
  strictEqual(traces[0], traces[1]);
});

Deno.test("ahead: nothing is acted on before it is kept, and commands wait meanwhile", async () => {
  const sim = createSimulation({ seed: 1, startMs: 0 });
  const ref = await sim.spawn("c", counter({ persistence: "ahead" }));
  sim.kv.latencyMs = () => 100;
  const add = sim.ask(ref, { kind: "addKept", amount: 1 }, 10_000);
  const get = sim.ask(ref, { kind: "get" }, 10_000);
  let answers = 0;
  add.then(() => answers++);
  get.then(() => answers++);
  await sim.run(99);
  strictEqual(answers, 0);
  strictEqual((sim.stateOf("/c") as CounterState).total, 0);
  await sim.run(1_000);
  deepStrictEqual(await Promise.all([add, get]), [1, 1]);
  await sim.stop();
});

Deno.test("ahead: an event that is not durable is folded and forgotten by a restart", async () => {
  const sim = createSimulation({ seed: 1 });
  const behavior = counter({ persistence: "ahead" });
  ok(behavior.persistence.kind === "ahead");
  const persistence = { ...behavior.persistence, durable: (event: CounterEvent) => event.amount > 1 };
  const ref = await sim.spawn("c", { ...behavior, persistence });
  sim.tell(ref, { kind: "add", amount: 1 });
  sim.tell(ref, { kind: "add", amount: 2 });
  await sim.runFor(10);
  strictEqual(await sim.settle(sim.ask(ref, { kind: "get" }, 100)), 3);
  sim.crash("/c");
  strictEqual(await sim.settle(sim.ask(ref, { kind: "get" }, 100)), 2);
  await sim.stop();
});

Deno.test("ahead: a snapshot bounds the replay and drops the records before it", async () => {
  const sim = createSimulation({ seed: 1 });
  const ref = await sim.spawn("c", counter({ persistence: "ahead", snapshotEvery: 4 }));
  for (let i = 0; i < 10; i++) sim.tell(ref, { kind: "add", amount: 1 });
  await sim.runFor(10);
  await sim.stop();
  const journal = new KvJournal({ kv: sim.kv });
  strictEqual((await journal.loadSnapshot("/c"))?.seq, 8);
  const seqs: number[] = [];
  for await (const { seq } of journal.read("/c", 8)) seqs.push(seq);
  deepStrictEqual(seqs, [9, 10]);
  await rejects(journal.read("/c", 7).next(), { name: "JournalGapError" });
});

Deno.test("ahead: a store that stays away fails the actor, which comes back with the store", async () => {
  const sim = createSimulation({ seed: 1 });
  const ref = await sim.spawn("c", counter({ persistence: "ahead" }));
  sim.kv.fate = () => "lost";
  sim.tell(ref, { kind: "add", amount: 5 });
  await sim.runFor(4_000);
  ok(sim.trace.some((line) => line.includes("/c failed: The store could not be reached")));
  sim.kv.fate = () => "kept";
  await sim.runFor(10_000);
  sim.tell(ref, { kind: "add", amount: 1 });
  strictEqual(await sim.settle(sim.ask(ref, { kind: "get" }, 1_000)), 1);
  ok(sim.stats().journalFailures > 1);
  deepStrictEqual(sim.fatal, []);
  await sim.stop();
});

Deno.test("behind: a flush comes after flushMs, at flushBytesMax, and on whenDurable", async () => {
  const sim = createSimulation({ seed: 1, startMs: 0 });
  const ref = await sim.spawn("c", counter({ persistence: "behind", flushMs: 500, flushBytesMax: 100 }));
  sim.tell(ref, { kind: "add", amount: 1 });
  await sim.run(499);
  strictEqual(sim.stats().journalRecords, 0);
  await sim.run(501);
  strictEqual(sim.stats().journalRecords, 1);
  for (let i = 0; i < 4; i++) sim.tell(ref, { kind: "add", amount: 1 });
  await sim.run(502);
  ok(sim.stats().journalRecords >= 4);
  strictEqual(await sim.settle(sim.ask(ref, { kind: "addKept", amount: 1 }, 100)), 6);
  strictEqual(sim.stats().journalRecords, 6);
  strictEqual(sim.clock.nowMs(), 502);
  await sim.stop();
});

Deno.test("behind: commands are decided while a flush is in flight", async () => {
  const sim = createSimulation({ seed: 1, startMs: 0 });
  const ref = await sim.spawn("c", counter({ persistence: "behind", flushMs: 10 }));
  sim.kv.latencyMs = () => 1_000;
  sim.tell(ref, { kind: "add", amount: 1 });
  await sim.run(20);
  const get = sim.ask(ref, { kind: "get" }, 100);
  strictEqual(await sim.settle(get), 1);
  strictEqual(sim.stats().journalRecords, 0);
  await sim.stop();
  strictEqual(sim.stats().journalRecords, 1);
});

Deno.test("behind: a store that stalls holds back whenDurable and no more; too much unflushed refuses", async () => {
  const sim = createSimulation({ seed: 1, startMs: 0 });
  const behavior = counter({ persistence: "behind", flushMs: 10 });
  ok(behavior.persistence.kind === "behind");
  const { pendingBytes } = behavior.persistence;
  let heavy = false;
  const persistence = {
    ...behavior.persistence,
    pendingBytes: (state: CounterState) => pendingBytes(state) + (heavy ? 65 * 1024 * 1024 : 0),
  };
  const ref = await sim.spawn("c", { ...behavior, persistence });
  sim.kv.fate = () => "lost";
  let durable = false;
  const add = sim.ask(ref, { kind: "addKept", amount: 1 }, 1e6).then((sum) => {
    durable = true;
    return sum;
  });
  await sim.run(20_000);
  strictEqual(durable, false);
  ok(sim.stats().journalFailures > 3);
  strictEqual(sim.tell(ref, { kind: "add", amount: 2 }), "queued");
  heavy = true;
  await sim.run(20_001);
  strictEqual(sim.tell(ref, { kind: "add", amount: 4 }), "refused");
  heavy = false;
  sim.kv.fate = () => "kept";
  await sim.run(40_000);
  strictEqual(await add, 1);
  strictEqual(sim.tell(ref, { kind: "add", amount: 8 }), "queued");
  await sim.stop();
  strictEqual(await replayed("behind", sim.kv), 11);
});

Deno.test("behind: a decision that throws costs nothing that was folded before it", async () => {
  const sim = createSimulation({ seed: 1 });
  const ref = await sim.spawn("c", counter({ persistence: "behind", flushMs: 60_000 }));
  sim.tell(ref, { kind: "add", amount: 3 });
  sim.tell(ref, { kind: "boom" });
  await sim.runFor(2_000);
  strictEqual(await sim.settle(sim.ask(ref, { kind: "get" }, 1_000)), 3);
  await sim.stop();
});

Deno.test("behind: nothing of a half-folded state is kept", async () => {
  const sim = createSimulation({ seed: 1 });
  const behavior = counter({ persistence: "behind", flushMs: 5 });
  const fragile = {
    ...behavior,
    evolve(state: CounterState, event: CounterEvent) {
      const next = behavior.evolve(state, event);
      if (event.amount !== 13) return next;
      state.pending.push(...next.pending); // changes in place, then fails
      throw new Error("unlucky");
    },
  };
  const ref = await sim.spawn("c", fragile);
  await sim.settle(sim.ask(ref, { kind: "addKept", amount: 1 }, 100));
  sim.tell(ref, { kind: "add", amount: 13 });
  await sim.runFor(2_000);
  strictEqual(await sim.settle(sim.ask(ref, { kind: "get" }, 100)), 1);
  await sim.stop();
  strictEqual(await replayed("behind", sim.kv), 1);
});

Deno.test("behind: a stop gives up on a store that never answers", async () => {
  const sim = createSimulation({ seed: 1, startMs: 0 });
  const ref = await sim.spawn("c", counter({ persistence: "behind" }));
  sim.tell(ref, { kind: "add", amount: 3 });
  await sim.run(1);
  sim.kv.fate = () => "lost";
  await sim.stop();
  ok(sim.clock.nowMs() >= 30_000 && sim.clock.nowMs() < 40_000);
  ok(sim.log.lines.some((line) => line.includes("Gave up waiting for the journal path=/c")));
});

Deno.test("behind: truncate drops what the actor has a better copy of", async () => {
  const sim = createSimulation({ seed: 1 });
  let base = { total: 0, afterSeq: 0 };
  const plain = counter({ persistence: "behind", flushMs: 1 });
  ok(plain.persistence.kind === "behind");
  const behavior = {
    ...plain,
    persistence: {
      ...plain.persistence,
      open: () => Promise.resolve({ state: { total: base.total, pending: [] }, afterSeq: base.afterSeq }),
    },
    resume: () => base.afterSeq === 0 ? [] : [{ kind: "truncate", throughSeq: base.afterSeq } as const],
  };
  const ref = await sim.spawn("c", behavior);
  for (let i = 0; i < 3; i++) await sim.settle(sim.ask(ref, { kind: "addKept", amount: 1 }, 100));
  base = { total: 3, afterSeq: 3 };
  sim.crash("/c");
  await sim.runFor(10);
  strictEqual(await sim.settle(sim.ask(ref, { kind: "addKept", amount: 1 }, 100)), 4);
  const journal = new KvJournal({ kv: sim.kv });
  await rejects(journal.read("/c", 2).next(), { name: "JournalGapError" });
  strictEqual((await journal.read("/c", 3).next()).value?.seq, 4);
  await sim.stop();
});

Deno.test("an actor whose journal is damaged does not start, and its failure escalates", async () => {
  const kv = new SimKv();
  const first = createSimulation({ seed: 1, kv });
  const ref = await first.spawn("c", counter({ persistence: "ahead" }));
  await first.settle(first.ask(ref, { kind: "addKept", amount: 1 }, 100));
  await first.stop();
  kv.damage(["j", 1, 1, 0], (value) => value[value.length - 1]! ^= 1);

  const alone = createSimulation({ seed: 1, kv });
  await rejects(alone.spawn("c", counter({ persistence: "ahead" })), { name: "CorruptRecordError" });
  strictEqual(alone.tell(refOf<CounterCommand>("/c"), { kind: "boom" }), "refused");
  deepStrictEqual(alone.fatal, []); // the rejection has said it
});

Deno.test("a child that cannot recover fails its parent, whose budget ends in a fatal failure", async () => {
  const sim = createSimulation({ seed: 1 });
  sim.kv.readFails = () => true;
  const top = await sim.spawn("p", parent([["sibling", counter()]]));
  sim.tell(top, wish({ kind: "spawn", name: "c", behavior: counter({ persistence: "ahead" }) }));
  await sim.runFor(5_000);
  ok(sim.trace.some((line) => /\/p failed: The store could not be read/.test(line)));
  // Restarted without the wish, it runs on.
  ok(sim.trace.filter((line) => line.endsWith(" /p started")).length === 2);
  strictEqual(sim.fatal.length, 0);
  const always = parent([["c", counter({ persistence: "ahead" })]]);
  await sim.spawn("q", always);
  await sim.runFor(3_600_000);
  deepStrictEqual(sim.fatal.map(({ path }) => path), ["/q"]);
  match(String(sim.fatal[0]?.error), /more than 10 restarts/);
  await sim.stop();
});

Deno.test("two systems over one journal: the second writer is refused loudly", async () => {
  const kv = new SimKv();
  const one = createSimulation({ seed: 1, kv });
  const a = await one.spawn("c", counter({ persistence: "ahead" }));
  const two = createSimulation({ seed: 2, kv });
  const b = await two.spawn("c", counter({ persistence: "ahead" }));
  strictEqual(await one.settle(one.ask(a, { kind: "addKept", amount: 1 }, 100)), 1);
  await rejects(two.settle(two.ask(b, { kind: "addKept", amount: 2 }, 100)), { code: "unavailable" });
  ok(two.trace.some((line) => /failed: Cannot append to stream \/c: /.test(line)));
  await one.stop();
  await two.stop();
});

Deno.test("a record keeps the version of its codec", async () => {
  const kv = new SimKv();
  const first = createSimulation({ seed: 1, kv });
  const ref = await first.spawn("c", counter({ persistence: "ahead", snapshotEvery: 100 }));
  await first.settle(first.ask(ref, { kind: "addKept", amount: 5 }, 100));
  await first.stop();
  const behavior = counter({ persistence: "ahead" });
  ok(behavior.persistence.kind === "ahead");
  const versions: number[] = [];
  const events = jsonCodec<CounterEvent>(300, (value, version) => {
    versions.push(version);
    return value as CounterEvent;
  });
  for (let life = 0; life < 2; life++) {
    const sim = createSimulation({ seed: 1, kv });
    const again = await sim.spawn("c", { ...behavior, persistence: { ...behavior.persistence, events } });
    await sim.settle(sim.ask(again, { kind: "addKept", amount: 1 }, 100));
    await sim.stop();
  }
  deepStrictEqual(versions, [1, 1]);
});
