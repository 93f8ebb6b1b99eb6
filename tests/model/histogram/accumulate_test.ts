import assert from "node:assert/strict";
import fc from "fast-check";
import { HistogramMean, HistogramSum } from "../../../lib/model/histogram/accumulate.ts";
import { addHistograms } from "../../../lib/model/histogram/arithmetic.ts";
import { almostEqualHistograms } from "../../../lib/model/histogram/compare.ts";
import {
  compact,
  type FloatHistogram,
  histogramsEqual,
} from "../../../lib/model/histogram/float_histogram.ts";
import { formatDescription } from "../../../lib/model/histogram/format.ts";
import { arbitraryCustom, arbitraryExponential, histogram, near } from "./samples.ts";

function sumOf(histograms: readonly FloatHistogram[]): HistogramSum {
  const sum = new HistogramSum(histograms[0]!);
  for (const h of histograms.slice(1)) assert.ok(sum.add(h));
  return sum;
}

Deno.test("a running sum is what adding one by one gives", () => {
  for (const arbitrary of [arbitraryExponential, arbitraryCustom]) {
    fc.assert(fc.property(fc.array(arbitrary, { minLength: 1, maxLength: 5 }), (histograms) => {
      const wanted = compact(histograms.reduce((a, b) => addHistograms(a, b)!.histogram));
      const got = sumOf(histograms).value();
      assert.ok(histogramsEqual(got, wanted), `${formatDescription(got)} ${formatDescription(wanted)}`);
      assert.equal(got.counterResetHint, wanted.counterResetHint);
    }));
  }
});

Deno.test("and so it is with zero buckets of any width", () => {
  const widened = fc.tuple(arbitraryExponential, fc.constantFrom(0, 1e-9, 0.001, 0.5, 0.75, 1, 3, 100))
    .map(([h, zeroThreshold]): FloatHistogram => ({ ...h, zeroThreshold }));
  fc.assert(fc.property(fc.array(widened, { minLength: 1, maxLength: 4 }), (histograms) => {
    const wanted = compact(histograms.reduce((a, b) => addHistograms(a, b)!.histogram));
    assert.ok(
      histogramsEqual(sumOf(histograms).value(), wanted),
      histograms.map(formatDescription).join(" "),
    );
  }));
});

Deno.test("zero buckets of different widths become one", () => {
  const histograms = [
    "{{count:6 sum:1 z_bucket:1 z_bucket_w:0.25 offset:-1 buckets:[1 1 3]}}",
    "{{schema:2 count:3 sum:1 z_bucket:3 z_bucket_w:1}}",
    "{{count:4 sum:1 z_bucket_w:0.001 n_buckets:[1 3]}}",
  ].map(histogram);
  assert.equal(
    formatDescription(sumOf(histograms).value()),
    "{{count:13 sum:3 z_bucket:7 z_bucket_w:1 offset:1 buckets:[3] n_offset:1 n_buckets:[3]}}",
  );
});

Deno.test("large numbers that cancel leave the small ones whole", () => {
  const parts = [1, 1e100, 1, -1e100].map((value) =>
    histogram(`{{count:${value} sum:${value} z_bucket:${value} buckets:[${value}]}}`)
  );
  assert.equal(formatDescription(sumOf(parts).value()), "{{count:2 sum:2 z_bucket:2 buckets:[2]}}");
  const spread = parts.map((h, i) => i === 1 ? { ...h, schema: 1 } : h);
  assert.equal(formatDescription(sumOf(spread).value()), "{{count:2 sum:2 z_bucket:2 buckets:[2]}}");
});

Deno.test("a sum refuses the other kind of buckets and stays as it was", () => {
  const sum = new HistogramSum(histogram("{{count:1 buckets:[1]}}"));
  assert.equal(sum.add(histogram("{{schema:-53 custom_values:[1] buckets:[1]}}")), false);
  assert.equal(formatDescription(sum.value()), "{{count:1 buckets:[1]}}");
});

Deno.test("a sum remembers collisions of hints and custom bounds that differed", () => {
  const reset = histogram("{{counter_reset_hint:reset}}");
  const unknown = histogram("{{}}");
  const goesOn = histogram("{{counter_reset_hint:not_reset}}");
  assert.equal(sumOf([reset, unknown, reset]).counterResetCollision, false);
  assert.equal(sumOf([reset, unknown, goesOn]).counterResetCollision, true);
  const bounds = ["{{schema:-53 custom_values:[1 2]}}", "{{schema:-53 custom_values:[2]}}"].map(histogram);
  assert.equal(sumOf(bounds).boundsReconciled, true);
  assert.equal(sumOf([bounds[0]!, bounds[0]!]).boundsReconciled, false);
});

Deno.test("adding leaves the histograms that were added as they are", () => {
  const first = histogram("{{count:1 buckets:[1]}}");
  const sum = sumOf([first, histogram("{{count:2 buckets:[2]}}")]);
  const early = sum.value();
  sum.add(first);
  assert.equal(formatDescription(first), "{{count:1 buckets:[1]}}");
  assert.equal(formatDescription(early), "{{count:3 buckets:[3]}}");
});

Deno.test("a mean is the sum divided, and goes on where the sum would overflow", () => {
  const mean = (histograms: readonly FloatHistogram[]): FloatHistogram => {
    const running = new HistogramMean(histograms[0]!);
    for (const h of histograms.slice(1)) running.add(h);
    return running.value();
  };
  const plain = ["{{count:1 sum:2 buckets:[1]}}", "{{count:4 sum:3 buckets:[2 2]}}"].map(histogram);
  assert.equal(formatDescription(mean(plain)), "{{count:2.5 sum:2.5 buckets:[1.5 1]}}");
  const huge = histogram("{{count:1e308 sum:1.5e308 buckets:[1e308]}}");
  assert.ok(almostEqualHistograms(huge, mean([huge, huge, huge]), near));
  const wide = histogram("{{count:1e308 sum:1.5e308 offset:3 buckets:[1e308]}}");
  const wanted = histogram("{{count:1e308 sum:1.5e308 buckets:[0.5e308 0 0 0.5e308]}}");
  assert.ok(almostEqualHistograms(wanted, mean([huge, wide]), near));
});
