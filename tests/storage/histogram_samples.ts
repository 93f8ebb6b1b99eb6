/** Histograms for tests of storage: any that storage takes, and a fixed series of them. */
import fc from "fast-check";
import {
  type Buckets,
  CUSTOM_BUCKETS_SCHEMA,
  EMPTY_HISTOGRAM,
  type FloatHistogram,
  NO_BUCKETS,
} from "../../lib/model/histogram/float_histogram.ts";

const HINTS = ["unknown", "reset", "not_reset", "gauge"] as const;

function bucketsOf(first: number, gaps: readonly number[], counts: readonly number[]): Buckets {
  if (gaps.length === 0) return NO_BUCKETS;
  let index = first;
  return {
    indexes: Int32Array.from(gaps, (gap) => (index += gap + 1)),
    counts: Float64Array.from(gaps, (_, i) => counts[i % counts.length]!),
  };
}

const whole = fc.oneof(fc.nat({ max: 50 }), fc.nat({ max: 2 ** 40 }), fc.constant(2 ** 53));
const fractional = fc.oneof(whole, fc.double({ min: 0, max: 1e300, noNaN: true }));
const sum = fc.oneof(fc.double(), fc.integer());

function buckets(count: fc.Arbitrary<number>): fc.Arbitrary<Buckets> {
  return fc.record({
    first: fc.integer({ min: -2000, max: 2000 }),
    gaps: fc.array(fc.constantFrom(0, 0, 0, 1, 7), { maxLength: 12 }),
    counts: fc.array(count, { minLength: 1, maxLength: 12 }),
  }).map(({ first, gaps, counts }) => bucketsOf(first, gaps, counts));
}

function exponential(count: fc.Arbitrary<number>): fc.Arbitrary<FloatHistogram> {
  return fc.record({
    schema: fc.integer({ min: -9, max: 52 }),
    zeroThreshold: fc.constantFrom(0, 2 ** -128, 0.001),
    zeroCount: count,
    count,
    sum,
    positive: buckets(count),
    negative: buckets(count),
    counterResetHint: fc.constantFrom(...HINTS),
  }).map((parts) => ({ ...EMPTY_HISTOGRAM, ...parts }));
}

const custom: fc.Arbitrary<FloatHistogram> = fc.record({
  bounds: fc.uniqueArray(fc.integer({ min: -100, max: 100 }), { maxLength: 8 }),
  counts: fc.array(fractional, { minLength: 9, maxLength: 9 }),
  count: fractional,
  sum,
}).map(({ bounds, counts, count, sum }) => ({
  ...EMPTY_HISTOGRAM,
  schema: CUSTOM_BUCKETS_SCHEMA,
  customValues: Float64Array.from(bounds).sort(),
  positive: bucketsOf(-1, bounds.concat(0).map(() => 0), counts),
  count,
  sum,
}));

export const anyHistogram: fc.Arbitrary<FloatHistogram> = fc.oneof(
  exponential(whole).map((h): FloatHistogram => ({ ...h, fromIntegers: true })),
  exponential(fractional),
  custom,
);

/** The nth sample of a latency that is observed all the time. */
export function latency(n: number, buckets = 20): FloatHistogram {
  const counts = Float64Array.from(
    { length: buckets },
    (_, i) => n * (1 + (i * 7) % 5) + Math.floor((n * i) / 3),
  );
  return {
    ...EMPTY_HISTOGRAM,
    schema: 3,
    zeroThreshold: 2 ** -128,
    zeroCount: n,
    count: counts.reduce((a, b) => a + b, n),
    sum: n * 1.5,
    positive: { indexes: Int32Array.from({ length: buckets }, (_, i) => i - 4 + (i > 10 ? 3 : 0)), counts },
    fromIntegers: true,
  };
}
