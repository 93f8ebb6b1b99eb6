/**
 * One column of doubles to bytes and back, bit for bit. Decimal columns become integers (`value = m / 10^scale`,
 * checked exactly), then the smallest of frame-of-reference, deltas or deltas of deltas, the common divisor
 * removed, in byte planes: everything is byte-aligned, since bit streams decode thirty times slower in JavaScript.
 * What is no short decimal is kept as bits, each exclusive-or the one before, in planes as well. The page's zstd
 * takes the rest of the redundancy. docs/formats/page.md describes the bytes.
 */
import { ABSENT_HIGH, ABSENT_LOW, STALE_HIGH, STALE_LOW } from "../../model/stale.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";

/** Rows of a page: bounds every loop over decoded bytes. */
export const PAGE_ROWS_MAX = 8192;

const KIND_ABSENT = 0;
const KIND_CONSTANT = 1;
const KIND_INTEGERS = 2;
const KIND_RAW = 3;
const KIND_MASK = 0x07;
/** An absent bitmap follows; then, or else, a stale bitmap. */
const HAS_ABSENT = 0x10;
const HAS_STALE = 0x20;

const MODE_VALUES = 0;
const MODE_DELTAS = 1;
const MODE_DELTAS_2 = 2;

/** Gauges of percent, seconds and temperatures have few decimals; each scale that is tried costs a pass. */
const SCALE_MAX = 9;
const POWERS = Float64Array.from({ length: SCALE_MAX + 1 }, (_, i) => 10 ** i);
/** Second differences of values up to here, zigzagged, are still exact. */
const INTEGER_MAX = 2 ** 48;
const PLANES_MAX = 6;
const POWERS_256 = Float64Array.from({ length: 8 }, (_, i) => 256 ** i);

const filled = new Float64Array(PAGE_ROWS_MAX);
const filledWords = new Uint32Array(filled.buffer);
const integers = new Float64Array(PAGE_ROWS_MAX);
const deltas = new Float64Array(PAGE_ROWS_MAX);
const deltas2 = new Float64Array(PAGE_ROWS_MAX);

/** Values as words: 2i is the low half of value i. `count` ≤ PAGE_ROWS_MAX. */
export function encodeColumn(out: ByteWriter, words: Uint32Array, count: number): void {
  let absent = 0;
  let stale = 0;
  let lastLow = 0;
  let lastHigh = 0;
  let seen = false;
  let changes = 0;
  for (let i = 0; i < count; i++) {
    const low = words[2 * i]!;
    const high = words[2 * i + 1]!;
    if (high === ABSENT_HIGH && low === ABSENT_LOW) absent++;
    else if (high === STALE_HIGH && low === STALE_LOW) stale++;
    else {
      if (!seen) {
        // Leading gaps take the first value, so that they cost no change.
        for (let k = 0; k < i; k++) {
          filledWords[2 * k] = low;
          filledWords[2 * k + 1] = high;
        }
        seen = true;
      } else if (low !== lastLow || high !== lastHigh) changes++;
      lastLow = low;
      lastHigh = high;
    }
    filledWords[2 * i] = lastLow;
    filledWords[2 * i + 1] = lastHigh;
  }
  if (absent === count) return out.byte(KIND_ABSENT);
  const flags = (absent > 0 ? HAS_ABSENT : 0) | (stale > 0 ? HAS_STALE : 0);
  const headAt = out.length;
  out.byte(flags);
  if (absent > 0) writeBitmap(out, words, count, ABSENT_LOW, ABSENT_HIGH);
  if (stale > 0) writeBitmap(out, words, count, STALE_LOW, STALE_HIGH);
  let kind = KIND_CONSTANT;
  if (changes === 0) out.words(lastLow, lastHigh);
  else if (encodeIntegers(out, count)) kind = KIND_INTEGERS;
  else {
    kind = KIND_RAW;
    encodeRaw(out, count);
  }
  out.peek()[headAt] = flags | kind;
}

/**
 * Writes `count` values to `out` from `at` on, as words so that payloads survive. Returns whether the column has
 * gaps (absent or stale cells).
 */
export function decodeColumn(
  input: ByteReader,
  out: Float64Array,
  outWords: Uint32Array,
  at: number,
  count: number,
): boolean {
  const head = input.byte();
  const kind = head & KIND_MASK;
  if (kind === KIND_ABSENT) {
    if (head !== 0) input.fail(`unknown column head ${head}`);
    fillWords(outWords, at, at + count, ABSENT_LOW, ABSENT_HIGH);
    return true;
  }
  const bitmapBytes = (count + 7) >> 3;
  const absent = (head & HAS_ABSENT) === 0 ? undefined : input.raw(bitmapBytes);
  const stale = (head & HAS_STALE) === 0 ? undefined : input.raw(bitmapBytes);
  if (kind === KIND_CONSTANT) {
    const low = input.uint32();
    fillWords(outWords, at, at + count, low, input.uint32());
  } else if (kind === KIND_INTEGERS) decodeIntegers(input, out, at, count);
  else if (kind === KIND_RAW) decodeRaw(input, outWords, at, count);
  else input.fail(`unknown column head ${head}`);
  if (absent !== undefined) applyBitmap(absent, outWords, at, count, ABSENT_LOW, ABSENT_HIGH);
  if (stale !== undefined) applyBitmap(stale, outWords, at, count, STALE_LOW, STALE_HIGH);
  return absent !== undefined || stale !== undefined;
}

function writeBitmap(out: ByteWriter, words: Uint32Array, count: number, low: number, high: number): void {
  const size = (count + 7) >> 3;
  const bytes = out.reserve(size);
  const start = out.length;
  bytes.fill(0, start, start + size);
  for (let i = 0; i < count; i++) {
    if (words[2 * i + 1] === high && words[2 * i] === low) bytes[start + (i >> 3)]! |= 1 << (i & 7);
  }
  out.length += size;
}

function applyBitmap(
  bitmap: Uint8Array,
  words: Uint32Array,
  at: number,
  count: number,
  low: number,
  high: number,
): void {
  for (let i = 0; i < count; i++) {
    if ((bitmap[i >> 3]! & (1 << (i & 7))) === 0) continue;
    words[2 * (at + i)] = low;
    words[2 * (at + i) + 1] = high;
  }
}

function fillWords(words: Uint32Array, start: number, end: number, low: number, high: number): void {
  for (let i = start; i < end; i++) {
    words[2 * i] = low;
    words[2 * i + 1] = high;
  }
}

/** Fills `integers` from `filled` at the smallest scale that is exact for all; −1 when there is none. */
function scaleOf(count: number): number {
  let scale = 0;
  let i = 0;
  while (i < count) {
    const value = filled[i]!;
    const power = POWERS[scale]!;
    const m = Math.round(value * power);
    if (m / power === value && m <= INTEGER_MAX && m >= -INTEGER_MAX && !(m === 0 && Object.is(value, -0))) {
      integers[i++] = m;
      continue;
    }
    if (++scale > SCALE_MAX || value !== value || Math.abs(value) > INTEGER_MAX) return -1;
    i = 0;
  }
  return scale;
}

function encodeIntegers(out: ByteWriter, count: number): boolean {
  const scale = scaleOf(count);
  if (scale < 0) return false;
  deltas[0] = 0;
  for (let i = 1; i < count; i++) deltas[i] = integers[i]! - integers[i - 1]!;
  deltas2[0] = 0;
  deltas2[1] = 0;
  for (let i = 2; i < count; i++) deltas2[i] = deltas[i]! - deltas[i - 1]!;
  const byValue = frameOf(integers, 0, count);
  const byDelta = frameOf(deltas, 1, count);
  const byDelta2 = frameOf(deltas2, Math.min(2, count), count);
  let mode = MODE_DELTAS;
  let frame = byDelta;
  let from: Float64Array = deltas;
  if (byDelta2.cost < frame.cost) [mode, frame, from] = [MODE_DELTAS_2, byDelta2, deltas2];
  if (byValue.cost < frame.cost) [mode, frame, from] = [MODE_VALUES, byValue, integers];
  if (frame.planes > PLANES_MAX) return false;
  out.byte((scale << 4) | (mode << 2));
  out.byte(frame.planes);
  out.zigzag(frame.min);
  out.varint(frame.divisor);
  if (mode !== MODE_VALUES) out.zigzag(integers[0]!);
  if (mode === MODE_DELTAS_2) out.zigzag(deltas[1]!);
  writePlanes(out, from, mode, count, frame);
  return true;
}

interface Frame {
  readonly min: number;
  readonly divisor: number;
  readonly planes: number;
  readonly cost: number;
}

/** Smallest value, common divisor and width of `values[start…]`, once the smallest is taken off. */
function frameOf(values: Float64Array, start: number, count: number): Frame {
  let min = Infinity;
  let max = -Infinity;
  for (let i = start; i < count; i++) {
    const value = values[i]!;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  if (start >= count) return { min: 0, divisor: 1, planes: 0, cost: 0 };
  let divisor = 0;
  let spread = 0;
  let previous = 0;
  for (let i = start; i < count; i++) {
    const rest = values[i]! - min;
    if (divisor !== 1 && rest !== 0) divisor = divisorOf(divisor, rest);
    if (rest !== previous) spread++;
    previous = rest;
  }
  if (divisor === 0) divisor = 1;
  const top = (max - min) / divisor;
  let planes = 0;
  while (top >= POWERS_256[planes]! && planes < 7) planes++;
  // Bytes first; among equal widths the one that changes least compresses best.
  return { min, divisor, planes, cost: top === 0 ? 0 : planes * count + spread / 2 + Math.log2(top) };
}

function divisorOf(a: number, b: number): number {
  while (a > 0x7fffffff || b > 0x7fffffff) {
    if (b === 0) return a;
    const rest = a % b;
    a = b;
    b = rest;
  }
  // The same on machine integers, ten times faster.
  let x = a | 0;
  let y = b | 0;
  while (y !== 0) {
    const rest = x % y;
    x = y;
    y = rest;
  }
  return x;
}

function writePlanes(
  out: ByteWriter,
  values: Float64Array,
  start: number,
  count: number,
  frame: Frame,
): void {
  const { min, divisor, planes } = frame;
  const size = Math.max(0, count - start);
  const bytes = out.reserve(planes * size);
  const base = out.length;
  for (let i = 0; i < size; i++) {
    const rest = (values[start + i]! - min) / divisor;
    let low = rest >>> 0;
    let high = Math.floor(rest / 4294967296);
    for (let p = 0; p < planes; p++) {
      if (p < 4) {
        bytes[base + p * size + i] = low & 0xff;
        low >>>= 8;
      } else {
        bytes[base + p * size + i] = high & 0xff;
        high >>>= 8;
      }
    }
  }
  out.length += planes * size;
}

function decodeIntegers(input: ByteReader, out: Float64Array, at: number, count: number): void {
  const head = input.byte();
  const scale = head >> 4;
  const mode = (head >> 2) & 3;
  if (scale > SCALE_MAX || mode > MODE_DELTAS_2 || (head & 3) !== 0) {
    input.fail(`unknown integer head ${head}`);
  }
  const planes = input.byte();
  if (planes > PLANES_MAX) input.fail(`expected at most ${PLANES_MAX} planes, got ${planes}`);
  const min = input.zigzag();
  const divisor = input.varint();
  const first = mode === MODE_VALUES ? 0 : input.zigzag();
  const delta = mode === MODE_DELTAS_2 ? input.zigzag() : 0;
  const size = Math.max(0, count - mode);
  input.need(planes * size);
  const bytes = input.bytes;
  const from = input.at;
  input.at += planes * size;
  const power = POWERS[scale]!;
  const start = at + mode;
  if (mode > 0) out[at] = first / power;
  if (mode > 1 && count > 1) out[at + 1] = (first + delta) / power;
  if (planes === 0) {
    integers.fill(0, 0, size);
  } else if (mode === MODE_DELTAS && fitsInt32(planes, size, first, min, divisor)) {
    // Nearly all counters: read, summed and scaled in one pass.
    if (planes === 1) decodeDeltas8(bytes, from, size, first, min, divisor, power, out, start);
    else decodeDeltas16(bytes, from, size, first, min, divisor, power, out, start);
    return;
  } else {
    joinPlanes(bytes, from, size, planes);
  }
  if (mode === MODE_VALUES) {
    if (power === 1) { for (let i = 0; i < size; i++) out[start + i] = integers[i]! * divisor + min; }
    else for (let i = 0; i < size; i++) out[start + i] = (integers[i]! * divisor + min) / power;
  } else if (mode === MODE_DELTAS) {
    let value = first;
    for (let i = 0; i < size; i++) {
      value += integers[i]! * divisor + min;
      out[start + i] = value / power;
    }
  } else {
    let step = delta;
    let value = first + delta;
    for (let i = 0; i < size; i++) {
      step += integers[i]! * divisor + min;
      value += step;
      out[start + i] = value / power;
    }
  }
}

/** `integers[i]` from its bytes, one in each plane. */
function joinPlanes(bytes: Uint8Array, from: number, size: number, planes: number): void {
  const second = from + size;
  const third = second + size;
  if (planes === 1) {
    for (let i = 0; i < size; i++) integers[i] = bytes[from + i]!;
  } else if (planes === 2) {
    for (let i = 0; i < size; i++) integers[i] = bytes[from + i]! | (bytes[second + i]! << 8);
  } else {
    for (let i = 0; i < size; i++) {
      integers[i] = bytes[from + i]! | (bytes[second + i]! << 8) | (bytes[third + i]! << 16);
    }
    for (let p = 3; p < planes; p++) {
      const scale256 = POWERS_256[p]!;
      const plane = from + p * size;
      for (let i = 0; i < size; i++) integers[i] = integers[i]! + bytes[plane + i]! * scale256;
    }
  }
}

/** Whether no sum of deltas on the way can leave 32 bits: additions of machine integers wait for each other least. */
function fitsInt32(planes: number, size: number, first: number, min: number, divisor: number): boolean {
  if (planes > 2) return false;
  const deltaMax = Math.abs(min) + divisor * POWERS_256[planes]!;
  return Math.abs(first) + size * deltaMax < 0x7fffffff;
}

function decodeDeltas8(
  bytes: Uint8Array,
  from: number,
  size: number,
  first: number,
  min: number,
  divisor: number,
  power: number,
  out: Float64Array,
  start: number,
): void {
  const low = min | 0;
  const factor = divisor | 0;
  let value = first | 0;
  for (let i = 0; i < size; i++) {
    value = (value + Math.imul(bytes[from + i]!, factor) + low) | 0;
    out[start + i] = value / power;
  }
}

function decodeDeltas16(
  bytes: Uint8Array,
  from: number,
  size: number,
  first: number,
  min: number,
  divisor: number,
  power: number,
  out: Float64Array,
  start: number,
): void {
  const second = from + size;
  const low = min | 0;
  const factor = divisor | 0;
  let value = first | 0;
  for (let i = 0; i < size; i++) {
    value = (value + Math.imul(bytes[from + i]! | (bytes[second + i]! << 8), factor) + low) | 0;
    out[start + i] = value / power;
  }
}

/**
 * Whether the column that begins at `at` never falls from one row to the next, as its head alone can tell. True
 * promises that; false promises nothing. Absent and stale cells stand for the value before them.
 */
export function neverFalls(input: ByteReader, at: number): boolean {
  input.at = at;
  const head = input.byte();
  const kind = head & KIND_MASK;
  if (kind === KIND_CONSTANT) return true;
  if (kind !== KIND_INTEGERS || (head & (HAS_ABSENT | HAS_STALE)) !== 0) return false;
  const mode = (input.byte() >> 2) & 3;
  input.byte();
  return mode === MODE_DELTAS && input.zigzag() >= 0;
}

function encodeRaw(out: ByteWriter, count: number): void {
  const bytes = out.reserve(8 * count);
  const base = out.length;
  let lastLow = 0;
  let lastHigh = 0;
  for (let i = 0; i < count; i++) {
    const low = filledWords[2 * i]!;
    const high = filledWords[2 * i + 1]!;
    let rest = low ^ lastLow;
    for (let p = 0; p < 4; p++) {
      bytes[base + p * count + i] = rest & 0xff;
      rest >>>= 8;
    }
    rest = high ^ lastHigh;
    for (let p = 4; p < 8; p++) {
      bytes[base + p * count + i] = rest & 0xff;
      rest >>>= 8;
    }
    lastLow = low;
    lastHigh = high;
  }
  out.length += 8 * count;
}

function decodeRaw(input: ByteReader, words: Uint32Array, at: number, count: number): void {
  const bytes = input.raw(8 * count);
  let low = 0;
  let high = 0;
  for (let i = 0; i < count; i++) {
    low ^= bytes[i]! | (bytes[count + i]! << 8) | (bytes[2 * count + i]! << 16) |
      (bytes[3 * count + i]! << 24);
    high ^= bytes[4 * count + i]! | (bytes[5 * count + i]! << 8) | (bytes[6 * count + i]! << 16) |
      (bytes[7 * count + i]! << 24);
    words[2 * (at + i)] = low;
    words[2 * (at + i) + 1] = high;
  }
}
