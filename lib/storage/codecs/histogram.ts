/**
 * Single native histograms to bytes and back, for the journal: the layout (schema, zero threshold, which buckets,
 * custom bounds) is left out where the histogram before of the same series has the same, and whole counts are then
 * told as differences from its. docs/formats/journal.md describes the bytes.
 */
import {
  type Buckets,
  type CounterResetHint,
  CUSTOM_BUCKETS_SCHEMA,
  EXPONENTIAL_SCHEMA_MAX,
  EXPONENTIAL_SCHEMA_MIN,
  type FloatHistogram,
  NO_BUCKETS,
  NO_CUSTOM_VALUES,
  sameLayout,
} from "../../model/histogram/float_histogram.ts";
import { spansOf } from "../../model/histogram/spans.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";

/**
 * Buckets and custom bounds of one histogram: however little it compresses, one of this many still fits a page.
 * Clients send at most a few hundred.
 */
export const HISTOGRAM_BUCKETS_MAX = 3_000;

const HINTS: readonly CounterResetHint[] = ["unknown", "reset", "not_reset", "gauge"];
const HINT_MASK = 3;
const FROM_INTEGERS = 4;
const SAME_LAYOUT = 8;
const INDEX_MAX = 2 ** 31 - 1;
/** Differences up to here are exact, and so is their zigzag form and one more. */
const DELTA_MAX = 2 ** 50;

/** All of a histogram but its numbers of observations. */
export type HistogramLayout = Pick<FloatHistogram, "schema" | "zeroThreshold" | "customValues"> & {
  readonly positive: Int32Array;
  readonly negative: Int32Array;
};

export function encodeLayout(out: ByteWriter, h: FloatHistogram): void {
  out.zigzag(h.schema);
  out.float64(h.zeroThreshold);
  encodeIndexes(out, h.positive);
  encodeIndexes(out, h.negative);
  out.varint(h.customValues.length);
  for (const bound of h.customValues) out.float64(bound);
}

function encodeIndexes(out: ByteWriter, buckets: Buckets): void {
  const spans = spansOf(buckets);
  out.varint(spans.length);
  for (const { offset, length } of spans) {
    out.zigzag(offset);
    out.varint(length);
  }
}

export function decodeLayout(input: ByteReader): HistogramLayout {
  const schema = input.zigzag();
  if (
    schema !== CUSTOM_BUCKETS_SCHEMA && (schema < EXPONENTIAL_SCHEMA_MIN || schema > EXPONENTIAL_SCHEMA_MAX)
  ) input.fail(`unknown schema ${schema} of a histogram`);
  const zeroThreshold = input.float64();
  const positive = decodeIndexes(input);
  const negative = decodeIndexes(input);
  const boundsCount = input.count(HISTOGRAM_BUCKETS_MAX, "bounds of a histogram");
  input.need(8 * boundsCount);
  const customValues = boundsCount === 0 ? NO_CUSTOM_VALUES : new Float64Array(boundsCount);
  for (let i = 0; i < boundsCount; i++) customValues[i] = input.float64();
  return { schema, zeroThreshold, positive, negative, customValues };
}

function decodeIndexes(input: ByteReader): Int32Array {
  const spans = input.count(HISTOGRAM_BUCKETS_MAX, "spans of a histogram");
  if (spans === 0) return NO_BUCKETS.indexes;
  const indexes: number[] = [];
  let next = 0;
  for (let i = 0; i < spans; i++) {
    const offset = input.zigzag();
    const length = input.count(HISTOGRAM_BUCKETS_MAX - indexes.length, "buckets of a histogram");
    next += offset;
    if ((i > 0 && offset < 0) || next < -INDEX_MAX || next + length - 1 > INDEX_MAX) {
      input.fail(`buckets ${next} to ${next + length - 1} of a histogram`);
    }
    for (let k = 0; k < length; k++) indexes.push(next++);
  }
  return Int32Array.from(indexes);
}

export function hintCode(h: FloatHistogram): number {
  return HINTS.indexOf(h.counterResetHint) | (h.fromIntegers === true ? FROM_INTEGERS : 0);
}

/** Puts a histogram together from its parts; `code` as `hintCode` made it, below 8. */
export function histogramOf(
  layout: HistogramLayout,
  code: number,
  counts: {
    readonly count: number;
    readonly zeroCount: number;
    readonly sum: number;
    readonly positive: Float64Array;
    readonly negative: Float64Array;
  },
): FloatHistogram {
  const plain = {
    schema: layout.schema,
    zeroThreshold: layout.zeroThreshold,
    zeroCount: counts.zeroCount,
    count: counts.count,
    sum: counts.sum,
    positive: bucketsOf(layout.positive, counts.positive),
    negative: bucketsOf(layout.negative, counts.negative),
    customValues: layout.customValues,
    counterResetHint: HINTS[code & HINT_MASK]!,
  };
  return (code & FROM_INTEGERS) === 0 ? plain : { ...plain, fromIntegers: true };
}

function bucketsOf(indexes: Int32Array, counts: Float64Array): Buckets {
  return indexes.length === 0 ? NO_BUCKETS : { indexes, counts };
}

/** `before` is the newest histogram of the series, where there is one. */
export function encodeHistogram(
  out: ByteWriter,
  h: FloatHistogram,
  before: FloatHistogram | undefined,
): void {
  const same = before !== undefined && sameLayout(h, before);
  out.byte(hintCode(h) | (same ? SAME_LAYOUT : 0));
  if (!same) encodeLayout(out, h);
  const base = same ? before : undefined;
  encodeNumber(out, h.count, base?.count ?? 0);
  encodeNumber(out, h.zeroCount, base?.zeroCount ?? 0);
  encodeNumber(out, h.sum, base?.sum ?? 0);
  encodeCounts(out, h.positive, base?.positive);
  encodeCounts(out, h.negative, base?.negative);
}

function encodeCounts(out: ByteWriter, { counts }: Buckets, base: Buckets | undefined): void {
  for (let i = 0; i < counts.length; i++) {
    // Without one before, the neighbour is the best guess.
    encodeNumber(out, counts[i]!, base === undefined ? (i === 0 ? 0 : counts[i - 1]!) : base.counts[i]!);
  }
}

/** 1 + the zigzag of the difference where both are whole; else 0 and the eight bytes. */
function encodeNumber(out: ByteWriter, value: number, before: number): void {
  const delta = value - before;
  const whole = Number.isSafeInteger(value) && Number.isSafeInteger(before) && Math.abs(delta) <= DELTA_MAX &&
    !Object.is(value, -0);
  if (whole) out.varint(1 + (delta < 0 ? -delta * 2 - 1 : delta * 2));
  else {
    out.byte(0);
    out.float64(value);
  }
}

function decodeNumber(input: ByteReader, before: number): number {
  const code = input.varint();
  if (code === 0) return input.float64();
  const zigzag = code - 1;
  return before + (zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2);
}

export function decodeHistogram(input: ByteReader, before: FloatHistogram | undefined): FloatHistogram {
  const head = input.byte();
  if ((head & ~(HINT_MASK | FROM_INTEGERS | SAME_LAYOUT)) !== 0) input.fail(`unknown histogram head ${head}`);
  const same = (head & SAME_LAYOUT) !== 0;
  if (same && before === undefined) {
    return input.fail("a histogram refers to one before, and there is none");
  }
  const base = same ? before : undefined;
  const layout = base === undefined ? decodeLayout(input) : {
    schema: base.schema,
    zeroThreshold: base.zeroThreshold,
    customValues: base.customValues,
    positive: base.positive.indexes,
    negative: base.negative.indexes,
  };
  const count = decodeNumber(input, base?.count ?? 0);
  const zeroCount = decodeNumber(input, base?.zeroCount ?? 0);
  const sum = decodeNumber(input, base?.sum ?? 0);
  const positive = decodeCounts(input, layout.positive.length, base?.positive);
  const negative = decodeCounts(input, layout.negative.length, base?.negative);
  return histogramOf(layout, head & ~SAME_LAYOUT, { count, zeroCount, sum, positive, negative });
}

function decodeCounts(input: ByteReader, count: number, base: Buckets | undefined): Float64Array {
  const counts = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    counts[i] = decodeNumber(
      input,
      base === undefined ? (i === 0 ? 0 : counts[i - 1]!) : base.counts[i]!,
    );
  }
  return counts;
}
