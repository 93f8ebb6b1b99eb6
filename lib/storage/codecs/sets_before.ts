/**
 * Label sets that were decoded, beside the bytes that they came of. Targets of one kind have sets that are alike but
 * for a few texts, so the next ones are compared with them first, byte by byte: what is equal is not decoded again.
 */
import type { ByteReader } from "./bytes.ts";
import type { PackedLabels } from "./labels_chunk.ts";

export class SetsBefore {
  readonly #bytes: Uint8Array;
  /** Where the sets begin, which go to the end. */
  readonly #setsAt: number;
  /** Where the next text begins that has not been compared. */
  #textAt: number;

  constructor(bytes: Uint8Array, textsAt: number, setsAt: number, readonly labels: PackedLabels) {
    this.#bytes = bytes;
    this.#textAt = textsAt;
    this.#setsAt = setsAt;
  }

  /** Goes one text on; whether it stands at the reader's place too, which then goes on as well. */
  passText(input: ByteReader): boolean {
    const bytes = this.#bytes;
    const start = this.#textAt;
    let at = start;
    let length = 0;
    for (let scale = 1;; scale *= 128) {
      const byte = bytes[at++]!;
      length += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    this.#textAt = at + length;
    const size = this.#textAt - start;
    if (!equal(bytes, start, input.bytes, input.at, size)) return false;
    input.at += size;
    return true;
  }

  /** Whether the same sets stand at the reader's place and go to its end. */
  isRest(input: ByteReader): boolean {
    const size = this.#bytes.length - this.#setsAt;
    return input.left === size && equal(this.#bytes, this.#setsAt, input.bytes, input.at, size);
  }
}

function equal(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number, size: number): boolean {
  if (bAt + size > b.length) return false;
  for (let i = 0; i < size; i++) if (a[aAt + i] !== b[bAt + i]) return false;
  return true;
}
