/** Selection beside the sorts that it stands in for. */
import { deepStrictEqual, ok } from "node:assert/strict";
import fc from "fast-check";
import { BestRows, compareBest } from "../../../lib/promql/kernels/choose_best.ts";
import { quantileOfSorted, quantileOfUnsorted, sortNanFirst } from "../../../lib/promql/kernels/quantile.ts";
import { selectRank } from "../../../lib/promql/kernels/select_rank.ts";
import { tileFor } from "../../../lib/promql/kernels/step_tiles.ts";

const few = fc.integer({ min: -3, max: 3 });
const value = fc.oneof(few, fc.double(), fc.constantFrom(NaN, Infinity, -Infinity, -0, 0));
const values = fc.oneof(
  fc.array(value, { minLength: 1, maxLength: 200 }),
  fc.array(few, { minLength: 1, maxLength: 2_000 }),
);

Deno.test("the value of a rank is the one that a sort puts there", () => {
  fc.assert(fc.property(values, fc.nat(), (all, n) => {
    const numbers = Float64Array.from(all.filter((one) => !Number.isNaN(one)));
    if (numbers.length === 0) return;
    const rank = n % numbers.length;
    const sorted = numbers.slice().sort();
    // Equal by value: a selection does not tell zeros apart.
    ok(selectRank(numbers, 0, numbers.length, rank) === sorted[rank]);
    deepStrictEqual(numbers.slice().sort(), sorted);
  }));
});

Deno.test("a quantile of unsorted values is that of the sorted ones, bit by bit", () => {
  fc.assert(fc.property(values, fc.oneof(fc.double({ min: -0.1, max: 1.1 }), value), (all, q) => {
    const sorted = Float64Array.from(all);
    sortNanFirst(sorted, sorted.length);
    const padded = Float64Array.from([7, ...all, 9]);
    const got = quantileOfUnsorted(q, padded, 1, 1 + all.length);
    ok(Object.is(got, quantileOfSorted(q, sorted, sorted.length)), `${got}`);
    ok(padded[0] === 7 && padded[all.length + 1] === 9);
  }));
});

Deno.test("the best k rows are the first of a stable sort", () => {
  const best = new BestRows();
  fc.assert(
    fc.property(
      values,
      fc.oneof(fc.integer({ min: 1, max: 70 }), fc.nat(2_100)),
      fc.boolean(),
      (all, k, top) => {
        if (k < 1) return;
        const sign = top ? 1 : -1;
        const tile = tileFor(all.length, 1);
        all.forEach((one, i) => {
          tile.values[i] = one;
          tile.rows[i] = 10 + i;
        });
        best.choose(sign, tile, 0, all.length, k);
        const sorted = all.map((_, i) => i).sort((a, b) => compareBest(sign, all[a]!, all[b]!) || a - b);
        const wanted = sorted.slice(0, k).map((i) => 10 + i).sort((a, b) => a - b);
        deepStrictEqual(Array.from(best.rows.subarray(0, best.count)).sort((a, b) => a - b), wanted);
      },
    ),
  );
});
