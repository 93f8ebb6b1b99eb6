/** Encodes a remote-write 1.0 `WriteRequest`: `prometheus.WriteRequest` of prompb/remote.proto. */
import { PbfWriter } from "pbf";
import type { Labels } from "../model/labels.ts";

export const WRITE_REQUEST_CONTENT_TYPE = "application/x-protobuf";
export const WRITE_REQUEST_VERSION = "0.1.0";

const utf8 = new TextEncoder();

export interface WriteSeries {
  readonly labels: Labels;
  /** Ascending, as long as `values`. Staleness markers keep their bits. */
  readonly tMs: Float64Array;
  readonly values: Float64Array;
}

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
