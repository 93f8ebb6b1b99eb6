/** Decompression of scrape bodies with a limit on what comes out, so that a small answer cannot fill memory. */
import { createGunzip, gunzipSync } from "node:zlib";
import { yieldToLoop } from "./scheduler.ts";
import { BodyCollector } from "./scrape_hop.ts";
import { NoRoom } from "./scrape_large_bodies.ts";

export type Gunzipped =
  | { readonly kind: "body"; readonly body: Uint8Array }
  | { readonly kind: "tooLarge" }
  | { readonly kind: "broken"; readonly reason: string };

/** Up to here decompression happens in place: at gzip's best ratio of 1:1000 it stays a matter of milliseconds. */
const SYNC_BYTES_MAX = 16 * 1024;
const PIECE_BYTES = 256 * 1024;
/** Others get a turn after as much: node:zlib works on the thread that calls it, a millisecond a megabyte. */
const TURN_BYTES = 4 * 1024 * 1024;

export async function gunzipWithin(compressed: Uint8Array, bytesMax: number): Promise<Gunzipped> {
  try {
    return compressed.length <= SYNC_BYTES_MAX
      ? { kind: "body", body: gunzipSync(compressed, { maxOutputLength: Math.max(1, bytesMax) }) }
      : await inTurns(compressed, bytesMax);
  } catch (error) {
    return faultOf(error);
  }
}

async function inTurns(compressed: Uint8Array, bytesMax: number): Promise<Gunzipped> {
  const collector = new BodyCollector(bytesMax);
  try {
    const stream = createGunzip({ chunkSize: PIECE_BYTES });
    stream.end(compressed);
    let sinceTurn = 0;
    // Leaving the loop early destroys the stream.
    for await (const piece of stream) {
      if (!collector.add(piece)) return { kind: "tooLarge" };
      sinceTurn += piece.length;
      if (sinceTurn < TURN_BYTES) continue;
      sinceTurn = 0;
      await yieldToLoop();
    }
    return { kind: "body", body: collector.body() };
  } finally {
    collector.release();
  }
}

function faultOf(error: unknown): Gunzipped {
  if (error instanceof NoRoom) return { kind: "broken", reason: error.message };
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
