import { deepStrictEqual, notDeepStrictEqual, ok, throws } from "node:assert/strict";
import { createRng, drawBelow } from "../../lib/core/rng.ts";

function draw(seed: number, count: number): readonly number[] {
  const rng = createRng(seed);
  return Array.from({ length: count }, () => rng.uint32());
}

Deno.test("equal seeds give equal sequences, and near seeds unlike ones", () => {
  deepStrictEqual(draw(1, 100), draw(1, 100));
  for (const other of [0, 2, -1, 2 ** 32 + 1]) notDeepStrictEqual(draw(other, 3), draw(1, 3));
});

Deno.test("every bit of a draw is set about half of the time", () => {
  for (const seed of [0, 1, 2, 0xffffffff]) {
    const words = draw(seed, 4_000);
    for (const word of words) ok(Number.isInteger(word) && word >= 0 && word < 2 ** 32);
    for (let bit = 0; bit < 32; bit++) {
      const set = words.filter((word) => (word >>> bit) & 1).length;
      ok(set > 1_800 && set < 2_200, `seed ${seed}, bit ${bit}: ${set} of 4000`);
    }
  }
});

Deno.test("draws below a count are in range and about equally often each", () => {
  const rng = createRng(42);
  const counts = new Array<number>(7).fill(0);
  for (let i = 0; i < 14_000; i++) counts[drawBelow(rng, 7)]!++;
  for (const count of counts) ok(count > 1_800 && count < 2_200, `${counts}`);
  throws(() => drawBelow(rng, 0), { name: "AssertionError" });
});
