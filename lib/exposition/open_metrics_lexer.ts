/**
 * The lexer of OpenMetrics 0.0.1 and 1.0: single spaces belong to the tokens, as in Prometheus's
 * openmetricslex.l, so that a second blank is refused just as there. Nothing is allocated.
 */
import { hasWord, quotedEnd } from "./text_lexer.ts";
import * as t from "./tokens.ts";

const NEWLINE = 10;
const SPACE = 32;
const QUOTE = 34;

export class OpenMetricsLexer {
  bytes: Uint8Array = new Uint8Array(0);
  end = 0;
  start = 0;
  at = 0;
  state: number = t.STATE_INIT;

  next(): number {
    const { bytes, end, at } = this;
    this.start = at;
    if (at >= end) return t.TOKEN_EOF;
    const byte = bytes[at]!;
    switch (this.state) {
      case t.STATE_INIT:
        return this.#init(byte);
      case t.STATE_META_NAME:
        return this.#metaName(byte);
      case t.STATE_META_TEXT:
        return this.#metaText(byte);
      case t.STATE_LABELS:
        return this.#labels(byte, t.STATE_LABELS, t.STATE_VALUE, t.STATE_LABEL_VALUE);
      case t.STATE_LABEL_VALUE:
        return byte === QUOTE ? this.#quoted(t.TOKEN_LABEL_VALUE, t.STATE_LABELS, true) : t.TOKEN_INVALID;
      case t.STATE_VALUE:
        return this.#value(byte);
      case t.STATE_TIMESTAMP:
        return this.#timestamp(byte);
      case t.STATE_EXEMPLAR:
        return this.#labels(byte, t.STATE_EXEMPLAR, t.STATE_EXEMPLAR_VALUE, t.STATE_EXEMPLAR_VALUE);
      case t.STATE_EXEMPLAR_VALUE:
        if (byte === QUOTE) return this.#quoted(t.TOKEN_LABEL_VALUE, t.STATE_EXEMPLAR, true);
        return this.#spaced(byte, t.TOKEN_VALUE, t.STATE_EXEMPLAR_TIMESTAMP);
      default:
        if (byte === NEWLINE) return this.#linebreak();
        return this.#spaced(byte, t.TOKEN_TIMESTAMP, t.STATE_EXEMPLAR_TIMESTAMP);
    }
  }

  #linebreak(): number {
    this.at++;
    this.state = t.STATE_INIT;
    return t.TOKEN_LINEBREAK;
  }

  #init(byte: number): number {
    const { bytes, end } = this;
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
    const at = this.at + 2;
    if (bytes[at - 1] !== SPACE || at > end) return t.TOKEN_INVALID;
    if (hasWord(bytes, at, end, "EOF")) {
      this.at = at + 3;
      if (this.at < end && bytes[this.at] === NEWLINE) this.at++;
      return t.TOKEN_EOF_WORD;
    }
    let token = t.TOKEN_INVALID;
    if (hasWord(bytes, at, end, "HELP ")) token = t.TOKEN_HELP;
    else if (hasWord(bytes, at, end, "TYPE ")) token = t.TOKEN_TYPE;
    else if (hasWord(bytes, at, end, "UNIT ")) token = t.TOKEN_UNIT;
    if (token === t.TOKEN_INVALID) {
      this.at = at;
      return token;
    }
    this.at = at + 5;
    this.state = t.STATE_META_NAME;
    return token;
  }

  #metaName(byte: number): number {
    const { bytes, end } = this;
    if (byte === QUOTE) return this.#quoted(t.TOKEN_METRIC_NAME, t.STATE_META_TEXT, false);
    if ((t.BYTE_CLASS[byte]! & t.METRIC_START) === 0) return t.TOKEN_INVALID;
    let at = this.at + 1;
    while (at < end && (t.BYTE_CLASS[bytes[at]!]! & t.METRIC_PART) !== 0) at++;
    this.at = at;
    this.state = t.STATE_META_TEXT;
    return t.TOKEN_METRIC_NAME;
  }

  /** The text runs to the end of its line, the line feed included: a line without one is refused. */
  #metaText(byte: number): number {
    const { bytes, end } = this;
    if (byte !== SPACE) return t.TOKEN_INVALID;
    const newline = bytes.indexOf(NEWLINE, this.at);
    if (newline === -1 || newline >= end) {
      this.at = end;
      return t.TOKEN_INVALID;
    }
    this.at = newline + 1;
    this.state = t.STATE_INIT;
    return t.TOKEN_TEXT;
  }

  #labels(byte: number, own: number, afterClose: number, afterEqual: number): number {
    const { bytes, end } = this;
    if (byte === 125) {
      this.at++;
      this.state = afterClose;
      return t.TOKEN_BRACE_CLOSE;
    }
    if (byte === 61) {
      this.at++;
      this.state = afterEqual;
      return t.TOKEN_EQUAL;
    }
    if (byte === 44) {
      this.at++;
      return t.TOKEN_COMMA;
    }
    if (byte === QUOTE) return this.#quoted(t.TOKEN_QUOTED, own, own === t.STATE_EXEMPLAR);
    if ((t.BYTE_CLASS[byte]! & t.LABEL_START) === 0) return t.TOKEN_INVALID;
    let at = this.at + 1;
    while (at < end && (t.BYTE_CLASS[bytes[at]!]! & t.LABEL_PART) !== 0) at++;
    this.at = at;
    return t.TOKEN_LABEL_NAME;
  }

  #quoted(token: number, next: number, stopAtNewline: boolean): number {
    const stop = quotedEnd(this.bytes, this.at, this.end, stopAtNewline);
    if (stop < 0) {
      this.at = -1 - stop;
      return t.TOKEN_INVALID;
    }
    this.at = stop;
    this.state = next;
    return token;
  }

  #value(byte: number): number {
    if (byte === 123) {
      this.at++;
      this.state = t.STATE_LABELS;
      return t.TOKEN_BRACE_OPEN;
    }
    return this.#spaced(byte, t.TOKEN_VALUE, t.STATE_TIMESTAMP);
  }

  #timestamp(byte: number): number {
    const { bytes, end, at } = this;
    if (byte === NEWLINE) return this.#linebreak();
    if (hasWord(bytes, at, end, " # {")) {
      this.at = at + 4;
      this.state = t.STATE_EXEMPLAR;
      return t.TOKEN_COMMENT;
    }
    return this.#spaced(byte, t.TOKEN_TIMESTAMP, t.STATE_TIMESTAMP);
  }

  /** A space and at least one byte that is neither space nor line feed. */
  #spaced(byte: number, token: number, next: number): number {
    const { bytes, end } = this;
    if (byte !== SPACE) return t.TOKEN_INVALID;
    let at = this.at + 1;
    while (at < end && bytes[at] !== SPACE && bytes[at] !== NEWLINE) at++;
    const found = at > this.at + 1;
    this.at = at;
    if (!found) return t.TOKEN_INVALID;
    this.state = next;
    return token;
  }
}
