import { deepStrictEqual, ok } from "node:assert/strict";
import fc from "fast-check";
import { compareLabels, type Labels } from "../../lib/model/labels.ts";
import { sortedSeries } from "../../lib/storage/sort_series.ts";

function naive(found: readonly Labels[]): readonly Labels[] {
  const sorted = [...found].sort(compareLabels);
  return sorted.filter((labels, i) => i === 0 || compareLabels(labels, sorted[i - 1]!) !== 0);
}

Deno.test("series sorted in pieces are those sorted at once, each label set once", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 20_000 }),
      fc.integer({ min: 1, max: 30_000 }),
      async (n, m) => {
        const found = Array.from({ length: n }, (_, i): Labels => ["a", String((i * 7_919) % m)]);
        deepStrictEqual(await sortedSeries(found, undefined), naive(found));
      },
    ),
    { numRuns: 12, examples: [[0, 1], [1, 1], [4_096, 1], [4_097, 30_000], [12_289, 5_000]] },
  );
});

Deno.test("a long sort pauses between pieces, a short one not at all", async () => {
  let pauses = 0;
  const pause = () => {
    pauses++;
    return Promise.resolve();
  };
  await sortedSeries(Array.from({ length: 4_096 }, (_, i): Labels => ["a", String(i)]), pause);
  deepStrictEqual(pauses, 0);
  await sortedSeries(Array.from({ length: 40_960 }, (_, i): Labels => ["a", String(i)]), pause);
  ok(pauses > 15, `${pauses}`);
});
