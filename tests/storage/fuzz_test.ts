import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { crc32, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import fc from "fast-check";
import { CorruptRecordError } from "../../lib/actor/journal_errors.ts";
import { acquireLease } from "../../lib/actor/lease.ts";
import { StreamCatalogue } from "../../lib/actor/kv_streams.ts";
import { placeOf } from "../../lib/actor/kv_keys.ts";
import { decodePiece, encodeGroup, packRecords, unpackRecords } from "../../lib/actor/kv_pieces.ts";
import { SimKv } from "../../lib/actor/sim_kv.ts";
import { ByteReader, ByteWriter } from "../../lib/storage/codecs/bytes.ts";
import { decodeExemplarChunk, encodeExemplarChunk } from "../../lib/storage/codecs/exemplars.ts";
import { decodeChunk, encodeChunk } from "../../lib/storage/codecs/labels_chunk.ts";
import { decodeManifest, encodeManifest } from "../../lib/storage/codecs/manifest.ts";
import {
  decodePageColumn,
  decodeStrays,
  encodeRowsPage,
  encodeStraysPage,
  openPage,
} from "../../lib/storage/codecs/page.ts";
import { CorruptDataError } from "../../lib/storage/errors.ts";
import { decodeBoot, encodeBoot } from "../../lib/storage/fence.ts";
import {
  beginSamples,
  decodeRecord,
  decodeRow,
  encodeDefine,
  encodeExemplarsRecord,
  encodeRow,
  finish,
} from "../../lib/storage/journal_record.ts";
import { linked, unlinked } from "../../lib/storage/journal_link.ts";
import { manifestOf } from "../../lib/storage/manifest_store.ts";
import { setHistogram } from "../../lib/model/histogram_cell.ts";
import { setStale, wordsOf } from "../../lib/model/stale.ts";
import { latency } from "./histogram_samples.ts";

/** Typed arrays that a decoder asks for, all together, from a few kilobytes of input. */
const ALLOCATED_BYTES_MAX = 96 * 1024 * 1024;
const DECODE_MS_MAX = 2_000;
const WIDTH = 8;

interface Subject {
  readonly name: string;
  /** What an encoder wrote, once decompressed where it was compressed. */
  readonly body: Uint8Array;
  /** Around a changed body: lengths and checksums as an encoder writes them. */
  wrap(body: Uint8Array): Uint8Array;
  decode(bytes: Uint8Array): unknown;
}

const plain = (bytes: Uint8Array) => bytes;

/** Magic, checksum, version, size, zstd: of manifests with a varint, of chunks with four bytes. */
function packed(whole: Uint8Array, sizeBytes: "varint" | "uint32"): Pick<Subject, "body" | "wrap"> {
  const input = new ByteReader(whole, "test", 9);
  if (sizeBytes === "varint") input.varint();
  else input.uint32();
  return {
    body: new Uint8Array(zstdDecompressSync(whole.subarray(input.at))),
    wrap(body) {
      const out = new ByteWriter(64);
      out.raw(whole.subarray(0, 9));
      if (sizeBytes === "varint") out.varint(body.length);
      else out.uint32(body.length);
      out.raw(zstdCompressSync(body));
      return checked(out.take());
    },
  };
}

function checked(bytes: Uint8Array<ArrayBuffer>): Uint8Array {
  new DataView(bytes.buffer).setUint32(4, crc32(Buffer.from(bytes.buffer, 8)), true);
  return bytes;
}

const times = Float64Array.from({ length: 40 }, (_, i) => 1_700_000_000_000 + i * 15_000);
const values = Float64Array.from({ length: 40 }, (_, i) => i % 3 === 0 ? i / 7 : i);
const strays = {
  columns: Uint32Array.of(1, 1, 5),
  tMs: Float64Array.of(1000, 2500, 1700),
  values: Float64Array.of(1, 2, -3.5),
};
const labels = [["__name__", "up", "job", "a"], ["__name__", "down", "job", "b"]];

function manifestBytes(): Uint8Array {
  return encodeManifest({
    ...{ cohort: 3, name: "scrape/a/b", baseSeq: 99, nextPage: 4, sealedMaxMs: times[9]!, minMs: times[0]! },
    ...{ lastChunkColumn: 0, lateSeen: true, released: false, lastMs: times.slice(0, 5) },
    ...{ lastValues: values.slice(0, 5), rows: [{ tMs: times[10]!, values: values.slice(0, 5) }] },
    ...{ strayColumns: strays.columns, strayMs: strays.tMs, strayValues: strays.values, garbage: [1, 2] },
    pages: [{
      ...{ page: 3, kind: "rows", startMs: times[0]!, endMs: times[9]!, rowsCount: 10, firstColumn: 0 },
      ...{ columnsCount: 5, bytes: 700, level: 1 },
    }],
  });
}

function samplesBytes(): Uint8Array {
  const out = new ByteWriter();
  const base = { lastWords: new Uint32Array(2 * WIDTH) };
  beginSamples(out, 3, 2);
  encodeRow(
    out,
    { tMs: times[0]!, columns: Uint32Array.of(0, 1, 2), values: values.slice(0, 3) },
    false,
    base,
  );
  encodeRow(out, { tMs: times[1]!, columns: Uint32Array.of(1, 5), values: values.slice(3, 5) }, true, base);
  return finish(out);
}

const histogramCells = new Float64Array(40);
const histograms = Array.from({ length: 40 }, (_, i) => latency(i + 1, i < 30 ? 12 : 14));
for (let i = 0; i < 40; i++) setHistogram(wordsOf(histogramCells), i, i);
setStale(wordsOf(histogramCells), 20);

function histogramsRecord(): Uint8Array {
  const out = new ByteWriter();
  const base = { lastWords: new Uint32Array(2 * WIDTH) };
  beginSamples(out, 3, 2);
  const columns = Uint32Array.of(0, 1);
  for (const at of [0, 2]) {
    const row = { tMs: times[at]!, columns, values: histogramCells.slice(at, at + 2), histograms };
    encodeRow(out, row, at > 0, base);
  }
  return finish(out, true);
}

const exemplars = [1, 2, 3].map((n) => ({
  ...{ series: labels[n % 2]!, labels: ["trace", `t${n}`], value: n, tMs: times[n]!, hasTime: n === 2 },
}));

function decodeRows(bytes: Uint8Array): void {
  const record = decodeRecord(bytes);
  if (record.kind === "define") return void record.defined.unpack();
  if (record.kind === "exemplars") return;
  const base = { lastWords: new Uint32Array(2 * WIDTH) };
  for (let row = 0; row < record.rowsCount; row++) decodeRow(record.input, WIDTH, base);
}

function decodePage(bytes: Uint8Array): void {
  const page = openPage(bytes);
  if (page.kind === "strays") return void decodeStrays(page);
  const out = new Float64Array(page.rowsCount);
  const input = new ByteReader(page.payload, "page");
  for (let i = 0; i < page.columnsCount; i++) {
    decodePageColumn(page, page.firstColumn + i, input, out, wordsOf(out), 0, []);
  }
}

const page = encodeRowsPage(7, times, 0, 3, () => wordsOf(values))!;
const straysPage = encodeStraysPage(7, strays)!;
const group = encodeGroup(5, 3, packRecords([Uint8Array.of(1), new Uint8Array(200), Uint8Array.of(2, 3)]));

const SUBJECTS: readonly Subject[] = [
  {
    name: "a page of rows",
    body: page,
    wrap: (body) => body.length < 8 ? body : checked(body.slice()),
    decode: decodePage,
  },
  {
    name: "a page of strays",
    body: straysPage,
    wrap: (body) => body.length < 8 ? body : checked(body.slice()),
    decode: decodePage,
  },
  {
    name: "a page of histograms",
    body: encodeRowsPage(7, times, 0, 1, () => wordsOf(histogramCells), histograms)!,
    wrap: (body) => body.length < 8 ? body : checked(body.slice()),
    decode: decodePage,
  },
  {
    name: "a page of strays that are histograms",
    body: encodeStraysPage(7, { ...strays, values: histogramCells.slice(0, 3), histograms })!,
    wrap: (body) => body.length < 8 ? body : checked(body.slice()),
    decode: decodePage,
  },
  { name: "a manifest", ...packed(manifestBytes(), "varint"), decode: decodeManifest },
  {
    name: "a manifest with histograms",
    ...packed(
      encodeManifest({
        ...decodeManifest(manifestBytes()),
        lastValues: histogramCells.slice(0, 5),
        histograms,
      }),
      "varint",
    ),
    decode: decodeManifest,
  },
  {
    name: "a chunk of exemplars",
    ...packed(encodeExemplarChunk(exemplars, 9)!, "uint32"),
    decode: decodeExemplarChunk,
  },
  { name: "a record of exemplars", body: encodeExemplarsRecord(exemplars), wrap: plain, decode: decodeRows },
  { name: "a record of histograms", body: histogramsRecord(), wrap: plain, decode: decodeRows },
  {
    name: "a chunk of the catalogue",
    ...packed(encodeChunk(labels)!, "uint32"),
    decode: (bytes) => decodeChunk(bytes).unpack(),
  },
  { name: "a record of samples", body: samplesBytes(), wrap: plain, decode: decodeRows },
  {
    name: "a record of new series",
    body: encodeDefine({ cohort: 3, name: "scrape/a", firstColumn: 0, defined: labels }),
    wrap: plain,
    decode: decodeRows,
  },
  {
    name: "a link of a record",
    body: linked(samplesBytes(), 900, 3),
    wrap: plain,
    decode: (bytes) => decodeRows(unlinked(bytes, 900).record),
  },
  { name: "a boot counter", body: encodeBoot(300), wrap: plain, decode: decodeBoot },
  {
    name: "the head of a manifest in parts",
    body: Uint8Array.of(1, 9, 2),
    wrap: plain,
    decode: (value) => {
      const part = { key: ["d", 0, "m", 3, 9, 0], value: new Uint8Array(9), versionstamp: "1" };
      return manifestOf([{ key: ["d", 0, "m", 3], value, versionstamp: "1" }, part, part], 4);
    },
  },
  {
    name: "a piece of a journal group",
    body: group.values[0]!,
    wrap: (body) => {
      const bytes = body.slice();
      if (bytes.length >= 5) new DataView(bytes.buffer).setUint32(1, crc32(bytes.subarray(5)), true);
      return bytes;
    },
    decode: (bytes) => decodePiece(bytes, "Stream 1, group j 5, piece 0"),
  },
  {
    name: "records of a journal group",
    body: packRecords([Uint8Array.of(1), new Uint8Array(200), Uint8Array.of(2, 3)]),
    wrap: plain,
    decode: (bytes) => unpackRecords(bytes, 3, "Stream 1, group 5"),
  },
];

/** Counts the bytes of typed arrays that are made by length while it runs. */
function allocatedBy(run: () => void): number {
  let bytes = 0;
  const originals = { Float64Array, Uint8Array, Uint32Array };
  const scope = globalThis as unknown as Record<string, unknown>;
  for (const [name, original] of Object.entries(originals)) {
    scope[name] = new Proxy(original, {
      construct(target, args) {
        if (typeof args[0] === "number") {
          bytes += args[0] * target.BYTES_PER_ELEMENT;
          assert.ok(bytes <= ALLOCATED_BYTES_MAX, `${bytes} bytes of typed arrays`);
        }
        return Reflect.construct(target, args);
      },
    });
  }
  try {
    run();
  } finally {
    Object.assign(scope, originals);
  }
  return bytes;
}

/** Either reads it or refuses it with a message; soon, and without much memory. */
function refusesOrReads({ name, decode }: Subject, bytes: Uint8Array): void {
  const startMs = performance.now();
  allocatedBy(() => {
    try {
      decode(bytes);
    } catch (error) {
      const isRefusal = error instanceof CorruptDataError || error instanceof CorruptRecordError;
      assert.ok(isRefusal, `${name}: ${error instanceof Error ? error.stack : error}`);
      assert.ok(error.message.length > 20, error.message);
    }
  });
  const tookMs = performance.now() - startMs;
  assert.ok(tookMs < DECODE_MS_MAX, `${name} took ${tookMs} ms`);
}

Deno.test("what an encoder wrote is read, whole", () => {
  for (const { body, wrap, decode } of SUBJECTS) decode(wrap(body));
});

Deno.test("random bytes are refused with a reason, never with a crash", () => {
  for (const subject of SUBJECTS) {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        refusesOrReads(subject, bytes);
        refusesOrReads(subject, subject.wrap(bytes));
      }),
      { numRuns: 150 },
    );
  }
});

Deno.test("changed, cut and grown bytes behind a right checksum are read or refused, soon and in little memory", () => {
  for (const subject of SUBJECTS) {
    const change = fc.record({
      at: fc.nat(subject.body.length - 1),
      drop: fc.nat(3),
      insert: fc.uint8Array({ maxLength: 9 }),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        let body: number[] = [...subject.body];
        for (const { at, drop, insert } of changes) {
          body = [...body.slice(0, at), ...insert, ...body.slice(at + drop)];
        }
        refusesOrReads(subject, subject.wrap(Uint8Array.from(body)));
      }),
      { numRuns: 250 },
    );
  }
});

Deno.test("a length of two to the 40th, wherever it stands, allocates nothing of that kind", () => {
  for (const power of [31, 40]) {
    const out = new ByteWriter(16);
    out.varint(2 ** power);
    const huge = out.take();
    for (const subject of SUBJECTS) {
      for (let at = 0; at < subject.body.length; at++) {
        for (const replaced of [0, 1]) {
          const body = [...subject.body.subarray(0, at), ...huge, ...subject.body.subarray(at + replaced)];
          refusesOrReads(subject, subject.wrap(Uint8Array.from(body)));
        }
      }
    }
  }
});

Deno.test("keys and small entries of any shape are refused or read", async () => {
  const part = fc.oneof(fc.string(), fc.double(), fc.uint8Array({ maxLength: 4 }));
  fc.assert(fc.property(fc.array(part, { maxLength: 6 }), (key) => {
    const place = placeOf(key);
    assert.ok(place === undefined || (typeof place.seq === "number" && typeof place.piece === "number"));
  }));
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 40 }), async (value) => {
      const kv = new SimKv();
      await kv.commit({
        sets: [{ key: ["l", "f"], value }, { key: ["l", "t"], value }, { key: ["j", "/a"], value }],
      });
      const options = { holder: "pid 2", nowMs: 0, exclusive: true, ttlMs: 1_000 };
      assert.ok((await acquireLease(kv, options)).check.versionstamp !== null);
      await new StreamCatalogue(kv, []).find("/a").catch((error) =>
        assert.ok(error instanceof CorruptRecordError)
      );
    }),
    { numRuns: 200 },
  );
});
