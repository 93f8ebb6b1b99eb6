import assert from "node:assert/strict";
import { KvJournal } from "../../../lib/actor/kv_journal.ts";
import type { KvEntry, KvKey } from "../../../lib/core/ports.ts";
import type { Labels } from "../../../lib/model/labels.ts";
import { matcherOf } from "../../../lib/model/matchers.ts";
import { isAbsent, wordsOf } from "../../../lib/model/stale.ts";
import { type CheckResult, checkStore } from "../../../lib/storage/check/check_store.ts";
import { repairStore } from "../../../lib/storage/check/repair.ts";
import { ImportWriter } from "../../../lib/storage/import/import_writer.ts";
import { SHARD_ACTOR, storageKeys } from "../../../lib/storage/keys.ts";
import { openOffline } from "../../../lib/storage/offline.ts";
import { offlineSource } from "../../../lib/storage/offline_source.ts";
import { MemoryKv } from "../memory_kv.ts";
import { QUIET } from "../shard_driver.ts";

const KEYS = storageKeys(["d", 0]);

function labelsOf(source: number, metric: number): Labels {
  return ["__name__", `m${metric}`, "instance", `${source}`, "job", "j"];
}

/** Two sources with pages, rows and strays, and a third that is in the journal only. */
async function storeOf(): Promise<MemoryKv> {
  const kv = new MemoryKv();
  const writer = new ImportWriter({ kv, keys: KEYS, nextCohort: 1, names: new Set(), truncatedThrough: 0 });
  for (const source of [1, 2]) {
    for (const [start, count] of [[0, 1_500], [100, 3]] as const) {
      const tMs = Float64Array.from({ length: count }, (_, i) => start + (i + 1) * 1_000);
      const values = tMs.map((time) => time * source);
      await writer.write(
        `import/j/${source}`,
        Array.from({ length: 5 }, (_, metric) => ({ labels: labelsOf(source, metric), tMs, values })),
      );
    }
  }
  await writer.finish();
  const head = await openOffline({ kv, keys: KEYS, log: QUIET });
  const journal = new KvJournal({ kv });
  for (let batch = 0, seq = 1; batch < 4; batch++) {
    const { events } = head.judge(
      [{
        cohort: "scrape/j/3",
        epoch: 0,
        defined: [labelsOf(3, 0), labelsOf(3, 1)],
        rows: [{
          tMs: 5_000_000 + batch,
          refs: Uint32Array.of(0x8000_0000, 0x8000_0001),
          values: Float64Array.of(batch, 7),
        }],
        strays: [],
      }],
      false,
      5_000_000,
    );
    for (const event of events) head.append(event);
    const records = head.drain(seq);
    seq = await journal.append(SHARD_ACTOR, seq - 1, records) + 1;
  }
  return kv;
}

async function check(kv: MemoryKv): Promise<CheckResult> {
  return await checkStore({ kv, keys: KEYS, log: QUIET }, () => {});
}

function damageOf({ findings }: CheckResult): string[] {
  return findings.filter(({ harmless }) => !harmless).map(({ where, problem }) => `${where}: ${problem}`);
}

async function repaired(kv: MemoryKv): Promise<{ readonly deeds: string[] }> {
  const deeds: string[] = [];
  const { findings } = await check(kv);
  await repairStore(findings, { kv, keys: KEYS, log: QUIET }, (deed) => deeds.push(deed));
  return { deeds };
}

async function samplesOf(kv: MemoryKv): Promise<ReadonlyMap<string, number>> {
  const head = await openOffline({ kv, keys: KEYS, log: QUIET });
  const source = offlineSource(head, { kv, keys: KEYS, log: QUIET });
  const range = { startMs: 0, endMs: 1e10 };
  const request = { matchers: [matcherOf("=~", "__name__", ".+")], range, samplesMax: 1e9 };
  const counts = new Map<string, number>();
  for await (const { series, columns } of source.select(request, new AbortController().signal)) {
    series.forEach((labels, i) => {
      const words = wordsOf(columns[i]!);
      let count = 0;
      for (let row = 0; row < columns[i]!.length; row++) if (!isAbsent(words, row)) count++;
      counts.set(labels.join(), count);
    });
  }
  return counts;
}

function total(counts: ReadonlyMap<string, number>, instance: number): number {
  let sum = 0;
  for (const [key, count] of counts) if (key.includes(`instance,${instance},`)) sum += count;
  return sum;
}

async function put(kv: MemoryKv, key: KvKey, change: (bytes: Uint8Array) => Uint8Array): Promise<void> {
  const entry = await kv.get(key);
  assert(entry !== null);
  await kv.commit({ sets: [{ key, value: change(entry.value.slice()) }] });
}

function flip(bytes: Uint8Array): Uint8Array {
  bytes[bytes.length >> 1]! ^= 0x10;
  return bytes;
}

async function entriesOf(kv: MemoryKv, prefix: KvKey): Promise<KvEntry[]> {
  const entries: KvEntry[] = [];
  for await (const entry of kv.list({ prefix })) entries.push(entry);
  return entries;
}

Deno.test("a whole store is clean, and everything in it was counted", async () => {
  const kv = await storeOf();
  const result = await check(kv);
  assert.deepEqual(result.findings, []);
  const { cohorts, series, samples, records } = result.summary;
  assert.deepEqual({ cohorts, series, samples, records }, {
    cohorts: 2,
    series: 10,
    samples: 15_030,
    records: 5,
  });
  assert.equal(result.summary.keys, kv.entries.size);
});

Deno.test("any changed byte of any value of the shard and its journal is found", async () => {
  const whole = await storeOf();
  for (const { key, value } of [...whole.entries.values()]) {
    const isJournal = key[0] === "j" && key.length === 4;
    if (key[0] !== "d" && !isJournal) continue;
    for (let at = 0; at < value.length; at += Math.max(1, Math.floor(value.length / 12))) {
      const kv = await storeOf();
      await put(kv, key, (bytes) => {
        bytes[at]! ^= 0x41;
        return bytes;
      });
      assert.ok(damageOf(await check(kv)).length > 0, `byte ${at} of ${JSON.stringify(key)}`);
    }
  }
});

Deno.test("a damaged or missing page is put aside, and all else answers as before", async () => {
  const before = await samplesOf(await storeOf());
  for (const how of ["damaged", "missing"] as const) {
    const kv = await storeOf();
    const [first] = await entriesOf(kv, [...KEYS.pages, 1]);
    if (how === "damaged") await put(kv, first!.key, flip);
    else await kv.commit({ deletes: [first!.key] });
    const damage = damageOf(await check(kv));
    assert.equal(damage.length, 1);
    assert.match(damage[0]!, /^page 1 of cohort 1: (Cannot decode page|expected its samples)/);
    await repaired(kv);
    assert.deepEqual(damageOf(await check(kv)), []);
    const after = await samplesOf(kv);
    assert.equal(total(after, 2), total(before, 2));
    assert.equal(total(after, 3), total(before, 3));
    assert.ok(total(after, 1) > 0 && total(after, 1) < total(before, 1));
    const aside = await entriesOf(kv, ["d", 0, "q"]);
    assert.equal(aside.length, how === "damaged" ? 1 : 0);
    if (how === "damaged") assert.deepEqual(aside[0]!.value, flip(first!.value.slice()));
  }
});

Deno.test("a damaged manifest is made anew from the pages and the catalogue", async () => {
  const before = await samplesOf(await storeOf());
  const kv = await storeOf();
  await put(kv, KEYS.manifest(1), flip);
  assert.match(damageOf(await check(kv)).join("\n"), /^manifest of cohort 1: Cannot decode manifest/);
  assert.equal(total(await samplesOf(kv), 1), 0, "left out by an opening");
  await repaired(kv);
  assert.deepEqual(damageOf(await check(kv)), []);
  assert.deepEqual(await samplesOf(kv), before);
});

Deno.test("a damaged chunk of the catalogue costs its series only", async () => {
  const before = await samplesOf(await storeOf());
  const kv = await storeOf();
  await put(kv, KEYS.labelsChunk(2, 0), flip);
  const { deeds } = await repaired(kv);
  assert.match(deeds.join("\n"), /5 series of cohort 2 have lost their labels/);
  assert.deepEqual(damageOf(await check(kv)), []);
  const after = await samplesOf(kv);
  assert.equal(total(after, 1), total(before, 1));
  assert.equal(total(after, 2), 0);
});

Deno.test("a directory that disagrees with its page is set right by the page", async () => {
  const kv = await storeOf();
  const pages = await entriesOf(kv, [...KEYS.pages, 1]);
  // The page of the other source under the number of this one is not of this cohort.
  await kv.commit({ sets: [{ key: pages[0]!.key, value: pages[1]!.value }] });
  assert.match(
    damageOf(await check(kv)).join("\n"),
    /page 1 of cohort 1: .*startMs is 1000 in the directory and/,
  );
  await repaired(kv);
  const damage = damageOf(await check(kv));
  assert.equal(damage.length, 1, "two pages with the same rows");
  assert.match(damage[0]!, /its rows .* overlap those of page/);
  await repaired(kv);
  assert.deepEqual(damageOf(await check(kv)), []);
});

Deno.test("a damaged journal is cut where it breaks, and goes on from there", async () => {
  const kv = await storeOf();
  const records = (await entriesOf(kv, ["j"])).filter(({ key }) => key.length === 4);
  assert.equal(records.length, 4);
  await put(kv, records[2]!.key, flip);
  assert.match(damageOf(await check(kv)).join("\n"), /^journal, record 4: /);
  await assert.rejects(openOffline({ kv, keys: KEYS, log: QUIET }));
  await repaired(kv);
  assert.deepEqual(damageOf(await check(kv)), []);
  assert.equal(total(await samplesOf(kv), 3), 4, "two rows of two series");
  assert.equal((await entriesOf(kv, ["d", 0, "q", "j"])).length, 2);
  const head = await openOffline({ kv, keys: KEYS, log: QUIET });
  await new KvJournal({ kv }).append(SHARD_ACTOR, head.nextSeq - 1, []);
});

Deno.test("what an interrupted run left, and a key of nobody", async () => {
  const kv = await storeOf();
  await kv.commit({ sets: [{ key: KEYS.page(1, 99), value: Uint8Array.of(1) }] });
  const left = await check(kv);
  assert.deepEqual(damageOf(left), []);
  assert.match(left.findings[0]!.problem, /an interrupted run left it/);
  await kv.commit({ sets: [{ key: ["strange", 1], value: Uint8Array.of(1) }] });
  assert.deepEqual(damageOf(await check(kv)), ['["strange", 1]: nobody names this key']);
  await repaired(kv);
  assert.deepEqual((await check(kv)).findings, []);
});
