import assert from "node:assert/strict";
import type { Labels } from "../../../lib/model/labels.ts";
import { matcherOf } from "../../../lib/model/matchers.ts";
import { wordsOf } from "../../../lib/model/stale.ts";
import { type ImportSeries, ImportWriter } from "../../../lib/storage/import/import_writer.ts";
import { finishImport, sweepUnfinished } from "../../../lib/storage/import/publish.ts";
import { storageKeys } from "../../../lib/storage/keys.ts";
import { openOffline } from "../../../lib/storage/offline.ts";
import { offlineSource } from "../../../lib/storage/offline_source.ts";
import { QUIET } from "../shard_driver.ts";
import { MemoryKv } from "../memory_kv.ts";

const KEYS = storageKeys(["d", 0]);

function seriesOf(name: string, instance: string, times: readonly number[], factor = 1): ImportSeries {
  const labels: Labels = ["__name__", name, "instance", instance, "job", "j"];
  return { labels, tMs: Float64Array.from(times), values: Float64Array.from(times, (tMs) => tMs * factor) };
}

function grid(fromMs: number, count: number, stepMs = 1_000): number[] {
  return Array.from({ length: count }, (_, i) => fromMs + i * stepMs);
}

async function writerOf(kv: MemoryKv): Promise<ImportWriter> {
  await finishImport(kv, KEYS, []);
  const head = await openOffline({ kv, keys: KEYS, log: QUIET });
  await sweepUnfinished(kv, KEYS);
  const { nextCohort, truncatedThrough } = head;
  return new ImportWriter({
    kv,
    keys: KEYS,
    nextCohort,
    names: new Set(head.byName.keys()),
    truncatedThrough,
  });
}

/** Every sample as text, by series. */
async function samplesOf(kv: MemoryKv): Promise<ReadonlyMap<string, readonly string[]>> {
  await finishImport(kv, KEYS, []);
  const head = await openOffline({ kv, keys: KEYS, log: QUIET });
  const source = offlineSource(head, { kv, keys: KEYS, log: QUIET });
  const request = {
    matchers: [matcherOf("=~", "__name__", ".+")],
    range: { startMs: -1e12, endMs: 1e12 },
    samplesMax: 1e9,
  };
  const samples = new Map<string, string[]>();
  for await (const { tMs, series, columns } of source.select(request, new AbortController().signal)) {
    series.forEach((labels, i) => {
      const words = wordsOf(columns[i]!);
      const found: string[] = [];
      for (let row = 0; row < tMs.length; row++) {
        if (words[2 * row + 1] === 0x7ff80000) continue;
        found.push(`${tMs[row]} ${columns[i]![row]}`);
      }
      assert.ok(!samples.has(labels.join()), "each series once");
      samples.set(labels.join(), found);
    });
  }
  return samples;
}

function expectedOf(batches: readonly (readonly ImportSeries[])[]): ReadonlyMap<string, readonly string[]> {
  const expected = new Map<string, Map<number, number>>();
  for (const { labels, tMs, values } of batches.flat()) {
    const key = labels.join();
    const samples = expected.get(key) ?? new Map<number, number>();
    tMs.forEach((time, i) => samples.set(time, values[i]!));
    expected.set(key, samples);
  }
  return new Map(
    [...expected].map(([key, samples]) => [
      key,
      [...samples].sort(([a], [b]) => a - b).map(([tMs, value]) => `${tMs} ${value}`),
    ]),
  );
}

const BATCHES: readonly (readonly ImportSeries[])[] = [
  [
    seriesOf("a", "1", grid(0, 2_500)),
    seriesOf("b", "1", grid(0, 2_500)),
    // Of another phase, with a gap, and one that begins late.
    seriesOf("c", "1", grid(137, 300)),
    seriesOf("d", "1", [...grid(0, 100), ...grid(1_000_000, 50)]),
    seriesOf("e", "1", grid(2_000_000, 10)),
  ],
  [
    seriesOf("a", "1", grid(2_500_000, 100)),
    // Older than what is sealed.
    seriesOf("b", "1", grid(500, 7)),
    seriesOf("f", "1", grid(2_500_000, 100)),
    seriesOf("c", "1", grid(2_500_137, 40)),
  ],
];

Deno.test("an import keeps every sample: other phases, gaps, late ones, series that come later", async () => {
  const kv = new MemoryKv();
  const writer = await writerOf(kv);
  for (const batch of BATCHES) await writer.write("import/j/1", batch);
  await writer.finish();
  assert.equal(writer.cohorts, 2, "two phases");
  assert.deepEqual(await samplesOf(kv), expectedOf(BATCHES));
});

Deno.test("many series that share no times still come back whole", async () => {
  const kv = new MemoryKv();
  const writer = await writerOf(kv);
  const batch = Array.from({ length: 200 }, (_, i) => seriesOf(`m${i}`, "1", grid(i * 7, 5, 10_007), i));
  await writer.write("import/j/1", batch);
  await writer.finish();
  assert.deepEqual(await samplesOf(kv), expectedOf([batch]));
});

Deno.test("an import that is cut off at any commit is there as a whole or not at all, and may be repeated", async () => {
  const whole = expectedOf(BATCHES);
  const run = async (kv: MemoryKv) => {
    const writer = await writerOf(kv);
    for (const batch of BATCHES) await writer.write("import/j/1", batch);
    await writer.write("import/j/2", [seriesOf("z", "2", grid(0, 5))]);
    await writer.finish();
  };
  const clean = new MemoryKv();
  await run(clean);
  const commits = clean.commits;
  const all = new Map([...whole, [
    ["__name__", "z", "instance", "2", "job", "j"].join(),
    grid(0, 5).map((t) => `${t} ${t}`),
  ]]);
  assert.deepEqual(await samplesOf(clean), all);
  for (let failed = 1; failed <= commits; failed++) {
    for (const fate of ["lost", "kept"] as const) {
      const kv = new MemoryKv();
      let number = 0;
      kv.fate = () => ++number === failed ? fate : "ok";
      await assert.rejects(run(kv));
      kv.fate = () => "ok";
      const seen = await samplesOf(kv);
      assert.ok(seen.size === 0 || seen.size === all.size, `commit ${failed} ${fate}: ${seen.size} series`);
      if (seen.size > 0) {
        assert.deepEqual(seen, all);
        continue;
      }
      await run(kv);
      assert.deepEqual(await samplesOf(kv), all);
      assert.deepEqual(
        [...kv.entries.keys()].sort(),
        [...clean.entries.keys()].sort(),
        "nothing is left behind",
      );
    }
  }
});
