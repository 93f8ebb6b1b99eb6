import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { JsonWriter, quoteJson } from "../../lib/http/json_writer.ts";
import { JSON_CHUNK_BYTES, writeResultJson } from "../../lib/http/query_json.ts";
import { formatSampleValue } from "../../lib/model/float.ts";
import { labelsFromRecord } from "../../lib/model/labels.ts";
import { setAbsent, setStale, wordsOf } from "../../lib/model/stale.ts";
import type { MatrixSeries, QueryValue } from "../../lib/promql/result.ts";
import { resultOf } from "./fixtures.ts";

function write(run: (writer: JsonWriter) => void): string {
  const writer = new JsonWriter(8);
  run(writer);
  return new TextDecoder().decode(writer.take());
}

function bodyOf(value: QueryValue): string {
  let text = "";
  const decoder = new TextDecoder();
  for (const chunk of writeResultJson(resultOf(value), { warnings: [], stats: undefined, totalMs: 0 })) {
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

const anyDouble = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.integer({ min: -100_000, max: 100_000 }).map((n) => n / 100),
  fc.integer({ min: -3e9, max: 3e9 }).map((n) => n / 1000),
  fc.constantFrom(
    NaN,
    Infinity,
    -Infinity,
    -0,
    0,
    1e21,
    1e-7,
    1e-6,
    9.99e20,
    2 ** 31,
    -(2 ** 31),
    0.1 + 0.2,
    5e-324,
  ),
);

Deno.test("sample values are written as Prometheus formats them", () => {
  const cases: readonly (readonly [number, string])[] = [
    [1, '"1"'],
    [-0, '"-0"'],
    [NaN, '"NaN"'],
    [Infinity, '"+Inf"'],
    [-Infinity, '"-Inf"'],
    [1e21, '"1e+21"'],
    [1e-7, '"1e-07"'],
    [123456789012345680000, '"123456789012345680000"'],
    [0.000001, '"0.000001"'],
    [1234.5, '"1234.5"'],
    [-2147483648, '"-2147483648"'],
  ];
  for (const [value, text] of cases) strictEqual(write((writer) => writer.sampleValue(value)), text);
});

Deno.test("any sample value reads as formatSampleValue writes it", () => {
  fc.assert(
    fc.property(anyDouble, (value) => {
      strictEqual(write((writer) => writer.sampleValue(value)), `"${formatSampleValue(value)}"`);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("timestamps are seconds with three decimals or none", () => {
  const cases: readonly (readonly [number, string])[] = [
    [1435781430500, "1435781430.500"],
    [1435781430001, "1435781430.001"],
    [1435781430010, "1435781430.010"],
    [1435781430000, "1435781430"],
    [0, "0"],
    [-1500, "-1.500"],
    [9007199254740991, "9007199254740.991"],
  ];
  for (const [tMs, text] of cases) strictEqual(write((writer) => writer.timestamp(tMs)), text);
});

Deno.test("text is escaped as Go's encoding/json escapes it", () => {
  strictEqual(
    quoteJson('a"b\\c\n\t\u0001<&>\u2028ü\ud800'),
    '"a\\"b\\\\c\\n\\t\\u0001\\u003c\\u0026\\u003e\\u2028ü\ufffd"',
  );
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => strictEqual(JSON.parse(quoteJson(text)), text)),
  );
});

Deno.test("a matrix reads as a naive rendering of it, gaps left out", () => {
  const arbitrary = fc.array(
    fc.record({
      labels: fc.dictionary(fc.string(), fc.string({ minLength: 1 }), { maxKeys: 4 }),
      values: fc.array(fc.oneof(anyDouble, fc.constantFrom("absent" as const, "stale" as const)), {
        maxLength: 30,
      }),
      shared: fc.boolean(),
    }),
    { maxLength: 6 },
  );
  const sharedMs = Float64Array.from({ length: 30 }, (_, i) => 1_700_000_000_000 + i * 1500);
  fc.assert(
    fc.property(arbitrary, (rows) => {
      const series: MatrixSeries[] = rows.map(({ labels, values, shared }) => {
        const column = Float64Array.from(values, (value) => typeof value === "number" ? value : 0);
        const words = wordsOf(column);
        values.forEach((value, i) => {
          if (value === "absent") setAbsent(words, i);
          if (value === "stale") setStale(words, i);
        });
        const tMs = shared && values.length === 30 ? sharedMs : Float64Array.from(values, (_, i) => i * 333);
        return { labels: labelsFromRecord(labels), tMs, values: column };
      });
      const naive = series.map(({ labels, tMs }, s) => {
        const metric: [string, string][] = [];
        for (let i = 0; i < labels.length; i += 2) metric.push([labels[i]!, labels[i + 1]!]);
        const points = rows[s]!.values.flatMap((value, i) =>
          typeof value === "number" ? [[tMs[i]! / 1000, formatSampleValue(value)]] : []
        );
        return { metric, points };
      });
      const body = JSON.parse(bodyOf({ kind: "matrix", series }));
      const got = body.data.result.map((one: { metric: Record<string, string>; values?: unknown[] }) => ({
        metric: Object.entries(one.metric),
        points: one.values ?? [],
      }));
      const sorted = (list: { metric: [string, string][]; points: unknown }[]) =>
        list.map(({ metric, points }) => ({ metric: [...metric].sort(), points }));
      deepStrictEqual(sorted(got), sorted(naive));
    }),
    { numRuns: 200 },
  );
});

Deno.test("a large answer comes in bounded chunks and is the same text", () => {
  const tMs = Float64Array.from({ length: 30_000 }, (_, i) => i * 1000);
  const values = tMs.map((t) => Math.sqrt(t));
  const value: QueryValue = { kind: "matrix", series: [{ labels: ["a", "b"], tMs, values }] };
  const chunks = [...writeResultJson(resultOf(value), { warnings: [], stats: undefined, totalMs: 0 })];
  strictEqual(chunks.length > 4, true);
  for (const chunk of chunks) strictEqual(chunk.length < 2 * JSON_CHUNK_BYTES, true);
  strictEqual(JSON.parse(bodyOf(value)).data.result[0].values.length, 30_000);
});
