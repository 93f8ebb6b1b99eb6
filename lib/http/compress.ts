/** Content codings: chosen as Prometheus chooses them, and applied to whole bodies or streams. */
import { constants, createDeflate, createGzip, deflateSync, gzipSync } from "node:zlib";

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

/** At the same level; the platform's CompressionStream has none to choose and takes longer. */
export function compressStream(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  coding: ContentCoding,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const options = { level: constants.Z_BEST_SPEED };
  const packer = coding === "gzip" ? createGzip(options) : createDeflate(options);
  const source = stream.getReader();
  let produced = false;
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      packer.on("data", (packed: Uint8Array) => {
        produced = true;
        controller.enqueue(new Uint8Array(packed));
      });
      packer.on("error", (error: Error) => controller.error(error));
      packer.on("end", () => controller.close());
    },
    // A pull must give something or end, and the packer may swallow many chunks before it does.
    async pull() {
      produced = false;
      while (!produced) {
        const next = await source.read();
        if (next.done) {
          packer.end();
          return;
        }
        await new Promise<void>((resolve) => packer.write(next.value, () => resolve()));
      }
    },
    async cancel(reason) {
      packer.destroy();
      await source.cancel(reason);
    },
  }, { highWaterMark: 1 });
}
