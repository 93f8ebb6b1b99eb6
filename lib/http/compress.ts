/** Content codings: chosen as Prometheus chooses them, and applied to whole bodies or streams. */
import { constants, deflateSync, gzipSync } from "node:zlib";

export type ContentCoding = "gzip" | "deflate";

/** As Prometheus: the first of the two that the header names, without regard to quality values. */
export function contentCodingOf(acceptEncoding: string | null): ContentCoding | undefined {
  if (acceptEncoding === null) return undefined;
  for (const part of acceptEncoding.split(",")) {
    const name = part.trim();
    if (name === "gzip" || name === "deflate") return name;
  }
  return undefined;
}

/** Speed before size: JSON of samples shrinks tenfold at any level, and the event loop waits for it. */
export function compressBytes(
  bytes: Uint8Array<ArrayBuffer>,
  coding: ContentCoding,
): Uint8Array<ArrayBuffer> {
  const options = { level: constants.Z_BEST_SPEED };
  const packed = coding === "gzip" ? gzipSync(bytes, options) : deflateSync(bytes, options);
  return new Uint8Array(packed.buffer as ArrayBuffer, packed.byteOffset, packed.byteLength);
}

export function compressStream(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  coding: ContentCoding,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  return stream.pipeThrough(new CompressionStream(coding));
}
