/**
 * Histograms as clients expose them and as most are stored: whole counts, each bucket told as its difference from the
 * one before. Read into a float histogram they lose nothing below 2^53.
 */
import type { CounterResetHint, FloatHistogram } from "./float_histogram.ts";
import { NO_CUSTOM_VALUES } from "./float_histogram.ts";
import { bucketsFromSpans, onSide, type Span } from "./spans.ts";
import { HistogramError, validateHistogram } from "./validate.ts";

export interface IntegerHistogram {
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly count: number;
  readonly sum: number;
  readonly positiveSpans: readonly Span[];
  readonly positiveDeltas: ArrayLike<number>;
  readonly negativeSpans: readonly Span[];
  readonly negativeDeltas: ArrayLike<number>;
  readonly customValues: ArrayLike<number>;
  readonly counterResetHint: CounterResetHint;
}

/** Throws a `HistogramError` for one that is invalid. As Prometheus: Histogram.Validate and ToFloat. */
export function floatFromInteger(h: IntegerHistogram): FloatHistogram {
  const float: FloatHistogram = {
    schema: h.schema,
    zeroThreshold: h.zeroThreshold,
    zeroCount: h.zeroCount,
    count: h.count,
    sum: h.sum,
    positive: onSide("positive", () => bucketsFromSpans(h.positiveSpans, runningSums(h.positiveDeltas))),
    negative: onSide("negative", () => bucketsFromSpans(h.negativeSpans, runningSums(h.negativeDeltas))),
    customValues: h.customValues.length === 0 ? NO_CUSTOM_VALUES : Float64Array.from(h.customValues),
    counterResetHint: h.counterResetHint,
    fromIntegers: true,
  };
  validateHistogram(float);
  checkTotal(float);
  return float;
}

function runningSums(deltas: ArrayLike<number>): Float64Array {
  const counts = new Float64Array(deltas.length);
  let count = 0;
  for (let i = 0; i < counts.length; i++) counts[i] = count += deltas[i]!;
  return counts;
}

/** Whole counts add up exactly; only observations that were NaN are in no bucket. */
function checkTotal(h: FloatHistogram): void {
  let total = h.zeroCount;
  for (const count of h.positive.counts) total += count;
  for (const count of h.negative.counts) total += count;
  if (total === h.count || (Number.isNaN(h.sum) && total < h.count)) return;
  throw new HistogramError(
    "count",
    `${total} observations found in buckets, but the Count field is ${h.count}: ` +
      (Number.isNaN(h.sum)
        ? "histogram's observation count should be at least the number of observations found in the buckets"
        : "histogram's observation count should equal the number of observations found in the buckets " +
          "(in absence of NaN)"),
  );
}
