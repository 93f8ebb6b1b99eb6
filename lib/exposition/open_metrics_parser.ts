/**
 * The full parser of OpenMetrics 0.0.1 and 1.0, record by record: `# EOF` is required and ends the body, spaces
 * are single, timestamps are float seconds. As Prometheus's
 * OpenMetricsParser, in its words.
 */
import { readFloat } from "./float_bytes.ts";
import { OpenMetricsLexer } from "./open_metrics_lexer.ts";
import { quoteBytes } from "./quote.ts";
import {
  asciiOf,
  METRIC_TYPES,
  RECORD_END,
  RECORD_HELP,
  RECORD_SAMPLE,
  RECORD_TYPE,
  RECORD_UNIT,
  RecordParser,
} from "./record.ts";
import { floatFault } from "./text_parser.ts";
import * as t from "./tokens.ts";

/** Of as many labels as a series may have: storage keeps none of more than 128 characters anyway. */
const EXEMPLAR_OFFSETS_MAX = 4 * 4096;

const NO_END = "data does not end with # EOF";

export class OpenMetricsParser extends RecordParser {
  readonly format = "openmetrics";
  readonly endIsOptional = false;
  readonly #lexer = new OpenMetricsLexer();
  readonly #scratch = new Float64Array(1);

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
      case t.TOKEN_EOF_WORD:
        if (lexer.at < this.end) this.fail("unexpected data after # EOF");
        this.recordEnd = this.end;
        return RECORD_END;
      case t.TOKEN_EOF:
        return this.fail(NO_END);
      case t.TOKEN_HELP:
      case t.TOKEN_TYPE:
      case t.TOKEN_UNIT:
        return this.#metadata(token);
      case t.TOKEN_BRACE_OPEN:
        this.#labels(false);
        this.keyEnd = lexer.at;
        return this.#suffix(lexer.next());
      case t.TOKEN_METRIC_NAME: {
        this.nameStart = lexer.start;
        this.nameEnd = lexer.at;
        this.keyEnd = lexer.at;
        let next = lexer.next();
        if (next === t.TOKEN_BRACE_OPEN) {
          this.#labels(false);
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

  #metadata(kind: number): number {
    const lexer = this.#lexer;
    const name = lexer.next();
    if (name !== t.TOKEN_METRIC_NAME) {
      this.#unexpected(`expected metric name after ${t.TOKEN_NAMES[kind]!}`, name);
    }
    const quoted = this.bytes[lexer.start] === 34;
    this.nameStart = quoted ? lexer.start + 1 : lexer.start;
    this.nameEnd = quoted ? lexer.at - 1 : lexer.at;
    if (lexer.next() !== t.TOKEN_TEXT) this.fail(`expected text in ${t.TOKEN_NAMES[kind]!}`);
    this.textStart = lexer.start + 1;
    this.textEnd = lexer.at - 1;
    this.recordEnd = lexer.at;
    if (kind === t.TOKEN_HELP) {
      this.requireUtf8(this.textStart, this.textEnd, (it) => `help text ${it} is not a valid utf8 string`);
      return RECORD_HELP;
    }
    if (kind === t.TOKEN_TYPE) {
      this.#type();
      return RECORD_TYPE;
    }
    this.#unit();
    return RECORD_UNIT;
  }

  #type(): void {
    const type = METRIC_TYPES.get(asciiOf(this.bytes, this.textStart, this.textEnd));
    if (type === undefined) {
      this.fail(`invalid metric type ${quoteBytes(this.bytes, this.textStart, this.textEnd)}`);
    }
    this.type = type;
  }

  #unit(): void {
    const { bytes, nameStart, nameEnd, textStart, textEnd } = this;
    const size = textEnd - textStart;
    if (size === 0) return;
    let isSuffix = nameEnd - nameStart > size && bytes[nameEnd - size - 1] === 95;
    for (let i = 0; isSuffix && i < size; i++) isSuffix = bytes[nameEnd - size + i] === bytes[textStart + i];
    if (!isSuffix) {
      this.fail(
        `unit ${quoteBytes(bytes, textStart, textEnd)} not a suffix of metric ${
          quoteBytes(bytes, nameStart, nameEnd)
        }`,
      );
    }
  }

  #labels(isExemplar: boolean): void {
    const lexer = this.#lexer;
    let token = lexer.next();
    for (;;) {
      if (token === t.TOKEN_BRACE_CLOSE) return;
      const quoted = token === t.TOKEN_QUOTED;
      if (!quoted && token !== t.TOKEN_LABEL_NAME) this.#unexpected("expected label name", token);
      const start = quoted ? lexer.start + 1 : lexer.start;
      const end = quoted ? lexer.at - 1 : lexer.at;
      token = lexer.next();
      if (quoted && (token === t.TOKEN_COMMA || token === t.TOKEN_BRACE_CLOSE)) {
        if (isExemplar) this.#unexpected("expected label name", token);
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
      if (!isExemplar) this.addLabel(start, end, lexer.start + 1, lexer.at - 1);
      else if (this.exemplarOffsets.length >= EXEMPLAR_OFFSETS_MAX) {
        this.fail("too many labels of an exemplar");
      } else this.exemplarOffsets.push(start, end, lexer.start + 1, lexer.at - 1);
      token = lexer.next();
      if (token === t.TOKEN_COMMA) token = lexer.next();
      else if (token !== t.TOKEN_BRACE_CLOSE) this.#unexpected("expected comma or brace close", token);
    }
  }

  #suffix(token: number): number {
    const lexer = this.#lexer;
    if (this.nameStart === -1) this.fail(`metric name not set while parsing: ${this.soFar(lexer.at)}`);
    this.#float(token, "metric", this.value);
    this.valueAt = lexer.start + 1;
    this.hasTimestamp = false;
    this.hasExemplar = false;
    let next = lexer.next();
    if (next === t.TOKEN_TIMESTAMP) {
      this.timestampMs = this.#timestamp("timestamp");
      this.hasTimestamp = true;
      next = lexer.next();
      if (next !== t.TOKEN_LINEBREAK && next !== t.TOKEN_COMMENT) {
        this.#unexpected("expected next entry after timestamp", next);
      }
    }
    if (next === t.TOKEN_COMMENT) this.#exemplar();
    else if (next === t.TOKEN_EOF) this.fail(NO_END);
    else if (next !== t.TOKEN_LINEBREAK) this.#unexpected("expected timestamp or # symbol", next);
    this.recordEnd = lexer.at;
    return RECORD_SAMPLE;
  }

  #exemplar(): void {
    const lexer = this.#lexer;
    this.hasExemplar = true;
    this.exemplarMs = NaN;
    this.exemplarOffsets.length = 0;
    this.#labels(true);
    this.#float(lexer.next(), "exemplar labels", this.exemplarValue);
    const next = lexer.next();
    if (next === t.TOKEN_EOF) this.fail(NO_END);
    if (next === t.TOKEN_TIMESTAMP) {
      this.exemplarMs = this.#timestamp("exemplar timestamp");
      const last = lexer.next();
      if (last !== t.TOKEN_LINEBREAK) this.#unexpected("expected next entry after exemplar timestamp", last);
    } else if (next !== t.TOKEN_LINEBREAK) this.#unexpected("expected timestamp or comment", next);
  }

  /** The token starts with its space. */
  #float(token: number, after: string, out: Float64Array): void {
    const lexer = this.#lexer;
    if (token !== t.TOKEN_VALUE) this.#unexpected(`expected value after ${after}`, token);
    const fault = readFloat(this.bytes, lexer.start + 1, lexer.at, out, 0);
    if (fault !== undefined) {
      this.fail(
        `${floatFault(this.bytes, lexer.start + 1, lexer.at, fault)} while parsing: ${this.soFar(lexer.at)}`,
      );
    }
  }

  #timestamp(what: string): number {
    this.#float(t.TOKEN_VALUE, what, this.#scratch);
    const seconds = this.#scratch[0]!;
    if (!Number.isFinite(seconds)) {
      this.fail(`invalid ${what} ${Number.isNaN(seconds) ? "NaN" : seconds > 0 ? "+Inf" : "-Inf"}`);
    }
    // As Prometheus: cut towards zero, not rounded.
    return Math.trunc(seconds * 1000);
  }
}
