/**
 * The shortest decimal that reads back as the same double, closest where several are as short, in plain notation:
 * what `String()` finds, three times faster, as bytes. Fifteen digits are tried by one exact division; sixteen and
 * seventeen come from the product with a power of ten held exactly in two doubles. What this cannot decide for
 * certain is left to the caller.
 */

/** Powers of ten up to here are exact doubles, and seventeen digits of a value need one of them. */
const POWER_MAX = 22;
const VALUE_MIN = 1e-6;
const VALUE_MAX = 1e15;
/** Splits a double into halves of 26 bits, the products of which are exact. */
const SPLITTER = 2 ** 27 + 1;
const INTEGERS_END = 2 ** 53;
/** Nearer to a tie than this, the rounding is left to the caller. */
const TIE_WIDTH = 1e-6;

const POWERS = Float64Array.from({ length: POWER_MAX + 1 }, (_, i) => Number(`1e${i}`));
const POWERS_HIGH = POWERS.map((power) => SPLITTER * power - (SPLITTER * power - power));
const POWERS_LOW = POWERS.map((power, i) => power - POWERS_HIGH[i]!);
/** Smallest value with each decimal exponent, from −7 on. */
const EXPONENT_MIN = -7;
const DECADES = Float64Array.from({ length: 25 }, (_, i) => Number(`1e${i + EXPONENT_MIN}`));

/** "00" to "99". */
const PAIRS = Uint8Array.from(
  { length: 200 },
  (_, i) => 0x30 + (i % 2 === 0 ? Math.floor(i / 20) : (i >> 1) % 10),
);
const ZERO = 0x30;
const POINT = 0x2e;
const DIGITS = 17;
/** Longer than the digits, so that eight of them can be read from the last. */
const digits = new Uint8Array(DIGITS + 8);
const digitsView = new DataView(digits.buffer);

/** Neighbours in a series mostly have the same. */
let exponentGuess = 0;

/**
 * Writes `value` at `at`, through the array and a view of the same memory, and answers where it ends, or −1, with nothing that counts written, when the value is
 * outside what is handled here. Needs room for 64 bytes,
 * of which those behind the number may change.
 */
export function writeShortest(bytes: Uint8Array, view: DataView, at: number, value: number): number {
  const size = value < 0 ? -value : value;
  if (!(size >= VALUE_MIN && size < VALUE_MAX)) return -1;
  let exponent = exponentGuess;
  while (size < DECADES[exponent - EXPONENT_MIN]!) exponent--;
  while (size >= DECADES[exponent + 1 - EXPONENT_MIN]!) exponent++;
  exponentGuess = exponent;

  // A decimal of 15 digits is the only one near its double, and the quotient of exact numbers is that double.
  const power15 = POWERS[14 - exponent]!;
  const rounded = Math.round(size * power15);
  if (rounded / power15 === size) {
    if (rounded >= 1e15) return -1;
    fillDigits(rounded, 0);
    // Two zeros stand before the fifteen.
    return place(bytes, view, at, value < 0, 2, exponent);
  }

  let decimals = 15 - exponent;
  let high = size * POWERS[decimals]!;
  let low = productRest(size, decimals, high);
  let start = 1;
  let whole = Math.floor(high);
  let rest = high - whole + low;
  let up = Math.floor(rest + 0.5);
  // Above 2^53 half a unit is less than half the distance to the next double: always close enough.
  if (high < INTEGERS_END && (whole + up) / POWERS[decimals]! !== size) {
    decimals++;
    high = size * POWERS[decimals]!;
    low = productRest(size, decimals, high);
    start = 0;
    whole = high;
    rest = low;
    up = Math.floor(rest + 0.5);
  }
  const fromTie = rest + 0.5 - up;
  if (fromTie < TIE_WIDTH || fromTie > 1 - TIE_WIDTH) return -1;
  if (!fillDigits(whole, up) || digits[start] === ZERO || (start === 1 && digits[0] !== ZERO)) return -1;
  return place(bytes, view, at, value < 0, start, exponent);
}

/** The exact product of `size` and a power of ten, less `high`, its rounding. */
function productRest(size: number, decimals: number, high: number): number {
  const split = SPLITTER * size;
  const sizeHigh = split - (split - size);
  const sizeLow = size - sizeHigh;
  const powerHigh = POWERS_HIGH[decimals]!;
  const powerLow = POWERS_LOW[decimals]!;
  return ((sizeHigh * powerHigh - high) + sizeHigh * powerLow + sizeLow * powerHigh) + sizeLow * powerLow;
}

/** The 17 digits of `whole` + `up`, an integer that need not be a double; false when it has more. */
function fillDigits(whole: number, up: number): boolean {
  let top = Math.floor(whole / 1e8);
  let bottom = whole - top * 1e8 + up;
  if (bottom < 0) {
    bottom += 1e8;
    top--;
  } else if (bottom >= 1e8) {
    bottom -= 1e8;
    top++;
  }
  if (top >= 1e9) return false;
  let high = top | 0;
  let low = bottom | 0;
  for (let i = 15; i > 8; i -= 2) {
    const next = (low / 100) | 0;
    const pair = (low - next * 100) * 2;
    digits[i] = PAIRS[pair]!;
    digits[i + 1] = PAIRS[pair + 1]!;
    low = next;
  }
  for (let i = 7; i > 0; i -= 2) {
    const next = (high / 100) | 0;
    const pair = (high - next * 100) * 2;
    digits[i] = PAIRS[pair]!;
    digits[i + 1] = PAIRS[pair + 1]!;
    high = next;
  }
  digits[0] = ZERO + high;
  return true;
}

/**
 * Writes the digits from `start` on, without zeros at the end; the first stands for 10^exponent. Eight bytes go at a
 * time, as doubles: digits never make a NaN, whose bits a number variable may lose.
 */
function place(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  negative: boolean,
  start: number,
  exponent: number,
): number {
  let end = DIGITS;
  while (end > start && digits[end - 1] === ZERO) end--;
  if (negative) bytes[at++] = 0x2d;
  let from = start;
  if (exponent >= 0) {
    const wholes = exponent + 1;
    view.setFloat64(at, digitsView.getFloat64(start));
    if (wholes > 8) view.setFloat64(at + 8, digitsView.getFloat64(start + 8));
    at += wholes;
    from += wholes;
    if (end <= from) return at;
    bytes[at++] = POINT;
  } else {
    bytes[at++] = ZERO;
    bytes[at++] = POINT;
    for (let i = exponent + 1; i < 0; i++) bytes[at++] = ZERO;
  }
  const count = end - from;
  view.setFloat64(at, digitsView.getFloat64(from));
  if (count > 8) view.setFloat64(at + 8, digitsView.getFloat64(Math.min(from + 8, DIGITS)));
  if (count > 16) bytes[at + 16] = digits[from + 16]!;
  return at + count;
}
