import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { JournalConflictError } from "../../lib/actor/journal_errors.ts";
import { KvJournal } from "../../lib/actor/kv_journal.ts";
import { encodeGroup, packRecords, PIECE_BYTES_MAX, unpackRecords } from "../../lib/actor/kv_pieces.ts";
import { SimClock } from "../../lib/actor/sim_clock.ts";
import { SimLog } from "../../lib/actor/sim_log.ts";
import { forgetStaleStreams } from "../../server/stale_streams.ts";
import { SimKv } from "../../lib/actor/sim_kv.ts";
import type { Journal } from "../../lib/actor/types.ts";
import { createRng } from "../../lib/core/rng.ts";

function record(length: number, seed = length): Uint8Array {
  const rng = createRng(seed);
  return Uint8Array.from({ length }, () => rng.uint32() & 0xff);
}

async function readAll(journal: Journal, path: `/${string}`, afterSeq = 0) {
  const records: { readonly seq: number; readonly bytes: Uint8Array }[] = [];
  for await (const { seq, bytes } of journal.read(path, afterSeq)) {
    records.push({ seq, bytes: bytes.slice() });
  }
  return records;
}

const lengths = fc.oneof(
  fc.nat(40),
  fc.nat(2_000),
  fc.integer({ min: 15_000, max: 17_000 }),
  fc.integer({ min: 60_000, max: 200_000 }),
);

Deno.test("records packed and unpacked are the same records", () => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 50 }), (records) => {
    deepStrictEqual(
      unpackRecords(packRecords(records), records.length, "here").map((r) => r.slice()),
      records,
    );
  }));
});

Deno.test("no piece is larger than it may be, nor of a size that SQLite stores badly", () => {
  fc.assert(fc.property(fc.nat(400_000), (length) => {
    for (const value of encodeGroup(1, 1, new Uint8Array(length)).values) {
      ok(value.length <= PIECE_BYTES_MAX);
      ok(value.length <= 900 || value.length >= 16_384, `${length} bytes gave a value of ${value.length}`);
    }
  }));
});

Deno.test("what was appended is read back from any number on, whatever its size", async () => {
  const appends = fc.array(fc.array(lengths, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(appends, fc.nat(), async (groups, after) => {
      const kv = new SimKv();
      const journal = new KvJournal({ kv });
      const all: Uint8Array[] = [];
      for (const group of groups) {
        const records = group.map((length, i) => record(length, all.length + i));
        strictEqual(await journal.append("/a", all.length, records), all.length + records.length);
        all.push(...records);
      }
      const afterSeq = after % (all.length + 1);
      const found = await readAll(new KvJournal({ kv }), "/a", afterSeq);
      deepStrictEqual(found, all.slice(afterSeq).map((bytes, i) => ({ seq: afterSeq + i + 1, bytes })));
    }),
    { numRuns: 40 },
  );
});

Deno.test("streams do not see each other", async () => {
  const journal = new KvJournal({ kv: new SimKv() });
  await Promise.all([journal.append("/a", 0, [record(5)]), journal.append("/b", 0, [record(6), record(7)])]);
  deepStrictEqual((await readAll(journal, "/a")).map(({ bytes }) => bytes.length), [5]);
  deepStrictEqual((await readAll(journal, "/b")).map(({ bytes }) => bytes.length), [6, 7]);
  deepStrictEqual(await readAll(journal, "/c"), []);
});

Deno.test("an append that does not go on where the stream ends is a conflict", async () => {
  const kv = new SimKv();
  const [one, two] = [new KvJournal({ kv }), new KvJournal({ kv })];
  await one.append("/a", 0, [record(1), record(2)]);
  await rejects(one.append("/a", 1, [record(3)]), JournalConflictError);
  await rejects(one.append("/a", 3, [record(3)]), JournalConflictError);
  await two.append("/a", 2, [record(3)]); // another process that read the stream
  await rejects(one.append("/a", 2, [record(4)]), JournalConflictError);
  strictEqual((await readAll(two, "/a")).length, 3);
});

Deno.test("an append whose lease is gone keeps nothing", async () => {
  const kv = new SimKv();
  const lease = await kv.commit({ sets: [{ key: ["l", "f"], value: record(3) }] });
  const journal = new KvJournal({ kv, lease: { key: ["l", "f"], versionstamp: lease!.versionstamp } });
  await journal.append("/a", 0, [record(1)]);
  await kv.commit({ sets: [{ key: ["l", "f"], value: record(4) }] });
  await rejects(journal.append("/a", 1, [record(2)]), JournalConflictError);
  await rejects(journal.truncate("/a", 1), JournalConflictError);
  await rejects(journal.saveSnapshot("/a", 1, 1, record(9)), JournalConflictError);
  strictEqual((await readAll(journal, "/a")).length, 1);
});

Deno.test("an append of many commits is kept whole or not at all, wherever it is cut", async () => {
  const big = [record(900_000), record(10), record(900_000)];
  for (let cut = 0; cut < 3; cut++) {
    for (const fate of ["lost", "keptButRejected"] as const) {
      const kv = new SimKv();
      const journal = new KvJournal({ kv });
      await journal.append("/a", 0, [record(5)]);
      let commits = 0;
      kv.fate = () => commits++ === cut ? fate : "kept";
      let failed = false;
      const kept = cut === 2 && fate === "keptButRejected";
      await journal.append("/a", 1, big).catch(() => failed = true);
      strictEqual(failed, !kept);
      kv.fate = () => "kept";
      const reopened = new KvJournal({ kv });
      const afterCrash = await readAll(reopened, "/a");
      strictEqual(afterCrash.length, kept ? 4 : 1);
      // Another, shorter append in its place is not mixed with what the first left behind.
      const other = kept ? [] : [record(100_000, 77), record(3, 78)];
      await reopened.append("/a", afterCrash.length, other);
      await reopened.append("/a", afterCrash.length + other.length, [record(8)]);
      const all = await readAll(new KvJournal({ kv }), "/a");
      const expected = kept ? [record(5), ...big, record(8)] : [record(5), ...other, record(8)];
      deepStrictEqual(all.map(({ bytes }) => bytes), expected);
    }
  }
});

Deno.test("an append that was kept although it was rejected is not kept twice", async () => {
  const kv = new SimKv();
  const journal = new KvJournal({ kv });
  await journal.append("/a", 0, [record(1)]);
  kv.fate = () => "keptButRejected";
  kv.readFails = () => true;
  await rejects(journal.append("/a", 1, [record(2)]));
  kv.fate = () => "kept";
  kv.readFails = () => false;
  strictEqual(await journal.append("/a", 1, [record(2)]), 2);
  strictEqual(await journal.append("/a", 2, [record(3)]), 3);
  deepStrictEqual((await readAll(journal, "/a")).map(({ bytes }) => bytes.length), [1, 2, 3]);
});

Deno.test("truncation drops a prefix, remembers it, and leaves numbers as they are", async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(sizes, fc.nat(), async (groups, cut) => {
      const kv = new SimKv();
      const journal = new KvJournal({ kv });
      let end = 0;
      for (const count of groups) {
        end = await journal.append("/a", end, Array.from({ length: count }, (_, i) => record(end + i + 1)));
      }
      const through = cut % (end + 1);
      await journal.truncate("/a", through);
      const reopened = new KvJournal({ kv });
      const rest = await readAll(reopened, "/a", through);
      deepStrictEqual(
        rest.map(({ seq }) => seq),
        Array.from({ length: end - through }, (_, i) => through + i + 1),
      );
      if (through > 0) await rejects(readAll(reopened, "/a", through - 1), { name: "JournalGapError" });
      strictEqual(await reopened.append("/a", end, [record(3)]), end + 1);
      strictEqual((await readAll(reopened, "/a", end)).length, 1);
    }),
    { numRuns: 60 },
  );
});

Deno.test("a truncation deletes what it drops, in commits within the limits", async () => {
  const kv = new SimKv();
  const journal = new KvJournal({ kv });
  let end = 0;
  for (let i = 0; i < 1_200; i++) end = await journal.append("/a", end, [record(10)]);
  const before = kv.entries.length;
  await journal.truncate("/a", end);
  strictEqual(before - kv.entries.length, 1_200);
  await rejects(journal.truncate("/a", end + 1), { name: "AssertionError" });
});

Deno.test("a cut-short truncation leaves a journal that reads as truncated", async () => {
  const kv = new SimKv();
  const journal = new KvJournal({ kv });
  for (let end = 0; end < 600; end++) await journal.append("/a", end, [record(10)]);
  let commits = 0;
  kv.fate = () => commits++ === 1 ? "lost" : "kept";
  await rejects(journal.truncate("/a", 600));
  kv.fate = () => "kept";
  const reopened = new KvJournal({ kv });
  deepStrictEqual(await readAll(reopened, "/a", 600), []);
  strictEqual(await reopened.append("/a", 600, [record(1)]), 601);
  strictEqual((await readAll(reopened, "/a", 600)).length, 1);
});

Deno.test("a missing group is a gap, and reading beyond the end is one too", async () => {
  const kv = new SimKv();
  const journal = new KvJournal({ kv });
  for (let end = 0; end < 3; end++) await journal.append("/a", end, [record(10)]);
  await rejects(readAll(journal, "/a", 4), { name: "JournalGapError", message: /ends at 3/ });
  await rejects(readAll(journal, "/none", 1), { name: "JournalGapError" });
  await kv.commit({ deletes: [["j", 1, 2, 0]] });
  await rejects(readAll(journal, "/a"), { name: "JournalGapError", expectedSeq: 2 });
});

Deno.test("a single flipped bit anywhere in a stored piece is found", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.nat(7), async (at, bit) => {
      const kv = new SimKv();
      const journal = new KvJournal({ kv });
      await journal.append("/a", 0, [record(50), record(20)]);
      kv.damage(["j", 1, 1, 0], (value) => value[at % value.length]! ^= 1 << bit);
      await rejects(readAll(journal, "/a"), { name: "CorruptRecordError" });
    }),
  );
});

Deno.test("the newest whole snapshot is loaded, and older ones are gone", async () => {
  const kv = new SimKv();
  const journal = new KvJournal({ kv });
  strictEqual(await journal.loadSnapshot("/a"), null);
  for (let end = 0; end < 9; end++) await journal.append("/a", end, [record(10)]);
  await journal.saveSnapshot("/a", 3, 7, record(2_000_000));
  await journal.saveSnapshot("/a", 6, 8, record(100));
  deepStrictEqual(await journal.loadSnapshot("/a"), { seq: 6, version: 8, bytes: record(100) });
  let commits = 0;
  kv.fate = () => commits++ === 1 ? "lost" : "kept";
  await rejects(journal.saveSnapshot("/a", 9, 9, record(2_000_000)));
  deepStrictEqual((await new KvJournal({ kv }).loadSnapshot("/a"))?.seq, 6);
  kv.fate = () => "kept";
  await journal.saveSnapshot("/a", 9, 9, record(70_000));
  deepStrictEqual(await new KvJournal({ kv }).loadSnapshot("/a"), {
    seq: 9,
    version: 9,
    bytes: record(70_000),
  });
  await rejects(journal.saveSnapshot("/a", 10, 1, record(1)), { name: "AssertionError" });
});

Deno.test("a damaged group is told of and passed over, all others are read, and the stream goes on after it", async () => {
  for (const [damagedGroup, large] of [[1, false], [3, false], [1, true], [3, true]] as const) {
    const kv = new SimKv();
    const journal = new KvJournal({ kv });
    const length = large ? 150_000 : 20;
    const groups = [2, 3, 1, 2];
    let seq = 0;
    const firsts: number[] = [];
    for (const count of groups) {
      firsts.push(seq + 1);
      seq = await journal.append("/a", seq, Array.from({ length: count }, (_, i) => record(length, i)));
    }
    const from = firsts[damagedGroup]!;
    kv.damage(["j", 1, from, large ? 1 : 0], (value) => value[40]! ^= 1);
    await rejects(readAll(journal, "/a"), { name: /CorruptRecordError/ });
    const gaps: { readonly fromSeq: number; readonly throughSeq: number }[] = [];
    const again = new KvJournal({ kv });
    const read = async () => {
      const seqs: number[] = [];
      gaps.length = 0;
      for await (const one of again.read("/a", 0, (gap) => gaps.push(gap))) seqs.push(one.seq);
      return seqs;
    };
    const through = from + groups[damagedGroup]! - 1;
    const others = Array.from({ length: seq }, (_, i) => i + 1).filter((n) => n < from || n > through);
    deepStrictEqual(await read(), others);
    strictEqual(gaps.length, 1);
    strictEqual(gaps[0]!.fromSeq, from);
    const lastSeq = damagedGroup === 3 ? gaps[0]!.throughSeq : seq;
    ok(damagedGroup === 3 ? lastSeq >= through : gaps[0]!.throughSeq === through);
    // What comes next has a number of its own, and is there when read again.
    strictEqual(await again.append("/a", lastSeq, [record(9)]), lastSeq + 1);
    deepStrictEqual(await read(), [...others, lastSeq + 1]);
    strictEqual(gaps.length, 1);
  }
});

Deno.test("an append whose first attempt arrives late is kept once, and is no conflict", async () => {
  for (const lateAfter of ["read", "second"]) {
    const kv = new SimKv();
    const journal = new KvJournal({ kv });
    await journal.append("/a", 0, [record(5)]);
    let late: (() => Promise<unknown>) | undefined;
    const commit = kv.commit.bind(kv);
    kv.commit = (what) => {
      kv.commit = commit;
      late = () => commit(what);
      return Promise.reject(new Error("no answer"));
    };
    await rejects(journal.append("/a", 1, [record(7)]), /no answer/);
    if (lateAfter === "read") await late!();
    const seq = await journal.append("/a", 1, [record(7)]).catch(() => journal.append("/a", 1, [record(7)]));
    strictEqual(seq, 2);
    if (lateAfter === "second") strictEqual(await late!(), null, "it meets what it would have written");
    deepStrictEqual((await readAll(journal, "/a")).map((r) => r.bytes.length), [5, 7]);
    strictEqual(await journal.append("/a", 2, [record(9)]), 3);
  }
});

Deno.test("an append that is on its way when its stream is read again is there, or never comes", async () => {
  for (const arrives of ["before", "after"]) {
    for (const length of [20, 900_000]) {
      const kv = new SimKv();
      const journal = new KvJournal({ kv });
      await journal.append("/a", 0, [record(5)]);
      const late: (() => Promise<unknown>)[] = [];
      const commit = kv.commit.bind(kv);
      kv.commit = (what) => {
        late.push(() => commit(what));
        return Promise.reject(new Error("no answer"));
      };
      await rejects(journal.append("/a", 1, [record(length)]), /no answer/);
      kv.commit = commit;
      if (arrives === "before") { for (const one of late) await one(); }
      const seqs = (await readAll(journal, "/a")).map(({ seq }) => seq);
      if (arrives === "after") { for (const one of late) strictEqual(await one(), null); }
      const whole = arrives === "before" && length === 20;
      deepStrictEqual(seqs, whole ? [1, 2] : [1]);
      strictEqual(await journal.append("/a", seqs.length, [record(7)]), seqs.length + 1);
      strictEqual((await readAll(journal, "/a")).at(-1)!.bytes.length, 7);
    }
  }
});

Deno.test("streams of targets that are gone are found and deleted, others stay", async () => {
  const kv = new SimKv();
  const journal = new KvJournal({ kv });
  const paths = ["/storage", "/config", "/scrape/a/x", "/scrape/a/y", "/scrape/b"] as const;
  for (const path of paths) await journal.append(path, 0, [record(9)]);
  const alive = new Set<string>(["/scrape/a/x", "/scrape/b"]);
  const isAlive = (path: string) => alive.has(path);
  const clock = new SimClock(0);
  const deps = { journal, clock, log: new SimLog(clock), isAlive };
  strictEqual(await forgetStaleStreams(deps), 1);
  const left: string[] = [];
  for await (const path of journal.streams()) left.push(path);
  deepStrictEqual(left.sort(), ["/config", "/scrape/a/x", "/scrape/b", "/storage"]);
  strictEqual((await readAll(journal, "/scrape/a/x")).length, 1);
  strictEqual((await readAll(journal, "/scrape/a/y")).length, 0);
  strictEqual(await forgetStaleStreams(deps), 0);
});
