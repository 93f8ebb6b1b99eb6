import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { ByteReader } from "../../lib/storage/codecs/bytes.ts";
import {
  decodePageColumn,
  decodeStrays,
  encodeRowsPage,
  encodeStraysPage,
  openPage,
  PAGE_BYTES_MAX,
} from "../../lib/storage/codecs/page.ts";
import { CorruptDataError } from "../../lib/storage/errors.ts";
import { absentColumn, setNan, setStale, wordsOf } from "../../lib/model/stale.ts";

const GOLDEN = new URL("./golden/", import.meta.url);

/** 40 rows, 6 columns: constant, counter, decimals, noise, gaps, absent. Used for the golden page too. */
function sampleColumns(): { readonly tMs: Float64Array; readonly columns: readonly Float64Array[] } {
  const rows = 40;
  const tMs = Float64Array.from(
    { length: rows },
    (_, i) => 1_700_000_000_000 + i * 15_000 + (i % 7 === 3 ? 2 : 0),
  );
  const of = (f: (i: number) => number) => Float64Array.from({ length: rows }, (_, i) => f(i));
  const gaps = of((i) => i % 5);
  setStale(wordsOf(gaps), 7);
  setNan(wordsOf(gaps), 9);
  const columns = [
    of(() => 42.5),
    of((i) => 1e9 + i * i * 4096),
    of((i) => (1234 + (i * 37) % 11) / 100),
    of((i) => Math.sqrt(i + 2)),
    gaps,
    absentColumn(rows),
  ];
  return { tMs, columns };
}

function samplePage(): Uint8Array {
  const { tMs, columns } = sampleColumns();
  const page = encodeRowsPage(7, tMs, 3, columns.length, (column) => wordsOf(columns[column - 3]!));
  assert(page !== undefined);
  return page;
}

function assertSamplePage(bytes: Uint8Array): void {
  const { tMs, columns } = sampleColumns();
  const page = openPage(bytes);
  assert.deepEqual(page.tMs, tMs);
  assert.equal(page.cohort, 7);
  assert.equal(page.firstColumn, 3);
  const out = new Float64Array(tMs.length);
  const words = wordsOf(out);
  const input = new ByteReader(page.payload, "page");
  // In any order, since readers skip columns.
  for (const i of [5, 0, 3, 4, 1, 2]) {
    const gaps = decodePageColumn(page, 3 + i, input, out, words, 0);
    assert.deepEqual(words, wordsOf(columns[i]!));
    assert.equal(gaps, i >= 4);
  }
}

Deno.test("a page of rows comes back column by column", () => assertSamplePage(samplePage()));

Deno.test("a page of strays comes back", () => {
  const strays = {
    columns: Uint32Array.of(1, 1, 5, 9),
    tMs: Float64Array.of(1000, 2500, 1700, 3),
    values: Float64Array.of(1, NaN, -0, 1e300),
  };
  const bytes = encodeStraysPage(3, strays);
  assert(bytes !== undefined);
  const page = openPage(bytes);
  assert.equal(page.startMs, 3);
  assert.equal(page.endMs, 2500);
  assert.deepEqual(decodeStrays(page), strays);
});

Deno.test("a page that would be too large is refused, so that its columns are divided", () => {
  const tMs = Float64Array.from({ length: 1000 }, (_, i) => i);
  const noise = Float64Array.from({ length: 1000 }, (_, i) => Math.sin(i) * 1e-5);
  assert.equal(encodeRowsPage(1, tMs, 0, 200, () => wordsOf(noise)), undefined);
  const one = encodeRowsPage(1, tMs, 0, 4, () => wordsOf(noise));
  assert(one !== undefined && one.length <= PAGE_BYTES_MAX);
});

Deno.test("version 1 of the page format is read for ever", async () => {
  const path = new URL("page_v1.bin", GOLDEN);
  if (Deno.env.get("NARTHEX_WRITE_GOLDEN") === "1") await Deno.writeFile(path, samplePage());
  assertSamplePage(await Deno.readFile(path));
});

function refusesOrReads(bytes: Uint8Array): void {
  try {
    const page = openPage(bytes);
    if (page.kind === "strays") return void decodeStrays(page);
    const out = new Float64Array(page.rowsCount);
    const input = new ByteReader(page.payload, "page");
    for (let i = 0; i < page.columnsCount; i++) {
      decodePageColumn(page, page.firstColumn + i, input, out, wordsOf(out), 0);
    }
  } catch (error) {
    assert(error instanceof CorruptDataError, String(error));
    assert.match(error.message, /Cannot decode /);
  }
}

Deno.test("a page with any changed byte is refused by its checksum", () => {
  const page = samplePage();
  for (let at = 0; at < page.length; at++) {
    const bytes = page.slice();
    bytes[at]! ^= 0x41;
    assert.throws(() => openPage(bytes), CorruptDataError, `byte ${at}`);
  }
  for (let length = 0; length < page.length; length += 3) {
    assert.throws(() => openPage(page.slice(0, length)), CorruptDataError);
  }
});

Deno.test("a damaged page with a right checksum never crashes or loops", () => {
  const whole = samplePage();
  const change = fc.tuple(fc.nat({ max: whole.length - 9 }), fc.nat({ max: 255 }));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
      const bytes = whole.slice();
      for (const [at, byte] of changes) bytes[8 + at] = byte;
      new DataView(bytes.buffer).setUint32(4, crc32(Buffer.from(bytes.buffer, 8)), true);
      refusesOrReads(bytes);
    }),
    { numRuns: 1500 },
  );
});
