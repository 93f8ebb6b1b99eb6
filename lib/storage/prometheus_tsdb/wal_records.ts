/**
 * What the records of a write-ahead log say. Series, samples and tombstones are decoded; of the other known kinds
 * only how many there are is told, since nothing is done with them. As Prometheus: tsdb/record.
 */
import { NO_CUSTOM_VALUES } from "../../model/histogram/float_histogram.ts";
import {
  type CounterResetHint,
  CUSTOM_BUCKETS_SCHEMA,
  type FloatHistogram,
} from "../../model/histogram/float_histogram.ts";
import { floatFromInteger } from "../../model/histogram/integer_histogram.ts";
import { bucketsFromSpans, type Span } from "../../model/histogram/spans.ts";
import { HistogramError, validateHistogram } from "../../model/histogram/validate.ts";
import { type Labels, labelsOf } from "../../model/labels.ts";
import { BigEndianReader } from "./big_endian.ts";
import type { WalRecord } from "./wal_segments.ts";

const SERIES = 1;
const SAMPLES = 2;
const TOMBSTONES = 3;
const EXEMPLARS = 4;
const MMAP_MARKERS = 5;
const METADATA = 6;
const HISTOGRAMS = 7;
const FLOAT_HISTOGRAMS = 8;
const CUSTOM_HISTOGRAMS = 9;
const CUSTOM_FLOAT_HISTOGRAMS = 10;
const SAMPLES_V2 = 11;
const HISTOGRAMS_V2 = 12;
const FLOAT_HISTOGRAMS_V2 = 13;
const MIN_VALID_TIME = 14;

const START_TIME_NONE = 0;
const START_TIME_SAME = 1;
/** In the order of Prometheus's numbers. */
const HINTS: readonly CounterResetHint[] = ["unknown", "reset", "not_reset", "gauge"];

export interface WalVisitor {
  series(ref: number, labels: Labels): void;
  /** The value by its bits. */
  sample(ref: number, tMs: number, high: number, low: number): void;
  tombstone(ref: number, startMs: number, endMs: number): void;
  histogram(ref: number, tMs: number, histogram: FloatHistogram): void;
  exemplars(count: number): void;
  metadata(count: number): void;
  /** A kind that only a later Prometheus knows. */
  unknown(kind: number): void;
}

/** Throws a `CorruptDataError` that says where and what is wrong. */
export function visitRecord({ bytes, where }: WalRecord, visit: WalVisitor): void {
  const input = new BigEndianReader(bytes, `record of ${where}`);
  if (bytes.length === 0) return;
  const kind = input.byte();
  switch (kind) {
    case SERIES:
      while (input.left > 0) visit.series(input.uint64(), readLabels(input));
      return;
    case SAMPLES:
      return eachSample(input, (ref, tMs) => visit.sample(ref, tMs, input.uint32(), input.uint32()));
    case SAMPLES_V2:
      return eachSampleV2(input, (ref, tMs) => visit.sample(ref, tMs, input.uint32(), input.uint32()));
    case TOMBSTONES:
      while (input.left > 0) visit.tombstone(input.uint64(), input.varint(), input.varint());
      return;
    case HISTOGRAMS:
    case CUSTOM_HISTOGRAMS:
      return eachSample(input, (ref, tMs) => visit.histogram(ref, tMs, readHistogram(input)));
    case HISTOGRAMS_V2:
      return eachSampleV2(input, (ref, tMs) => visit.histogram(ref, tMs, readHistogram(input)));
    case FLOAT_HISTOGRAMS:
    case CUSTOM_FLOAT_HISTOGRAMS:
      return eachSample(input, (ref, tMs) => visit.histogram(ref, tMs, readFloatHistogram(input)));
    case FLOAT_HISTOGRAMS_V2:
      return eachSampleV2(input, (ref, tMs) => visit.histogram(ref, tMs, readFloatHistogram(input)));
    case EXEMPLARS: {
      let count = 0;
      eachSample(input, () => {
        input.raw(8);
        readLabels(input);
        count++;
      });
      return visit.exemplars(count);
    }
    case METADATA: {
      let count = 0;
      for (; input.left > 0; count++) skipMetadata(input);
      return visit.metadata(count);
    }
    // Which chunks of late samples are in files of their own, and from when on a checkpoint counts: the samples
    // tell both themselves.
    case MMAP_MARKERS:
    case MIN_VALID_TIME:
      return;
    default:
      return visit.unknown(kind);
  }
}

/** References and times are told as differences from those of the first. */
function eachSample(input: BigEndianReader, read: (ref: number, tMs: number) => void): void {
  if (input.left === 0) return;
  const baseRef = input.uint64();
  const baseMs = input.int64();
  while (input.left > 0) {
    read(checkedRef(input, baseRef + input.varint()), checkedMs(input, baseMs + input.varint()));
  }
}

/** References against the sample before, times against the first; a marker says how the start time is told. */
function eachSampleV2(input: BigEndianReader, read: (ref: number, tMs: number) => void): void {
  if (input.left === 0) return;
  let ref = input.varint();
  const firstMs = input.varint();
  input.varint();
  read(checkedRef(input, ref), checkedMs(input, firstMs));
  while (input.left > 0) {
    ref += input.varint();
    const tMs = firstMs + input.varint();
    const marker = input.byte();
    if (marker !== START_TIME_NONE && marker !== START_TIME_SAME) input.varint();
    read(checkedRef(input, ref), checkedMs(input, tMs));
  }
}

function checkedRef(input: BigEndianReader, ref: number): number {
  if (!Number.isSafeInteger(ref) || ref < 0) input.fail(`${ref} is no number of a series`);
  return ref;
}

function checkedMs(input: BigEndianReader, tMs: number): number {
  if (!Number.isSafeInteger(tMs)) input.fail("a time is beyond 2^53 ms");
  return tMs;
}

function readLabels(input: BigEndianReader): Labels {
  const count = input.count(input.left, "labels");
  const pairs: (readonly [string, string])[] = [];
  for (let i = 0; i < count; i++) {
    const name = input.text();
    pairs.push([name, input.text()]);
  }
  return labelsOf(pairs);
}

function skipMetadata(input: BigEndianReader): void {
  input.uvarint();
  input.byte();
  const fields = input.count(input.left, "fields");
  for (let i = 0; i < 2 * fields; i++) input.text();
}

function readHistogram(input: BigEndianReader): FloatHistogram {
  const counterResetHint = HINTS[input.byte()] ?? input.fail("unknown counter reset hint");
  const schema = input.varint();
  const zeroThreshold = input.float64();
  const zeroCount = input.uvarint();
  const count = input.uvarint();
  const sum = input.float64();
  const positiveSpans = readSpans(input);
  const negativeSpans = readSpans(input);
  const positiveDeltas = readList(input, 1, () => input.varint());
  const negativeDeltas = readList(input, 1, () => input.varint());
  const customValues = schema === CUSTOM_BUCKETS_SCHEMA ? readList(input, 8, () => input.float64()) : [];
  const shape = { schema, zeroThreshold, zeroCount, count, sum, counterResetHint, customValues };
  return valid(
    input,
    () => floatFromInteger({ ...shape, positiveSpans, negativeSpans, positiveDeltas, negativeDeltas }),
  );
}

function readFloatHistogram(input: BigEndianReader): FloatHistogram {
  const counterResetHint = HINTS[input.byte()] ?? input.fail("unknown counter reset hint");
  const schema = input.varint();
  const zeroThreshold = input.float64();
  const zeroCount = input.float64();
  const count = input.float64();
  const sum = input.float64();
  const positiveSpans = readSpans(input);
  const negativeSpans = readSpans(input);
  const positive = readList(input, 8, () => input.float64());
  const negative = readList(input, 8, () => input.float64());
  const customValues = schema === CUSTOM_BUCKETS_SCHEMA
    ? Float64Array.from(readList(input, 8, () => input.float64()))
    : NO_CUSTOM_VALUES;
  return valid(input, () => {
    const histogram: FloatHistogram = {
      ...{ schema, zeroThreshold, zeroCount, count, sum, counterResetHint, customValues },
      positive: bucketsFromSpans(positiveSpans, positive),
      negative: bucketsFromSpans(negativeSpans, negative),
    };
    validateHistogram(histogram);
    return histogram;
  });
}

function readSpans(input: BigEndianReader): Span[] {
  return readList(input, 2, () => {
    const offset = input.varint();
    return { offset, length: input.uvarint() };
  });
}

/** `bytesMin` that each takes bounds what a damaged count can ask for. */
function readList<T>(input: BigEndianReader, bytesMin: number, read: () => T): T[] {
  const count = input.count(Math.floor(input.left / bytesMin), "entries of a histogram");
  return Array.from({ length: count }, read);
}

function valid(input: BigEndianReader, read: () => FloatHistogram): FloatHistogram {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof HistogramError)) throw error;
    return input.fail(error.message);
  }
}
