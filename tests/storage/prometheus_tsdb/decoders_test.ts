import assert from "node:assert/strict";
import { zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { compress } from "snappyjs";
import type { ByteFile } from "../../../lib/core/ports.ts";
import { STALE_HIGH, STALE_LOW } from "../../../lib/model/stale.ts";
import { CorruptDataError } from "../../../lib/storage/errors.ts";
import { BlockIndex } from "../../../lib/storage/prometheus_tsdb/block_index.ts";
import { readBlockMeta } from "../../../lib/storage/prometheus_tsdb/block_meta.ts";
import { crc32c } from "../../../lib/storage/prometheus_tsdb/crc32c.ts";
import { readHeadChunks } from "../../../lib/storage/prometheus_tsdb/head_chunks.ts";
import {
  decodeFloatHistogramChunk,
  decodeHistogramChunk,
} from "../../../lib/storage/prometheus_tsdb/histogram_chunk.ts";
import { SampleColumn } from "../../../lib/storage/prometheus_tsdb/sample_column.ts";
import { readTombstones } from "../../../lib/storage/prometheus_tsdb/tombstones.ts";
import { visitRecord, type WalVisitor } from "../../../lib/storage/prometheus_tsdb/wal_records.ts";
import { readWalSegment } from "../../../lib/storage/prometheus_tsdb/wal_segments.ts";
import { decodeXorChunk } from "../../../lib/storage/prometheus_tsdb/xor_chunk.ts";
import {
  bitsOf,
  Bytes,
  encodeFloatHistogramChunk,
  encodeHistogramChunk,
  encodeWal,
  encodeXorChunk,
  uvarint,
  varint,
} from "./encoders.ts";

const STALE_BITS = BigInt(STALE_HIGH) * 2n ** 32n + BigInt(STALE_LOW);

function fileOf(bytes: Uint8Array<ArrayBuffer>, path = "file"): ByteFile {
  const read = (at: number, count: number) => bytes.slice(at, at + count);
  return { path, bytesCount: bytes.length, read, close: () => {} };
}

Deno.test("the checksum is that of the standard", () => {
  assert.equal(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
});

const samplesArbitrary = fc.tuple(
  fc.integer({ min: -(2 ** 45), max: 2 ** 45 }),
  fc.array(
    fc.tuple(
      fc.oneof(
        fc.constant(15_000),
        fc.integer({ min: 1, max: 2 ** 22 }),
        fc.integer({ min: 1, max: 2 ** 40 }),
      ),
      fc.oneof(fc.double().map(bitsOf), fc.integer().map(bitsOf), fc.constant(STALE_BITS), fc.constant(0n)),
    ),
    { minLength: 1, maxLength: 150 },
  ),
).map(([startMs, steps]) => {
  let tMs = startMs;
  return steps.map(([stepMs, bits]) => ({ tMs: tMs += stepMs, bits }));
});

Deno.test("a chunk of floats gives back every time and every bit, within the bounds asked for", () => {
  fc.assert(fc.property(samplesArbitrary, fc.nat(149), fc.nat(149), (samples, a, b) => {
    const bytes = encodeXorChunk(samples);
    const startMs = samples[Math.min(a, samples.length - 1)]!.tMs;
    const endMs = samples[Math.min(b, samples.length - 1)]!.tMs;
    const column = new SampleColumn(2);
    assert.equal(decodeXorChunk(bytes, startMs, endMs, column), samples.length);
    const expected = samples.filter(({ tMs }) => tMs >= startMs && tMs <= endMs);
    assert.deepEqual([...column.tMs.subarray(0, column.count)], expected.map(({ tMs }) => tMs));
    const got = Array.from(
      { length: column.count },
      (_, i) => BigInt(column.words[2 * i + 1]!) * 2n ** 32n + BigInt(column.words[2 * i]!),
    );
    assert.deepEqual(got, expected.map(({ bits }) => bits));
  }));
});

const SPANS = {
  schema: 3,
  threshold: 2 ** -128,
  positiveSpans: [{ offset: -2, length: 2 }, { offset: 3, length: 1 }],
  negativeSpans: [{ offset: 0, length: 1 }],
} as const;

Deno.test("a chunk of histograms: buckets, zero bucket, hints, and where the series ended", () => {
  const samples = [
    { tMs: 1_700_000_000_000, count: 12, zeroCount: 2, sum: bitsOf(18.5), deltas: [1, 3, -2, 3] },
    { tMs: 1_700_000_015_000, count: 24, zeroCount: 4, sum: bitsOf(20.25), deltas: [2, 6, -4, 6] },
    { tMs: 1_700_000_030_001, count: 24, zeroCount: 4, sum: STALE_BITS, deltas: [2, 6, -4, 6], stale: true },
  ];
  const decoded = decodeHistogramChunk(encodeHistogramChunk({ ...SPANS, hint: 2 }, samples));
  assert.deepEqual(decoded.map(({ tMs }) => tMs), samples.map(({ tMs }) => tMs));
  const [first, second, third] = decoded.map(({ histogram }) => histogram);
  assert.equal(first!.counterResetHint, "reset");
  assert.equal(first!.zeroThreshold, 2 ** -128);
  assert.equal(first!.sum, 18.5);
  assert.deepEqual([...first!.positive.indexes], [-2, -1, 3]);
  assert.deepEqual([...first!.positive.counts], [1, 4, 2]);
  assert.deepEqual([...first!.negative.counts], [3]);
  assert.equal(second!.counterResetHint, "not_reset");
  assert.deepEqual([...second!.positive.counts], [2, 8, 4]);
  assert.equal(second!.sum, 20.25);
  assert.equal(third, undefined);
});

Deno.test("a chunk of histograms with bounds of their own: thousandths, and any other float", () => {
  const layout = {
    ...{ hint: 3, schema: -53, threshold: 0, positiveSpans: [{ offset: 0, length: 3 }], negativeSpans: [] },
    bounds: [-1.5, 0.005, 0.1 + 0.2, 33554.43],
  };
  const [only] = decodeHistogramChunk(
    encodeHistogramChunk(layout, [{ tMs: 5, count: 6, zeroCount: 0, sum: bitsOf(1), deltas: [1, 1, 1] }]),
  );
  assert.deepEqual([...only!.histogram!.customValues], layout.bounds);
  assert.deepEqual([...only!.histogram!.positive.counts], [1, 2, 3]);
  assert.equal(only!.histogram!.counterResetHint, "gauge");
});

Deno.test("a chunk of float histograms gives back every field of every sample", () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { minLength: 7, maxLength: 7 }), {
        minLength: 1,
        maxLength: 20,
      }),
      (rows) => {
        const samples = rows.map(([zero, sum, ...buckets], i) => ({
          tMs: i * 15_000 + (i % 3),
          floats: [
            zero! + buckets.slice(0, 4).reduce((a, b) => a + b, 0),
            zero!,
            sum!,
            ...buckets.slice(0, 4),
          ],
        }));
        const decoded = decodeFloatHistogramChunk(encodeFloatHistogramChunk({ ...SPANS, hint: 0 }, samples));
        assert.equal(decoded.length, samples.length);
        decoded.forEach(({ tMs, histogram }, i) => {
          const h = histogram!;
          assert.equal(tMs, samples[i]!.tMs);
          const got = [h.count, h.zeroCount, h.sum, ...h.positive.counts, ...h.negative.counts];
          assert.deepEqual(got, samples[i]!.floats);
        });
      },
    ),
  );
});

const text = (value: string) => new Bytes().text(value).out;
const seriesRecord = new Bytes().put(1).be(7, 8).put(2, ...text("__name__"), ...text("up"), ...text("job"))
  .put(...text("a")).take();
const samplesRecord = new Bytes().put(2).be(7, 8).be(1_000, 8).put(...varint(0), ...varint(0)).be(
  bitsOf(1.5),
  8,
)
  .put(...varint(-2), ...varint(-999)).be(STALE_BITS, 8).take();
const samplesV2Record = new Bytes().put(11, ...varint(7), ...varint(1_000), ...varint(5)).be(bitsOf(1), 8)
  .put(...varint(1), ...varint(20), 2, ...varint(3)).be(bitsOf(2), 8)
  .put(...varint(-3), ...varint(-20), 0).be(bitsOf(3), 8).take();
const tombstoneRecord = new Bytes().put(3).be(7, 8).put(...varint(-5), ...varint(10)).take();
const exemplarRecord = new Bytes().put(4).be(7, 8).be(1_000, 8).put(...varint(0), ...varint(0))
  .be(bitsOf(2), 8).put(1, ...text("trace"), ...text("1")).take();
const metadataRecord = new Bytes().put(
  6,
  7,
  1,
  2,
  ...text("UNIT"),
  ...text(""),
  ...text("HELP"),
  ...text("x"),
)
  .take();
const histogramBody = (kind: number, base: readonly number[]) =>
  new Bytes().put(kind, ...base, 1, ...varint(0)).be(bitsOf(0.5), 8).put(1, 3).be(bitsOf(4), 8)
    .put(1, ...varint(2), 1, 0, 1, ...varint(2), 0).take();
const histogramRecord = histogramBody(7, [
  ...new Bytes().be(7, 8).be(1_000, 8).out,
  ...varint(0),
  ...varint(1),
]);
const histogramV2Record = histogramBody(12, [...varint(7), ...varint(1_001), ...varint(0)]);
const floatHistogramRecord = new Bytes().put(8).be(7, 8).be(1_000, 8).put(...varint(0), ...varint(2), 0)
  .put(...varint(-53)).be(0, 8).be(0, 8).be(bitsOf(2.5), 8).be(bitsOf(4), 8)
  .put(1, ...varint(0), 2, 0, 2).be(bitsOf(1), 8).be(bitsOf(1.5), 8).put(0, 1).be(bitsOf(9), 8).take();
const RECORDS = [
  ...[seriesRecord, samplesRecord, samplesV2Record, tombstoneRecord, exemplarRecord, metadataRecord],
  ...[histogramRecord, histogramV2Record, floatHistogramRecord, Uint8Array.of(99, 1)],
];

function told(records: Iterable<{ readonly bytes: Uint8Array; readonly where: string }>): string[] {
  const lines: string[] = [];
  const visit: WalVisitor = {
    series: (ref, labels) => lines.push(`series ${ref} ${labels.join(" ")}`),
    sample: (ref, tMs, high, low) => lines.push(`sample ${ref} ${tMs} ${high.toString(16)} ${low}`),
    tombstone: (ref, startMs, endMs) => lines.push(`tombstone ${ref} ${startMs} ${endMs}`),
    histogram: (ref, tMs, { count, positive, customValues }) =>
      lines.push(`histogram ${ref} ${tMs} ${count} ${positive.indexes} ${positive.counts} ${customValues}`),
    exemplars: (count) => lines.push(`exemplars ${count}`),
    metadata: (count) => lines.push(`metadata ${count}`),
    unknown: (kind) => lines.push(`unknown ${kind}`),
  };
  for (const record of records) visitRecord(record, visit);
  return lines;
}

Deno.test("records of the log are told as they were written, whichever way the log is packed", () => {
  const expected = [
    "series 7 __name__ up job a",
    "sample 7 1000 3ff80000 0",
    "sample 5 1 7ff00000 2",
    "sample 7 1000 3ff00000 0",
    "sample 8 1020 40000000 0",
    "sample 5 980 40080000 0",
    "tombstone 7 -5 10",
    "exemplars 1",
    "metadata 1",
    "histogram 7 1001 3 2 2 ",
    "histogram 7 1001 3 2 2 ",
    "histogram 7 1002 2.5 0,1 1,1.5 9",
    "unknown 99",
  ];
  const none = () => assert.fail("nothing is cut off");
  const snappy = (record: Uint8Array) => compress(record);
  const zstd = (record: Uint8Array) => zstdCompressSync(record);
  for (const bytes of [encodeWal(RECORDS), encodeWal(RECORDS, 8, snappy), encodeWal(RECORDS, 16, zstd)]) {
    assert.deepEqual(told(readWalSegment(fileOf(bytes), none)), expected);
  }
});

Deno.test("a record larger than a page is put together, and one that a crash cut off is left out", () => {
  const large = new Bytes().put(2).be(1, 8).be(0, 8);
  for (let i = 0; i < 8_000; i++) large.put(...varint(i), ...varint(i)).be(bitsOf(i), 8);
  const bytes = encodeWal([seriesRecord, large.take(), tombstoneRecord]);
  assert.equal(told(readWalSegment(fileOf(bytes), () => assert.fail("nothing is cut off"))).length, 8_002);
  for (const cut of [bytes.length - 1, bytes.length - 15, 40_000, 70_000]) {
    let torn = 0;
    const lines = told(readWalSegment(fileOf(bytes.slice(0, cut)), () => torn++));
    assert.equal(torn, 1, `cut at ${cut}`);
    assert.equal(lines.length, cut > 90_000 ? 8_001 : 1, `cut at ${cut}`);
  }
  const damaged = bytes.slice();
  damaged[20]! ^= 1;
  assert.throws(
    () => told(readWalSegment(fileOf(damaged), () => {})),
    /file at byte 0: checksum is \d+, expected/,
  );
});

function indexBytes(): Uint8Array<ArrayBuffer> {
  const out = new Bytes().be(0xbaaad700, 4).put(2);
  const symbols = new Bytes().be(4, 4).text("").text("__name__").text("up").text("down");
  const symbolsAt = out.out.length;
  out.be(symbols.out.length, 4).put(...symbols.out, ...symbols.checksum().out.slice(-4));
  const bodies = [
    new Bytes().put(1, 1, 3, 2, ...varint(-50), 100, ...uvarint(8), 5, 10, ...varint(300)),
    new Bytes().put(1, 1, 2, 1, ...varint(1_000), 5, ...uvarint(2 ** 32 + 8)),
  ];
  while (out.out.length % 16 !== 0) out.put(0);
  const seriesAt = out.out.length;
  for (const body of bodies) {
    while (out.out.length % 16 !== 0) out.put(0);
    out.put(...uvarint(body.out.length), ...body.out, ...body.checksum().out.slice(-4));
  }
  const end = out.out.length;
  const toc = new Bytes();
  for (const at of [symbolsAt, seriesAt, end, end, end, end]) toc.be(at, 8);
  return out.put(...toc.checksum().out).take();
}

Deno.test("the index of a block gives each series with its labels and where its chunks lie", () => {
  const index = new BlockIndex(fileOf(indexBytes()));
  const series = [...index.places()].map((place) => index.seriesAt(place));
  assert.deepEqual(series.map(({ labels }) => labels), [["__name__", "down"], ["__name__", "up"]]);
  assert.deepEqual(series[0]!.chunks, [
    { minMs: -50, maxMs: 50, segment: 0, offset: 8 },
    { minMs: 55, maxMs: 65, segment: 0, offset: 308 },
  ]);
  assert.deepEqual(series[1]!.chunks, [{ minMs: 1_000, maxMs: 1_005, segment: 1, offset: 8 }]);
});

function headChunkBytes(): Uint8Array<ArrayBuffer> {
  const out = new Bytes().be(0x0130bc91, 4).put(1, 0, 0, 0);
  for (const ref of [1, 2]) {
    const at = out.out.length;
    const chunk = encodeXorChunk([{ tMs: 5, bits: 1n }, { tMs: 9, bits: 2n }]);
    out.be(ref, 8).be(5, 8).be(9, 8).put(ref === 2 ? 0x81 : 1, ...uvarint(chunk.length), ...chunk).checksum(
      at,
    );
  }
  return out.put(...new Array<number>(64).fill(0)).take();
}

Deno.test("chunks of the head are read up to the zeros behind them", () => {
  const chunks = [...readHeadChunks(fileOf(headChunkBytes()))];
  assert.deepEqual(chunks.map(({ ref, minMs, maxMs, encoding }) => [ref, minMs, maxMs, encoding]), [
    [1, 5, 9, 1],
    [2, 5, 9, 1],
  ]);
});

function tombstoneBytes(): Uint8Array<ArrayBuffer> {
  const body = new Bytes().put(...uvarint(3), ...varint(-10), ...varint(20), ...uvarint(3), ...varint(40));
  body.put(...varint(50));
  return new Bytes().be(0x0130ba30, 4).put(1, ...body.out, ...body.checksum().out.slice(-4)).take();
}

Deno.test("tombstones of a block are told by series", () => {
  const stones = readTombstones(tombstoneBytes(), "tombstones");
  assert.deepEqual(stones.of(3), [{ startMs: -10, endMs: 20 }, { startMs: 40, endMs: 50 }]);
  assert.deepEqual(stones.of(4), []);
});

Deno.test("a block's meta.json tells its time and what it replaces, or what is wrong with it", () => {
  const meta = {
    ...{ version: 1, ulid: "X", minTime: 5, maxTime: 9, stats: { numSamples: 4 } },
    compaction: { hints: ["from-out-of-order"], parents: [{ ulid: "Y" }] },
  };
  assert.deepEqual(readBlockMeta(JSON.stringify(meta), "m"), {
    ...{ ulid: "X", minMs: 5, maxMs: 9, samples: 4, outOfOrder: true, parents: ["Y"] },
  });
  assert.throws(() => readBlockMeta("{", "m"), /Cannot decode m: it is not JSON/);
  assert.throws(() => readBlockMeta(`{"version":3}`, "m"), /expected version 1, got 3/);
});

/** Each reads all of its bytes. */
const DECODERS: readonly (readonly [what: string, bytes: Uint8Array<ArrayBuffer>, read: Reader])[] = [
  [
    "XOR chunk",
    copyOf(encodeXorChunk([{ tMs: 1, bits: 1n }, { tMs: 20, bits: 9n }, { tMs: 31, bits: 7n }])),
    (bytes) => decodeXorChunk(bytes, -Infinity, Infinity, new SampleColumn()),
  ],
  [
    "histogram chunk",
    copyOf(encodeHistogramChunk({ ...SPANS, hint: 0 }, [
      { tMs: 1, count: 12, zeroCount: 2, sum: bitsOf(18.5), deltas: [1, 3, -2, 3] },
      { tMs: 2, count: 24, zeroCount: 4, sum: bitsOf(20), deltas: [2, 6, -4, 6] },
    ])),
    decodeHistogramChunk,
  ],
  [
    "float histogram chunk",
    copyOf(encodeFloatHistogramChunk({ ...SPANS, hint: 0 }, [
      { tMs: 1, floats: [10, 1, 3, 2, 2, 2, 3] },
      { tMs: 2, floats: [11, 1, 3, 2, 3, 2, 3] },
    ])),
    decodeFloatHistogramChunk,
  ],
  ["log", encodeWal(RECORDS), (bytes) => told(readWalSegment(fileOf(bytes), () => {}))],
  ["index", indexBytes(), (bytes) => {
    const index = new BlockIndex(fileOf(bytes));
    return [...index.places()].map((place) => index.seriesAt(place));
  }],
  ["chunks of the head", headChunkBytes(), (bytes) => [...readHeadChunks(fileOf(bytes))]],
  ["tombstones", tombstoneBytes(), (bytes) => readTombstones(bytes, "tombstones")],
  ...RECORDS.map((record): readonly [string, Uint8Array<ArrayBuffer>, Reader] => [
    `record ${record[0]}`,
    copyOf(record),
    (bytes) => told([{ bytes, where: "here" }]),
  ]),
];

type Reader = (bytes: Uint8Array<ArrayBuffer>) => unknown;

function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(bytes);
}

Deno.test("whatever bytes come, a decoder ends, and refuses in words that say what is wrong", () => {
  for (const [what, bytes, read] of DECODERS) {
    read(bytes);
    const mutation = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255));
    fc.assert(
      fc.property(
        fc.array(mutation, { minLength: 1, maxLength: 4 }),
        fc.nat(bytes.length),
        fc.uint8Array({ maxLength: 12 }),
        (mutations, cut, tail) => {
          const mutated = Uint8Array.from([...bytes.subarray(0, cut), ...tail, ...bytes.subarray(cut)]);
          for (const [at, value] of mutations) mutated[at] = value;
          for (const input of [mutated, bytes.slice(0, cut), copyOf(tail)]) {
            try {
              read(input);
            } catch (error) {
              assert.ok(error instanceof CorruptDataError, `${what}: ${error}`);
              assert.match(error.message, /^Cannot (decode|read) .+: .+/);
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  }
});
