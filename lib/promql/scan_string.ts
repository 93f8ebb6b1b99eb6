/**
 * Quoted strings: where one ends, what is wrong with it, and what it means. Escapes are Go's, in double and in
 * single quotes; backquotes take everything as it stands.
 */

export interface QuotedExtent {
  readonly end: number;
  readonly fault: string | undefined;
}

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
};

const CODE_POINT_MAX = 0x10ffff;

/** How many digits follow `\0`, `\x`, `\u`, `\U`, their base, and the highest value. */
function numericEscape(char: string): readonly [digits: number, base: number, valueMax: number] | undefined {
  if (char >= "0" && char <= "7") return [3, 8, 255];
  if (char === "x") return [2, 16, 255];
  if (char === "u") return [4, 16, CODE_POINT_MAX];
  return char === "U" ? [8, 16, CODE_POINT_MAX] : undefined;
}

/** The string whose opening quote stands at `start`. */
export function scanQuoted(text: string, start: number): QuotedExtent {
  const quote = text[start]!;
  if (quote === "`") {
    const close = text.indexOf("`", start + 1);
    return close < 0
      ? { end: text.length, fault: "unterminated raw string" }
      : { end: close + 1, fault: undefined };
  }
  let at = start + 1;
  for (;;) {
    const char = text[at];
    if (char === undefined || char === "\n") return { end: at, fault: "unterminated quoted string" };
    at++;
    if (char === quote) return { end: at, fault: undefined };
    if (char === "\ufffd") return { end: at, fault: "invalid UTF-8 rune" };
    if (char !== "\\") continue;
    const escape = scanEscape(text, at, quote);
    if (escape.fault !== undefined) return escape;
    at = escape.end;
  }
}

function scanEscape(text: string, start: number, quote: string): QuotedExtent {
  const char = text[start];
  if (char === undefined) return { end: start, fault: "escape sequence not terminated" };
  if (char === quote || Object.hasOwn(SIMPLE_ESCAPES, char)) return { end: start + 1, fault: undefined };
  const numeric = numericEscape(char);
  if (numeric === undefined) {
    return { end: start, fault: `unknown escape sequence ${unicodeNotation(text, start)}` };
  }
  const [digits, base, valueMax] = numeric;
  const from = base === 8 ? start : start + 1;
  let value = 0;
  for (let at = from; at < from + digits; at++) {
    if (at >= text.length) return { end: at, fault: "escape sequence not terminated" };
    const digit = digitOf(text.charCodeAt(at));
    if (digit >= base) {
      return { end: at, fault: `illegal character ${unicodeNotation(text, at)} in escape sequence` };
    }
    value = value * base + digit;
  }
  const bad = value > valueMax || (value >= 0xd800 && value < 0xe000);
  return { end: from + digits, fault: bad ? "escape sequence is an invalid Unicode code point" : undefined };
}

/** 16 for what is no digit in any base. */
function digitOf(unit: number): number {
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30;
  const lower = unit | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : 16;
}

/** As Go's %#U: `U+0071 'q'`. */
function unicodeNotation(text: string, at: number): string {
  const point = text.codePointAt(at)!;
  const code = `U+${point.toString(16).toUpperCase().padStart(4, "0")}`;
  return /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(String.fromCodePoint(point))
    ? `${code} '${String.fromCodePoint(point)}'`
    : code;
}

/**
 * What a quoted string that `scanQuoted` passed means. Bytes that are no UTF-8 (`\xff`) become lone surrogates
 * U+DC80–U+DCFF, so that `isWellFormed()` tells and printing gives them back.
 */
export function unquote(text: string): string {
  const inner = text.slice(1, -1);
  if (text[0] === "`" || !inner.includes("\\")) return inner;
  const bytes = new ByteText();
  for (let at = 0; at < inner.length;) {
    if (inner[at] !== "\\") {
      const next = inner.indexOf("\\", at);
      const end = next < 0 ? inner.length : next;
      bytes.addText(inner.slice(at, end));
      at = end;
      continue;
    }
    const escape = inner[at + 1]!;
    const numeric = numericEscape(escape);
    if (numeric === undefined) {
      bytes.addText(SIMPLE_ESCAPES[escape] ?? escape);
      at += 2;
      continue;
    }
    const [digits, base, valueMax] = numeric;
    const from = base === 8 ? at + 1 : at + 2;
    const value = parseInt(inner.slice(from, from + digits), base);
    // Go's `\x` and octal escapes are bytes, `\u` and `\U` code points.
    if (valueMax === 255) bytes.addByte(value);
    else bytes.addText(String.fromCodePoint(value));
    at = from + digits;
  }
  return bytes.text();
}

/** First of the lone surrogates that stand for the bytes 0x80 and up. */
const BYTE_SURROGATE_BASE = 0xdc00;

/** Text with bytes between that may or may not add up to UTF-8. */
class ByteText {
  #text = "";
  readonly #bytes: number[] = [];

  addText(text: string): void {
    this.#flush();
    this.#text += text;
  }

  addByte(byte: number): void {
    this.#bytes.push(byte);
  }

  text(): string {
    this.#flush();
    return this.#text;
  }

  #flush(): void {
    const bytes = this.#bytes;
    for (let at = 0; at < bytes.length;) {
      const length = sequenceLength(bytes, at);
      if (length > 0) this.#text += String.fromCodePoint(codePointOf(bytes, at, length));
      else this.#text += String.fromCharCode(BYTE_SURROGATE_BASE + bytes[at]!);
      at += Math.max(length, 1);
    }
    bytes.length = 0;
  }
}

/** Smallest code point of a sequence of so many bytes. */
const SEQUENCE_MIN: readonly number[] = [0, 0, 0x80, 0x800, 0x10000];

/** Bytes of the valid UTF-8 sequence at `at`; 0 when there is none. */
function sequenceLength(bytes: readonly number[], at: number): number {
  const lead = bytes[at]!;
  if (lead < 0x80) return 1;
  const length = lead >= 0xf8 || lead < 0xc0 ? 0 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (length === 0 || at + length > bytes.length) return 0;
  for (let i = 1; i < length; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return 0;
  const point = codePointOf(bytes, at, length);
  const surrogate = point >= 0xd800 && point < 0xe000;
  return point < SEQUENCE_MIN[length]! || point > CODE_POINT_MAX || surrogate ? 0 : length;
}

function codePointOf(bytes: readonly number[], at: number, length: number): number {
  const lead = bytes[at]!;
  let point = length === 1 ? lead : lead & (0x7f >> length);
  for (let i = 1; i < length; i++) point = (point << 6) | (bytes[at + i]! & 0x3f);
  return point;
}
