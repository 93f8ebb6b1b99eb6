import assert from "node:assert/strict";
import fc from "fast-check";
import { addHistograms } from "../../../lib/model/histogram/arithmetic.ts";
import { withHint } from "../../../lib/model/histogram/float_histogram.ts";
import { detectReset } from "../../../lib/model/histogram/reset.ts";
import { arbitraryCustom, arbitraryExponential, histogram } from "./samples.ts";

Deno.test("a counter reset is what observations cannot do", () => {
  const cases: readonly (readonly [string, string, string, boolean])[] = [
    ["nothing happened", "{{count:3 buckets:[1 2]}}", "{{count:3 buckets:[1 2]}}", false],
    ["more in a bucket", "{{count:3 buckets:[1 2]}}", "{{count:4 buckets:[2 2]}}", false],
    ["fewer in all", "{{count:3 buckets:[1 2]}}", "{{count:2 buckets:[1 2]}}", true],
    ["fewer in one", "{{count:3 buckets:[1 2]}}", "{{count:9 buckets:[9 1]}}", true],
    ["a bucket gone", "{{count:3 buckets:[1 2]}}", "{{count:9 buckets:[9]}}", true],
    [
      "an empty bucket gone",
      "{{count:3 buckets:[1 0 2]}}",
      "{{count:9 offset:2 n_buckets:[3] buckets:[9]}}",
      true,
    ],
    ["only an empty one", "{{count:2 buckets:[0 0 2]}}", "{{count:9 offset:2 buckets:[9]}}", false],
    ["fewer negative ones", "{{count:3 n_buckets:[3]}}", "{{count:3 n_buckets:[2]}}", true],
    [
      "fewer in the zero bucket",
      "{{count:3 z_bucket:3 z_bucket_w:1}}",
      "{{count:3 z_bucket:2 z_bucket_w:1}}",
      true,
    ],
    ["a smaller sum alone", "{{count:3 sum:9 buckets:[3]}}", "{{count:3 sum:1 buckets:[3]}}", false],
    ["a finer schema", "{{count:3 buckets:[3]}}", "{{schema:1 count:3 buckets:[3]}}", true],
    [
      "a coarser schema",
      "{{schema:1 count:3 offset:1 buckets:[1 2]}}",
      "{{count:4 offset:1 buckets:[4]}}",
      false,
    ],
    [
      "a coarser schema with fewer",
      "{{schema:1 count:3 offset:1 buckets:[1 2]}}",
      "{{count:4 offset:1 buckets:[2 2]}}",
      true,
    ],
    ["a narrower zero bucket", "{{z_bucket_w:1}}", "{{z_bucket_w:0.5}}", true],
    [
      "a wider zero bucket",
      "{{count:3 z_bucket_w:0.5 buckets:[3]}}",
      "{{count:4 z_bucket:4 z_bucket_w:1}}",
      false,
    ],
    [
      "a wider one with fewer",
      "{{count:3 z_bucket_w:0.5 buckets:[3]}}",
      "{{count:4 z_bucket:2 z_bucket_w:1 offset:1 buckets:[2]}}",
      true,
    ],
    [
      "a wider one that ends within a bucket",
      "{{count:3 z_bucket_w:0.5 buckets:[3]}}",
      "{{count:4 z_bucket:4 z_bucket_w:0.75}}",
      true,
    ],
    [
      "a wider one that ends within an empty bucket",
      "{{count:3 z_bucket_w:0.5 buckets:[0 3]}}",
      "{{count:4 z_bucket_w:0.75 offset:1 buckets:[4]}}",
      false,
    ],
    ["custom after exponential", "{{count:1}}", "{{schema:-53 count:2 custom_values:[1]}}", true],
    ["exponential after custom", "{{schema:-53 count:2 custom_values:[1]}}", "{{count:2}}", true],
    [
      "other custom bounds",
      "{{schema:-53 count:15 custom_values:[2 4 6] buckets:[1 2 5 7]}}",
      "{{schema:-53 count:15 custom_values:[2 3 4 6] buckets:[1 0 2 5 7]}}",
      false,
    ],
    [
      "other custom bounds with fewer",
      "{{schema:-53 count:15 custom_values:[2 4 6] buckets:[1 2 5 7]}}",
      "{{schema:-53 count:15 custom_values:[2 3 4 6] buckets:[1 0 1 5 8]}}",
      true,
    ],
    [
      "no bound in common",
      "{{schema:-53 count:3 custom_values:[2] buckets:[1 2]}}",
      "{{schema:-53 count:3 custom_values:[3] buckets:[2 1]}}",
      false,
    ],
    ["told so", "{{count:3}}", "{{count:3 counter_reset_hint:reset}}", true],
    ["told not so", "{{count:3}}", "{{count:1 counter_reset_hint:not_reset}}", false],
    ["a gauge is looked at", "{{count:3}}", "{{count:1 counter_reset_hint:gauge}}", true],
  ];
  for (const [name, previous, current, wanted] of cases) {
    assert.equal(detectReset(histogram(current), histogram(previous)), wanted, name);
  }
});

Deno.test("adding observations of the same or a finer schema never looks like a reset", () => {
  for (const arbitrary of [arbitraryExponential, arbitraryCustom]) {
    fc.assert(fc.property(arbitrary, arbitrary, (a, b) => {
      const sum = addHistograms(a, b)!.histogram;
      assert.equal(detectReset(withHint(sum, "unknown"), a), false);
    }));
  }
});
