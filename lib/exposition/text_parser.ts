/**
 * The full parser of the Prometheus text format, record by record. Accepts and refuses what Prometheus's
 * PromParser does, in its words. One difference: blanks before a metric name are no part of the name.
 */
import type { MetricType } from "../model/metadata.ts";
import { readFloat } from "./float_bytes.ts";
import { quoteBytes } from "./quote.ts";
import {
  asciiOf,
  RECORD_BLANK,
  RECORD_COMMENT,
  RECORD_END,
  RECORD_HELP,
  RECORD_SAMPLE,
  RECORD_TYPE,
  RecordParser,
} from "./record.ts";
import { TextLexer } from "./text_lexer.ts";
import * as t from "./tokens.ts";

const TEXT_TYPES: ReadonlyMap<string, MetricType> = new Map<string, MetricType>([
  ["counter", "counter"],
  ["gauge", "gauge"],
  ["histogram", "histogram"],
  ["summary", "summary"],
  ["untyped", "unknown"],
]);

/** As strconv.ParseInt. */
const INT64_MAX = 2n ** 63n - 1n;

export class TextParser extends RecordParser {
  readonly format = "text";
  readonly endIsOptional = true;
  readonly #lexer = new TextLexer();

  override load(bytes: Uint8Array, end: number): void {
    super.load(bytes, end);
    this.#lexer.bytes = bytes;
    this.#lexer.end = end;
  }

  parse(at: number): number {
    const lexer = this.#lexer;
    lexer.at = at;
    lexer.state = t.STATE_INIT;
    this.recordStart = at;
    this.labelsCount = 0;
    this.nameStart = -1;
    const token = lexer.next();
    this.keyStart = lexer.start;
    switch (token) {
      case t.TOKEN_EOF:
        this.recordEnd = this.end;
        return RECORD_END;
      case t.TOKEN_LINEBREAK:
        this.recordEnd = lexer.at;
        return RECORD_BLANK;
      case t.TOKEN_HELP:
      case t.TOKEN_TYPE:
        return this.#metadata(token);
      case t.TOKEN_COMMENT:
        this.#linebreak("linebreak expected after comment");
        return RECORD_COMMENT;
      case t.TOKEN_BRACE_OPEN:
        this.#labels();
        this.keyEnd = lexer.at;
        return this.#suffix(lexer.next());
      case t.TOKEN_METRIC_NAME: {
        this.nameStart = lexer.start;
        this.nameEnd = lexer.at;
        this.keyEnd = lexer.at;
        let next = lexer.next();
        if (next === t.TOKEN_BRACE_OPEN) {
          this.#labels();
          this.keyEnd = lexer.at;
          next = lexer.next();
        }
        return this.#suffix(next);
      }
      default:
        return this.#unexpected("expected a valid start token", token);
    }
  }

  #unexpected(expected: string, token: number): never {
    return this.failToken(expected, token, this.#lexer.start, this.#lexer.at);
  }

  #linebreak(expected: string): void {
    const token = this.#lexer.next();
    if (token !== t.TOKEN_LINEBREAK) this.#unexpected(expected, token);
    this.recordEnd = this.#lexer.at;
  }

  #metadata(kind: number): number {
    const lexer = this.#lexer;
    const name = lexer.next();
    if (name !== t.TOKEN_METRIC_NAME) {
      this.#unexpected(`expected metric name after ${t.TOKEN_NAMES[kind]!}`, name);
    }
    const quoted = this.bytes[lexer.start] === 34;
    this.nameStart = quoted ? lexer.start + 1 : lexer.start;
    this.nameEnd = quoted ? lexer.at - 1 : lexer.at;
    const text = lexer.next();
    if (text !== t.TOKEN_TEXT) {
      this.fail(`expected text in ${t.TOKEN_NAMES[kind]!}, got ${t.TOKEN_NAMES[text]!}`);
    }
    this.textStart = Math.min(lexer.start + 1, lexer.at);
    this.textEnd = lexer.at;
    if (kind === t.TOKEN_TYPE) this.#type();
    else this.requireUtf8(this.textStart, this.textEnd, (it) => `help text ${it} is not a valid utf8 string`);
    this.#linebreak("linebreak expected after metadata");
    return kind === t.TOKEN_TYPE ? RECORD_TYPE : RECORD_HELP;
  }

  #type(): void {
    const type = TEXT_TYPES.get(asciiOf(this.bytes, this.textStart, this.textEnd));
    if (type === undefined) {
      this.fail(`invalid metric type ${quoteBytes(this.bytes, this.textStart, this.textEnd)}`);
    }
    this.type = type;
  }

  #labels(): void {
    const lexer = this.#lexer;
    let token = lexer.next();
    for (;;) {
      if (token === t.TOKEN_BRACE_CLOSE) return;
      const quoted = token === t.TOKEN_QUOTED;
      if (!quoted && token !== t.TOKEN_LABEL_NAME) this.#unexpected("expected label name", token);
      const start = quoted ? lexer.start + 1 : lexer.start;
      const end = quoted ? lexer.at - 1 : lexer.at;
      token = lexer.next();
      // A quoted string by itself is the metric name.
      if (quoted && (token === t.TOKEN_COMMA || token === t.TOKEN_BRACE_CLOSE)) {
        if (this.nameStart !== -1) {
          this.fail(`metric name already set while parsing: ${this.soFar(lexer.at)}`);
        }
        this.nameStart = start;
        this.nameEnd = end;
        if (token === t.TOKEN_BRACE_CLOSE) return;
        token = lexer.next();
        continue;
      }
      if (token !== t.TOKEN_EQUAL) this.#unexpected("expected equal", token);
      token = lexer.next();
      if (token !== t.TOKEN_LABEL_VALUE) this.#unexpected("expected label value", token);
      this.requireUtf8(lexer.start, lexer.at, (it) => `invalid UTF-8 label value: ${it}`);
      this.addLabel(start, end, lexer.start + 1, lexer.at - 1);
      token = lexer.next();
      if (token === t.TOKEN_COMMA) token = lexer.next();
    }
  }

  #suffix(token: number): number {
    const lexer = this.#lexer;
    if (this.nameStart === -1) this.fail(`metric name not set while parsing: ${this.soFar(lexer.at)}`);
    if (token !== t.TOKEN_VALUE) this.#unexpected("expected value after metric", token);
    this.valueAt = lexer.start;
    const fault = readFloat(this.bytes, lexer.start, lexer.at, this.value, 0);
    if (fault !== undefined) {
      this.fail(
        `${floatFault(this.bytes, lexer.start, lexer.at, fault)} while parsing: ${this.soFar(lexer.at)}`,
      );
    }
    this.hasTimestamp = false;
    const next = lexer.next();
    if (next === t.TOKEN_TIMESTAMP) {
      this.#timestamp();
      this.#linebreak("expected next entry after timestamp");
    } else if (next === t.TOKEN_LINEBREAK) {
      this.recordEnd = lexer.at;
    } else this.#unexpected("expected timestamp or new record", next);
    return RECORD_SAMPLE;
  }

  #timestamp(): void {
    const { start, at } = this.#lexer;
    let ms = 0;
    for (let i = start; i < at; i++) ms = ms * 10 + (this.bytes[i]! - 48);
    if (ms > Number.MAX_SAFE_INTEGER) {
      const digits = quoteBytes(this.bytes, start, at);
      if (at - start > 19 && ms > 1e19 || BigInt(digits.slice(1, -1)) > INT64_MAX) {
        this.fail(`strconv.ParseInt: parsing ${digits}: value out of range while parsing: ${this.soFar(at)}`);
      }
    }
    this.hasTimestamp = true;
    this.timestampMs = ms;
  }
}

/** As Go words it. */
export function floatFault(bytes: Uint8Array, start: number, end: number, fault: string): string {
  if (fault === "unsupported character in float") return fault;
  return `strconv.ParseFloat: parsing ${quoteBytes(bytes, start, end)}: ${fault}`;
}
