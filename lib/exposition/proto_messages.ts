/**
 * The messages of the protobuf exposition, as plain objects of what a scrape needs. Unknown fields are skipped; a
 * field that reaches beyond its message is an error. Wire format: io/prometheus/client/metrics.proto.
 */
import type { PbfReader } from "pbf";
import type { Span } from "../model/histogram/spans.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const PROTO_COUNTER = 0;
export const PROTO_GAUGE = 1;
export const PROTO_SUMMARY = 2;
export const PROTO_UNTYPED = 3;
export const PROTO_HISTOGRAM = 4;
export const PROTO_GAUGE_HISTOGRAM = 5;

export type Pairs = readonly (readonly [name: string, value: string])[];

export interface ProtoExemplar {
  readonly pairs: Pairs;
  readonly value: number;
  readonly tMs: number | undefined;
}

export interface ProtoBucket {
  cumulativeCount: number;
  upperBound: number;
  exemplar: ProtoExemplar | undefined;
}

export interface ProtoHistogram {
  count: number;
  sum: number;
  isFloat: boolean;
  schema: number;
  zeroThreshold: number;
  zeroCount: number;
  readonly buckets: ProtoBucket[];
  readonly exemplars: ProtoExemplar[];
  readonly negativeSpans: Span[];
  readonly positiveSpans: Span[];
  readonly negativeDeltas: number[];
  readonly positiveDeltas: number[];
  readonly negativeCounts: number[];
  readonly positiveCounts: number[];
}

export interface ProtoMetric {
  readonly pairs: [string, string][];
  /** Of a counter, a gauge or an untyped metric. */
  value: number;
  exemplar: ProtoExemplar | undefined;
  readonly quantiles: { readonly quantile: number; readonly value: number }[];
  count: number;
  sum: number;
  histogram: ProtoHistogram | undefined;
  /** 0: none. */
  tMs: number;
}

export interface ProtoFamily {
  name: string;
  help: string;
  unit: string;
  type: number;
  readonly metrics: ProtoMetric[];
}

type Field = (field: number, reader: PbfReader, wireType: number) => void;

/** Reads a message of `length` bytes in front of it; fields that `read` leaves alone are skipped. */
function message(reader: PbfReader, read: Field): void {
  const end = reader.readVarint() + reader.pos;
  if (end > reader.length) throw new RangeError("field reaches beyond its message");
  while (reader.pos < end) {
    const tag = reader.readVarint();
    const start = reader.pos;
    if (tag >>> 3 === 0) throw new RangeError("field number 0");
    read(tag >>> 3, reader, tag & 7);
    if (reader.pos === start) reader.skip(tag);
    if (reader.pos > end) throw new RangeError("field reaches beyond its message");
  }
}

function text(reader: PbfReader): string {
  return utf8.decode(reader.readBytes());
}

export function readFamily(reader: PbfReader): ProtoFamily {
  const family: ProtoFamily = { name: "", help: "", unit: "", type: PROTO_COUNTER, metrics: [] };
  message(reader, (field) => {
    if (field === 1) family.name = text(reader);
    else if (field === 2) family.help = text(reader);
    else if (field === 3) family.type = reader.readVarint();
    else if (field === 4) family.metrics.push(readMetric(reader));
    else if (field === 5) family.unit = text(reader);
  });
  return family;
}

function readMetric(reader: PbfReader): ProtoMetric {
  const metric: ProtoMetric = {
    ...{ pairs: [], value: 0, exemplar: undefined, quantiles: [], count: 0, sum: 0 },
    ...{ histogram: undefined, tMs: 0 },
  };
  message(reader, (field) => {
    if (field === 1) metric.pairs.push(readPair(reader));
    else if (field === 2 || field === 3 || field === 5) readSimple(reader, metric);
    else if (field === 4) readSummary(reader, metric);
    else if (field === 6) metric.tMs = reader.readVarint(true);
    else if (field === 7) metric.histogram = readHistogram(reader);
  });
  return metric;
}

function readPair(reader: PbfReader): [string, string] {
  const pair: [string, string] = ["", ""];
  message(reader, (field) => {
    if (field === 1) pair[0] = text(reader);
    else if (field === 2) pair[1] = text(reader);
  });
  return pair;
}

/** Gauge, counter and untyped: a value, and a counter's exemplar. */
function readSimple(reader: PbfReader, metric: ProtoMetric): void {
  message(reader, (field, _, wireType) => {
    if (field === 1) metric.value = reader.readDouble();
    else if (field === 2 && wireType === 2) metric.exemplar = readExemplar(reader);
  });
}

function readSummary(reader: PbfReader, metric: ProtoMetric): void {
  message(reader, (field) => {
    if (field === 1) metric.count = reader.readVarint();
    else if (field === 2) metric.sum = reader.readDouble();
    else if (field === 3) {
      let quantile = 0;
      let value = 0;
      message(reader, (inner) => {
        if (inner === 1) quantile = reader.readDouble();
        else if (inner === 2) value = reader.readDouble();
      });
      metric.quantiles.push({ quantile, value });
    }
  });
}

function readExemplar(reader: PbfReader): ProtoExemplar {
  const pairs: [string, string][] = [];
  let value = 0;
  let tMs: number | undefined;
  message(reader, (field) => {
    if (field === 1) pairs.push(readPair(reader));
    else if (field === 2) value = reader.readDouble();
    else if (field === 3) tMs = readTimestamp(reader);
  });
  return { pairs, value, tMs };
}

function readTimestamp(reader: PbfReader): number {
  let seconds = 0;
  let nanos = 0;
  message(reader, (field) => {
    if (field === 1) seconds = reader.readVarint(true);
    else if (field === 2) nanos = reader.readVarint(true);
  });
  return seconds * 1000 + Math.floor(nanos / 1e6);
}

function readHistogram(reader: PbfReader): ProtoHistogram {
  const h: ProtoHistogram = {
    ...{ count: 0, sum: 0, isFloat: false, schema: 0, zeroThreshold: 0, zeroCount: 0, buckets: [] },
    ...{ exemplars: [], negativeSpans: [], positiveSpans: [], negativeDeltas: [], positiveDeltas: [] },
    ...{ negativeCounts: [], positiveCounts: [] },
  };
  message(reader, (field, _, wireType) => {
    const packed = wireType === 2;
    switch (field) {
      case 1:
        if (!h.isFloat) h.count = reader.readVarint();
        return;
      case 2:
        h.sum = reader.readDouble();
        return;
      case 3:
        return void h.buckets.push(readBucket(reader));
      case 4:
        return readFloatCount(h, reader.readDouble(), "count");
      case 5:
        h.schema = reader.readSVarint();
        return;
      case 6:
        h.zeroThreshold = reader.readDouble();
        return;
      case 7:
        if (!h.isFloat) h.zeroCount = reader.readVarint();
        return;
      case 8:
        return readFloatCount(h, reader.readDouble(), "zeroCount");
      case 9:
        return void h.negativeSpans.push(readSpan(reader));
      case 10:
        return readNumbers(reader, packed, h.negativeDeltas, () => reader.readSVarint());
      case 11:
        return readNumbers(reader, packed, h.negativeCounts, () => reader.readDouble());
      case 12:
        return void h.positiveSpans.push(readSpan(reader));
      case 13:
        return readNumbers(reader, packed, h.positiveDeltas, () => reader.readSVarint());
      case 14:
        return readNumbers(reader, packed, h.positiveCounts, () => reader.readDouble());
      case 16:
        return void h.exemplars.push(readExemplar(reader));
      default:
        return;
    }
  });
  return h;
}

/** As Prometheus: a float count above 0 makes a float histogram. */
function readFloatCount(h: ProtoHistogram, value: number, of: "count" | "zeroCount"): void {
  if (!(value > 0)) return;
  h.isFloat = true;
  h[of] = value;
}

function readBucket(reader: PbfReader): ProtoBucket {
  const bucket: ProtoBucket = { cumulativeCount: 0, upperBound: 0, exemplar: undefined };
  message(reader, (field) => {
    if (field === 1) bucket.cumulativeCount ||= reader.readVarint();
    else if (field === 2) bucket.upperBound = reader.readDouble();
    else if (field === 3) bucket.exemplar = readExemplar(reader);
    else if (field === 4) bucket.cumulativeCount = reader.readDouble() || bucket.cumulativeCount;
  });
  return bucket;
}

function readSpan(reader: PbfReader): Span {
  let offset = 0;
  let length = 0;
  message(reader, (field) => {
    if (field === 1) offset = reader.readSVarint();
    else if (field === 2) length = reader.readVarint();
  });
  return { offset, length };
}

function readNumbers(reader: PbfReader, packed: boolean, out: number[], read: () => number): void {
  if (!packed) return void out.push(read());
  const end = reader.readVarint() + reader.pos;
  if (end > reader.length) throw new RangeError("field reaches beyond its message");
  while (reader.pos < end) out.push(read());
}
