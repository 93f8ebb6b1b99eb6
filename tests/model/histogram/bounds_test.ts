import assert from "node:assert/strict";
import fc from "fast-check";
import { customBound, exponentialBound } from "../../../lib/model/histogram/bounds.ts";
import { coarserIndex } from "../../../lib/model/histogram/float_histogram.ts";

Deno.test("bucket bounds are the powers that the schema divides", () => {
  for (
    const [schema, index, bound] of [
      [0, 0, 1],
      [0, 1, 2],
      [0, -3, 0.125],
      [1, 1, 1.414213562373095],
      [1, -1, 0.7071067811865475],
      [2, 3, 1.6817928305074288],
      [8, 1, 1.0027112750502025],
      [-1, 1, 4],
      [-4, 2, 2 ** 32],
      [-9, 1, 2 ** 512],
      [-9, -1, 2 ** -512],
    ] as const
  ) {
    assert.equal(exponentialBound(index, schema), bound, `schema ${schema}, index ${index}`);
  }
});

Deno.test("the last bucket of finite values ends at the largest float, the next at +Inf", () => {
  for (let schema = -9; schema <= 20; schema++) {
    const last = 1024 * 2 ** schema;
    assert.equal(exponentialBound(last, schema), Number.MAX_VALUE, `schema ${schema}`);
    assert.equal(exponentialBound(last + 1, schema), Infinity, `schema ${schema}`);
    assert.ok(exponentialBound(last - 1, schema) < Number.MAX_VALUE, `schema ${schema}`);
  }
});

Deno.test("bounds reach down to the smallest floats without a gap or a turn", () => {
  for (const schema of [0, 3, 8]) {
    for (let index = -1074 * 2 ** schema; index < -1020 * 2 ** schema; index++) {
      const [lower, upper] = [exponentialBound(index - 1, schema), exponentialBound(index, schema)];
      assert.ok(lower <= upper, `schema ${schema}, index ${index}`);
    }
    assert.equal(exponentialBound(-1074 * 2 ** schema, schema), Number.MIN_VALUE);
  }
});

Deno.test("bounds of schemas finer than 8 ascend and meet the coarser ones at whole powers", () => {
  assert.equal(exponentialBound(2 ** 20, 20), 2);
  assert.equal(exponentialBound(-3 * 2 ** 12, 12), 0.125);
  assert.ok(exponentialBound(2 ** 20 + 1, 20) > 2);
  assert.ok(exponentialBound(1, 40) > 1 && exponentialBound(-1, 40) < 1);
});

Deno.test("a bucket lies within the coarser bucket that its index maps to", () => {
  fc.assert(fc.property(
    fc.integer({ min: -4, max: 8 }),
    fc.integer({ min: 0, max: 5 }),
    fc.integer({ min: -500, max: 500 }),
    (schema, shift, index) => {
      const coarse = coarserIndex(index, shift);
      const target = Math.max(schema - shift, -9);
      if (target !== schema - shift) return;
      assert.ok(exponentialBound(coarse - 1, target) <= exponentialBound(index - 1, schema));
      assert.ok(exponentialBound(index, schema) <= exponentialBound(coarse, target));
    },
  ));
});

Deno.test("custom buckets begin at −Inf and end at +Inf", () => {
  const bounds = Float64Array.of(-1, 5);
  assert.deepEqual([-1, 0, 1, 2].map((i) => customBound(i, bounds)), [-Infinity, -1, 5, Infinity]);
});

Deno.test("no bound of the table is further from the power than rounding takes it", () => {
  for (let schema = 0; schema <= 8; schema++) {
    for (let index = 0; index <= 2 ** schema; index++) {
      const ratio = exponentialBound(index, schema) / 2 ** (index / 2 ** schema);
      assert.ok(Math.abs(ratio - 1) < 5e-16, `schema ${schema}, index ${index}`);
    }
  }
});
