/**
 * Floats out of body bytes, without a string in the common case. A decimal of at most 2^53 with a power of ten
 * within ±22 is exact in one multiplication or division (Clinger); everything else goes through `parseGoFloat`.
 * Results are written into a typed array, since a NaN must land with Prometheus's bits and nothing may be boxed.
 */
import { parseGoFloat } from "../model/float.ts";
import { NAN_HIGH, NAN_LOW } from "../model/stale.ts";

const POWERS_OF_TEN = new Float64Array(23);
for (let i = 0; i < 23; i++) POWERS_OF_TEN[i] = Number(`1e${i}`);

const MANTISSA_MAX = 9_007_199_254_740_991;
/** Digits that a mantissa below 2^53 may have, leading zeros aside; a longer one is not exact. */
const MANTISSA_DIGITS_MAX = 16;
/** Beyond it an exponent is not taken from the fast path anyway. */
const EXPONENT_CAP = 10_000;

/**
 * Reads `[+-]digits[.digits][e[+-]digits]` at `at` into `out[index]`. Returns the position of the first byte
 * behind it, or −1 when the text is of another form or not exact this way; then `out` is untouched.
 */
export function readPlainFloat(bytes: Uint8Array, at: number, out: Float64Array, index: number): number {
  let i = at;
  let byte = bytes[i]!;
  let negative = false;
  if (byte === 45 || byte === 43) {
    negative = byte === 45;
    byte = bytes[++i]!;
  }
  let mantissa = 0;
  const intAt = i;
  while (byte >= 48 && byte <= 57) {
    mantissa = mantissa * 10 + (byte - 48);
    byte = bytes[++i]!;
  }
  let digits = i - intAt;
  let exponent = 0;
  if (byte === 46) {
    const fractionAt = ++i;
    byte = bytes[i]!;
    while (byte >= 48 && byte <= 57) {
      mantissa = mantissa * 10 + (byte - 48);
      byte = bytes[++i]!;
    }
    exponent = fractionAt - i;
    digits += i - fractionAt;
  }
  if (digits === 0) return -1;
  if (digits >= MANTISSA_DIGITS_MAX && !(mantissa <= MANTISSA_MAX)) return -1;
  if (byte === 101 || byte === 69) {
    byte = bytes[++i]!;
    let down = false;
    if (byte === 45 || byte === 43) {
      down = byte === 45;
      byte = bytes[++i]!;
    }
    const exponentAt = i;
    let written = 0;
    while (byte >= 48 && byte <= 57) {
      if (written < EXPONENT_CAP) written = written * 10 + (byte - 48);
      byte = bytes[++i]!;
    }
    if (i === exponentAt) return -1;
    exponent += down ? -written : written;
  }
  if (exponent < -22 || exponent > 22) return -1;
  if (exponent > 0) mantissa *= POWERS_OF_TEN[exponent]!;
  else if (exponent < 0) mantissa /= POWERS_OF_TEN[-exponent]!;
  out[index] = negative ? -mantissa : mantissa;
  return i;
}

/** Ends of `readFloat`. */
export type FloatFault = "unsupported character in float" | "invalid syntax" | "value out of range";

/** Reads the whole of `start … end` into `out[index]`; undefined when it is a float, else what is wrong with it. */
export function readFloat(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Float64Array,
  index: number,
): FloatFault | undefined {
  if (end > start && end < bytes.length && readPlainFloat(bytes, start, out, index) === end) return undefined;
  const text = latin1(bytes, start, end);
  // As Prometheus: hexadecimal floats and digit separators of Go are refused before anything else.
  if (/[pP_]/.test(text)) return "unsupported character in float";
  const value = parseGoFloat(text);
  if (value === undefined) {
    return /^[+-]?[0-9.]+[eE]?[0-9+-]*$/.test(text) ? rangeOrSyntax(text) : "invalid syntax";
  }
  if (Number.isNaN(value)) setNanAt(out, index);
  else out[index] = value;
  return undefined;
}

function rangeOrSyntax(text: string): FloatFault {
  return Math.abs(Number(text)) === Infinity ? "value out of range" : "invalid syntax";
}

function setNanAt(out: Float64Array, index: number): void {
  const words = new Uint32Array(out.buffer, out.byteOffset + index * 8, 2);
  words[0] = NAN_LOW;
  words[1] = NAN_HIGH;
}

/** Longer texts are no floats that anybody writes; the cut keeps error messages short. */
const FLOAT_TEXT_MAX = 1024;

function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  const stop = Math.min(end, start + FLOAT_TEXT_MAX);
  for (let i = start; i < stop; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}
