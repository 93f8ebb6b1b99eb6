import assert from "node:assert/strict";
import fc from "fast-check";
import { NEW_SERIES_BIT, type SampleRow } from "../../lib/model/batch.ts";
import {
  CUSTOM_BUCKETS_SCHEMA,
  EMPTY_HISTOGRAM,
  type FloatHistogram,
  histogramsEqual,
} from "../../lib/model/histogram/float_histogram.ts";
import { histogramAt, putHistogram } from "../../lib/model/histogram_cell.ts";
import { labelsFromRecord } from "../../lib/model/labels.ts";
import { absentColumn, isAbsent, setAbsent, setStale, wordsOf } from "../../lib/model/stale.ts";
import { ByteReader, ByteWriter } from "../../lib/storage/codecs/bytes.ts";
import {
  decodeHistogram,
  encodeHistogram,
  HISTOGRAM_BUCKETS_MAX,
} from "../../lib/storage/codecs/histogram.ts";
import { decodeCells, encodeCells } from "../../lib/storage/codecs/histogram_column.ts";
import { decodeManifest, encodeManifest } from "../../lib/storage/codecs/manifest.ts";
import { decodePageColumn, encodeRowsPage, openPage } from "../../lib/storage/codecs/page.ts";
import {
  beginSamples,
  decodeRecord,
  decodeRow,
  encodeRow,
  finish,
} from "../../lib/storage/journal_record.ts";
import { CorruptDataError } from "../../lib/storage/errors.ts";
import { anyHistogram, latency } from "./histogram_samples.ts";
import { ShardDriver } from "./shard_driver.ts";

type Cell = number | "absent" | "stale" | FloatHistogram;

const cell: fc.Arbitrary<Cell> = fc.oneof(
  { weight: 4, arbitrary: anyHistogram },
  fc.constantFrom<Cell>(1, 2.5, "absent", "stale"),
);

/** Values and the table that their histogram cells point into. */
function cellsOf(
  cells: readonly Cell[],
): { values: Float64Array<ArrayBuffer>; histograms: FloatHistogram[] } {
  const values = new Float64Array(cells.length);
  const words = wordsOf(values);
  const histograms: FloatHistogram[] = [];
  cells.forEach((value, i) => {
    if (typeof value === "number") values[i] = value;
    else if (value === "absent") setAbsent(words, i);
    else if (value === "stale") setStale(words, i);
    else putHistogram(words, i, histograms, value);
  });
  return { values, histograms };
}

function assertSame(actual: FloatHistogram | undefined, expected: FloatHistogram, hint = true): void {
  assert(actual !== undefined);
  assert(histogramsEqual(actual, expected), `${JSON.stringify(actual)} is ${JSON.stringify(expected)}`);
  assert.equal(actual.fromIntegers, expected.fromIntegers);
  if (hint) assert.equal(actual.counterResetHint, expected.counterResetHint);
}

Deno.test("any column of histograms, floats and gaps comes back from a page as it was", () => {
  fc.assert(fc.property(
    fc.array(fc.tuple(cell, fc.nat({ max: 4 })), { minLength: 1, maxLength: 12 }),
    fc.nat({ max: 3 }),
    (runs, at) => {
      const cells = runs.flatMap(([value, more]) => new Array<Cell>(more + 1).fill(value));
      const { values, histograms } = cellsOf(cells);
      const out = new ByteWriter();
      encodeCells(out, wordsOf(values), cells.length, histograms);
      const input = new ByteReader(out.take(), "column");
      const back = absentColumn(at + cells.length);
      const table: FloatHistogram[] = [latency(1)];
      const gaps = decodeCells(input, back, wordsOf(back), at, cells.length, table);
      assert.equal(input.left, 0);
      assert.equal(gaps, cells.some((value) => value === "absent" || value === "stale"));
      cells.forEach((value, i) => {
        if (typeof value === "object") assertSame(histogramAt(wordsOf(back), at + i, table), value);
        else assert.deepEqual(back.slice(at + i, at + i + 1), values.slice(i, i + 1));
      });
    },
  ));
});

Deno.test("a histogram comes back from the journal whatever came before it", () => {
  fc.assert(fc.property(anyHistogram, fc.option(anyHistogram), fc.nat({ max: 9 }), (one, before, step) => {
    const bases = [before ?? undefined, one, { ...one, count: one.count + step, sum: step }];
    for (const base of bases) {
      const out = new ByteWriter();
      encodeHistogram(out, one, base);
      const input = new ByteReader(out.take(), "histogram");
      assertSame(decodeHistogram(input, base), one);
      assert.equal(input.left, 0);
    }
  }));
});

Deno.test("damaged histograms are refused and never crash or loop", () => {
  fc.assert(fc.property(
    fc.array(cell, { minLength: 1, maxLength: 5 }),
    fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }),
    (cells, changes) => {
      const { values, histograms } = cellsOf(cells);
      const out = new ByteWriter();
      encodeCells(out, wordsOf(values), cells.length, histograms);
      encodeHistogram(out, latency(2), latency(1));
      const bytes = out.take();
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
      const back = absentColumn(cells.length);
      try {
        const input = new ByteReader(bytes, "column");
        decodeCells(input, back, wordsOf(back), 0, cells.length, []);
        decodeHistogram(input, latency(1));
      } catch (error) {
        assert(error instanceof CorruptDataError, String(error));
      }
    },
  ));
});

const SERIES = [0, 1, 2].map((i) => labelsFromRecord({ __name__: "latency", job: "api", i: String(i) }));
const BASE_MS = 1_700_000_000_000;

function rowOf(tMs: number, cells: readonly Cell[]): SampleRow {
  const present = cells.map((value, i) => ({ value, i })).filter(({ value }) => value !== "absent");
  const { values, histograms } = cellsOf(present.map(({ value }) => value));
  return {
    tMs,
    refs: Uint32Array.from(present, ({ i }) => (NEW_SERIES_BIT | i) >>> 0),
    values,
    histograms: histograms.length === 0 ? undefined : histograms,
  };
}

function batchOf(rows: readonly SampleRow[], cohort = "c", strays: readonly SampleRow[] = []) {
  return { cohort, epoch: 0, defined: SERIES, rows, strays };
}

/** Per series, time → sample. */
async function samplesOf(
  driver: ShardDriver,
): Promise<Map<string, Map<number, number | string | FloatHistogram>>> {
  const all = new Map<string, Map<number, number | string | FloatHistogram>>();
  const request = { matchers: [], range: { startMs: -8e15, endMs: 8e15 }, samplesMax: 1e9 };
  for await (const group of driver.source.select(request, new AbortController().signal)) {
    group.series.forEach((labels, i) => {
      const samples = new Map<number, number | string | FloatHistogram>();
      const words = wordsOf(group.columns[i]!);
      group.tMs.forEach((tMs, at) => {
        if (isAbsent(words, at)) return;
        const bits = `${words[2 * at + 1]}:${words[2 * at]}`;
        samples.set(tMs, histogramAt(words, at, group.histograms) ?? bits);
      });
      all.set(labels.join(","), samples);
    });
  }
  return all;
}

Deno.test("whatever histograms are stored are read again, through windows, pages, merges, strays and crashes", async () => {
  const scene = fc.record({
    rows: fc.array(
      fc.record({
        cells: fc.array(cell, { minLength: 3, maxLength: 3 }),
        repeat: fc.constantFrom(1, 1, 2, 20),
        stray: fc.boolean(),
        twin: fc.constantFrom(false, false, false, true),
        then: fc.constantFrom("", "", "maintain", "crash", "drain"),
      }),
      { minLength: 1, maxLength: 14 },
    ),
  });
  await fc.assert(
    fc.asyncProperty(scene, async ({ rows }) => {
      const driver = new ShardDriver();
      await driver.open();
      const expected = SERIES.map(() => new Map<number, Cell>());
      let tMs = BASE_MS;
      for (const { cells, repeat, stray, twin, then } of rows) {
        for (let i = 0; i < repeat; i++) {
          tMs += 15_000;
          const row = rowOf(tMs, cells);
          const batch = stray ? batchOf([], twin ? "d" : "c", [row]) : batchOf([row], twin ? "d" : "c");
          const [outcome] = driver.append([batch]);
          assert.equal(outcome!.kind, "appended", JSON.stringify(outcome));
          assert(outcome!.kind === "appended");
          assert.equal(outcome!.counts.appended, row.refs.length);
          cells.forEach((value, s) => value !== "absent" && expected[s]!.set(tMs, value));
        }
        driver.drain();
        if (then === "maintain") {
          driver.nowMs += 21 * 60_000;
          await driver.maintain();
        } else if (then === "crash") await driver.crash();
      }
      await driver.crash();
      const found = await samplesOf(driver);
      SERIES.forEach((labels, s) => {
        const samples = found.get(labels.join(",")) ?? new Map();
        assert.deepEqual([...samples.keys()], [...expected[s]!.keys()]);
        for (const [at, value] of expected[s]!) {
          const got = samples.get(at);
          if (typeof value !== "object") assert.equal(typeof got, "string");
          else assertSame(got as FloatHistogram, value, false);
        }
      });
    }),
    { numRuns: 60 },
  );
});

async function openDriver(): Promise<ShardDriver> {
  const driver = new ShardDriver();
  await driver.open();
  return driver;
}

function countsOf(driver: ShardDriver, row: SampleRow, defined = SERIES) {
  const [outcome] = driver.append([{ cohort: "c", epoch: 0, defined, rows: [row], strays: [] }]);
  assert.equal(outcome!.kind, "appended");
  assert(outcome!.kind === "appended");
  return outcome!.counts;
}

Deno.test("an equal histogram at the same time is fine, another or a float is a duplicate, a float after it is fine", async () => {
  const driver = await openDriver();
  const none: Cell[] = ["absent", "absent"];
  assert.equal(countsOf(driver, rowOf(BASE_MS, [latency(5), ...none])).appended, 1);
  const same = countsOf(driver, rowOf(BASE_MS, [latency(5), ...none]));
  assert.deepEqual([same.appended, same.duplicate], [0, 0]);
  assert.equal(countsOf(driver, rowOf(BASE_MS, [latency(6), ...none])).duplicate, 1);
  assert.equal(countsOf(driver, rowOf(BASE_MS, [7, ...none])).duplicate, 1);
  assert.equal(countsOf(driver, rowOf(BASE_MS - 1, [latency(6), ...none])).outOfOrder, 1);
  assert.equal(countsOf(driver, rowOf(BASE_MS + 1, [7, ...none])).appended, 1);
  assert.equal(countsOf(driver, rowOf(BASE_MS + 1, [latency(5), ...none])).duplicate, 1);
});

Deno.test("within one request the second of two histograms at one time is judged against the first", async () => {
  const driver = await openDriver();
  const rows = [latency(1), latency(1), latency(2)].map((h) => rowOf(BASE_MS, [h, "absent", "absent"]));
  const [outcome] = driver.append([batchOf(rows)]);
  assert(outcome!.kind === "appended");
  assert.deepEqual([outcome!.counts.appended, outcome!.counts.duplicate], [1, 1]);
});

Deno.test("a bad histogram is refused in Prometheus's words", async () => {
  const driver = await openDriver();
  const bad: readonly (readonly [FloatHistogram, RegExp])[] = [
    [{ ...latency(1), schema: 60 }, /histogram has an invalid schema, which must be between -9 and 52/],
    [{ ...latency(1), count: -1 }, /histogram's observation count is negative/],
    [
      { ...EMPTY_HISTOGRAM, schema: CUSTOM_BUCKETS_SCHEMA, customValues: Float64Array.of(2, 1) },
      /histogram custom bounds must be in strictly increasing order/,
    ],
    [latency(1, HISTOGRAM_BUCKETS_MAX + 1), /3001 buckets and bounds, expected at most 3000/],
  ];
  for (const [histogram, reason] of bad) {
    const [outcome] = driver.append([batchOf([rowOf(BASE_MS, [histogram, "absent", "absent"])])]);
    assert(outcome!.kind === "limited");
    assert.match(outcome!.reason, reason);
  }
});

Deno.test("histograms wider than a page's share are sealed in shorter spans, and read again", async () => {
  const driver = await openDriver();
  const noise = (n: number): FloatHistogram => {
    const h = latency(n, HISTOGRAM_BUCKETS_MAX);
    const { fromIntegers: _, ...float } = h;
    const counts = h.positive.counts.map((count, i) => Math.abs(Math.sin(n * 31 + i) * (count + 1)));
    return { ...float, positive: { indexes: h.positive.indexes, counts } };
  };
  const rows = 70;
  for (let n = 1; n <= rows; n++) {
    countsOf(driver, rowOf(BASE_MS + n * 15_000, [noise(n), n, latency(n)]));
    driver.drain();
    if (n % 35 === 0) {
      driver.nowMs += 21 * 60_000;
      await driver.maintain();
    }
  }
  assert(driver.head.cohorts.get(1)!.pages.length > 4);
  await driver.crash();
  const found = await samplesOf(driver);
  const wide = found.get(SERIES[0]!.join(","))!;
  assert.equal(wide.size, rows);
  for (let n = 1; n <= rows; n++) {
    assertSame(wide.get(BASE_MS + n * 15_000) as FloatHistogram, noise(n), false);
  }
  assert.equal(found.get(SERIES[1]!.join(","))!.size, rows);
});

Deno.test("what a cohort keeps of histograms in memory goes with its window, and is counted", async () => {
  const driver = await openDriver();
  for (let n = 1; n <= 2_000; n++) {
    countsOf(driver, rowOf(BASE_MS + n * 15_000, [latency(n), n, latency(n)]));
    driver.drain();
    if (n % 64 === 0) await driver.maintain();
  }
  assert.equal(driver.head.counters.histogramsAppended, 4_000);
  const counted = driver.head.windowBytes;
  driver.head.measureWindows();
  assert(
    Math.abs(counted - driver.head.windowBytes) < 0.3 * counted,
    `${counted} and ${driver.head.windowBytes}`,
  );
  const cohort = driver.head.cohorts.get(1)!;
  assert(cohort.histograms!.length <= 2 * (cohort.rows.length + 1));
  assert(cohort.windowBytes() > cohort.histograms!.length * 20 * 8);
});

Deno.test("hints are given out as Prometheus does: a gauge stays one, what follows did not begin anew, all else is unknown", async () => {
  const driver = await openDriver();
  const gauge: FloatHistogram = { ...latency(3), counterResetHint: "gauge" };
  const told: FloatHistogram = { ...latency(9), counterResetHint: "reset" };
  const cells: Cell[] = [
    latency(5),
    latency(6),
    latency(2),
    latency(3),
    told,
    1,
    latency(3),
    gauge,
    latency(4),
  ];
  cells.forEach((value, i) => countsOf(driver, rowOf(BASE_MS + i, [value, "absent", "absent"])));
  driver.drain();
  await driver.crash();
  const samples = (await samplesOf(driver)).get(SERIES[0]!.join(","))!;
  const hints = [...samples.values()].map((value) =>
    typeof value === "object" ? value.counterResetHint : "float"
  );
  const wanted = [
    "unknown",
    "not_reset",
    "unknown",
    "not_reset",
    "unknown",
    "float",
    "unknown",
    "gauge",
    "unknown",
  ];
  assert.deepEqual(hints, wanted);
});

const GOLDEN = new URL("./golden/", import.meta.url);
const GOLDEN_CELLS: readonly Cell[] = [
  "absent",
  latency(1),
  latency(2),
  "stale",
  7.5,
  { ...latency(3, 9), counterResetHint: "gauge", sum: -1.25 },
  {
    ...EMPTY_HISTOGRAM,
    schema: CUSTOM_BUCKETS_SCHEMA,
    customValues: Float64Array.of(0.1, 0.5, 1),
    positive: { indexes: Int32Array.of(0, 3), counts: Float64Array.of(1.5, 2) },
    count: 3.5,
    sum: 4,
  },
];

function assertGoldenCells(values: Float64Array, table: readonly FloatHistogram[] | undefined): void {
  const plain = cellsOf(GOLDEN_CELLS).values;
  GOLDEN_CELLS.forEach((value, i) => {
    if (typeof value === "object") assertSame(histogramAt(wordsOf(values), i, table), value);
    else assert.deepEqual(values.slice(i, i + 1), plain.slice(i, i + 1));
  });
}

async function golden(name: string, write: () => Uint8Array): Promise<Uint8Array> {
  const file = new URL(name, GOLDEN);
  if (Deno.env.get("NARTHEX_WRITE_GOLDEN") === "1") await Deno.writeFile(file, write());
  return await Deno.readFile(file);
}

Deno.test("version 2 of pages, with histograms, is read for ever", async () => {
  const { values, histograms } = cellsOf(GOLDEN_CELLS);
  const tMs = Float64Array.from(GOLDEN_CELLS, (_, i) => BASE_MS + i * 15_000);
  const write = () => encodeRowsPage(7, tMs, 2, 1, () => wordsOf(values), histograms)!;
  for (const bytes of [write(), await golden("page_v2.bin", write)]) {
    const page = openPage(bytes);
    const out = new Float64Array(tMs.length);
    const table: FloatHistogram[] = [];
    const input = new ByteReader(page.payload, "page");
    assert.equal(decodePageColumn(page, 2, input, out, wordsOf(out), 0, table), true);
    assertGoldenCells(out, table);
  }
});

Deno.test("version 2 of journal records, with histograms, is read for ever", async () => {
  const count = GOLDEN_CELLS.length;
  const present = GOLDEN_CELLS.map((value) => value === "absent" ? 3 : value);
  const { values, histograms } = cellsOf(present);
  const columns = Uint32Array.from({ length: count }, (_, i) => i);
  const before = cellsOf(present.map((value) => typeof value === "object" ? latency(1) : 1));
  const base = { lastWords: wordsOf(before.values), histograms: before.histograms };
  const write = () => {
    const out = new ByteWriter();
    beginSamples(out, 4, 1);
    // Places in the table are the cohort's: never those of the newest values.
    const words = wordsOf(values.slice());
    for (let i = 0; i < count; i++) if (histogramAt(words, i, histograms)) words[2 * i]! += 100;
    const table = [...new Array<FloatHistogram>(100).fill(latency(1)), ...histograms];
    encodeRow(
      out,
      { tMs: BASE_MS, columns, values: new Float64Array(words.buffer), histograms: table },
      true,
      base,
    );
    return finish(out, true);
  };
  for (const bytes of [write(), await golden("journal_samples_v2.bin", write)]) {
    const record = decodeRecord(bytes);
    assert(record.kind === "samples");
    const { row, stray } = decodeRow(record.input, count, base);
    assert.deepEqual([record.cohort, row.tMs, stray], [4, BASE_MS, true]);
    present.forEach((value, i) => {
      if (typeof value === "object") assertSame(histogramAt(wordsOf(row.values), i, row.histograms), value);
      else assert.deepEqual(row.values.slice(i, i + 1), values.slice(i, i + 1));
    });
  }
});

Deno.test("version 2 of manifests, with histograms, is read for ever", async () => {
  const { values, histograms } = cellsOf(GOLDEN_CELLS);
  const count = GOLDEN_CELLS.length;
  const plain = new Float64Array(count);
  const manifest = {
    ...{
      cohort: 3,
      name: "write/a/b",
      baseSeq: 9,
      nextPage: 2,
      sealedMaxMs: 5,
      minMs: 1,
      lastChunkColumn: 0,
    },
    ...{ lateSeen: false, released: false, lastMs: plain, lastValues: values, pages: [], garbage: [] },
    rows: [{ tMs: 7, values }],
    ...{ strayColumns: new Uint32Array(count), strayMs: plain, strayValues: values, histograms },
  };
  const write = () => encodeManifest(manifest);
  for (const bytes of [write(), await golden("manifest_v2.bin", write)]) {
    const back = decodeManifest(bytes);
    assert.deepEqual([back.cohort, back.name, back.rows.length], [3, "write/a/b", 1]);
    for (const part of [back.lastValues, back.rows[0]!.values, back.strayValues]) {
      assertGoldenCells(part, back.histograms);
    }
  }
});
