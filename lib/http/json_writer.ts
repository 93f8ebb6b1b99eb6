/**
 * Writes JSON as UTF-8 bytes into a growing buffer, without a string an element. It knows Prometheus's numbers:
 * sample values as quoted text, timestamps as seconds with none or three decimals. Text is escaped as Go's
 * encoding/json does it, `<`, `>` and `&` included. The caller puts the commas.
 */
import { formatSampleValue } from "../model/float.ts";
import { writeShortest } from "./shortest_decimal.ts";

/** Room that one number or one timestamp may need: the longest is 'f' with 326 characters. */
const NUMBER_BYTES_MAX = 400;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const QUOTE = 0x22;

const utf8 = new TextEncoder();
const NO_BYTES = new Uint8Array(0);
const NO_VIEW = new DataView(NO_BYTES.buffer);

/** What stands before the points of some series: a comma, a bracket, the time, a comma and a quote. ASCII. */
export interface PointPrefixes {
  /** Each in a slot of its own, and eight bytes after the last: so many go at a time. */
  readonly view: DataView;
  readonly lengths: Uint8Array;
}

/** The longest is that of a time in the year 292,273,086 before: 26. */
export const PREFIX_SLOT_BYTES = 32;

export class JsonWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  /** Of the same memory. */
  #view: DataView;
  #length = 0;
  /** Of the next buffer: as large as the last one had become. */
  #capacityBytes: number;

  constructor(capacityBytes: number) {
    this.#capacityBytes = capacityBytes;
    this.#bytes = new Uint8Array(capacityBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  /** What was written since the last take. The buffer passes to the caller; the next write starts a new one. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#capacityBytes = Math.max(this.#capacityBytes, this.#bytes.length);
    this.#bytes = NO_BYTES;
    this.#view = NO_VIEW;
    this.#length = 0;
    return taken;
  }

  /** Text that is JSON already. */
  raw(text: string): void {
    this.#room(3 * text.length); // UTF-8 needs three bytes a UTF-16 unit at most
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit >= 0x80) {
        at += utf8.encodeInto(text.slice(i), bytes.subarray(at)).written;
        break;
      }
      bytes[at++] = unit;
    }
    this.#length = at;
  }

  string(text: string): void {
    this.raw(quoteJson(text));
  }

  copy(source: Uint8Array, start: number, end: number): void {
    this.#room(end - start);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = start; i < end; i++) bytes[at++] = source[i]!;
    this.#length = at;
  }

  /** A sample value with its quotes: `"1.5"`, `"+Inf"`. */
  sampleValue(value: number): void {
    this.#room(NUMBER_BYTES_MAX);
    this.#bytes[this.#length++] = QUOTE;
    this.#number(value);
    this.#bytes[this.#length++] = QUOTE;
  }

  /** As Prometheus: integer division; `.500` keeps its zeros, whole seconds have no point. */
  timestamp(tMs: number): void {
    this.#room(NUMBER_BYTES_MAX);
    let rest = tMs;
    if (rest < 0) {
      this.#bytes[this.#length++] = MINUS;
      rest = -rest;
    }
    const seconds = Math.floor(rest / 1000);
    const fraction = rest - seconds * 1000;
    this.#integer(seconds);
    if (fraction === 0) return;
    const bytes = this.#bytes;
    bytes[this.#length++] = POINT;
    bytes[this.#length++] = ZERO + ((fraction / 100) | 0);
    bytes[this.#length++] = ZERO + (((fraction / 10) | 0) % 10);
    bytes[this.#length++] = ZERO + fraction % 10;
  }

  /** Cells whose bits are absent or stale are skipped. Returns how many were written. */
  points(
    prefixes: PointPrefixes,
    values: Float64Array,
    words: Uint32Array,
    from: number,
    to: number,
    firstHasComma: boolean,
  ): number {
    let written = 0;
    for (let i = from; i < to; i++) {
      const low = words[2 * i]!;
      const high = words[2 * i + 1]!;
      // absent and stale, as model/stale.ts has them; spelled out, since this is the innermost loop
      if ((high === 0x7ff80000 && low === 0x000ab5e7) || (high === 0x7ff00000 && low === 0x00000002)) {
        continue;
      }
      if (this.#length + NUMBER_BYTES_MAX > this.#bytes.length) this.#room(NUMBER_BYTES_MAX);
      const bytes = this.#bytes;
      const view = this.#view;
      let at = this.#length;
      const skipped = written === 0 && !firstHasComma ? 1 : 0;
      const slot = i * PREFIX_SLOT_BYTES + skipped;
      const length = prefixes.lengths[i]! - skipped;
      // As doubles: ASCII never makes a NaN, whose bits a number variable may lose.
      view.setFloat64(at, prefixes.view.getFloat64(slot));
      view.setFloat64(at + 8, prefixes.view.getFloat64(slot + 8));
      if (length > 16) view.setFloat64(at + 16, prefixes.view.getFloat64(slot + 16));
      if (length > 24) view.setFloat64(at + 24, prefixes.view.getFloat64(slot + 24));
      at += length;
      const value = values[i]!;
      const whole = value | 0;
      const shortest = whole === value ? -1 : writeShortest(bytes, view, at, value);
      if (shortest >= 0) at = shortest;
      else {
        this.#length = at;
        this.#number(value);
        at = this.#length;
      }
      bytes[at] = QUOTE;
      bytes[at + 1] = 0x5d;
      this.#length = at + 2;
      written++;
    }
    return written;
  }

  /** Needs room for NUMBER_BYTES_MAX. */
  #number(value: number): void {
    const whole = value | 0;
    if (whole === value && (value !== 0 || 1 / value > 0)) {
      if (whole < 0) this.#bytes[this.#length++] = MINUS;
      this.#integer(Math.abs(whole));
      return;
    }
    const end = writeShortest(this.#bytes, this.#view, this.#length, value);
    if (end >= 0) {
      this.#length = end;
      return;
    }
    const size = value < 0 ? -value : value;
    const text = size >= 1e-6 && size < 1e21 ? String(value) : formatSampleValue(value);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
    this.#length = at;
  }

  /** Not negative, exact. */
  #integer(value: number): void {
    const bytes = this.#bytes;
    let high = value;
    if (high < 10) {
      bytes[this.#length++] = ZERO + high;
      return;
    }
    let digits = 1;
    for (let bound = 10; bound <= value; bound *= 10) digits++;
    let at = this.#length + digits;
    this.#length = at;
    while (high > 0x7fffffff) {
      const next = Math.floor(high / 10);
      bytes[--at] = ZERO + (high - next * 10);
      high = next;
    }
    let low = high | 0;
    while (low >= 10) {
      const next = (low / 10) | 0;
      bytes[--at] = ZERO + (low - next * 10);
      low = next;
    }
    bytes[--at] = ZERO + low;
  }

  #room(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + count, this.#capacityBytes));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

// deno-lint-ignore no-control-regex -- control characters are what must be escaped
const NEEDS_ESCAPE = /["\\<>&\u0000-\u001f\u2028\u2029\ud800-\udfff]/;

/** As Go's encoding/json with its default HTML escaping; a lone surrogate becomes U+FFFD. */
export function quoteJson(text: string): string {
  if (!NEEDS_ESCAPE.test(text)) return `"${text}"`;
  // JSON.stringify escapes quote, backslash and control characters as Go does.
  return JSON.stringify(text.toWellFormed()).replace(/[<>&\u2028\u2029]/g, escapeUnit);
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
