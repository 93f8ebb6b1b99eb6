/** Encodes a remote-write 1.0 `WriteRequest`: `prometheus.WriteRequest` of prompb/remote.proto. */
import { PbfWriter } from "pbf";
import type { Buckets, FloatHistogram } from "../model/histogram/float_histogram.ts";
import { type Span, spansOf } from "../model/histogram/spans.ts";
import { histogramAt, type HistogramTable } from "../model/histogram_cell.ts";
import type { Labels } from "../model/labels.ts";

export const WRITE_REQUEST_CONTENT_TYPE = "application/x-protobuf";
export const WRITE_REQUEST_VERSION = "0.1.0";

const utf8 = new TextEncoder();

export interface WriteSeries {
  readonly labels: Labels;
  /** Ascending, as long as `values`. Staleness markers keep their bits. */
  readonly tMs: Float64Array;
  readonly values: Float64Array;
  /** What histogram cells of `values` point into; undefined: there are none. */
  readonly histograms?: HistogramTable | undefined;
}

const HINT_NUMBERS = { unknown: 0, reset: 1, not_reset: 2, gauge: 3 } as const;

export function encodeWriteRequest(series: Iterable<WriteSeries>): Uint8Array<ArrayBuffer> {
  const writer = new PbfWriter();
  for (const one of series) writer.writeMessage(1, writeSeries, one);
  return new Uint8Array(writer.finish());
}

function writeSeries(series: WriteSeries, writer: PbfWriter): void {
  for (let i = 0; i < series.labels.length; i += 2) {
    writer.writeMessage(1, writeLabel, { name: series.labels[i]!, value: series.labels[i + 1]! });
  }
  const words = new Uint32Array(series.values.buffer, series.values.byteOffset, 2 * series.values.length);
  for (let i = 0; i < series.values.length; i++) {
    const histogram = histogramAt(words, i, series.histograms);
    if (histogram !== undefined) {
      writer.writeMessage(4, writeHistogram, { histogram, tMs: series.tMs[i]! });
      continue;
    }
    writer.writeMessage(2, writeSample, { low: words[2 * i]!, high: words[2 * i + 1]!, tMs: series.tMs[i]! });
  }
}

function writeLabel(label: { readonly name: string; readonly value: string }, writer: PbfWriter): void {
  // Not writeStringField: it mangles characters beyond U+FFFF.
  writer.writeBytesField(1, utf8.encode(label.name));
  writer.writeBytesField(2, utf8.encode(label.value));
}

/** The value goes as two words: as a number, a NaN might lose its payload. */
function writeSample(
  sample: { readonly low: number; readonly high: number; readonly tMs: number },
  writer: PbfWriter,
): void {
  writer.writeTag(1, 1);
  writer.writeFixed32(sample.low);
  writer.writeFixed32(sample.high);
  writer.writeVarintField(2, sample.tMs);
}

function writeHistogram(
  { histogram: h, tMs }: { readonly histogram: FloatHistogram; readonly tMs: number },
  writer: PbfWriter,
): void {
  const whole = h.fromIntegers === true;
  if (whole) writer.writeVarintField(1, h.count);
  else writer.writeDoubleField(2, h.count);
  writer.writeDoubleField(3, h.sum);
  writer.writeSVarintField(4, h.schema);
  writer.writeDoubleField(5, h.zeroThreshold);
  if (whole) writer.writeVarintField(6, h.zeroCount);
  else writer.writeDoubleField(7, h.zeroCount);
  writeSide(writer, h.negative, 8, whole);
  writeSide(writer, h.positive, 11, whole);
  writer.writeVarintField(14, HINT_NUMBERS[h.counterResetHint]);
  writer.writeVarintField(15, tMs);
  writer.writePackedDouble(16, [...h.customValues]);
}

/** Spans, deltas of whole counts and counts as they are have successive field numbers. */
function writeSide(writer: PbfWriter, buckets: Buckets, field: number, whole: boolean): void {
  for (const span of spansOf(buckets)) writer.writeMessage(field, writeSpan, span);
  const counts = [...buckets.counts];
  if (!whole) return writer.writePackedDouble(field + 2, counts);
  writer.writePackedSVarint(field + 1, counts.map((count, i) => i === 0 ? count : count - counts[i - 1]!));
}

function writeSpan(span: Span, writer: PbfWriter): void {
  writer.writeSVarintField(1, span.offset);
  writer.writeVarintField(2, span.length);
}
