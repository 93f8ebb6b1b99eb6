/** A chunk by its encoding: floats into a column, histograms to whoever wants them. */
import { ENCODING_FLOAT_HISTOGRAM, ENCODING_HISTOGRAM, ENCODING_XOR } from "./block_chunks.ts";
import { decodeFloatHistogramChunk, decodeHistogramChunk, type HistogramSample } from "./histogram_chunk.ts";
import type { SampleColumn } from "./sample_column.ts";
import { decodeXorChunk } from "./xor_chunk.ts";

export interface ChunkSink {
  readonly startMs: number;
  /** Inside. */
  readonly endMs: number;
  readonly floats: SampleColumn;
  histogram(sample: HistogramSample): void;
  /** An encoding that only a later Prometheus knows. */
  unknown(encoding: number): void;
}

/** Throws a `CorruptDataError`. */
export function decodeChunkInto(encoding: number, bytes: Uint8Array, sink: ChunkSink): void {
  switch (encoding) {
    case ENCODING_XOR:
      decodeXorChunk(bytes, sink.startMs, sink.endMs, sink.floats);
      return;
    case ENCODING_HISTOGRAM:
    case ENCODING_FLOAT_HISTOGRAM: {
      const decode = encoding === ENCODING_HISTOGRAM ? decodeHistogramChunk : decodeFloatHistogramChunk;
      for (const sample of decode(bytes)) {
        if (sample.tMs >= sink.startMs && sample.tMs <= sink.endMs) sink.histogram(sample);
      }
      return;
    }
    default:
      sink.unknown(encoding);
  }
}
