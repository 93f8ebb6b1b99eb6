import assert from "node:assert/strict";
import fc from "fast-check";
import { ClassicHistogramBuilder } from "../../../lib/model/histogram/classic.ts";
import { almostEqualHistograms } from "../../../lib/model/histogram/compare.ts";
import {
  compactBuckets,
  EMPTY_HISTOGRAM,
  histogramsEqual,
} from "../../../lib/model/histogram/float_histogram.ts";
import { formatDescription } from "../../../lib/model/histogram/format.ts";
import { floatFromInteger, type IntegerHistogram } from "../../../lib/model/histogram/integer_histogram.ts";
import { bucketsFromSpans, spansOf } from "../../../lib/model/histogram/spans.ts";
import { validateHistogram } from "../../../lib/model/histogram/validate.ts";
import { arbitraryExponential, arbitraryHistogram, histogram, near } from "./samples.ts";

Deno.test("compacting drops empty buckets but keeps short gaps where asked", () => {
  const buckets = (...pairs: readonly (readonly [number, number])[]) => ({
    indexes: Int32Array.from(pairs, ([index]) => index),
    counts: Float64Array.from(pairs, ([, count]) => count),
  });
  const loose = buckets([0, 0], [1, 1], [2, 0], [3, 2], [6, 3], [7, 0], [10, 4], [11, 0]);
  assert.deepEqual(compactBuckets(loose, 0), buckets([1, 1], [3, 2], [6, 3], [10, 4]));
  assert.deepEqual(compactBuckets(loose, 1), buckets([1, 1], [2, 0], [3, 2], [6, 3], [10, 4]));
  assert.deepEqual(
    compactBuckets(loose, 2),
    buckets([1, 1], [2, 0], [3, 2], [4, 0], [5, 0], [6, 3], [10, 4]),
  );
  assert.deepEqual(compactBuckets(buckets([0, 0], [2, 1], [4, 1]), 1), buckets([2, 1], [3, 0], [4, 1]));
  assert.deepEqual(compactBuckets(buckets([5, 0]), 3), buckets());
});

Deno.test("spans read and write the same buckets", () => {
  const spans = [{ offset: -3, length: 2 }, { offset: 0, length: 0 }, { offset: 2, length: 1 }];
  const read = bucketsFromSpans(spans, [1, 2, 3]);
  assert.deepEqual([...read.indexes], [-3, -2, 1]);
  assert.deepEqual(spansOf(read), [{ offset: -3, length: 2 }, { offset: 2, length: 1 }]);
  fc.assert(fc.property(arbitraryExponential, ({ positive }) => {
    assert.deepEqual(bucketsFromSpans(spansOf(positive), positive.counts), positive);
  }));
});

Deno.test("spans that do not fit their buckets are refused", () => {
  assert.throws(
    () => bucketsFromSpans([{ offset: 0, length: 1 }], []),
    /spans need 1 buckets, have 0 buckets/,
  );
  assert.throws(() => bucketsFromSpans([], [1, 2]), /spans need 0 buckets, have 2 buckets/);
  assert.throws(
    () => bucketsFromSpans([{ offset: 0, length: 1 }, { offset: -1, length: 1 }], [1, 1]),
    /span number 2 with offset -1/,
  );
  assert.throws(() => bucketsFromSpans([{ offset: 2 ** 31 - 1, length: 2 }], [1, 1]), /out of range/);
});

const WHOLE: IntegerHistogram = {
  schema: 1,
  zeroThreshold: 0.001,
  zeroCount: 2,
  count: 19,
  sum: 18.4,
  positiveSpans: [{ offset: 0, length: 2 }, { offset: 1, length: 2 }],
  positiveDeltas: [1, 1, -1, 0],
  negativeSpans: [{ offset: 0, length: 3 }],
  negativeDeltas: [4, -1, 2],
  customValues: [],
  counterResetHint: "not_reset",
};

Deno.test("whole counts told by their differences become absolute ones", () => {
  assert.equal(
    formatDescription(floatFromInteger(WHOLE)),
    "{{schema:1 count:19 sum:18.4 z_bucket:2 z_bucket_w:0.001 counter_reset_hint:not_reset " +
      "buckets:[1 2 0 1 1] n_buckets:[4 3 5]}}",
  );
});

Deno.test("whole counts must add up, but for observations that were NaN", () => {
  assert.throws(
    () => floatFromInteger({ ...WHOLE, count: 20 }),
    /19 observations found in buckets, but the Count field is 20/,
  );
  assert.throws(() => floatFromInteger({ ...WHOLE, count: 18, sum: NaN }), /should be at least/);
  assert.equal(floatFromInteger({ ...WHOLE, count: 20, sum: NaN }).count, 20);
  assert.throws(
    () => floatFromInteger({ ...WHOLE, positiveDeltas: [1, 1, -3, 0] }),
    /positive side: bucket number 3 has observation count of -1/,
  );
  assert.throws(
    () => floatFromInteger({ ...WHOLE, negativeDeltas: [1] }),
    /negative side: spans need 3 buckets, have 1 buckets/,
  );
});

Deno.test("a histogram that is none is refused, saying why", () => {
  for (
    const valid of [
      "{{}}",
      "{{schema:-53 custom_values:[]}}",
      "{{schema:8 count:1 z_bucket:1 buckets:[0 1]}}",
    ]
  ) {
    validateHistogram(histogram(valid));
  }
  for (
    const [notation, message] of [
      ["{{schema:-53 custom_values:[5 5]}}", /strictly increasing/],
      ["{{schema:-53 custom_values:[5 +Inf]}}", /must be finite/],
      ["{{schema:-53 custom_values:[5] buckets:[1 2 3]}}", /too few/],
      ["{{schema:-53 custom_values:[5] offset:-1 buckets:[1]}}", /too few/],
      ["{{schema:-53 z_bucket:1}}", /zero count of 0/],
      ["{{schema:-53 z_bucket_w:1}}", /zero threshold of 0/],
      ["{{schema:-53 n_buckets:[1]}}", /negative buckets/],
      ["{{custom_values:[5]}}", /must not have custom bounds/],
      ["{{count:-1}}", /observation count is -1/],
      ["{{z_bucket:-1}}", /zero bucket has observation count of -1/],
      ["{{buckets:[1 -1]}}", /positive side: bucket number 2/],
      ["{{n_buckets:[-1]}}", /negative side: bucket number 1/],
      ["{{z_bucket_w:NaN}}", /zero threshold is NaN/],
    ] as const
  ) {
    assert.throws(() => validateHistogram(histogram(notation)), message, notation);
  }
  assert.throws(() => validateHistogram({ ...EMPTY_HISTOGRAM, schema: 53 }), /invalid schema/);
  assert.throws(() => histogram("{{schema:-10}}"), /expected a schema from -9 to 52 or -53, got -10/);
  assert.throws(() => histogram("{{counter_reset_hint:maybe}}"), /expected a counter_reset_hint of/);
  assert.throws(() => histogram("{{offset:1.5 buckets:[1]}}"), /32-bit whole number for offset/);
});

Deno.test("classic buckets in any order become custom ones", () => {
  const classic = new ClassicHistogramBuilder();
  classic.setBucket(10, 5);
  classic.setBucket(Infinity, 9);
  classic.setBucket(5, 2);
  classic.setBucket(10, 5);
  classic.setBucket(20, 5);
  classic.setSum(100);
  classic.setCount(9);
  assert.equal(
    formatDescription(classic.build()),
    "{{schema:-53 count:9 sum:100 custom_values:[5 10 20] buckets:[2 3 0 4]}}",
  );
});

Deno.test("a classic histogram without +Inf ends with its count, one without a count with its last bucket", () => {
  const noInf = new ClassicHistogramBuilder();
  noInf.setBucket(1, 2.5);
  noInf.setCount(4);
  assert.equal(
    formatDescription(noInf.build()),
    "{{schema:-53 count:4 custom_values:[1] buckets:[2.5 1.5]}}",
  );
  const noCount = new ClassicHistogramBuilder();
  noCount.setBucket(1, 2);
  assert.equal(formatDescription(noCount.build()), "{{schema:-53 count:2 custom_values:[1] buckets:[2]}}");
  assert.equal(formatDescription(new ClassicHistogramBuilder().build()), "{{schema:-53 custom_values:[]}}");
});

Deno.test("a classic histogram that cannot be one is refused", () => {
  const of = (buckets: readonly (readonly [number, number])[], count?: number) => () => {
    const classic = new ClassicHistogramBuilder();
    for (const [le, bucketCount] of buckets) classic.setBucket(le, bucketCount);
    if (count !== undefined) classic.setCount(count);
    classic.build();
  };
  assert.throws(of([[1, 2], [2, 1]]), /count is not cumulative: 1 < 2/);
  assert.throws(of([[2, 1], [1, 2]]), /count is not cumulative: 2 > 1/);
  assert.throws(of([[1, -1]]), /bucket count must be non-negative: le=1, count=-1/);
  assert.throws(of([[Infinity, 3]], 4), /count mismatch: count=4 != le=\+Inf count=3/);
  assert.throws(of([], -4), /count must be non-negative: count=-4/);
});

Deno.test("histograms compare exactly in layout and nearly in numbers", () => {
  const wanted = "{{schema:1 count:3 sum:1 z_bucket_w:0.001 buckets:[1 2]}}";
  for (
    const [got, same] of [
      [wanted, true],
      ["{{schema:1 count:3.0000000000001 sum:1 z_bucket_w:0.001 offset:-1 buckets:[0 1 2 0]}}", true],
      ["{{schema:1 count:3 sum:1 z_bucket_w:0.001 buckets:[1 2] counter_reset_hint:gauge}}", true],
      ["{{schema:2 count:3 sum:1 z_bucket_w:0.001 buckets:[1 2]}}", false],
      ["{{schema:1 count:3 sum:1 z_bucket_w:0.002 buckets:[1 2]}}", false],
      ["{{schema:1 count:3 sum:1.1 z_bucket_w:0.001 buckets:[1 2]}}", false],
      ["{{schema:1 count:3 sum:1 z_bucket_w:0.001 buckets:[1 1]}}", false],
      ["{{schema:1 count:3 sum:1 z_bucket_w:0.001 offset:1 buckets:[1 2]}}", false],
    ] as const
  ) {
    assert.equal(almostEqualHistograms(histogram(wanted), histogram(got), near), same, got);
  }
  const gauge = histogram("{{counter_reset_hint:gauge}}");
  assert.equal(almostEqualHistograms(gauge, histogram("{{}}"), near), false);
  fc.assert(fc.property(arbitraryHistogram, (h) => {
    assert.ok(almostEqualHistograms(h, h, near));
    assert.ok(histogramsEqual(h, { ...h }));
  }));
});
