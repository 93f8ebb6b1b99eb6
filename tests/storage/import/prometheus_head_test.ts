import assert from "node:assert/strict";
import { UserError } from "../../../lib/core/errors.ts";
import type { ByteFiles } from "../../../lib/core/ports.ts";
import { matcherOf } from "../../../lib/model/matchers.ts";
import { ImportAccount } from "../../../lib/storage/import/account.ts";
import { ImportWriter } from "../../../lib/storage/import/import_writer.ts";
import { importHead } from "../../../lib/storage/import/prometheus_head.ts";
import { storageKeys } from "../../../lib/storage/keys.ts";
import { openOffline } from "../../../lib/storage/offline.ts";
import { offlineSource } from "../../../lib/storage/offline_source.ts";
import { MemoryKv } from "../memory_kv.ts";
import { bitsOf, Bytes, encodeWal, encodeXorChunk, uvarint, varint } from "../prometheus_tsdb/encoders.ts";
import { QUIET } from "../shard_driver.ts";

const KEYS = storageKeys(["d", 0]);

function filesOf(files: Readonly<Record<string, Uint8Array<ArrayBuffer>>>): ByteFiles {
  return {
    open: (path) => {
      const bytes = files[path];
      if (bytes === undefined) throw new UserError("not_found", `open ${path}: no such file or directory`);
      return {
        path,
        bytesCount: bytes.length,
        read: (at, count) => bytes.slice(at, at + count),
        close: () => {},
      };
    },
    names: (directory) => {
      const below = Object.keys(files).filter((path) => path.startsWith(`${directory}/`));
      if (below.length === 0) return undefined;
      return [...new Set(below.map((path) => path.slice(directory.length + 1).split("/")[0]!))].sort();
    },
  };
}

function series(ref: number, name: string): Uint8Array {
  return new Bytes().put(1).be(ref, 8).put(2).text("__name__").text(name).text("job").text("j").take();
}

/** One record a row, as a scrape writes it: value = time × ref. */
function row(tMs: number, refs: readonly number[]): Uint8Array {
  const out = new Bytes().put(2).be(refs[0]!, 8).be(tMs, 8);
  for (const ref of refs) out.put(...varint(ref - refs[0]!), ...varint(0)).be(bitsOf(tMs * ref), 8);
  return out.take();
}

function rows(fromMs: number, toMs: number, refs: readonly number[]): Uint8Array[] {
  const out: Uint8Array[] = [];
  for (let tMs = fromMs; tMs <= toMs; tMs += 1_000) out.push(row(tMs, refs));
  return out;
}

async function imported(
  files: Readonly<Record<string, Uint8Array<ArrayBuffer>>>,
  headFromMs: number,
  samplesMax?: number,
): Promise<{ readonly account: ImportAccount; readonly times: ReadonlyMap<string, readonly number[]> }> {
  const kv = new MemoryKv();
  const writer = new ImportWriter({ kv, keys: KEYS, nextCohort: 1, names: new Set(), truncatedThrough: 0 });
  const account = new ImportAccount();
  const job = { files: filesOf(files), directory: "p", writer, account, progress: () => {} };
  await importHead(samplesMax === undefined ? job : { ...job, samplesMax }, headFromMs);
  await writer.finish();
  const source = offlineSource(await openOffline({ kv, keys: KEYS, log: QUIET }), {
    kv,
    keys: KEYS,
    log: QUIET,
  });
  const times = new Map<string, number[]>();
  const request = {
    matchers: [matcherOf("=", "job", "j")],
    range: { startMs: -1e9, endMs: 1e9 },
    samplesMax: 1e9,
  };
  for await (const group of source.select(request, new AbortController().signal)) {
    group.series.forEach((labels, i) => {
      const found = [...group.tMs].filter((_, at) => !Number.isNaN(group.columns[i]![at]!));
      times.set(labels[1]!, found);
    });
  }
  return { account, times };
}

function grid(fromMs: number, toMs: number): number[] {
  return Array.from({ length: (toMs - fromMs) / 1_000 + 1 }, (_, i) => fromMs + i * 1_000);
}

Deno.test("a log is taken from its newest checkpoint on, without what blocks hold, in any size of memory", async () => {
  const files = {
    // Older than the checkpoint: not to be read.
    "p/wal/00000001": encodeWal([series(9, "gone"), row(5_000, [9])]),
    "p/wal/00000002": encodeWal([series(9, "gone"), row(5_000, [9])]),
    "p/wal/checkpoint.00000001/00000000": encodeWal([series(9, "gone"), row(9_000, [9])]),
    "p/wal/checkpoint.00000002/00000000": encodeWal([series(1, "a"), ...rows(1_000, 10_000, [1])]),
    "p/wal/00000003": encodeWal([series(2, "b"), ...rows(11_000, 400_000, [1, 2])]),
    // The same series under another number, after a restart.
    "p/wal/00000004": encodeWal([series(7, "a"), ...rows(401_000, 900_000, [7])]),
    "p/wbl/00000000": encodeWal([row(3_000, [2])]),
  };
  for (const samplesMax of [undefined, 1, 50, 700]) {
    const { account, times } = await imported(files, 5_000, samplesMax);
    assert.deepEqual(times.get("a"), grid(5_000, 900_000));
    assert.deepEqual(
      times.get("b"),
      [3_000, ...grid(11_000, 400_000)],
      "late samples are older than the head",
    );
    assert.equal(times.has("gone"), false);
    assert.equal(account.damaged, 0);
    assert.deepEqual(account.skipped(), [["samples of the log that blocks hold already", 4]]);
  }
});

Deno.test("what was deleted from the head is not taken, before or after a full memory", async () => {
  const stone = new Bytes().put(3).be(1, 8).put(...varint(20_000), ...varint(30_000)).take();
  const files = { "p/wal/00000000": encodeWal([series(1, "a"), ...rows(1_000, 300_000, [1]), stone]) };
  for (const samplesMax of [undefined, 10]) {
    const { times } = await imported(files, -Infinity, samplesMax);
    assert.deepEqual(times.get("a"), [...grid(1_000, 19_000), ...grid(31_000, 300_000)]);
  }
});

Deno.test("where the log is damaged, the chunks beside it fill in, and the damage is told", async () => {
  const damaged = encodeWal(rows(11_000, 20_000, [1]));
  // The first page of two: not what a crash cuts off.
  const long = encodeWal([
    ...rows(11_000, 20_000, [1]),
    ...Array.from({ length: 900 }, () => row(20_000, [1, 2, 3])),
  ]);
  long.set(damaged.subarray(0, 40));
  long[20]! ^= 1;
  const chunk = encodeXorChunk(grid(1_000, 15_000).map((tMs) => ({ tMs, bits: bitsOf(tMs) })));
  const body = new Bytes().be(0x0130bc91, 4).put(1, 0, 0, 0);
  const at = body.out.length;
  body.be(1, 8).be(1_000, 8).be(15_000, 8).put(1, ...uvarint(chunk.length), ...chunk).checksum(at);
  const { account, times } = await imported({
    "p/wal/00000000": encodeWal([series(1, "a"), ...rows(1_000, 10_000, [1])]),
    "p/wal/00000001": long,
    "p/wal/00000002": encodeWal(rows(21_000, 30_000, [1])),
    "p/chunks_head/000001": body.take(),
  }, -Infinity);
  assert.deepEqual(times.get("a"), [...grid(1_000, 15_000), ...grid(21_000, 30_000)]);
  assert.equal(account.damaged, 1);
  assert.match(account.damage()[0]!, /^the rest of p\/wal\/00000001 left out: Cannot read .*checksum is/);
});
