/**
 * Reads chunks bit by bit, the highest bit of each byte first, and the three encodings that all chunks share: Go's
 * varints, varbit integers, and floats as what differs from the one before. Integers beyond 2^53 are refused.
 */
import { CorruptDataError } from "../errors.ts";

/** Bits behind a prefix of that many ones and a zero; the last has no zero. As Prometheus: varbit.go. */
const VARBIT_SIZES: readonly number[] = [0, 3, 6, 9, 12, 18, 25, 56, 64];
const VARINT_BYTES_MAX = 10;

/** The newest of a run of floats. */
export interface XorState {
  high: number;
  low: number;
  /** Of the window of differing bits; 255 before there was one. */
  leading: number;
  trailing: number;
}

export function xorState(): XorState {
  return { high: 0, low: 0, leading: 255, trailing: 0 };
}

export class BitReader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  /** In bits. */
  #at: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, what: string, startByte: number) {
    this.#bytes = bytes;
    this.#what = what;
    this.#at = startByte * 8;
    this.#end = bytes.length * 8;
  }

  fail(reason: string): never {
    throw new CorruptDataError(`Cannot decode ${this.#what} at bit ${this.#at}: ${reason}`);
  }

  get bitsLeft(): number {
    return this.#end - this.#at;
  }

  bit(): number {
    if (this.#at >= this.#end) this.fail("it ends too early");
    const at = this.#at++;
    return (this.#bytes[at >>> 3]! >>> (7 - (at & 7))) & 1;
  }

  /** At most 32. */
  bits(count: number): number {
    if (this.#at + count > this.#end) this.fail("it ends too early");
    let value = 0;
    let left = count;
    while (left > 0) {
      const used = this.#at & 7;
      const take = Math.min(8 - used, left);
      const byte = this.#bytes[this.#at >>> 3]!;
      value = value * 2 ** take + ((byte >>> (8 - used - take)) & ((1 << take) - 1));
      this.#at += take;
      left -= take;
    }
    return value;
  }

  uvarint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < VARINT_BYTES_MAX; i++) {
      const byte = this.bits(8);
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

  /** A two's complement number of so many bits, whose lowest value is one above the usual. */
  signed(size: number): number {
    if (size === 64) {
      const high = this.bits(32) | 0;
      return this.#exact(high * 2 ** 32 + this.bits(32));
    }
    const value = size > 32 ? this.bits(size - 32) * 2 ** 32 + this.bits(32) : this.bits(size);
    return value > 2 ** (size - 1) ? value - 2 ** size : value;
  }

  varbitInt(): number {
    const size = this.#varbitSize();
    return size === 0 ? 0 : this.#exact(this.signed(size));
  }

  varbitUint(): number {
    const size = this.#varbitSize();
    if (size === 0) return 0;
    return this.#exact(size > 32 ? this.bits(size - 32) * 2 ** 32 + this.bits(32) : this.bits(size));
  }

  #varbitSize(): number {
    let ones = 0;
    while (ones < VARBIT_SIZES.length - 1 && this.bit() === 1) ones++;
    return VARBIT_SIZES[ones]!;
  }

  #exact(value: number): number {
    if (Math.abs(value) > Number.MAX_SAFE_INTEGER) this.fail("the integer is above 2^53");
    return value;
  }

  /** Eight bytes as they are. */
  float(state: XorState): void {
    state.high = this.bits(32);
    state.low = this.bits(32);
  }

  /** The next float of a run. */
  xorFloat(state: XorState): void {
    if (this.bit() === 0) return;
    if (this.bit() === 1) {
      state.leading = this.bits(5);
      const significant = this.bits(6) || 64;
      if (state.leading + significant > 64) this.fail("more than 64 bits of a float");
      state.trailing = 64 - state.leading - significant;
    } else if (state.leading === 255) {
      // Prometheus's histograms begin with a window of all bits.
      state.leading = 0;
      state.trailing = 0;
    }
    const size = 64 - state.leading - state.trailing;
    const high = size > 32 ? this.bits(size - 32) : 0;
    const low = this.bits(Math.min(32, size));
    const { trailing } = state;
    if (trailing === 0) {
      state.high = (state.high ^ high) >>> 0;
      state.low = (state.low ^ low) >>> 0;
    } else if (trailing < 32) {
      state.high = (state.high ^ ((high << trailing) | (low >>> (32 - trailing)))) >>> 0;
      state.low = (state.low ^ (low << trailing)) >>> 0;
    } else {
      state.high = (state.high ^ (low << (trailing - 32))) >>> 0;
    }
  }
}
