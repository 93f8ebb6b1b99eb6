/** The runtime on a real Deno KV and a real clock: what the in-memory twins must agree with. */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { KvJournal } from "../../lib/actor/kv_journal.ts";
import { acquireLease } from "../../lib/actor/lease.ts";
import { SimClock } from "../../lib/actor/sim_clock.ts";
import { SimKv } from "../../lib/actor/sim_kv.ts";
import { SimLog } from "../../lib/actor/sim_log.ts";
import { createSystem } from "../../lib/actor/system.ts";
import type { Kv, KvKeyPart } from "../../lib/core/ports.ts";
import { systemClock } from "../../lib/sys/clock.ts";
import { openKv } from "../../lib/sys/kv.ts";
import { counter } from "./fixtures.ts";

async function withKv(test: (open: () => Promise<Kv>) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "narthex_actor_" });
  const handles: Kv[] = [];
  try {
    await test(async () => {
      const kv = await openKv(`${directory}/kv`);
      handles.push(kv);
      return kv;
    });
  } finally {
    for (const kv of handles) kv.close();
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("actors keep their state in a real store from one process's life to the next", async () => {
  await withKv(async (open) => {
    const sums: number[][] = [];
    for (let life = 0; life < 3; life++) {
      const kv = await open();
      const nowMs = systemClock.nowMs();
      const lease = await acquireLease(kv, {
        holder: `life ${life}`,
        nowMs,
        exclusive: false,
        ttlMs: 60_000,
      });
      const system = createSystem({
        clock: systemClock,
        log: new SimLog(new SimClock(0)),
        journal: new KvJournal({ kv, lease: lease.check }),
      });
      const ahead = await system.spawn("ahead", counter({ persistence: "ahead", snapshotEvery: 7 }));
      const behind = await system.spawn("behind", counter({ persistence: "behind", flushMs: 60_000 }));
      for (let i = 0; i < 10; i++) {
        strictEqual(system.tell(ahead, { kind: "add", amount: 1 }), "queued");
        strictEqual(system.tell(behind, { kind: "add", amount: 2 }), "queued");
      }
      sums.push(
        await Promise.all([
          system.ask(ahead, { kind: "get" }, 10_000),
          system.ask(behind, { kind: "addKept", amount: 1 }, 10_000),
        ]),
      );
      system.tell(behind, { kind: "add", amount: 3 });
      await system.stop();
      ok(system.stats().journalAppendSeconds > 0);
      await lease.renew(nowMs);
      await lease.release();
    }
    deepStrictEqual(sums, [[10, 21], [20, 45], [30, 69]]);
  });
});

Deno.test("a second process on the same store is refused, and after a takeover the first can write no more", async () => {
  await withKv(async (open) => {
    const [one, two] = [await open(), await open()];
    const options = { nowMs: 1_000, exclusive: false, ttlMs: 10_000 };
    const lease = await acquireLease(one, { ...options, holder: "pid 1" });
    await rejects(acquireLease(two, { ...options, holder: "pid 2" }), { message: /in use by pid 1/ });
    const journal = new KvJournal({ kv: one, lease: lease.check });
    await journal.append("/a", 0, [new Uint8Array(10)]);
    const taken = await acquireLease(two, { ...options, holder: "pid 2", exclusive: true });
    await rejects(journal.append("/a", 1, [new Uint8Array(10)]), { name: "JournalConflictError" });
    strictEqual(await new KvJournal({ kv: two, lease: taken.check }).append("/a", 1, [new Uint8Array(5)]), 2);
  });
});

Deno.test("large appends and truncations stay within the limits of a real store", async () => {
  await withKv(async (open) => {
    const kv = await open();
    const journal = new KvJournal({ kv });
    const records = [10, 100_000, 800, 2_500_000, 12_000].map((length, i) =>
      new Uint8Array(length).fill(i + 1)
    );
    await journal.append("/a", 0, records);
    for (let i = 0; i < 3; i++) await journal.append("/a", 5 + i, [new Uint8Array(5_000)]);
    const lengths: number[] = [];
    for await (const { bytes } of new KvJournal({ kv }).read("/a", 0)) lengths.push(bytes.length);
    deepStrictEqual(lengths, [10, 100_000, 800, 2_500_000, 12_000, 5_000, 5_000, 5_000]);
    await journal.saveSnapshot("/a", 8, 1, new Uint8Array(900_000).fill(7));
    await journal.truncate("/a", 8);
    strictEqual((await new KvJournal({ kv }).loadSnapshot("/a"))?.bytes.length, 900_000);
    let left = 0;
    for await (const _ of kv.list({ prefix: ["j", 1] })) left++;
    strictEqual(left, 0);
  });
});

const part: fc.Arbitrary<KvKeyPart> = fc.oneof(
  fc.uint8Array({ maxLength: 3 }),
  fc.string({ unit: "binary", maxLength: 3 }).filter((text) => text.isWellFormed()),
  fc.constantFrom("a", "a\u0000", "ab", "\uffff", "\u{10000}"),
  fc.integer(),
  fc.double({ noNaN: true }).filter((value) => !Object.is(value, -0)),
);

Deno.test("the store in memory keeps keys in the order of the real one", async () => {
  await withKv(async (open) => {
    const kv = await open();
    const sim = new SimKv();
    const keys = fc.sample(fc.array(part, { minLength: 1, maxLength: 3 }), { numRuns: 400, seed: 1 });
    const sets = keys.map((key) => ({ key: ["t", ...key], value: new Uint8Array(1) }));
    for (const store of [kv, sim]) {
      await store.commit({ sets: sets.slice(0, 200) });
      await store.commit({ sets: sets.slice(200), deletes: sets.slice(0, 20).map(({ key }) => key) });
    }
    const ranges = [
      { prefix: ["t"] },
      ...sets.slice(0, 50).map(({ key }) => ({ prefix: key.slice(0, -1) })),
      { start: ["t", "a"], end: ["t", 0] },
    ];
    for (const range of ranges) {
      for (const options of [{}, { reverse: true, limit: 5 }]) {
        const found: (readonly KvKeyPart[])[][] = [];
        for (const store of [kv, sim]) {
          const listed: (readonly KvKeyPart[])[] = [];
          for await (const { key } of store.list(range, options)) listed.push(key);
          found.push(listed);
        }
        deepStrictEqual(found[1], found[0]);
      }
    }
  });
});
