/** Decompression of scrape bodies with a limit on what comes out, so that a small answer cannot fill memory. */
import { constants, gunzip, gunzipSync } from "node:zlib";

export type Gunzipped =
  | { readonly kind: "body"; readonly body: Uint8Array }
  | { readonly kind: "tooLarge" }
  | { readonly kind: "broken"; readonly reason: string };

/** Up to here decompression happens in place: at gzip's best ratio of 1:1000 it stays a matter of milliseconds. */
const SYNC_BYTES_MAX = 16 * 1024;

export async function gunzipWithin(compressed: Uint8Array, bytesMax: number): Promise<Gunzipped> {
  // node:zlib refuses a limit of 0, and no limit of ours is as low.
  const options = { maxOutputLength: Math.max(1, bytesMax), finishFlush: constants.Z_FINISH };
  try {
    const body = compressed.length <= SYNC_BYTES_MAX
      ? gunzipSync(compressed, options)
      : await new Promise<Uint8Array>((resolve, reject) =>
        gunzip(compressed, options, (error, result) => error === null ? resolve(result) : reject(error))
      );
    return { kind: "body", body };
  } catch (error) {
    return faultOf(error);
  }
}

function faultOf(error: unknown): Gunzipped {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  switch (code) {
    case "ERR_BUFFER_TOO_LARGE":
      return { kind: "tooLarge" };
    case "Z_BUF_ERROR":
      return { kind: "broken", reason: "unexpected EOF" };
    case "Z_DATA_ERROR":
      return { kind: "broken", reason: `gzip: ${error instanceof Error ? error.message : "invalid data"}` };
    default:
      throw error;
  }
}
