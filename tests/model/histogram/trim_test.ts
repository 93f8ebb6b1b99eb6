import assert from "node:assert/strict";
import fc from "fast-check";
import { almostEqualHistograms } from "../../../lib/model/histogram/compare.ts";
import { compact, histogramsEqual } from "../../../lib/model/histogram/float_histogram.ts";
import { formatDescription } from "../../../lib/model/histogram/format.ts";
import { histogramFraction } from "../../../lib/model/histogram/quantile.ts";
import { type Keep, trimHistogram } from "../../../lib/model/histogram/trim.ts";
import { almostEqual } from "../../../lib/promql/kernels/bucket_quantile.ts";
import { arbitraryHistogram, histogram } from "./samples.ts";

const BOTH_SIDES = "{{sum:123.75 count:34 z_bucket:1 z_bucket_w:0.001 buckets:[2 4 8 16] n_buckets:[1 2]}}";
const CUSTOM = "{{schema:-53 sum:172.5 count:15 custom_values:[5 10 15 20] buckets:[1 6 4 3 1]}}";
const ZERO_ONLY = "{{count:5 z_bucket:5 z_bucket_w:0.1}}";
const POSITIVE = "{{sum:8.0210678118654755 count:12 z_bucket:2 z_bucket_w:0.5 buckets:[10]}}";
const NEGATIVE = "{{sum:-8.0210678118654755 count:12 z_bucket:2 z_bucket_w:0.5 n_buckets:[10]}}";
const SPLIT_AT_ZERO = "{{schema:-53 sum:33 count:101 custom_values:[0] buckets:[1 100]}}";
const SPLIT_ABOVE = "{{schema:-53 sum:33 count:101 custom_values:[5] buckets:[1 100]}}";
const SPLIT_BELOW = "{{schema:-53 sum:33 count:101 custom_values:[-5] buckets:[1 100]}}";
const ONE_BUCKET = "{{schema:-53 sum:100 count:100 buckets:[100]}}";

Deno.test("trimming keeps what lies below or above a value", () => {
  const cases: readonly (readonly [string, string, Keep, number, string])[] = [
    ["nothing is above +Inf", BOTH_SIDES, "above", Infinity, "{{z_bucket_w:0.001}}"],
    ["nothing is below -Inf", BOTH_SIDES, "below", -Infinity, "{{z_bucket_w:0.001}}"],
    ["all is above -Inf", BOTH_SIDES, "above", -Infinity, BOTH_SIDES],
    ["all is below +Inf", BOTH_SIDES, "below", Infinity, BOTH_SIDES],
    [
      "the zero bucket is cut at zero",
      BOTH_SIDES,
      "above",
      0,
      "{{sum:120.20840280171308 count:30.5 z_bucket:0.5 z_bucket_w:0.001 buckets:[2 4 8 16]}}",
    ],
    [
      "and below it",
      BOTH_SIDES,
      "below",
      0,
      "{{sum:-3.5357839059327377 count:3.5 z_bucket:0.5 z_bucket_w:0.001 n_buckets:[1 2]}}",
    ],
    [
      "inside an exponential bucket",
      BOTH_SIDES,
      "below",
      Math.SQRT2,
      "{{count:8 sum:0.2570938865989847 z_bucket:1 z_bucket_w:0.001 buckets:[2 2] n_buckets:[1 2]}}",
    ],
    [
      "at the end of one",
      BOTH_SIDES,
      "above",
      2,
      "{{count:24 sum:113.13708498984761 z_bucket_w:0.001 offset:2 buckets:[8 16]}}",
    ],
    [
      "inside a negative bucket",
      "{{schema:2 sum:12.8286080906 count:28 z_bucket:1 z_bucket_w:0.001 buckets:[1 2 4 7 3] n_buckets:[1 5 3 1]}}",
      "below",
      -1.3,
      "{{schema:2 count:2.45786052095524 sum:-3.5189307983595066 z_bucket_w:0.001 n_offset:2 n_buckets:[1.45786052095524 1]}}",
    ],
    [
      "a zero bucket beside positive ones is positive",
      POSITIVE,
      "above",
      0.1,
      "{{count:11.6 sum:7.551067811865476 z_bucket:1.6 z_bucket_w:0.5 buckets:[10]}}",
    ],
    ["so nothing is below zero", POSITIVE, "below", 0, "{{z_bucket_w:0.5}}"],
    [
      "and one beside negative ones negative",
      NEGATIVE,
      "above",
      -0.1,
      "{{count:0.4 sum:-0.02 z_bucket:0.4 z_bucket_w:0.5}}",
    ],
    [
      "one alone is both",
      ZERO_ONLY,
      "below",
      0.05,
      "{{count:3.75 sum:-0.09375 z_bucket:3.75 z_bucket_w:0.1}}",
    ],
    [
      "custom, inside a bucket",
      CUSTOM,
      "below",
      13,
      "{{schema:-53 count:9.4 sum:75.1 custom_values:[5 10 15 20] buckets:[1 6 2.4]}}",
    ],
    [
      "custom, above",
      CUSTOM,
      "above",
      13,
      "{{schema:-53 count:5.6 sum:94.9 custom_values:[5 10 15 20] offset:2 buckets:[1.6 3 1]}}",
    ],
    [
      "the last custom bucket goes as a whole",
      CUSTOM,
      "below",
      50,
      "{{schema:-53 count:14 sum:150 custom_values:[5 10 15 20] buckets:[1 6 4 3]}}",
    ],
    ["the first begins at zero", CUSTOM, "above", 0, CUSTOM],
    [
      "or has no inside",
      SPLIT_AT_ZERO,
      "below",
      -10,
      "{{schema:-53 sum:-10 count:1 custom_values:[0] buckets:[1]}}",
    ],
    [
      "and is dropped from below",
      SPLIT_AT_ZERO,
      "above",
      -10,
      "{{schema:-53 count:100 custom_values:[0] offset:1 buckets:[100]}}",
    ],
    [
      "inside the first",
      SPLIT_ABOVE,
      "above",
      2,
      "{{schema:-53 sum:502.1 count:100.6 custom_values:[5] buckets:[0.6 100]}}",
    ],
    ["below the first", SPLIT_ABOVE, "below", -10, "{{schema:-53 custom_values:[5]}}"],
    [
      "inside the last, it lies at the value",
      SPLIT_BELOW,
      "above",
      10,
      "{{schema:-53 sum:1000 count:100 custom_values:[-5] offset:1 buckets:[100]}}",
    ],
    [
      "or at its lower bound",
      SPLIT_BELOW,
      "above",
      -10,
      "{{schema:-53 sum:-500 count:100 custom_values:[-5] offset:1 buckets:[100]}}",
    ],
    ["a bucket of everything cannot be split", ONE_BUCKET, "below", 10, "{{schema:-53}}"],
    ["from either side", ONE_BUCKET, "above", 10, "{{schema:-53}}"],
    ["an empty histogram stays empty", "{{}}", "below", 5, "{{}}"],
  ];
  for (const [name, notation, keep, at, wanted] of cases) {
    const got = trimHistogram(histogram(notation), keep, at);
    assert.ok(
      almostEqualHistograms(histogram(wanted), got, (a, b) => almostEqual(a, b, 1e-6)),
      `${name}: ${formatDescription(got)}, wanted ${wanted}`,
    );
  }
});

Deno.test("what stays below a value is the fraction that lies below it", () => {
  const notes = { nan: "none" as const };
  fc.assert(fc.property(arbitraryHistogram, fc.double({ min: -30, max: 30, noNaN: true }), (h, at) => {
    // Buckets without end are estimated by each in its own way.
    if (h.count === 0 || h.customValues.length > 0 || h.schema === -53) return;
    const below = trimHistogram(h, "below", at).count;
    const above = trimHistogram(h, "above", at).count;
    const share = histogramFraction(-Infinity, at, h, notes);
    assert.ok(almostEqual(below, share * h.count, 1e-9) || Math.abs(below - share * h.count) < 1e-9);
    assert.ok(Math.abs(below + above - h.count) < 1e-9);
  }));
});

Deno.test("a trim that cuts nothing off changes nothing", () => {
  fc.assert(fc.property(arbitraryHistogram, (h) => {
    assert.ok(histogramsEqual(compact(trimHistogram(h, "below", Infinity)), compact(h)));
    assert.ok(histogramsEqual(compact(trimHistogram(h, "above", -Infinity)), compact(h)));
  }));
});
