import assert from "node:assert/strict";
import fc from "fast-check";
import { wordsOf } from "../../lib/model/stale.ts";
import { ByteWriter } from "../../lib/storage/codecs/bytes.ts";
import { decodeChunk, encodeChunk } from "../../lib/storage/codecs/labels_chunk.ts";
import { decodeManifest, encodeManifest, type Manifest } from "../../lib/storage/codecs/manifest.ts";
import { CorruptDataError } from "../../lib/storage/errors.ts";
import {
  beginSamples,
  decodeRecord,
  decodeRow,
  encodeDefine,
  encodeRow,
  finish,
} from "../../lib/storage/journal_record.ts";
import { labelsFromRecord } from "../../lib/model/labels.ts";

const GOLDEN = new URL("./golden/", import.meta.url);
const WIDTH = 30;

const value = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 2 ** 53, -(2 ** 53), 1.5),
);

const row = fc.record({
  tMs: fc.integer({ min: -(2 ** 50), max: 2 ** 50 }),
  stray: fc.boolean(),
  columns: fc.uniqueArray(fc.nat({ max: WIDTH - 1 }), { minLength: 1, maxLength: WIDTH }),
  values: fc.array(value, { minLength: WIDTH, maxLength: WIDTH }),
});

function newBase() {
  return { lastWords: new Uint32Array(2 * WIDTH) };
}

function fold(base: { lastWords: Uint32Array }, columns: Uint32Array, values: Float64Array): void {
  const words = wordsOf(values);
  columns.forEach((column, i) => base.lastWords.set(words.subarray(2 * i, 2 * i + 2), 2 * column));
}

Deno.test("rows come back bit for bit when each is folded before the next is decoded", () => {
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 12 }), (rows) => {
      const out = new ByteWriter();
      beginSamples(out, 5, rows.length);
      const live = newBase();
      const made = rows.map((one) => ({
        tMs: one.tMs,
        columns: Uint32Array.from(one.columns),
        values: Float64Array.from(one.values).slice(0, one.columns.length),
      }));
      made.forEach((one, i) => {
        encodeRow(out, one, rows[i]!.stray, live);
        fold(live, one.columns, one.values);
      });
      const record = decodeRecord(finish(out));
      assert(record.kind === "samples");
      assert.equal(record.cohort, 5);
      assert.equal(record.rowsCount, rows.length);
      const base = newBase();
      made.forEach((one, i) => {
        const back = decodeRow(record.input, WIDTH, base);
        assert.equal(back.row.tMs, one.tMs);
        assert.equal(back.stray, rows[i]!.stray);
        assert.deepEqual(back.row.columns, one.columns);
        assert.deepEqual(wordsOf(back.row.values), wordsOf(one.values));
        fold(base, back.row.columns, back.row.values);
      });
      assert.equal(record.input.left, 0);
    }),
    { numRuns: 400 },
  );
});

const DEFINE = {
  cohort: 3,
  name: "scrape/node/host",
  firstColumn: 2,
  defined: [
    labelsFromRecord({ __name__: "up", job: "node", unit: "\u{1f525}" }),
    labelsFromRecord({ __name__: "down", job: "node" }),
  ],
};

function sampleRecord(): Uint8Array {
  const out = new ByteWriter();
  beginSamples(out, 3, 2);
  const base = newBase();
  const first = {
    tMs: 1_700_000_000_000,
    columns: Uint32Array.of(0, 1, 2, 9),
    values: Float64Array.of(1, 2.5, -0, 7),
  };
  encodeRow(out, first, false, base);
  fold(base, first.columns, first.values);
  const second = { tMs: 1_700_000_015_000, columns: Uint32Array.of(9, 0), values: Float64Array.of(300, 1) };
  encodeRow(out, second, true, base);
  return finish(out);
}

Deno.test("version 1 of the journal records is read for ever", async () => {
  const define = new URL("journal_define_v1.bin", GOLDEN);
  const samples = new URL("journal_samples_v1.bin", GOLDEN);
  if (Deno.env.get("NARTHEX_WRITE_GOLDEN") === "1") {
    await Deno.writeFile(define, encodeDefine(DEFINE));
    await Deno.writeFile(samples, sampleRecord());
  }
  const defined = decodeRecord(await Deno.readFile(define));
  assert(defined.kind === "define");
  assert.deepEqual({ ...defined, defined: defined.defined.unpack() }, { kind: "define", ...DEFINE });
  const record = decodeRecord(await Deno.readFile(samples));
  assert(record.kind === "samples");
  const base = newBase();
  const first = decodeRow(record.input, WIDTH, base);
  assert.deepEqual([...first.row.values], [1, 2.5, -0, 7]);
  fold(base, first.row.columns, first.row.values);
  const second = decodeRow(record.input, WIDTH, base);
  assert.deepEqual([...second.row.values], [300, 1]);
  assert.equal(second.stray, true);
});

const MANIFEST: Manifest = {
  cohort: 9,
  name: "write/api/a",
  baseSeq: 77,
  nextPage: 4,
  sealedMaxMs: 1_700_000_000_000,
  minMs: -Infinity,
  lastChunkColumn: 0,
  lateSeen: true,
  released: false,
  lastMs: Float64Array.of(1_700_000_030_000, -Infinity, 1_700_000_030_000),
  lastValues: Float64Array.of(1, 0, 2.25),
  rows: [{ tMs: 1_700_000_030_000, values: Float64Array.of(1, 5, 2.25) }],
  strayColumns: Uint32Array.of(2),
  strayMs: Float64Array.of(1_699_999_000_000),
  strayValues: Float64Array.of(8),
  pages: [
    {
      page: 1,
      kind: "rows",
      level: 1,
      startMs: 10,
      endMs: 20,
      rowsCount: 3,
      firstColumn: 0,
      columnsCount: 3,
      bytes: 99,
    },
    {
      page: 3,
      kind: "strays",
      level: 0,
      startMs: 5,
      endMs: 5,
      rowsCount: 1,
      firstColumn: 0,
      columnsCount: 0,
      bytes: 60,
    },
  ],
  garbage: [0, 2],
};

Deno.test("version 1 of manifests and catalogue chunks is read for ever", async () => {
  const manifest = new URL("manifest_v1.bin", GOLDEN);
  const chunk = new URL("labels_chunk_v1.bin", GOLDEN);
  if (Deno.env.get("NARTHEX_WRITE_GOLDEN") === "1") {
    await Deno.writeFile(manifest, encodeManifest(MANIFEST));
    await Deno.writeFile(chunk, encodeChunk(DEFINE.defined)!);
  }
  assert.deepEqual(decodeManifest(await Deno.readFile(manifest)), MANIFEST);
  assert.deepEqual(decodeChunk(await Deno.readFile(chunk)).unpack(), DEFINE.defined);
  assert.deepEqual(decodeManifest(encodeManifest(MANIFEST)), MANIFEST);
});

Deno.test("decoders of records, manifests and chunks refuse changed bytes and never crash or loop", () => {
  const subjects: readonly (readonly [bytes: Uint8Array, decode: (bytes: Uint8Array) => void])[] = [
    [encodeDefine(DEFINE), (bytes) => void decodeRecord(bytes)],
    [sampleRecord(), (bytes) => {
      const record = decodeRecord(bytes);
      if (record.kind === "samples") {
        for (let i = 0; i < record.rowsCount; i++) decodeRow(record.input, WIDTH, newBase());
      }
    }],
    [encodeManifest(MANIFEST), (bytes) => void decodeManifest(bytes)],
    [encodeChunk(DEFINE.defined)!, (bytes) => void decodeChunk(bytes)],
  ];
  const change = fc.tuple(
    fc.nat({ max: 3 }),
    fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 5 }),
  );
  fc.assert(
    fc.property(change, ([which, changes]) => {
      const [whole, decode] = subjects[which]!;
      const bytes = whole.slice();
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
      try {
        decode(bytes);
      } catch (error) {
        assert(error instanceof CorruptDataError, String((error as Error).stack));
      }
    }),
    { numRuns: 1500 },
  );
});
