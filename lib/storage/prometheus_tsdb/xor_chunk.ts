/** Chunks of floats: times as differences of differences, values as what differs from the one before (Gorilla). */
import { CorruptDataError } from "../errors.ts";
import { BitReader, xorState } from "./bit_reader.ts";
import type { SampleColumn } from "./sample_column.ts";

const HEADER_BYTES = 2;
/** Bits behind a prefix of that many ones; after four ones there is no zero. */
const TIME_SIZES: readonly number[] = [0, 14, 17, 20, 64];

/** Appends the samples with `startMs` ≤ t ≤ `endMs`; how many the chunk holds. */
export function decodeXorChunk(
  bytes: Uint8Array,
  startMs: number,
  endMs: number,
  out: SampleColumn,
): number {
  const what = "XOR chunk";
  if (bytes.length < HEADER_BYTES) {
    throw new CorruptDataError(
      `Cannot decode ${what}: expected ${HEADER_BYTES} bytes or more, got ${bytes.length}`,
    );
  }
  const count = bytes[0]! * 256 + bytes[1]!;
  const input = new BitReader(bytes, what, HEADER_BYTES);
  const value = xorState();
  let tMs = 0;
  let deltaMs = 0;
  for (let i = 0; i < count; i++) {
    if (i === 0) {
      tMs = input.varint();
      input.float(value);
    } else {
      deltaMs = i === 1 ? input.uvarint() : deltaMs + timeChange(input);
      tMs += deltaMs;
      input.xorFloat(value);
    }
    if (!Number.isSafeInteger(tMs)) input.fail("a time is beyond 2^53 ms");
    if (tMs >= startMs && tMs <= endMs) out.push(tMs, value.high, value.low);
  }
  return count;
}

function timeChange(input: BitReader): number {
  let ones = 0;
  while (ones < 4 && input.bit() === 1) ones++;
  const size = TIME_SIZES[ones]!;
  return size === 0 ? 0 : input.signed(size);
}
