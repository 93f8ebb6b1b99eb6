/** Whether a histogram from elsewhere is one. As Prometheus: FloatHistogram.Validate, with its wording. */
import { formatFloatG } from "../float.ts";
import {
  type Buckets,
  EXPONENTIAL_SCHEMA_MAX,
  EXPONENTIAL_SCHEMA_MIN,
  type FloatHistogram,
  isExponentialSchema,
  usesCustomBuckets,
} from "./float_histogram.ts";

export type HistogramFault =
  | "span"
  | "custom bounds"
  | "unexpected field"
  | "negative count"
  | "schema"
  | "count"
  | "zero threshold";

/** What is wrong with a histogram that somebody sent or wrote. */
export class HistogramError extends Error {
  override readonly name = "HistogramError";
  constructor(readonly fault: HistogramFault, message: string) {
    super(message);
  }
}

/** Throws a `HistogramError`. That `count` is no less than the sum of buckets is not asked of floats. */
export function validateHistogram(h: FloatHistogram): void {
  if (usesCustomBuckets(h)) validateCustom(h);
  else if (isExponentialSchema(h.schema)) validateExponential(h);
  else {
    throw new HistogramError(
      "schema",
      `histogram has an invalid schema, which must be between ${EXPONENTIAL_SCHEMA_MIN} and ` +
        `${EXPONENTIAL_SCHEMA_MAX} for exponential buckets, or -53 for custom buckets, got schema ${h.schema}`,
    );
  }
  if (h.count < 0) {
    throw new HistogramError(
      "negative count",
      `observation count is ${formatFloatG(h.count)}: histogram's observation count is negative`,
    );
  }
  checkCounts(h.positive, "positive");
}

function validateCustom(h: FloatHistogram): void {
  checkCustomBounds(h.customValues, h.positive);
  const unexpected = h.zeroCount !== 0
    ? "must have zero count of 0"
    : h.zeroThreshold !== 0
    ? "must have zero threshold of 0"
    : h.negative.counts.length > 0
    ? "must not have negative buckets"
    : undefined;
  if (unexpected === undefined) return;
  throw new HistogramError("unexpected field", `custom buckets: ${unexpected}`);
}

function checkCustomBounds(bounds: Float64Array, { indexes }: Buckets): void {
  for (let i = 0; i < bounds.length; i++) {
    const bound = bounds[i]!;
    if (!Number.isFinite(bound)) {
      throw new HistogramError(
        "custom bounds",
        `custom buckets: bound ${formatFloatG(bound)}: histogram custom bounds must be finite`,
      );
    }
    if (i > 0 && bound <= bounds[i - 1]!) {
      throw new HistogramError(
        "custom bounds",
        `custom buckets: previous bound is ${formatFloatG(bounds[i - 1]!)} and current is ` +
          `${formatFloatG(bound)}: histogram custom bounds must be in strictly increasing order`,
      );
    }
  }
  const last = indexes.at(-1) ?? 0;
  if (last <= bounds.length && (indexes[0] ?? 0) >= 0) return;
  throw new HistogramError(
    "custom bounds",
    `custom buckets: only ${bounds.length} custom bounds defined which is insufficient to cover bucket ` +
      `${last}: histogram custom bounds are too few`,
  );
}

function validateExponential(h: FloatHistogram): void {
  checkCounts(h.negative, "negative");
  if (h.zeroCount < 0) {
    throw new HistogramError(
      "negative count",
      `zero bucket has observation count of ${formatFloatG(h.zeroCount)}: ` +
        "histogram has a bucket whose observation count is negative",
    );
  }
  if (!(h.zeroThreshold >= 0 && h.zeroThreshold < Infinity)) {
    throw new HistogramError(
      "zero threshold",
      `zero threshold is ${formatFloatG(h.zeroThreshold)}, expected a finite number of at least 0`,
    );
  }
  if (h.customValues.length > 0) {
    throw new HistogramError(
      "unexpected field",
      "histogram with exponential schema must not have custom bounds",
    );
  }
}

function checkCounts({ counts }: Buckets, side: string): void {
  for (let i = 0; i < counts.length; i++) {
    if (counts[i]! >= 0 || Number.isNaN(counts[i]!)) continue;
    throw new HistogramError(
      "negative count",
      `${side} side: bucket number ${i + 1} has observation count of ${formatFloatG(counts[i]!)}: ` +
        "histogram has a bucket whose observation count is negative",
    );
  }
}
