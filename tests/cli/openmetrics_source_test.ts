import assert from "node:assert/strict";
import fc from "fast-check";
import { importOpenMetrics } from "../../lib/cli/openmetrics_source.ts";
import type { ByteFile } from "../../lib/core/ports.ts";
import { matcherOf } from "../../lib/model/matchers.ts";
import { ImportWriter } from "../../lib/storage/import/import_writer.ts";
import { storageKeys } from "../../lib/storage/keys.ts";
import { openOffline } from "../../lib/storage/offline.ts";
import { offlineSource } from "../../lib/storage/offline_source.ts";
import { MemoryKv } from "../storage/memory_kv.ts";
import { QUIET } from "../storage/shard_driver.ts";

const KEYS = storageKeys(["d", 0]);

function fileOf(text: string): ByteFile {
  const bytes = new TextEncoder().encode(text);
  const read = (at: number, count: number) => bytes.slice(at, at + count);
  return { path: "text", bytesCount: bytes.length, read, close: () => {} };
}

async function imported(
  text: string,
  options: { readonly sliceSamplesMax?: number; readonly pieceBytes?: number } = {},
): Promise<readonly string[]> {
  const kv = new MemoryKv();
  const writer = new ImportWriter({ kv, keys: KEYS, nextCohort: 1, names: new Set(), truncatedThrough: 0 });
  await importOpenMetrics(fileOf(text), writer, { labels: [["zone", "eu"]], progress: () => {}, ...options });
  await writer.finish();
  const source = offlineSource(await openOffline({ kv, keys: KEYS, log: QUIET }), {
    kv,
    keys: KEYS,
    log: QUIET,
  });
  const request = {
    matchers: [matcherOf("=", "zone", "eu")],
    range: { startMs: 0, endMs: 1e10 },
    samplesMax: 1e9,
  };
  const lines: string[] = [];
  for await (const { tMs, series, columns } of source.select(request, new AbortController().signal)) {
    series.forEach((labels, i) =>
      tMs.forEach((time, row) => {
        if (!Number.isNaN(columns[i]![row]!)) lines.push(`${labels} ${columns[i]![row]} ${time}`);
      })
    );
  }
  return lines.sort();
}

Deno.test("a text is taken the same in small pieces and slices as in one go", async () => {
  const samples = fc.array(
    fc.tuple(fc.constantFrom("a", "b"), fc.constantFrom("1", "2", "é"), fc.nat(400)),
    { minLength: 1, maxLength: 60 },
  );
  await fc.assert(
    fc.asyncProperty(
      samples,
      fc.integer({ min: 10, max: 200 }),
      fc.integer({ min: 1, max: 20 }),
      async (all, pieceBytes, sliceSamplesMax) => {
        const seen = new Set<string>();
        const distinct = all.filter(([name, le, time]) => {
          const key = `${name} ${le} ${time}`;
          return seen.has(key) ? false : seen.add(key) !== undefined;
        });
        const lines = distinct.map(([name, le, time]) => `${name}_bucket{le="${le}"} ${time * 3} ${time}`);
        const text = `# TYPE a histogram\n${lines.join("\n")}\n# EOF\n`;
        const whole = await imported(text);
        assert.equal(whole.length, distinct.length);
        assert.deepEqual(await imported(text, { pieceBytes, sliceSamplesMax }), whole);
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("an error in a later piece names its line in the file", async () => {
  const text = `${"a 1 1\n".repeat(50)}b\n# EOF\n`;
  await assert.rejects(imported(text, { pieceBytes: 32 }), /^UserError: text: line 51: /);
});
