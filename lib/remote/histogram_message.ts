/** A `Histogram` message of remote write 1.0 as a value. Wire format: prompb/types.proto. */
import type { PbfReader } from "pbf";
import {
  type CounterResetHint,
  EXPONENTIAL_SCHEMA_MAX,
  type FloatHistogram,
  NO_CUSTOM_VALUES,
  reduceResolution,
} from "../model/histogram/float_histogram.ts";
import { floatFromInteger } from "../model/histogram/integer_histogram.ts";
import { bucketsFromSpans, onSide, type Span } from "../model/histogram/spans.ts";
import { validateHistogram } from "../model/histogram/validate.ts";
import { STALE_HIGH, STALE_LOW } from "../model/stale.ts";

/** As Prometheus: what is finer is kept at this. */
const STORED_SCHEMA_MAX = 8;
/** By number. */
const HINTS: readonly CounterResetHint[] = ["unknown", "reset", "not_reset", "gauge"];

/** Undefined `histogram`: the marker that ends the series. */
export interface HistogramSample {
  readonly tMs: number;
  readonly histogram: FloatHistogram | undefined;
}

interface Parts {
  tMs: number;
  isFloat: boolean;
  count: number;
  zeroCount: number;
  sum: number;
  isStale: boolean;
  schema: number;
  zeroThreshold: number;
  hint: CounterResetHint;
  readonly positiveSpans: Span[];
  readonly negativeSpans: Span[];
  readonly positiveDeltas: number[];
  readonly negativeDeltas: number[];
  readonly positiveCounts: number[];
  readonly negativeCounts: number[];
  readonly customValues: number[];
}

/** Reads up to `end`. Throws a `HistogramError` for an invalid one, in Prometheus's words. */
export function readHistogram(reader: PbfReader, end: number): HistogramSample {
  const parts: Parts = {
    ...{ tMs: 0, isFloat: false, count: 0, zeroCount: 0, sum: 0, isStale: false, schema: 0 },
    ...{ zeroThreshold: 0, hint: "unknown", positiveSpans: [], negativeSpans: [], positiveDeltas: [] },
    ...{ negativeDeltas: [], positiveCounts: [], negativeCounts: [], customValues: [] },
  };
  while (reader.pos < end) readField(reader, reader.readVarint(), parts, end);
  if (reader.pos !== end) throw new RangeError("histogram reaches beyond its end");
  if (parts.isStale) return { tMs: parts.tMs, histogram: undefined };
  const histogram = parts.isFloat ? floatOf(parts) : integerOf(parts);
  const { schema } = histogram;
  const tooFine = schema > STORED_SCHEMA_MAX && schema <= EXPONENTIAL_SCHEMA_MAX;
  return {
    tMs: parts.tMs,
    histogram: tooFine ? reduceResolution(histogram, STORED_SCHEMA_MAX) : histogram,
  };
}

function readField(reader: PbfReader, tag: number, parts: Parts, end: number): void {
  switch (tag) {
    case 0x08:
      parts.count = reader.readVarint();
      parts.isFloat = false;
      return;
    case 0x11:
      parts.count = reader.readDouble();
      parts.isFloat = true;
      return;
    case 0x19: {
      const { dataView, pos } = reader;
      parts.isStale = pos + 8 <= end && dataView.getUint32(pos, true) === STALE_LOW &&
        dataView.getUint32(pos + 4, true) === STALE_HIGH;
      parts.sum = reader.readDouble();
      return;
    }
    case 0x20:
      parts.schema = reader.readSVarint();
      return;
    case 0x29:
      parts.zeroThreshold = reader.readDouble();
      return;
    case 0x30:
      parts.zeroCount = reader.readVarint();
      return;
    case 0x39:
      parts.zeroCount = reader.readDouble();
      return;
    case 0x42:
      return void parts.negativeSpans.push(readSpan(reader, end));
    case 0x5a:
      return void parts.positiveSpans.push(readSpan(reader, end));
    case 0x70:
      parts.hint = HINTS[reader.readVarint()] ?? "unknown";
      return;
    case 0x78:
      parts.tMs = reader.readVarint(true);
      return;
    default:
      if (!readList(reader, tag, parts, end)) reader.skip(tag);
      if (reader.pos > end) throw new RangeError("field reaches beyond its message");
  }
}

/** Lists of numbers come packed or one by one. False for another field. */
function readList(reader: PbfReader, tag: number, parts: Parts, end: number): boolean {
  const packed = (tag & 7) === 2;
  switch (tag >>> 3) {
    case 9:
      return readNumbers(reader, packed, end, parts.negativeDeltas, readDelta);
    case 10:
      return readNumbers(reader, packed, end, parts.negativeCounts, readDouble);
    case 12:
      return readNumbers(reader, packed, end, parts.positiveDeltas, readDelta);
    case 13:
      return readNumbers(reader, packed, end, parts.positiveCounts, readDouble);
    case 16:
      return readNumbers(reader, packed, end, parts.customValues, readDouble);
    default:
      return false;
  }
}

function readNumbers(
  reader: PbfReader,
  packed: boolean,
  end: number,
  out: number[],
  read: (reader: PbfReader) => number,
): boolean {
  const last = packed ? endOf(reader, end) : reader.pos + 1;
  while (reader.pos < last) out.push(read(reader));
  return true;
}

function readDelta(reader: PbfReader): number {
  return reader.readSVarint();
}

function readDouble(reader: PbfReader): number {
  return reader.readDouble();
}

export function readSpan(reader: PbfReader, outerEnd: number): Span {
  const end = endOf(reader, outerEnd);
  let offset = 0;
  let length = 0;
  while (reader.pos < end) {
    const tag = reader.readVarint();
    if (tag === 0x08) offset = reader.readSVarint();
    else if (tag === 0x10) length = reader.readVarint();
    else reader.skip(tag);
  }
  if (reader.pos !== end) throw new RangeError("span reaches beyond its end");
  return { offset, length };
}

function endOf(reader: PbfReader, outerEnd: number): number {
  const end = reader.readVarint() + reader.pos;
  if (end > outerEnd) throw new RangeError("field reaches beyond its message");
  return end;
}

function integerOf(parts: Parts): FloatHistogram {
  const { positiveSpans, positiveDeltas, negativeSpans, negativeDeltas, customValues, ...rest } = parts;
  return floatFromInteger({
    ...{ schema: rest.schema, zeroThreshold: rest.zeroThreshold, zeroCount: rest.zeroCount },
    ...{ count: rest.count, sum: rest.sum, counterResetHint: rest.hint },
    ...{ positiveSpans, positiveDeltas, negativeSpans, negativeDeltas, customValues },
  });
}

function floatOf(parts: Parts): FloatHistogram {
  const float: FloatHistogram = {
    ...{ schema: parts.schema, zeroThreshold: parts.zeroThreshold, zeroCount: parts.zeroCount },
    ...{ count: parts.count, sum: parts.sum, counterResetHint: parts.hint },
    positive: onSide("positive", () => bucketsFromSpans(parts.positiveSpans, parts.positiveCounts)),
    negative: onSide("negative", () => bucketsFromSpans(parts.negativeSpans, parts.negativeCounts)),
    customValues: parts.customValues.length === 0 ? NO_CUSTOM_VALUES : Float64Array.from(parts.customValues),
  };
  validateHistogram(float);
  return float;
}
