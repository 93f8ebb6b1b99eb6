import assert from "node:assert/strict";
import fc from "fast-check";
import {
  addHistograms,
  combinedHint,
  divideHistogram,
  multiplyHistogram,
  negateHistogram,
  subtractHistograms,
} from "../../../lib/model/histogram/arithmetic.ts";
import {
  compact,
  type FloatHistogram,
  histogramsEqual,
  reduceResolution,
  withHint,
} from "../../../lib/model/histogram/float_histogram.ts";
import { formatDescription } from "../../../lib/model/histogram/format.ts";
import { arbitraryCustom, arbitraryExponential, arbitraryHistogram, histogram } from "./samples.ts";

function plus(a: FloatHistogram, b: FloatHistogram): FloatHistogram {
  return compact(addHistograms(a, b)!.histogram);
}

function minus(a: FloatHistogram, b: FloatHistogram): FloatHistogram {
  return compact(subtractHistograms(a, b)!.histogram);
}

function same(got: FloatHistogram, wanted: string): void {
  assert.equal(formatDescription(got), wanted);
}

Deno.test("a sum has the buckets of both", () => {
  const cases: readonly (readonly [string, string, string, string])[] = [
    [
      "same layout",
      "{{count:3 sum:2 buckets:[1 2]}}",
      "{{count:7 sum:5 buckets:[3 4]}}",
      "{{count:10 sum:7 buckets:[4 6]}}",
    ],
    [
      "a gap filled",
      "{{count:3 buckets:[1 0 0 2]}}",
      "{{count:5 offset:1 buckets:[5]}}",
      "{{count:8 buckets:[1 5 0 2]}}",
    ],
    [
      "before and behind",
      "{{count:1 buckets:[1]}}",
      "{{count:2 offset:-3 buckets:[1 0 0 0 0 1]}}",
      "{{count:3 offset:-3 buckets:[1 0 0 1 0 1]}}",
    ],
    [
      "both sides",
      "{{count:3 n_buckets:[1 2]}}",
      "{{count:3 n_offset:1 n_buckets:[3] buckets:[4]}}",
      "{{count:6 buckets:[4] n_buckets:[1 5]}}",
    ],
    [
      "the coarser schema",
      "{{schema:1 count:10 offset:1 buckets:[1 2 3 4]}}",
      "{{count:5 offset:1 buckets:[5]}}",
      "{{count:15 offset:1 buckets:[8 7]}}",
    ],
    [
      "the coarser schema on the right",
      "{{count:5 offset:1 buckets:[5]}}",
      "{{schema:2 count:4 offset:1 buckets:[1 1 1 1]}}",
      "{{count:9 offset:1 buckets:[9]}}",
    ],
    [
      "zero buckets of one width",
      "{{count:2 z_bucket:2 z_bucket_w:0.5}}",
      "{{count:3 z_bucket:3 z_bucket_w:0.5}}",
      "{{count:5 z_bucket:5 z_bucket_w:0.5}}",
    ],
    [
      "a wider zero bucket takes buckets in",
      "{{count:7 z_bucket:1 z_bucket_w:0.25 offset:-1 buckets:[1 2 3]}}",
      "{{count:4 z_bucket:4 z_bucket_w:1}}",
      "{{count:11 z_bucket:8 z_bucket_w:1 offset:1 buckets:[3]}}",
    ],
    [
      "and the right one's",
      "{{count:4 z_bucket:4 z_bucket_w:1}}",
      "{{count:7 z_bucket:1 z_bucket_w:0.25 n_offset:-1 n_buckets:[1 2 3]}}",
      "{{count:11 z_bucket:8 z_bucket_w:1 n_offset:1 n_buckets:[3]}}",
    ],
    [
      "up to the end of a bucket with observations",
      "{{count:1 z_bucket:1 z_bucket_w:0.75}}",
      "{{count:5 z_bucket_w:0.001 buckets:[2 3]}}",
      "{{count:6 z_bucket:3 z_bucket_w:1 offset:1 buckets:[3]}}",
    ],
    [
      "not of an empty one",
      "{{count:1 z_bucket:1 z_bucket_w:0.75}}",
      "{{count:3 z_bucket_w:0.001 buckets:[0 3]}}",
      "{{count:4 z_bucket:1 z_bucket_w:0.75 offset:1 buckets:[3]}}",
    ],
    [
      "custom bounds",
      "{{schema:-53 count:3 custom_values:[5 10] buckets:[1 2]}}",
      "{{schema:-53 count:4 custom_values:[5 10] offset:2 buckets:[4]}}",
      "{{schema:-53 count:7 custom_values:[5 10] buckets:[1 2 4]}}",
    ],
  ];
  for (const [name, a, b, wanted] of cases) {
    const sum = addHistograms(histogram(a), histogram(b));
    assert.equal(formatDescription(compact(sum!.histogram)), wanted, name);
    assert.equal(sum!.boundsReconciled, false, name);
  }
});

Deno.test("differing custom bounds meet at those in common, and the caller hears of it", () => {
  const a = histogram("{{schema:-53 sum:1 count:15 custom_values:[2 4 6] buckets:[1 2 5 7]}}");
  const b = histogram("{{schema:-53 sum:2 count:15 custom_values:[2 3 4 7] buckets:[1 0 1 5 8]}}");
  const sum = addHistograms(a, b)!;
  same(sum.histogram, "{{schema:-53 count:30 sum:3 custom_values:[2 4] buckets:[2 3 25]}}");
  assert.ok(sum.boundsReconciled);
  const none = addHistograms(a, histogram("{{schema:-53 count:2 custom_values:[3] buckets:[1 1]}}"))!;
  same(none.histogram, "{{schema:-53 count:17 sum:1 custom_values:[] buckets:[17]}}");
  same(minus(a, b), "{{schema:-53 sum:-1 custom_values:[2 4] offset:1 buckets:[1 -1]}}");
});

Deno.test("exponential and custom buckets do not add up", () => {
  const [a, b] = [histogram("{{count:1}}"), histogram("{{schema:-53 custom_values:[1]}}")];
  assert.equal(addHistograms(a, b), undefined);
  assert.equal(subtractHistograms(b, a), undefined);
});

Deno.test("a difference may go below zero", () => {
  same(
    minus(
      histogram("{{count:3 sum:2 z_bucket:1 buckets:[1 1]}}"),
      histogram("{{count:7 sum:5 z_bucket:3 buckets:[1 3]}}"),
    ),
    "{{count:-4 sum:-3 z_bucket:-2 offset:1 buckets:[-2]}}",
  );
});

Deno.test("the hint of a sum is what both say, gauge if one is, else unknown; reset with not_reset is a collision", () => {
  for (
    const [a, b, hint, collision] of [
      ["reset", "reset", "reset", false],
      ["reset", "not_reset", "unknown", true],
      ["not_reset", "reset", "unknown", true],
      ["gauge", "reset", "gauge", false],
      ["unknown", "gauge", "gauge", false],
      ["not_reset", "unknown", "unknown", false],
      ["unknown", "unknown", "unknown", false],
    ] as const
  ) {
    assert.deepEqual(combinedHint(a, b), { hint, collision });
    const sum = addHistograms(withHint(histogram("{{}}"), a), withHint(histogram("{{}}"), b))!;
    assert.equal(sum.histogram.counterResetHint, hint);
    assert.equal(sum.counterResetCollision, collision);
  }
});

Deno.test("a factor multiplies every count, and a negative one makes a gauge", () => {
  const h = histogram(
    "{{schema:1 count:3 sum:-5 z_bucket:1 z_bucket_w:0.1 buckets:[2] n_buckets:[4] counter_reset_hint:reset}}",
  );
  same(
    multiplyHistogram(h, 2),
    "{{schema:1 count:6 sum:-10 z_bucket:2 z_bucket_w:0.1 counter_reset_hint:reset buckets:[4] n_buckets:[8]}}",
  );
  same(
    negateHistogram(h),
    "{{schema:1 count:-3 sum:5 z_bucket:-1 z_bucket_w:0.1 counter_reset_hint:gauge buckets:[-2] n_buckets:[-4]}}",
  );
  same(
    divideHistogram(h, -2),
    "{{schema:1 count:-1.5 sum:2.5 z_bucket:-0.5 z_bucket_w:0.1 counter_reset_hint:gauge buckets:[-1] n_buckets:[-2]}}",
  );
});

Deno.test("a division by zero leaves no buckets", () => {
  const h = divideHistogram(histogram("{{count:3 sum:-5 z_bucket_w:0.1 buckets:[2]}}"), 0);
  assert.equal(formatDescription(h), "{{count:+Inf sum:-Inf z_bucket:NaN z_bucket_w:0.1}}");
  assert.equal(h.positive.counts.length, 0);
});

Deno.test("operations leave their operands as they are", () => {
  fc.assert(fc.property(arbitraryHistogram, arbitraryHistogram, (a, b) => {
    const before = [formatDescription(a), formatDescription(b)];
    addHistograms(a, b);
    subtractHistograms(a, b);
    multiplyHistogram(a, 3);
    divideHistogram(a, 0);
    assert.deepEqual([formatDescription(a), formatDescription(b)], before);
  }));
});

Deno.test("what was added can be taken away again", () => {
  fc.assert(fc.property(arbitraryExponential, arbitraryExponential, (a, b) => {
    const back = minus(plus(a, b), b);
    const wanted = compact(reduceResolution(a, Math.min(a.schema, b.schema)));
    assert.ok(histogramsEqual(back, wanted), `${formatDescription(back)} ${formatDescription(wanted)}`);
  }));
});

Deno.test("sums of whole counts come out the same in any order", () => {
  for (const arbitrary of [arbitraryExponential, arbitraryCustom]) {
    fc.assert(fc.property(arbitrary, arbitrary, arbitrary, (a, b, c) => {
      assert.ok(histogramsEqual(plus(plus(a, b), c), plus(a, plus(b, c))));
      assert.ok(histogramsEqual(plus(a, b), plus(b, a)));
    }));
  }
});

Deno.test("reducing the resolution before or after a sum gives the same", () => {
  fc.assert(fc.property(arbitraryExponential, arbitraryExponential, (a, b) => {
    const reduced = (h: FloatHistogram) => reduceResolution(h, -4);
    assert.ok(histogramsEqual(compact(reduced(plus(a, b))), plus(reduced(a), reduced(b))));
  }));
});
