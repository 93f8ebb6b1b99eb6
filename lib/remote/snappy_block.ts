/** Snappy's block format, behind one door. The size is checked before anything is unpacked. */
import { compress, uncompress } from "snappyjs";
import { messageOf, UserError } from "../core/errors.ts";

/** Throws a `UserError` (`bad_data`) for a broken block, or one that would unpack to more than `bytesMax`. */
export function decodeSnappy(block: Uint8Array<ArrayBuffer>, bytesMax: number): Uint8Array {
  const length = decodedLength(block);
  if (length === undefined) throw new UserError("bad_data", "snappy: corrupt input");
  if (length > bytesMax) {
    throw new UserError(
      "bad_data",
      `snappy: decoded block is too large: ${length} bytes, at most ${bytesMax}`,
    );
  }
  try {
    return uncompress(block, bytesMax);
  } catch (error) {
    throw new UserError("bad_data", "snappy: corrupt input", { cause: messageOf(error) });
  }
}

export function encodeSnappy(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(compress(bytes));
}

/** From the header: a varint of at most 32 bits. */
function decodedLength(block: Uint8Array): number | undefined {
  let length = 0;
  for (let i = 0; i < 5 && i < block.length; i++) {
    const byte = block[i]!;
    length += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return length <= 0xffff_ffff ? length : undefined;
  }
  return undefined;
}
