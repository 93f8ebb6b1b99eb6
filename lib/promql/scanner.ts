/**
 * Cuts a query into tokens, in the states of Prometheus's lexer: inside braces words are no keywords, inside
 * brackets only durations and their functions stand. A fault ends the scan with an error token that carries the
 * message; the grammar decides whether something before it was wrong already.
 */
import { quoteGo } from "../model/labels.ts";
import { scanDuration, scanNumber } from "./scan_number.ts";
import { scanQuoted } from "./scan_string.ts";
import { KIND, type Token, type TokenKind, WORDS } from "./tokens.ts";

const SPACE = /[ \t\n\r]*/y;
const COMMENT = /#[^\r\n]*/y;
const WORD = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL_WORD = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const DURATION_WORD = /[a-zA-Z_]+/y;
const FOLLOWED_BY_PAREN = /[ \t\n\r]*\(/y;

const DIGIT = /[0-9]/;
const ALPHA = /[a-zA-Z_]/;

/** Words that stand inside brackets. */
const DURATION_WORDS: readonly string[] = ["step", "range", "min_of", "max_of"];
/** Keywords only before a parenthesis, so that metrics of these names keep working. */
const FILL_WORDS: readonly string[] = ["fill", "fill_left", "fill_right"];

/** Longest first: the first that fits is the token. */
const SYMBOLS: readonly (readonly [text: string, kind: TokenKind])[] = [
  ["</", KIND.trimUpper],
  [">/", KIND.trimLower],
  ["<=", KIND.lessEqual],
  [">=", KIND.greaterEqual],
  ["==", KIND.equalEqual],
  ["!=", KIND.notEqual],
  ["<", KIND.less],
  [">", KIND.greater],
  ["=", KIND.equal],
  [",", KIND.comma],
  ["*", KIND.times],
  ["/", KIND.divide],
  ["%", KIND.modulo],
  ["+", KIND.plus],
  ["-", KIND.minus],
  ["^", KIND.power],
  ["@", KIND.at],
];

const BRACKET_SYMBOLS = ",*/%+-^";

/** Ends the scan: what is wrong, and from where on. */
class ScanFault {
  constructor(readonly message: string, readonly start: number) {}
}

/** The tokens of `query`; the last is `end` or `error`. At most `tokensMax` and that last one are given. */
export function scan(query: string, tokensMax: number): Token[] {
  return new Scanner(query, tokensMax).run();
}

class Scanner {
  readonly #query: string;
  readonly #tokensMax: number;
  readonly #tokens: Token[] = [];
  #at = 0;
  #parenDepth = 0;
  #inBraces = false;
  #inBrackets = false;
  #gotColon = false;
  #gotDuration = false;
  /** After the first number within brackets Prometheus's lexer is in its general state, with other messages. */
  #general = true;

  constructor(query: string, tokensMax: number) {
    this.#query = query;
    this.#tokensMax = tokensMax;
  }

  run(): Token[] {
    for (;;) {
      this.#skipBlank();
      if (this.#tokens.length >= this.#tokensMax) return this.#end(KIND.end, "");
      const fault = this.#next();
      if (fault === undefined) continue;
      if (fault === "end") return this.#end(KIND.end, "");
      this.#at = fault.start;
      return this.#end(KIND.error, fault.message);
    }
  }

  #end(kind: TokenKind, text: string): Token[] {
    this.#tokens.push({ kind, text, start: this.#at, end: this.#query.length });
    return this.#tokens;
  }

  #next(): ScanFault | "end" | undefined {
    if (this.#at >= this.#query.length) return this.#endOfInput();
    if (this.#inBraces) return this.#insideBraces();
    if (this.#inBrackets) return this.#insideBrackets();
    return this.#outside();
  }

  #skipBlank(): void {
    for (;;) {
      this.#at = matchEnd(SPACE, this.#query, this.#at) ?? this.#at;
      const end = matchEnd(COMMENT, this.#query, this.#at);
      if (end === undefined) return;
      this.#at = end;
    }
  }

  #endOfInput(): ScanFault | "end" {
    if (this.#inBraces) return this.#fault("unexpected end of input inside braces");
    if (!this.#general) return this.#fault("unexpected end of input in duration expression");
    if (this.#parenDepth !== 0) return this.#fault("unclosed left parenthesis");
    if (this.#inBrackets) return this.#fault("unclosed left bracket");
    return "end";
  }

  #outside(): ScanFault | undefined {
    const char = this.#query[this.#at]!;
    if (this.#startsNumber(char)) return this.#number();
    if (char === '"' || char === "'" || char === "`") return this.#string();
    if (ALPHA.test(char) || char === ":") return this.#word();
    switch (char) {
      case "(":
        this.#parenDepth++;
        return this.#emit(KIND.leftParen, this.#at + 1);
      case ")":
        return this.#closeParen();
      case "{":
        this.#inBraces = true;
        return this.#emit(KIND.leftBrace, this.#at + 1);
      case "[":
        this.#inBrackets = true;
        this.#gotColon = false;
        this.#general = false;
        return this.#emit(KIND.leftBracket, this.#at + 1);
      case "]":
        return this.#fault(`unexpected right bracket ${quoteRune(char)}`);
    }
    if (this.#query.startsWith("=~", this.#at)) return this.#fault("unexpected character after '=': '~'");
    if (char === "!" && this.#query[this.#at + 1] !== "=") {
      return this.#fault(`unexpected character after '!': ${this.#runeAt(this.#at + 1)}`);
    }
    for (const [text, kind] of SYMBOLS) {
      if (this.#query.startsWith(text, this.#at)) return this.#emit(kind, this.#at + text.length);
    }
    return this.#fault(`unexpected character: ${this.#runeAt(this.#at)}`);
  }

  #closeParen(): ScanFault | undefined {
    this.#parenDepth--;
    // As Prometheus: the place is the one behind the parenthesis.
    if (this.#parenDepth < 0) return new ScanFault("unexpected right parenthesis ')'", this.#at + 1);
    return this.#emit(KIND.rightParen, this.#at + 1);
  }

  #word(): undefined {
    const end = matchEnd(WORD, this.#query, this.#at)!;
    const text = this.#query.slice(this.#at, end);
    const lower = text.toLowerCase();
    const word = WORDS.get(lower);
    if (word !== undefined) {
      const usable = !FILL_WORDS.includes(lower) ||
        matchEnd(FOLLOWED_BY_PAREN, this.#query, end) !== undefined;
      this.#emit(usable ? word.kind : KIND.identifier, end);
    } else if (lower === "inf" || lower === "nan") {
      this.#emit(KIND.number, end);
    } else {
      this.#emit(text.includes(":") ? KIND.metricIdentifier : KIND.identifier, end);
    }
  }

  #startsNumber(char: string): boolean {
    return DIGIT.test(char) || (char === "." && DIGIT.test(this.#query[this.#at + 1] ?? ""));
  }

  #number(): ScanFault | undefined {
    const number = scanNumber(this.#query, this.#at);
    if (number.fits) return this.#emit(KIND.number, number.end);
    // As Prometheus: the duration goes on where the number broke off.
    const duration = scanDuration(this.#query, number.end);
    if (duration.fits) return this.#emit(KIND.duration, duration.end);
    const text = this.#query.slice(this.#at, duration.end);
    return this.#fault(`bad number or duration syntax: ${quoteGo(text)}`);
  }

  #string(): ScanFault | undefined {
    const { end, fault } = scanQuoted(this.#query, this.#at);
    return fault === undefined ? this.#emit(KIND.string, end) : this.#fault(fault);
  }

  #insideBraces(): ScanFault | undefined {
    const char = this.#query[this.#at]!;
    const next = this.#query[this.#at + 1];
    if (ALPHA.test(char)) return this.#emit(KIND.identifier, matchEnd(LABEL_WORD, this.#query, this.#at)!);
    if (char === '"' || char === "'" || char === "`") return this.#string();
    switch (char) {
      case ",":
        return this.#emit(KIND.comma, this.#at + 1);
      case "=":
        return next === "~"
          ? this.#emit(KIND.equalRegex, this.#at + 2)
          : this.#emit(KIND.equal, this.#at + 1);
      case "!":
        if (next === "~") return this.#emit(KIND.notEqualRegex, this.#at + 2);
        if (next === "=") return this.#emit(KIND.notEqual, this.#at + 2);
        return this.#fault(`unexpected character after '!' inside braces: ${this.#runeAt(this.#at + 1)}`);
      case "{":
        return this.#fault("unexpected left brace '{'");
      case "}":
        this.#inBraces = false;
        return this.#emit(KIND.rightBrace, this.#at + 1);
    }
    return this.#fault(`unexpected character inside braces: ${this.#runeAt(this.#at)}`);
  }

  #insideBrackets(): ScanFault | undefined {
    const char = this.#query[this.#at]!;
    if (this.#startsNumber(char)) {
      this.#gotDuration = true;
      this.#general = true;
      return this.#number();
    }
    if (BRACKET_SYMBOLS.includes(char)) return this.#emit(SYMBOL_KINDS.get(char)!, this.#at + 1);
    if (ALPHA.test(char)) return this.#durationWord(char);
    switch (char) {
      case "]":
        this.#inBrackets = false;
        this.#general = true;
        return this.#emit(KIND.rightBracket, this.#at + 1);
      case ":":
        return this.#colon();
      case "(":
        this.#parenDepth++;
        return this.#emit(KIND.leftParen, this.#at + 1);
      case ")":
        return this.#closeParen();
    }
    if (!this.#general) {
      return this.#fault(`unexpected character in duration expression: ${this.#runeAt(this.#at)}`);
    }
    return char === "[" ? this.#fault("unexpected left bracket '['") : this.#outside();
  }

  #durationWord(char: string): ScanFault | undefined {
    const end = matchEnd(DURATION_WORD, this.#query, this.#at)!;
    const lower = this.#query.slice(this.#at, end).toLowerCase();
    if (DURATION_WORDS.includes(lower)) {
      this.#gotDuration = true;
      return this.#emit(WORDS.get(lower)!.kind, end);
    }
    return this.#general
      ? this.#fault(`unexpected character: ${quoteRune(char)}, expected ':'`)
      : this.#fault(`unexpected character in duration expression: ${quoteRune(char)}`);
  }

  #colon(): ScanFault | undefined {
    if (this.#gotColon && this.#general) return this.#fault("unexpected colon ':'");
    // As Prometheus: the place of these two is the one behind the colon.
    if (!this.#gotDuration) {
      return new ScanFault("unexpected colon before duration in duration expression", this.#at + 1);
    }
    if (this.#gotColon) {
      return new ScanFault("unexpected repeated colon in duration expression", this.#at + 1);
    }
    this.#gotColon = true;
    return this.#emit(KIND.colon, this.#at + 1);
  }

  #emit(kind: TokenKind, end: number): undefined {
    this.#tokens.push({ kind, text: this.#query.slice(this.#at, end), start: this.#at, end });
    this.#at = end;
  }

  #fault(message: string): ScanFault {
    return new ScanFault(message, this.#at);
  }

  #runeAt(at: number): string {
    const point = this.#query.codePointAt(at);
    // As Go prints its end-of-input rune.
    return point === undefined ? "'�'" : quoteRune(String.fromCodePoint(point));
  }
}

const SYMBOL_KINDS: ReadonlyMap<string, TokenKind> = new Map(SYMBOLS);

function matchEnd(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

/** As Go's %q of a rune. */
function quoteRune(rune: string): string {
  if (rune === "'") return "'\\''";
  if (rune === '"') return "'\"'";
  return `'${quoteGo(rune).slice(1, -1)}'`;
}
