/**
 * Growing output and bounded input for the binary formats. Integers are LEB128 varints (exact up to 2^53),
 * zigzagged where they may be negative; doubles are eight little-endian bytes, so that NaN payloads survive.
 * A reader never goes past its end: it throws a `CorruptDataError` instead.
 */
import { CorruptDataError } from "../errors.ts";
import type { TextPool } from "./text_pool.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Written without the encoder, whose call costs more than these characters; and their length is one byte. */
const SHORT_TEXT_UNITS_MAX = 64;

export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Makes room for `count` more and returns the array to write to; valid until the next call. */
  reserve(count: number): Uint8Array {
    const needed = this.length + count;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.length));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return this.#bytes;
  }

  byte(value: number): void {
    this.reserve(1)[this.length++] = value;
  }

  varint(value: number): void {
    const bytes = this.reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      bytes[this.length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    bytes[this.length++] = rest;
  }

  /** |value| ≤ 2^52. */
  zigzag(value: number): void {
    this.varint(value < 0 ? -value * 2 - 1 : value * 2);
  }

  uint32(value: number): void {
    this.reserve(4);
    this.#view.setUint32(this.length, value, true);
    this.length += 4;
  }

  /** For values that are no NaN with a meaning: a number variable may lose the payload. */
  float64(value: number): void {
    this.reserve(8);
    this.#view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  words(low: number, high: number): void {
    this.reserve(8);
    this.#view.setUint32(this.length, low, true);
    this.#view.setUint32(this.length + 4, high, true);
    this.length += 8;
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length).set(bytes, this.length);
    this.length += bytes.length;
  }

  text(value: string): void {
    if (value.length <= SHORT_TEXT_UNITS_MAX && this.#shortText(value)) return;
    const bytes = encoder.encode(value);
    this.varint(bytes.length);
    this.raw(bytes);
  }

  /** False, and nothing written, when it is not ASCII. */
  #shortText(value: string): boolean {
    const bytes = this.reserve(1 + value.length);
    const start = this.length + 1;
    for (let i = 0; i < value.length; i++) {
      const unit = value.charCodeAt(i);
      if (unit >= 0x80) return false;
      bytes[start + i] = unit;
    }
    bytes[this.length] = value.length;
    this.length = start + value.length;
    return true;
  }

  /** A copy. */
  take(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.length);
  }

  /** Valid until the next write. */
  peek(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
  }
}

export class ByteReader {
  #view: DataView | undefined;
  at: number;

  constructor(readonly bytes: Uint8Array, readonly what: string, start = 0) {
    this.at = start;
  }

  /** Made when it is first needed: it costs more than most of what is read without it. */
  #words(): DataView {
    return this.#view ??= new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
  }

  fail(reason: string): never {
    throw new CorruptDataError(`Cannot decode ${this.what} at byte ${this.at}: ${reason}`);
  }

  need(count: number): void {
    if (this.at + count > this.bytes.length) {
      this.fail(`expected ${count} more bytes, got ${this.bytes.length - this.at}`);
    }
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  byte(): number {
    this.need(1);
    return this.bytes[this.at++]!;
  }

  varint(): number {
    if (this.at < this.bytes.length && this.bytes[this.at]! < 0x80) return this.bytes[this.at++]!;
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) this.fail("the integer is above 2^53");
        return value;
      }
      scale *= 128;
    }
    return this.fail("an integer of more than 8 bytes");
  }

  /** A varint that counts things; more than `max` is refused before anything is allocated for it. */
  count(max: number, of: string): number {
    const value = this.varint();
    if (value > max) this.fail(`expected at most ${max} ${of}, got ${value}`);
    return value;
  }

  zigzag(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  uint32(): number {
    this.need(4);
    const value = this.#words().getUint32(this.at, true);
    this.at += 4;
    return value;
  }

  float64(): number {
    this.need(8);
    const value = this.#words().getFloat64(this.at, true);
    this.at += 8;
    return value;
  }

  raw(count: number): Uint8Array {
    this.need(count);
    const bytes = this.bytes.subarray(this.at, this.at + count);
    this.at += count;
    return bytes;
  }

  text(pool?: TextPool): string {
    const length = this.varint();
    this.need(length);
    const pooled = pool?.read(this.bytes, this.at, this.at + length);
    if (pooled !== undefined) {
      this.at += length;
      return pooled;
    }
    const bytes = this.raw(length);
    try {
      return decoder.decode(bytes);
    } catch (error) {
      throw new CorruptDataError(`Cannot decode ${this.what} at byte ${this.at}: text is not UTF-8`, {
        cause: error,
      });
    }
  }
}
