/**
 * Histograms from the keys of the script notation `{{schema:1 sum:3 count:22 buckets:[5 10 7]}}`. Reading the text is
 * the script's business; whether the values make a histogram is checked by `validateHistogram` on the way in, since
 * an expectation may well describe what could not be stored, such as negative counts.
 */
import {
  bucketsFrom,
  type CounterResetHint,
  CUSTOM_BUCKETS_SCHEMA,
  type FloatHistogram,
  isExponentialSchema,
  NO_CUSTOM_VALUES,
} from "./float_histogram.ts";
import { HistogramError } from "./validate.ts";

/** One field a key; what the text does not name is 0, empty or "". */
export interface HistogramDescription {
  readonly schema: number;
  readonly sum: number;
  readonly count: number;
  readonly zeroBucket: number;
  readonly zeroWidth: number;
  /** The index of the first of `buckets`, which hold absolute counts. */
  readonly offset: number;
  readonly buckets: readonly number[];
  readonly negativeOffset: number;
  readonly negativeBuckets: readonly number[];
  readonly customValues: readonly number[];
  readonly counterResetHint: string;
}

const HINTS: readonly CounterResetHint[] = ["unknown", "reset", "not_reset", "gauge"];

/** Bucket indexes are 32-bit numbers everywhere. */
const OFFSET_MAX = 2 ** 31 - 1;

/** Throws a `HistogramError`. */
export function histogramFromDescription(description: HistogramDescription): FloatHistogram {
  const { schema, zeroWidth, buckets, negativeBuckets, customValues } = description;
  if (schema !== CUSTOM_BUCKETS_SCHEMA && !(Number.isInteger(schema) && isExponentialSchema(schema))) {
    throw new HistogramError("schema", `expected a schema from -9 to 52 or -53, got ${schema}`);
  }
  return {
    schema,
    zeroThreshold: zeroWidth,
    zeroCount: description.zeroBucket,
    count: description.count,
    sum: description.sum,
    positive: bucketsFrom(checkedOffset("offset", description.offset, buckets), buckets),
    negative: bucketsFrom(
      checkedOffset("n_offset", description.negativeOffset, negativeBuckets),
      negativeBuckets,
    ),
    customValues: customValues.length === 0 ? NO_CUSTOM_VALUES : Float64Array.from(customValues),
    counterResetHint: hintOf(description.counterResetHint),
  };
}

function checkedOffset(key: string, offset: number, buckets: readonly number[]): number {
  const inRange = Number.isInteger(offset) && offset >= -OFFSET_MAX && offset + buckets.length <= OFFSET_MAX;
  if (inRange) return offset;
  throw new HistogramError("span", `expected a 32-bit whole number for ${key}, got ${offset}`);
}

function hintOf(text: string): CounterResetHint {
  if (text === "") return "unknown";
  const hint = HINTS.find((known) => known === text);
  if (hint !== undefined) return hint;
  throw new HistogramError(
    "unexpected field",
    `expected a counter_reset_hint of ${HINTS.join(", ")}, got ${JSON.stringify(text)}`,
  );
}
