/**
 * Label sets that were decoded, beside the bytes that they came of. Targets of one kind have sets that are alike but
 * for a few texts, so the next ones are compared with them first: what is equal is not decoded again.
 */
import { Buffer } from "node:buffer";
import type { ByteReader } from "./bytes.ts";
import type { PackedLabels } from "./labels_chunk.ts";

/** Below, a loop is faster than a call. */
const LOOP_BYTES_MAX = 32;
/** Compared in one call at most: what differs is then looked for in halves. */
const CALL_BYTES_MAX = 4_096;

export interface SetsBefore {
  readonly bytes: Uint8Array;
  readonly textsAt: number;
  /** Where each text ends; behind the last one are the sets, which go to the end. */
  readonly textEnds: Uint32Array;
  readonly labels: PackedLabels;
}

/** How many texts, from text `i` on, stand at the reader's place too, which goes behind them. Their ends go to `ends`. */
export function passTexts(before: SetsBefore, i: number, input: ByteReader, ends: Uint32Array): number {
  const { bytes, textsAt, textEnds } = before;
  const textsMax = Math.min(textEnds.length, ends.length);
  if (i >= textsMax) return 0;
  const start = i === 0 ? textsAt : textEnds[i - 1]!;
  const shift = input.at - start;
  const end = start + commonLength(bytes, start, textEnds[textsMax - 1]!, input.bytes, input.at);
  let to = i;
  for (; to < textsMax && textEnds[to]! <= end; to++) ends[to] = textEnds[to]! + shift;
  if (to > i) input.at = ends[to - 1]!;
  return to - i;
}

/** Whether the same sets over as many texts stand at the reader's place and go to its end. */
export function isRest({ bytes, textsAt, textEnds }: SetsBefore, input: ByteReader): boolean {
  const setsAt = textEnds[textEnds.length - 1] ?? textsAt;
  const size = bytes.length - setsAt;
  return input.left === size && commonLength(bytes, setsAt, bytes.length, input.bytes, input.at) === size;
}

/** Bytes that are equal from `aAt` and `bAt` on, up to `aEnd` or the end of `b`. */
function commonLength(a: Uint8Array, aAt: number, aEnd: number, b: Uint8Array, bAt: number): number {
  const max = Math.min(aEnd - aAt, b.length - bAt);
  let count = equalBytes(a, aAt, b, bAt, Math.min(max, LOOP_BYTES_MAX));
  if (count < LOOP_BYTES_MAX) return count;
  let size = CALL_BYTES_MAX;
  while (count < max) {
    size = Math.min(size, max - count);
    if (size <= LOOP_BYTES_MAX) {
      const more = equalBytes(a, aAt + count, b, bAt + count, size);
      count += more;
      if (more < size) return count;
    } else if (areEqual(a, aAt + count, b, bAt + count, size)) count += size;
    else size >>= 1;
  }
  return count;
}

function equalBytes(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number, max: number): number {
  for (let i = 0; i < max; i++) if (a[aAt + i] !== b[bAt + i]) return i;
  return max;
}

function areEqual(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number, size: number): boolean {
  return Buffer.compare(a.subarray(aAt, aAt + size), b.subarray(bAt, bAt + size)) === 0;
}
