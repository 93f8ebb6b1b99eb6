/** Histograms for tests: from the script notation, and at random. */
import fc from "fast-check";
import { histogramFromDescription } from "../../../lib/model/histogram/description.ts";
import {
  type Buckets,
  type CounterResetHint,
  CUSTOM_BUCKETS_SCHEMA,
  EMPTY_HISTOGRAM,
  type FloatHistogram,
} from "../../../lib/model/histogram/float_histogram.ts";
import { almostEqual } from "../../../lib/promql/kernels/bucket_quantile.ts";
import { parseHistogramLiteral } from "../../../lib/promql/script/histogram_literal.ts";

export function histogram(notation: string): FloatHistogram {
  return histogramFromDescription(parseHistogramLiteral(notation));
}

export function near(a: number, b: number): boolean {
  return almostEqual(a, b, 1e-12);
}

const HINTS: readonly CounterResetHint[] = ["unknown", "reset", "not_reset", "gauge"];

/** Whole counts, so that sums are exact in any order. */
const arbitraryBuckets = fc.uniqueArray(
  fc.tuple(fc.integer({ min: -40, max: 40 }), fc.integer({ min: 0, max: 9 })),
  { maxLength: 12, selector: ([index]) => index },
).map((pairs): Buckets => {
  pairs.sort((a, b) => a[0] - b[0]);
  return {
    indexes: Int32Array.from(pairs, ([index]) => index),
    counts: Float64Array.from(pairs, ([, count]) => count),
  };
});

/** Exponential, its zero bucket of no width; `count` is what the buckets hold. */
export const arbitraryExponential: fc.Arbitrary<FloatHistogram> = fc.record({
  schema: fc.integer({ min: -4, max: 8 }),
  zeroCount: fc.integer({ min: 0, max: 9 }),
  sum: fc.integer({ min: -1000, max: 1000 }),
  positive: arbitraryBuckets,
  negative: arbitraryBuckets,
  counterResetHint: fc.constantFrom(...HINTS),
}).map((fields) => counted({ ...EMPTY_HISTOGRAM, ...fields }));

export const arbitraryCustom: fc.Arbitrary<FloatHistogram> = fc.uniqueArray(
  fc.integer({ min: -20, max: 20 }),
  { maxLength: 8 },
).chain((bounds) =>
  fc.record({
    customValues: fc.constant(Float64Array.from(bounds).sort()),
    sum: fc.integer({ min: -1000, max: 1000 }),
    counts: fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: bounds.length + 1 }),
  })
).map(({ customValues, sum, counts }) =>
  counted({
    ...EMPTY_HISTOGRAM,
    schema: CUSTOM_BUCKETS_SCHEMA,
    sum,
    customValues,
    positive: { indexes: Int32Array.from(counts, (_, i) => i), counts: Float64Array.from(counts) },
  })
);

export const arbitraryHistogram = fc.oneof(arbitraryExponential, arbitraryCustom);

function counted(h: FloatHistogram): FloatHistogram {
  let count = h.zeroCount;
  for (const each of [...h.positive.counts, ...h.negative.counts]) count += each;
  return { ...h, count };
}
