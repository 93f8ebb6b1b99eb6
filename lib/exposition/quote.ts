/** Bytes of a body as error messages show them: quoted as Go's %q does it, and cut where they are long. */
import { quoteGo } from "../model/labels.ts";

/** A body may be one endless line; its error must still fit on the targets page. */
const QUOTED_BYTES_MAX = 512;

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text, or undefined when the bytes are not valid UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

export function quoteBytes(bytes: Uint8Array, start: number, end: number): string {
  let stop = Math.min(end, start + QUOTED_BYTES_MAX);
  const cut = stop < end;
  while (cut && stop > start && (bytes[stop]! & 0xc0) === 0x80) stop--;
  const text = decodeUtf8(bytes.subarray(start, stop));
  const quoted = text === undefined ? quoteInvalid(bytes, start, stop) : quoteGo(text);
  return cut ? `${quoted}…` : quoted;
}

/** Byte by byte: what is not ASCII is written as \xNN, as Go writes bytes that are no rune. */
function quoteInvalid(bytes: Uint8Array, start: number, end: number): string {
  let quoted = '"';
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte >= 0x80) quoted += `\\x${byte.toString(16)}`;
    else quoted += quoteGo(String.fromCharCode(byte)).slice(1, -1);
  }
  return quoted + '"';
}
