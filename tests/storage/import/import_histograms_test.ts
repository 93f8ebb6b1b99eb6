import assert from "node:assert/strict";
import fc from "fast-check";
import { type FloatHistogram, histogramsEqual } from "../../../lib/model/histogram/float_histogram.ts";
import { asStored } from "../../../lib/model/histogram/stored_hint.ts";
import { histogramAt } from "../../../lib/model/histogram_cell.ts";
import { matcherOf } from "../../../lib/model/matchers.ts";
import { isAbsent, isStale, wordsOf } from "../../../lib/model/stale.ts";
import { checkStore } from "../../../lib/storage/check/check_store.ts";
import { repairStore } from "../../../lib/storage/check/repair.ts";
import { copyStore } from "../../../lib/storage/snapshot.ts";
import { ImportWriter } from "../../../lib/storage/import/import_writer.ts";
import { storageKeys } from "../../../lib/storage/keys.ts";
import { openOffline } from "../../../lib/storage/offline.ts";
import { offlineSource } from "../../../lib/storage/offline_source.ts";
import { SampleColumn } from "../../../lib/storage/prometheus_tsdb/sample_column.ts";
import { anyHistogram, latency } from "../histogram_samples.ts";
import { MemoryKv } from "../memory_kv.ts";
import { QUIET } from "../shard_driver.ts";

const KEYS = storageKeys(["d", 0]);
const LABELS = ["__name__", "latency", "job", "j"];

type Sample = number | "stale" | FloatHistogram;

function writerOf(kv: MemoryKv): ImportWriter {
  return new ImportWriter({ kv, keys: KEYS, nextCohort: 1, names: new Set(), truncatedThrough: 0 });
}

function columnOf(samples: readonly (readonly [number, Sample])[]) {
  const column = new SampleColumn(0);
  const bits = new Float64Array(1);
  const words = wordsOf(bits);
  for (const [tMs, sample] of samples) {
    if (sample === "stale") column.pushHistogram(tMs, undefined);
    else if (typeof sample === "object") column.pushHistogram(tMs, sample);
    else {
      bits[0] = sample;
      column.push(tMs, words[1]!, words[0]!);
    }
  }
  return column;
}

async function samplesOf(kv: MemoryKv): Promise<Map<number, Sample>> {
  const head = await openOffline({ kv, keys: KEYS, log: QUIET });
  const source = offlineSource(head, { kv, keys: KEYS, log: QUIET });
  const request = {
    matchers: [matcherOf("=", "__name__", "latency")],
    range: { startMs: 0, endMs: 1e10 },
    samplesMax: 1e9,
  };
  const found = new Map<number, Sample>();
  for await (const group of source.select(request, new AbortController().signal)) {
    const words = wordsOf(group.columns[0]!);
    group.tMs.forEach((tMs, i) => {
      if (isAbsent(words, i)) return;
      const histogram = histogramAt(words, i, group.histograms);
      found.set(tMs, histogram ?? (isStale(words, i) ? "stale" : group.columns[0]![i]!));
    });
  }
  return found;
}

function assertSamples(
  found: ReadonlyMap<number, Sample>,
  expected: readonly (readonly [number, Sample])[],
): void {
  assert.deepEqual([...found.keys()].sort((a, b) => a - b), expected.map(([tMs]) => tMs));
  for (const [tMs, sample] of expected) {
    const got = found.get(tMs)!;
    if (typeof sample !== "object" || typeof got !== "object") assert.deepEqual(got, sample);
    else assert.ok(histogramsEqual(got, sample), `at ${tMs}`);
  }
}

Deno.test("whatever mix of histograms, floats and ends is imported is read again, in one piece or in two", async () => {
  const sample: fc.Arbitrary<Sample> = fc.oneof(
    { weight: 4, arbitrary: anyHistogram },
    fc.constantFrom<Sample>(1, -2.5, "stale"),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(sample, { minLength: 2, maxLength: 30 }),
      fc.nat({ max: 30 }),
      fc.boolean(),
      async (given, cut, shuffled) => {
        const samples = given.map((one, i) => [1_000 * (i + 1), one] as const);
        const column = columnOf(shuffled ? samples.toReversed() : samples);
        const kv = new MemoryKv();
        const writer = writerOf(kv);
        for (const throughMs of [1_000 * Math.min(cut, given.length - 1), Infinity]) {
          const part = column.take(throughMs);
          if (part.tMs.length > 0) await writer.write("import/j/", [{ labels: LABELS, ...part }]);
        }
        await writer.finish();
        assertSamples(await samplesOf(kv), samples);
        const { findings, summary } = await checkStore({ kv, keys: KEYS, log: QUIET }, () => {});
        assert.deepEqual(findings, []);
        assert.equal(summary.samples, samples.length);
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("an imported counter of histograms tells its resets as one that was scraped", async () => {
  const kv = new MemoryKv();
  const writer = writerOf(kv);
  const given = [1, 2, 3, 1, 2].map((n, i) => [1_000 * (i + 1), latency(n)] as const);
  const column = columnOf(given);
  for (const throughMs of [2_000, Infinity]) {
    await writer.write("import/j/", [{ labels: LABELS, ...column.take(throughMs) }]);
  }
  await writer.finish();
  let before: FloatHistogram | undefined;
  const expected = given.map(([, histogram]) => (before = asStored(histogram, before)).counterResetHint);
  assert.deepEqual(expected, ["unknown", "not_reset", "not_reset", "unknown", "not_reset"]);
  const found = [...(await samplesOf(kv)).entries()].sort(([a], [b]) => a - b);
  assert.deepEqual(found.map(([, one]) => typeof one === "object" ? one.counterResetHint : one), expected);
});

Deno.test("wide histograms divide the span, late ones become strays, and all are read", async () => {
  const kv = new MemoryKv();
  const writer = writerOf(kv);
  const wide = Array.from({ length: 300 }, (_, i) => [1_000 * (i + 10), latency(i % 50, 400)] as const);
  await writer.write("import/j/", [{ labels: LABELS, ...columnOf(wide).sorted() }]);
  const late = [[2_000, latency(1)], [2_500, latency(2)]] as const;
  await writer.write("import/j/", [{ labels: LABELS, ...columnOf(late).sorted() }]);
  await writer.finish();
  assertSamples(await samplesOf(kv), [...late, ...wide]);
});

Deno.test("a store of histograms is mended and copied with them", async () => {
  const kv = new MemoryKv();
  const writer = writerOf(kv);
  const samples = Array.from({ length: 200 }, (_, i) => [1_000 * (i + 1), latency(i + 1)] as const);
  await writer.write("import/j/", [{ labels: LABELS, ...columnOf(samples).sorted() }]);
  await writer.finish();
  for (const skipHead of [false, true]) {
    const copy = new MemoryKv();
    await copyStore(kv, copy, KEYS, { skipHead });
    assertSamples(await samplesOf(copy), samples);
  }
  const manifest = await kv.get(KEYS.manifest(1));
  const broken = manifest!.value.slice();
  broken[broken.length >> 1]! ^= 0x10;
  await kv.commit({ sets: [{ key: KEYS.manifest(1), value: broken }] });
  const ports = { kv, keys: KEYS, log: QUIET };
  const { findings } = await checkStore(ports, () => {});
  assert.equal(findings.length, 1);
  await repairStore(findings, ports, () => {});
  assert.deepEqual((await checkStore(ports, () => {})).findings, []);
  assertSamples(await samplesOf(kv), samples);
  const head = await openOffline(ports);
  const [cohort] = head.cohorts.values();
  const newest = histogramAt(cohort!.lastWords, 0, cohort!.histograms);
  assert.ok(newest !== undefined && histogramsEqual(newest, samples.at(-1)![1]), "the newest value is known");
});
