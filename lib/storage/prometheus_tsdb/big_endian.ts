/**
 * Reads the byte-wise encodings of Prometheus's files: big-endian integers, Go's varints, texts with their length.
 * Never goes past its end: it throws a `CorruptDataError` that says where and what.
 */
import { CorruptDataError } from "../errors.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const VARINT_BYTES_MAX = 10;

export class BigEndianReader {
  readonly #view: DataView;
  at = 0;

  constructor(readonly bytes: Uint8Array, readonly what: string) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  fail(reason: string): never {
    throw new CorruptDataError(`Cannot decode ${this.what} at byte ${this.at}: ${reason}`);
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  need(count: number): void {
    if (count > this.left) this.fail(`expected ${count} more bytes, got ${this.left}`);
  }

  byte(): number {
    this.need(1);
    return this.bytes[this.at++]!;
  }

  uint16(): number {
    this.need(2);
    this.at += 2;
    return this.#view.getUint16(this.at - 2);
  }

  uint32(): number {
    this.need(4);
    this.at += 4;
    return this.#view.getUint32(this.at - 4);
  }

  /** Exact: more than 2^53 is refused. */
  uint64(): number {
    const value = this.uint32() * 2 ** 32 + this.uint32();
    if (value > Number.MAX_SAFE_INTEGER) this.fail("the integer is above 2^53");
    return value;
  }

  /** Beyond 2^53 rounded: such are the ends of time only. */
  int64(): number {
    const high = this.uint32() | 0;
    return high * 2 ** 32 + this.uint32();
  }

  float64(): number {
    this.need(8);
    this.at += 8;
    return this.#view.getFloat64(this.at - 8);
  }

  /** Beyond 2^53 rounded. */
  uvarint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < VARINT_BYTES_MAX; i++) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    return this.fail("an integer of more than 10 bytes");
  }

  varint(): number {
    const value = this.uvarint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** A uvarint that counts things; more than `max` is refused before anything is allocated for it. */
  count(max: number, of: string): number {
    const value = this.uvarint();
    if (value > max) this.fail(`expected at most ${max} ${of}, got ${value}`);
    return value;
  }

  raw(count: number): Uint8Array {
    this.need(count);
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  text(): string {
    const bytes = this.raw(this.count(this.left, "bytes of text"));
    try {
      return decoder.decode(bytes);
    } catch {
      return this.fail("text is not UTF-8"); // a TypeError is TextDecoder's only error here
    }
  }
}
