import assert from "node:assert/strict";
import fc from "fast-check";
import {
  histogramAverage,
  histogramDeviation,
  histogramVariance,
} from "../../../lib/model/histogram/moments.ts";
import {
  histogramFraction,
  histogramQuantile,
  type QuantileNotes,
} from "../../../lib/model/histogram/quantile.ts";
import { arbitraryHistogram, histogram } from "./samples.ts";

const notes: QuantileNotes = { nan: "none" };

function close(got: number, wanted: number, what: string): void {
  const ok = Object.is(got, wanted) || Math.abs(got - wanted) <= 1e-9 * Math.max(1, Math.abs(wanted));
  assert.ok(ok, `${what}: ${got}, wanted ${wanted}`);
}

Deno.test("a quantile lies within its bucket, exponentially but in the zero bucket", () => {
  const positive = "{{count:12 sum:100 z_bucket:2 z_bucket_w:0.001 buckets:[2 3 0 1 4]}}";
  const negative = "{{count:12 sum:-100 z_bucket:2 z_bucket_w:0.001 n_buckets:[2 3 0 1 4]}}";
  const both = "{{count:24 sum:0 z_bucket:4 z_bucket_w:0.001 buckets:[2 3 0 1 4] n_buckets:[2 3 0 1 4]}}";
  for (
    const [notation, q, wanted] of [
      [positive, 0, 0],
      [positive, 0.001, 0.000006],
      [positive, 0.5, 2 ** (2 / 3)],
      [positive, 0.9, 2 ** 3.7],
      [positive, 1, 16],
      [negative, 0, -16],
      [negative, 0.1, -(2 ** 3.7)],
      [negative, 1, 0],
      [both, 0.5, 0],
      [both, 1, 16],
      [both, 0, -16],
      [both, -0.1, -Infinity],
      [both, 1.1, Infinity],
      [both, NaN, NaN],
      ["{{}}", 0.5, NaN],
    ] as const
  ) {
    close(histogramQuantile(q, histogram(notation), notes), wanted, `${notation} ${q}`);
    assert.equal(notes.nan, "none");
  }
});

Deno.test("a quantile of custom buckets lies within its bucket linearly", () => {
  const h = "{{schema:-53 sum:172.5 count:15 custom_values:[5 10 15 20] buckets:[1 6 4 3 1]}}";
  for (
    const [notation, q, wanted] of [
      [h, 0, 0],
      [h, 0.5, 10 + 5 * 0.5 / 4],
      [h, 1, 20],
      [h, 1 / 30, 2.5],
      ["{{schema:-53 count:3 custom_values:[-2 4] buckets:[2 1]}}", 0.1, -2],
    ] as const
  ) {
    close(histogramQuantile(q, histogram(notation), notes), wanted, `${notation} ${q}`);
  }
});

Deno.test("NaN observations lie above all others, and the caller hears of it", () => {
  const all = histogram("{{count:3 sum:NaN}}");
  assert.ok(Number.isNaN(histogramQuantile(0.5, all, notes)));
  assert.equal(notes.nan, "result is NaN");
  const some = histogram("{{count:15 sum:NaN buckets:[12]}}");
  assert.ok(Number.isNaN(histogramQuantile(0.81, some, notes)));
  assert.equal(notes.nan, "result is NaN");
  close(histogramQuantile(0.8, some, notes), 1, "0.8");
  assert.equal(notes.nan, "skewed");
  close(histogramQuantile(0.4, some, notes), 2 ** -0.5, "0.4");
  assert.equal(notes.nan, "skewed");
  const infinite = histogram("{{count:12 sum:NaN buckets:[12]}}");
  close(histogramQuantile(1, infinite, notes), 1, "no NaN");
  assert.equal(notes.nan, "none");
  close(histogramFraction(-Infinity, Infinity, some, notes), 0.8, "fraction");
  assert.equal(notes.nan, "skewed");
});

Deno.test("a fraction splits the buckets that its bounds lie in", () => {
  const positive = "{{count:12 sum:100 z_bucket:2 z_bucket_w:0.001 buckets:[2 3 0 1 4]}}";
  const custom = "{{schema:-53 sum:1 count:15 custom_values:[5 10 15 20] buckets:[1 6 4 3 1]}}";
  for (
    const [notation, lower, upper, wanted] of [
      [positive, -Infinity, Infinity, 1],
      [positive, 0, 0.0005, 1 / 12],
      [positive, -1, 0.0005, 1 / 12],
      [positive, 1, 2, 3 / 12],
      [positive, 1, Math.SQRT2, 1.5 / 12],
      [positive, 5, 4, 0],
      [positive, NaN, 4, NaN],
      [positive, 16, Infinity, 0],
      ["{{count:3 n_buckets:[1 2]}}", -Math.SQRT2, -0.5, 2 / 3],
      [custom, -Infinity, 2.5, 0.5 / 15],
      [custom, 15, Infinity, 4 / 15],
      [custom, -Infinity, 13, 9.4 / 15],
      [custom, 25, Infinity, 1 / 15],
      ["{{}}", 0, 1, NaN],
    ] as const
  ) {
    close(
      histogramFraction(lower, upper, histogram(notation), notes),
      wanted,
      `${notation} ${lower} ${upper}`,
    );
  }
});

Deno.test("quantiles grow with φ", () => {
  const quantile = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(fc.property(arbitraryHistogram, quantile, quantile, (h, p, q) => {
    // The bucket of everything has no bound to interpolate to.
    if (h.count === 0 || (h.schema === -53 && h.customValues.length === 0)) return;
    const low = histogramQuantile(Math.min(p, q), h, notes);
    const high = histogramQuantile(Math.max(p, q), h, notes);
    assert.ok(low <= high + 1e-9 * Math.abs(high), `${low} ${high}`);
  }));
});

Deno.test("the fraction below a quantile is its φ", () => {
  fc.assert(fc.property(arbitraryHistogram, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (h, q) => {
    if (h.schema === -53 || h.count === 0 || h.zeroCount > 0) return;
    const value = histogramQuantile(q, h, notes);
    close(histogramFraction(-Infinity, value, h, notes), q, `${q} of a histogram`);
  }));
});

Deno.test("mean and spread take each bucket for one value", () => {
  const exponential = histogram(
    "{{count:4 sum:10 z_bucket:1 z_bucket_w:0.001 offset:1 buckets:[1 1] n_buckets:[1]}}",
  );
  close(histogramAverage(exponential), 2.5, "avg");
  const values = [0, Math.SQRT2, Math.sqrt(8), -Math.SQRT1_2];
  const variance = values.reduce((sum, value) => sum + (value - 2.5) ** 2, 0) / 4;
  close(histogramVariance(exponential), variance, "stdvar");
  close(histogramDeviation(exponential), Math.sqrt(variance), "stddev");
  const custom = histogram("{{schema:-53 count:3 sum:15 custom_values:[2 4 8] offset:1 buckets:[2 1]}}");
  close(histogramVariance(custom), (2 * 4 + 1) / 3, "custom");
  assert.ok(Number.isNaN(histogramVariance(histogram("{{count:1 sum:NaN buckets:[1]}}"))));
});
