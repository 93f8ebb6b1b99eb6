/**
 * The lexer of the Prometheus text format 0.0.4 and 1.0.0: one token a call, states as Prometheus's promlex.l,
 * so that odd spacing, stray bytes and unfinished quotes are accepted and refused exactly as there. Blanks between tokens
 * are skipped here. Positions are byte offsets into the body; nothing is allocated.
 */
import * as t from "./tokens.ts";

const NEWLINE = 10;
const QUOTE = 34;
const BACKSLASH = 92;

/** End of the quoted string that opens at `at`, behind its closing quote; −1 − stop where it does not end. */
export function quotedEnd(bytes: Uint8Array, at: number, end: number, stopAtNewline: boolean): number {
  let i = at + 1;
  while (i < end) {
    const byte = bytes[i]!;
    if (byte === QUOTE) return i + 1;
    if (byte === NEWLINE && stopAtNewline) return -1 - i;
    if (byte === BACKSLASH) {
      // A backslash escapes any byte but a line feed.
      if (i + 1 >= end || bytes[i + 1] === NEWLINE) return -1 - Math.min(end, i + 1);
      i++;
    }
    i++;
  }
  return -1 - end;
}

/** Whether `word` stands at `at`. */
export function hasWord(bytes: Uint8Array, at: number, end: number, word: string): boolean {
  if (at + word.length > end) return false;
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word.charCodeAt(i)) return false;
  return true;
}

export class TextLexer {
  bytes: Uint8Array = new Uint8Array(0);
  end = 0;
  /** Where the current token starts, and where the next one will. */
  start = 0;
  at = 0;
  state: number = t.STATE_INIT;

  next(): number {
    const { bytes, end } = this;
    let at = this.at;
    if (this.state !== t.STATE_META_TEXT) {
      while (at < end && (bytes[at] === 32 || bytes[at] === 9)) at++;
    }
    this.start = at;
    this.at = at;
    if (at >= end) return t.TOKEN_EOF;
    const byte = bytes[at]!;
    switch (this.state) {
      case t.STATE_INIT:
        return this.#init(byte);
      case t.STATE_META_NAME:
        return this.#metaName(byte);
      case t.STATE_META_TEXT: {
        const newline = bytes.indexOf(NEWLINE, at);
        this.at = newline === -1 || newline > end ? end : newline;
        this.state = t.STATE_INIT;
        return t.TOKEN_TEXT;
      }
      case t.STATE_LABELS:
        return this.#labels(byte);
      case t.STATE_LABEL_VALUE:
        return byte === QUOTE ? this.#quoted(t.TOKEN_LABEL_VALUE) : t.TOKEN_INVALID;
      case t.STATE_VALUE:
        return this.#value(byte);
      default:
        return this.#timestamp(byte);
    }
  }

  #init(byte: number): number {
    const { bytes, end } = this;
    if (byte === NEWLINE) {
      this.at++;
      return t.TOKEN_LINEBREAK;
    }
    // As Prometheus: a NUL where a line could start ends the input.
    if (byte === 0) return t.TOKEN_EOF;
    if (byte === 35) return this.#comment();
    if (byte === 123) {
      this.at++;
      this.state = t.STATE_LABELS;
      return t.TOKEN_BRACE_OPEN;
    }
    if ((t.BYTE_CLASS[byte]! & t.METRIC_START) === 0) return t.TOKEN_INVALID;
    let at = this.at + 1;
    while (at < end && (t.BYTE_CLASS[bytes[at]!]! & t.METRIC_PART) !== 0) at++;
    this.at = at;
    this.state = t.STATE_VALUE;
    return t.TOKEN_METRIC_NAME;
  }

  #comment(): number {
    const { bytes, end } = this;
    let at = this.at + 1;
    const blankAt = at;
    while (at < end && (bytes[at] === 32 || bytes[at] === 9)) at++;
    if (at > blankAt) {
      const isHelp = hasWord(bytes, at, end, "HELP");
      if (isHelp || hasWord(bytes, at, end, "TYPE")) {
        const behind = bytes[at + 4];
        if (at + 4 < end && (behind === 32 || behind === 9)) {
          at += 4;
          while (at < end && (bytes[at] === 32 || bytes[at] === 9)) at++;
          this.at = at;
          this.state = t.STATE_META_NAME;
          return isHelp ? t.TOKEN_HELP : t.TOKEN_TYPE;
        }
      }
    }
    const newline = bytes.indexOf(NEWLINE, at);
    this.at = newline === -1 || newline > end ? end : newline;
    return t.TOKEN_COMMENT;
  }

  #metaName(byte: number): number {
    const { bytes, end } = this;
    if (byte === QUOTE) {
      const stop = quotedEnd(bytes, this.at, end, false);
      if (stop < 0) {
        this.at = -1 - stop;
        return t.TOKEN_INVALID;
      }
      this.at = stop;
    } else {
      if ((t.BYTE_CLASS[byte]! & t.METRIC_START) === 0) return t.TOKEN_INVALID;
      let at = this.at + 1;
      while (at < end && (t.BYTE_CLASS[bytes[at]!]! & t.METRIC_PART) !== 0) at++;
      this.at = at;
    }
    this.state = t.STATE_META_TEXT;
    return t.TOKEN_METRIC_NAME;
  }

  #labels(byte: number): number {
    const { bytes, end } = this;
    if (byte === 125) {
      this.at++;
      this.state = t.STATE_VALUE;
      return t.TOKEN_BRACE_CLOSE;
    }
    if (byte === 61) {
      this.at++;
      this.state = t.STATE_LABEL_VALUE;
      return t.TOKEN_EQUAL;
    }
    if (byte === 44) {
      this.at++;
      return t.TOKEN_COMMA;
    }
    if (byte === QUOTE) return this.#quoted(t.TOKEN_QUOTED);
    if ((t.BYTE_CLASS[byte]! & t.LABEL_START) === 0) return t.TOKEN_INVALID;
    let at = this.at + 1;
    while (at < end && (t.BYTE_CLASS[bytes[at]!]! & t.LABEL_PART) !== 0) at++;
    this.at = at;
    return t.TOKEN_LABEL_NAME;
  }

  #quoted(token: number): number {
    const stop = quotedEnd(this.bytes, this.at, this.end, false);
    if (stop < 0) {
      this.at = -1 - stop;
      return t.TOKEN_INVALID;
    }
    this.at = stop;
    this.state = t.STATE_LABELS;
    return token;
  }

  #value(byte: number): number {
    const { bytes, end } = this;
    if (byte === 123) {
      this.at++;
      this.state = t.STATE_LABELS;
      return t.TOKEN_BRACE_OPEN;
    }
    if (byte === NEWLINE) return t.TOKEN_INVALID;
    let at = this.at;
    while (at < end) {
      const each = bytes[at]!;
      if (each === 123 || each === 32 || each === 9 || each === NEWLINE) break;
      at++;
    }
    this.at = at;
    this.state = t.STATE_TIMESTAMP;
    return t.TOKEN_VALUE;
  }

  #timestamp(byte: number): number {
    const { bytes, end } = this;
    if (byte === NEWLINE) {
      this.at++;
      this.state = t.STATE_INIT;
      return t.TOKEN_LINEBREAK;
    }
    let at = this.at;
    while (at < end && bytes[at]! >= 48 && bytes[at]! <= 57) at++;
    if (at === this.at) return t.TOKEN_INVALID;
    this.at = at;
    return t.TOKEN_TIMESTAMP;
  }
}
