/** Clever kernels against their plain twins, and known values. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { labelsFromRecord } from "../../../lib/model/labels.ts";
import {
  almostEqual,
  bucketFraction,
  bucketNotes,
  bucketQuantile,
} from "../../../lib/promql/kernels/bucket_quantile.ts";
import { power } from "../../../lib/promql/kernels/arithmetic.ts";
import { compensatedMean, compensatedSum } from "../../../lib/promql/kernels/kahan.ts";
import { encodeLabels, xxHash64 } from "../../../lib/promql/kernels/label_hash.ts";
import * as plain from "../../../lib/promql/kernels/over_time.ts";
import { quantileOfSorted, sortNanFirst } from "../../../lib/promql/kernels/quantile.ts";
import * as sliding from "../../../lib/promql/kernels/sliding.ts";
import { findWindows, type SampleWindows } from "../../../lib/promql/kernels/windows.ts";
import { civilOf } from "../../../lib/core/calendar.ts";

const sample = fc.oneof(
  { weight: 6, arbitrary: fc.double({ min: -1000, max: 1000, noNaN: true }) },
  { weight: 3, arbitrary: fc.integer({ min: -5, max: 5 }) },
  { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity, 1e300, -1e300, 1e-300) },
);

const windows = fc.record({
  values: fc.array(sample, { minLength: 1, maxLength: 60 }),
  rangeMs: fc.integer({ min: 1, max: 40 }),
  stepMs: fc.integer({ min: 1, max: 12 }),
}).map(({ values, rangeMs, stepMs }): SampleWindows => {
  const steps = Math.floor((values.length + 10) / stepMs) + 1;
  const endMs = Float64Array.from({ length: steps }, (_, s) => s * stepMs);
  const tMs = Float64Array.from(values, (_, i) => i);
  const lo = new Int32Array(steps);
  const hi = new Int32Array(steps);
  findWindows(tMs, tMs.length, endMs, rangeMs, lo, hi);
  return {
    tMs,
    values: Float64Array.from(values),
    lo,
    hi,
    endMs,
    rangeMs,
    evalMs: endMs,
    extrapolation: undefined,
  };
});

type Kernel = (w: SampleWindows, from: number, to: number, out: Float64Array, outAt: number) => number;

const PAIRS: readonly (readonly [name: string, clever: Kernel, twin: Kernel])[] = [
  ["min_over_time", sliding.minOverTime, plain.minOverTime],
  ["max_over_time", sliding.maxOverTime, plain.maxOverTime],
  ["sum_over_time", sliding.sumOverTime, plain.sumOverTime],
  ["avg_over_time", sliding.avgOverTime, plain.avgOverTime],
  ["stdvar_over_time", sliding.stdvarOverTime, plain.stdvarOverTime],
  ["stddev_over_time", sliding.stddevOverTime, plain.stddevOverTime],
];

for (const [name, clever, twin] of PAIRS) {
  Deno.test(`${name} that slides equals the plain one to 1e-12`, () => {
    fc.assert(fc.property(windows, (w) => {
      const steps = w.endMs.length;
      const got = new Float64Array(steps);
      const wanted = new Float64Array(steps);
      strictEqual(clever(w, 0, steps, got, 0), twin(w, 0, steps, wanted, 0));
      for (let s = 0; s < steps; s++) {
        const close = Object.is(got[s], wanted[s]) || almostEqual(got[s]!, wanted[s]!, 1e-12);
        ok(close, `step ${s}: expected ${wanted[s]}, got ${got[s]}`);
      }
    }));
  });
}

Deno.test("a compensated sum keeps what a plain one loses", () => {
  const values = Float64Array.of(1e100, 1, -1e100);
  strictEqual(compensatedSum(values, 0, 3), 1);
  strictEqual(compensatedSum(Float64Array.of(1, Infinity, 2), 0, 3), Infinity);
});

Deno.test("a mean does not overflow where its sum does", () => {
  const values = new Float64Array(5).fill(Number.MAX_VALUE);
  ok(almostEqual(compensatedMean(values, 0, 5), Number.MAX_VALUE, 1e-15));
});

Deno.test("xxHash64 gives the published values", () => {
  const hashOf = (text: string) => {
    const { high, low } = xxHash64(new TextEncoder().encode(text));
    return high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0");
  };
  strictEqual(hashOf(""), "ef46db3751d8e999");
  strictEqual(hashOf("a"), "d24ec4f1a98c6e5b");
  strictEqual(hashOf("abc"), "44bc2cf5ad770999");
  strictEqual(hashOf("Nobody inspects the spammish repetition"), "fbcea83c8a378bf1");
});

Deno.test("label sets are encoded behind their lengths", () => {
  const bytes = encodeLabels(labelsFromRecord({ a: "bc", long: "x".repeat(300) }));
  strictEqual(bytes.length, 2 + 3 + 5 + 4 + 300);
  strictEqual([...bytes.subarray(0, 5)].join(), "1,97,2,98,99");
  strictEqual([...bytes.subarray(10, 14)].join(), "255,44,1,0");
});

Deno.test("quantiles lie between ranks, NaN first", () => {
  const values = Float64Array.of(3, NaN, 1, 2);
  sortNanFirst(values, 4);
  strictEqual(quantileOfSorted(1, values, 4), 3);
  strictEqual(quantileOfSorted(0.5, values, 4), 1.5);
  ok(Number.isNaN(quantileOfSorted(0, values, 4)));
  strictEqual(quantileOfSorted(-0.1, values, 4), -Infinity);
  strictEqual(quantileOfSorted(1.1, values, 4), Infinity);
});

Deno.test("bucket quantiles interpolate, and repair counts that fall", () => {
  const notes = bucketNotes();
  const bounds = () => Float64Array.of(1, 2, Infinity);
  strictEqual(bucketQuantile(0.5, bounds(), Float64Array.of(2, 4, 5), 3, notes), 1.25);
  strictEqual(notes.forcedMonotonic, false);
  strictEqual(bucketQuantile(0.99, bounds(), Float64Array.of(4, 2, 8), 3, notes), 2);
  deepStrictEqual(notes, { forcedMonotonic: true, minBound: 2, maxBound: 2, maxDifference: 2 });
  ok(Number.isNaN(bucketQuantile(0.5, Float64Array.of(1, 2), Float64Array.of(1, 2), 2, notes)));
  strictEqual(bucketFraction(0, 1.5, bounds(), Float64Array.of(2, 4, 5), 3), 0.6);
});

Deno.test("powers of one are one, as in Go", () => {
  strictEqual(power(1, NaN), 1);
  strictEqual(power(-1, Infinity), 1);
  strictEqual(power(2, 0.5), Math.SQRT2);
});

Deno.test("dates are those of the Gregorian calendar", () => {
  fc.assert(fc.property(fc.integer({ min: -1_000_000, max: 1_000_000 }), (days) => {
    const date = new Date(days * 86_400_000);
    const { year, month, day } = civilOf(days);
    strictEqual(year, date.getUTCFullYear());
    strictEqual(month, date.getUTCMonth() + 1);
    strictEqual(day, date.getUTCDate());
  }));
});
