/** Small encoders of Prometheus's formats, plain and slow, as the counterpart of the decoders. */
import { crc32c } from "../../../lib/storage/prometheus_tsdb/crc32c.ts";
import type { Span } from "../../../lib/model/histogram/spans.ts";

export class BitWriter {
  readonly bits: number[] = [];

  put(value: bigint | number, count: number): this {
    const whole = BigInt.asUintN(64, BigInt(value));
    for (let i = count - 1; i >= 0; i--) this.bits.push(Number((whole >> BigInt(i)) & 1n));
    return this;
  }

  uvarint(value: number): void {
    for (const byte of uvarint(value)) this.put(byte, 8);
  }

  varint(value: number): void {
    for (const byte of varint(value)) this.put(byte, 8);
  }

  varbitInt(value: number): void {
    const sizes = [3, 6, 9, 12, 18, 25, 56];
    if (value === 0) return void this.put(0, 1);
    const at = sizes.findIndex((size) => value >= -(2 ** (size - 1)) + 1 && value <= 2 ** (size - 1));
    this.#prefixed(BigInt(value), at, sizes);
  }

  varbitUint(value: number): void {
    const sizes = [3, 6, 9, 12, 18, 25, 56];
    if (value === 0) return void this.put(0, 1);
    this.#prefixed(BigInt(value), sizes.findIndex((size) => value < 2 ** size), sizes);
  }

  #prefixed(value: bigint, at: number, sizes: readonly number[]): void {
    const ones = at < 0 ? sizes.length + 1 : at + 1;
    for (let i = 0; i < ones; i++) this.put(1, 1);
    if (at >= 0) this.put(0, 1);
    this.put(value, at < 0 ? 64 : sizes[at]!);
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(Math.ceil(this.bits.length / 8));
    this.bits.forEach((bit, i) => out[i >> 3]! |= bit << (7 - (i & 7)));
    return out;
  }
}

export function bitsOf(value: number): bigint {
  return new BigUint64Array(Float64Array.of(value).buffer)[0]!;
}

/** A run of floats as what differs, with a new window each time that the old one does not fit. */
export class XorWriter {
  #last: bigint | undefined;
  #leading = -1;
  #trailing = 0;

  constructor(readonly out: BitWriter) {}

  write(value: bigint): void {
    if (this.#last === undefined) {
      this.out.put(value, 64);
      this.#last = value;
      return;
    }
    const change = value ^ this.#last;
    this.#last = value;
    if (change === 0n) return void this.out.put(0, 1);
    this.out.put(1, 1);
    const text = change.toString(2).padStart(64, "0");
    const leading = Math.min(31, text.indexOf("1"));
    const trailing = 63 - text.lastIndexOf("1");
    if (this.#leading >= 0 && leading >= this.#leading && trailing >= this.#trailing) {
      this.out.put(0, 1);
    } else {
      this.#leading = leading;
      this.#trailing = trailing;
      this.out.put(1, 1).put(leading, 5).put((64 - leading - trailing) % 64, 6);
    }
    this.out.put(change >> BigInt(this.#trailing), 64 - this.#leading - this.#trailing);
  }
}

export function uvarint(value: number): number[] {
  const out: number[] = [];
  let rest = BigInt(value);
  while (rest >= 0x80n) {
    out.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  return [...out, Number(rest)];
}

export function varint(value: number): number[] {
  return uvarint(value < 0 ? -value * 2 - 1 : value * 2);
}

export function encodeXorChunk(
  samples: readonly { readonly tMs: number; readonly bits: bigint }[],
): Uint8Array {
  const out = new BitWriter().put(samples.length, 16);
  const values = new XorWriter(out);
  samples.forEach(({ tMs, bits }, i) => {
    if (i === 0) out.varint(tMs);
    else if (i === 1) out.uvarint(tMs - samples[0]!.tMs);
    else {
      const change = tMs - 2 * samples[i - 1]!.tMs + samples[i - 2]!.tMs;
      const sizes = [14, 17, 20];
      const at = sizes.findIndex((size) => change >= -(2 ** (size - 1)) + 1 && change <= 2 ** (size - 1));
      if (change === 0) out.put(0, 1);
      else if (at < 0) out.put(0b1111, 4).put(change, 64);
      else out.put((2 ** (at + 1) - 1) * 2, at + 2).put(change, sizes[at]!);
    }
    values.write(bits);
  });
  return out.bytes();
}

export interface LayoutFixture {
  readonly hint: number;
  readonly schema: number;
  readonly threshold: number;
  readonly positiveSpans: readonly Span[];
  readonly negativeSpans: readonly Span[];
  readonly bounds?: readonly number[];
}

export function writeLayout(out: BitWriter, layout: LayoutFixture, count: number): void {
  out.put(count, 16).put(layout.hint, 2).put(0, 6);
  if (layout.threshold === 0) out.put(0, 8);
  else if (layout.threshold === 2 ** -128) out.put(116, 8);
  else out.put(255, 8).put(bitsOf(layout.threshold), 64);
  out.varbitInt(layout.schema);
  for (const spans of [layout.positiveSpans, layout.negativeSpans]) {
    out.varbitUint(spans.length);
    for (const { offset, length } of spans) {
      out.varbitUint(length);
      out.varbitInt(offset);
    }
  }
  if (layout.bounds === undefined) return;
  out.varbitUint(layout.bounds.length);
  for (const bound of layout.bounds) {
    const thousandths = bound * 1000;
    if (Number.isInteger(thousandths) && thousandths >= 0 && thousandths <= 33554430) {
      out.varbitUint(thousandths + 1);
    } else {
      out.put(0, 1).put(bitsOf(bound), 64);
    }
  }
}

/** Each sample: time, count, zero count, sum, then the differences between neighbouring buckets. */
export function encodeHistogramChunk(
  layout: LayoutFixture,
  samples: readonly {
    readonly tMs: number;
    readonly count: number;
    readonly zeroCount: number;
    readonly sum: bigint;
    readonly deltas: readonly number[];
    readonly stale?: boolean;
  }[],
): Uint8Array {
  const out = new BitWriter();
  writeLayout(out, layout, samples.length);
  const sum = new XorWriter(out);
  const fields = samples.map(({ tMs, count, zeroCount, deltas }) => [tMs, count, zeroCount, ...deltas]);
  const changes = new Array<number>(fields[0]?.length ?? 0).fill(0);
  const last = [...fields[0] ?? []];
  samples.forEach((sample, i) => {
    fields[i]!.forEach((value, f) => {
      if (f === 3) sum.write(sample.sum);
      if (sample.stale === true && f >= 3) return;
      if (i === 0) return void (f === 1 || f === 2 ? out.varbitUint(value) : out.varbitInt(value));
      const change = value - last[f]!;
      out.varbitInt(change - changes[f]!);
      changes[f] = change;
      last[f] = value;
    });
    if (fields[i]!.length === 3) sum.write(sample.sum);
  });
  return out.bytes();
}

export function encodeFloatHistogramChunk(
  layout: LayoutFixture,
  samples: readonly { readonly tMs: number; readonly floats: readonly number[] }[],
): Uint8Array {
  const out = new BitWriter();
  writeLayout(out, layout, samples.length);
  const runs = samples[0]!.floats.map(() => new XorWriter(out));
  let change = 0;
  samples.forEach(({ tMs, floats }, i) => {
    if (i === 0) out.varbitInt(tMs);
    else {
      const now = tMs - samples[i - 1]!.tMs;
      out.varbitInt(now - change);
      change = now;
    }
    floats.forEach((value, f) => runs[f]!.write(bitsOf(value)));
  });
  return out.bytes();
}

export class Bytes {
  readonly out: number[] = [];

  put(...bytes: number[]): this {
    this.out.push(...bytes);
    return this;
  }

  be(value: number | bigint, count: number): this {
    const whole = BigInt.asUintN(64, BigInt(value));
    for (let i = count - 1; i >= 0; i--) this.out.push(Number((whole >> BigInt(8 * i)) & 0xffn));
    return this;
  }

  text(value: string): this {
    const bytes = new TextEncoder().encode(value);
    return this.put(...uvarint(bytes.length), ...bytes);
  }

  checksum(from = 0): this {
    return this.be(crc32c(Uint8Array.from(this.out.slice(from))), 4);
  }

  take(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.out);
  }
}

/** Records in pages of 32 KiB, divided where they do not fit. `pack` marks and packs a whole record. */
export function encodeWal(
  records: readonly Uint8Array[],
  flags = 0,
  pack: (record: Uint8Array) => Uint8Array = (record) => record,
): Uint8Array<ArrayBuffer> {
  const page = 32 * 1024;
  const out: number[] = [];
  for (const record of records) {
    const bytes = pack(record);
    for (let at = 0, first = true; first || at < bytes.length; first = false) {
      let room = page - out.length % page;
      if (room < 8) {
        out.push(...new Array<number>(room).fill(0));
        room = page;
      }
      const part = bytes.subarray(at, at + room - 7);
      at += part.length;
      const last = at >= bytes.length;
      const type = first ? (last ? 1 : 2) : last ? 4 : 3;
      out.push(type | flags, ...new Bytes().be(part.length, 2).be(crc32c(part), 4).out, ...part);
    }
  }
  return Uint8Array.from(out);
}
