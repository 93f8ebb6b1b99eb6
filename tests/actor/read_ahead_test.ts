import assert from "node:assert/strict";
import fc from "fast-check";
import { readAhead } from "../../lib/actor/read_ahead.ts";

async function* upTo(count: number, failAt = Infinity) {
  for (let i = 0; i < count; i++) {
    await Promise.resolve();
    if (i === failAt) throw new Error(`item ${i} is unreadable`);
    yield i;
  }
}

Deno.test("items read ahead come once each and in order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 40 }), fc.integer({ min: 1, max: 9 }), async (count, batchMax) => {
      const got: number[] = [];
      for await (const item of readAhead(upTo(count), batchMax)) got.push(item);
      assert.deepEqual(got, Array.from({ length: count }, (_, i) => i));
    }),
    { numRuns: 100 },
  );
});

Deno.test("an error comes after the batches before it, and never when the caller has enough", async () => {
  const got: number[] = [];
  await assert.rejects(async () => {
    for await (const item of readAhead(upTo(20, 9), 4)) got.push(item);
  }, /item 9 is unreadable/);
  assert.deepEqual(got, [0, 1, 2, 3, 4, 5, 6, 7]);
  for await (const item of readAhead(upTo(20, 6), 4)) if (item === 3) break;
});

Deno.test("a caller that stops ends the listing, and little was read for nothing", async () => {
  let read = 0;
  let ended = false;
  async function* listing() {
    try {
      for (;; read++) {
        await Promise.resolve();
        yield read;
      }
    } finally {
      ended = true;
    }
  }
  for await (const item of readAhead(listing(), 5)) if (item === 2) break;
  assert(ended);
  assert(read <= 10, `${read} read`);
});
