/**
 * Text to tokens, as Go's text/template/parse: text outside `{{ }}`, and inside it words, numbers, strings and
 * marks. `{{- ` and ` -}}` take the white space beside them away. The first mistake is the last token.
 */
import { unicodeName } from "./quote.ts";
import { quoteGo } from "../model/labels.ts";

export type TokenKind =
  | "error"
  | "bool"
  | "char"
  | "charConstant"
  | "assign"
  | "declare"
  | "eof"
  | "field"
  | "identifier"
  | "leftDelim"
  | "leftParen"
  | "number"
  | "pipe"
  | "rawString"
  | "rightDelim"
  | "rightParen"
  | "space"
  | "string"
  | "text"
  | "variable"
  | "dot"
  | "nil"
  | Keyword;

export type Keyword =
  | "block"
  | "break"
  | "continue"
  | "define"
  | "else"
  | "end"
  | "if"
  | "range"
  | "template"
  | "with";

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  /** Index into the template's text. */
  readonly at: number;
}

const KEYWORDS: ReadonlySet<string> = new Set<Keyword>([
  "block",
  "break",
  "continue",
  "define",
  "else",
  "end",
  "if",
  "range",
  "template",
  "with",
]);
const SPACES = " \t\r\n";

export function tokenize(text: string): readonly Token[] {
  return new Lexer(text).run();
}

/** As Go prints a token in its errors. */
export function describeToken({ kind, text }: Token): string {
  if (kind === "eof") return "EOF";
  if (kind === "error") return text;
  if (KEYWORDS.has(kind) || kind === "dot" || kind === "nil") return `<${text}>`;
  return [...text].length > 10 ? `${quoteGo([...text].slice(0, 10).join(""))}...` : quoteGo(text);
}

class Lexer {
  readonly #text: string;
  readonly #tokens: Token[] = [];
  #at = 0;
  #parens = 0;
  #failed = false;

  constructor(text: string) {
    this.#text = text;
  }

  run(): readonly Token[] {
    while (!this.#failed && this.#textUntilAction()) {
      while (!this.#failed && this.#insideAction());
    }
    if (!this.#failed) this.#emit("eof", this.#text.length);
    return this.#tokens;
  }

  #emit(kind: TokenKind, end: number): void {
    this.#tokens.push({ kind, text: this.#text.slice(this.#at, end), at: this.#at });
    this.#at = end;
  }

  #fail(message: string, at = this.#at): boolean {
    this.#tokens.push({ kind: "error", text: message, at });
    this.#failed = true;
    return false;
  }

  /** True when an action begins at the cursor. */
  #textUntilAction(): boolean {
    const open = this.#text.indexOf("{{", this.#at);
    if (open < 0) {
      if (this.#at < this.#text.length) this.#emit("text", this.#text.length);
      return false;
    }
    const trims = this.#text[open + 2] === "-" && isSpace(this.#text[open + 3]);
    let end = open;
    if (trims) { while (end > this.#at && isSpace(this.#text[end - 1])) end--; }
    if (end > this.#at) this.#emit("text", end);
    this.#at = open;
    const inside = open + (trims ? 4 : 2);
    if (this.#text.startsWith("/*", inside)) return this.#comment(inside) && this.#textUntilAction();
    this.#emit("leftDelim", open + 2);
    this.#at = inside;
    this.#parens = 0;
    return true;
  }

  #comment(start: number): boolean {
    const close = this.#text.indexOf("*/", start + 2);
    if (close < 0) return this.#fail("unclosed comment");
    const after = close + 2;
    const trims = this.#trimsAt(after);
    if (!trims && !this.#text.startsWith("}}", after)) {
      return this.#fail("comment ends before closing delimiter");
    }
    this.#at = after + (trims ? 4 : 2);
    if (trims) this.#skipSpaces();
    return true;
  }

  #trimsAt(at: number): boolean {
    return isSpace(this.#text[at]) && this.#text.startsWith("-}}", at + 1);
  }

  #skipSpaces(): void {
    while (isSpace(this.#text[this.#at])) this.#at++;
  }

  /** One token; false at the end of the action. */
  #insideAction(): boolean {
    const trims = this.#trimsAt(this.#at);
    if (trims || this.#text.startsWith("}}", this.#at)) {
      if (this.#parens > 0) return this.#fail("unclosed left paren");
      if (trims) this.#at += 2;
      this.#emit("rightDelim", this.#at + 2);
      if (trims) this.#skipSpaces();
      return false;
    }
    const char = this.#text[this.#at];
    if (char === undefined) return this.#fail("unclosed action");
    if (isSpace(char)) return this.#spaces();
    const next = this.#text[this.#at + 1];
    if (char === "=") return this.#one("assign");
    if (char === ":") {
      if (next !== "=") return this.#fail("expected :=");
      this.#emit("declare", this.#at + 2);
      return true;
    }
    if (char === "|") return this.#one("pipe");
    if (char === '"' || char === "'" || char === "`") return this.#quoted(char);
    if (char === "$") return this.#named("variable");
    if (char === "." && next !== undefined && (next < "0" || next > "9")) return this.#named("field");
    if (char === "+" || char === "-" || char === "." || (char >= "0" && char <= "9")) return this.#number();
    if (isWord(char)) return this.#word();
    if (char === "(") {
      this.#parens++;
      return this.#one("leftParen");
    }
    if (char === ")") {
      if (--this.#parens < 0) return this.#fail("unexpected right paren");
      return this.#one("rightParen");
    }
    const whole = String.fromCodePoint(this.#text.codePointAt(this.#at)!);
    if (char > " " && char < "\x7f") return this.#one("char");
    return this.#fail(`unrecognized character in action: ${unicodeName(whole.codePointAt(0)!, true)}`);
  }

  #one(kind: TokenKind): boolean {
    this.#emit(kind, this.#at + 1);
    return true;
  }

  #spaces(): boolean {
    let end = this.#at;
    while (isSpace(this.#text[end]) && !this.#trimsAt(end)) end++;
    this.#emit("space", end);
    return true;
  }

  #quoted(quote: string): boolean {
    const name = quote === '"' ? "quoted string" : quote === "`" ? "raw quoted string" : "character constant";
    let end = this.#at + 1;
    for (;; end++) {
      const char = this.#text[end];
      if (char === undefined || (char === "\n" && quote !== "`")) return this.#fail(`unterminated ${name}`);
      if (char === quote) break;
      if (char === "\\" && quote !== "`") {
        const escaped = this.#text[end + 1];
        if (escaped !== undefined && escaped !== "\n") end++;
      }
    }
    this.#emit(quote === '"' ? "string" : quote === "`" ? "rawString" : "charConstant", end + 1);
    return true;
  }

  /** `.name` or `$name`; alone it is the dot, or the variable `$`. */
  #named(kind: "field" | "variable"): boolean {
    let end = this.#at + 1;
    if (!this.#endsWord(end)) {
      while (isWord(this.#text[end])) end++;
      if (!this.#endsWord(end)) return this.#badCharacter(end);
    } else if (kind === "field") return this.#one("dot");
    this.#emit(kind, end);
    return true;
  }

  #word(): boolean {
    let end = this.#at;
    while (isWord(this.#text[end])) end++;
    if (!this.#endsWord(end)) return this.#badCharacter(end);
    const word = this.#text.slice(this.#at, end);
    const kind = KEYWORDS.has(word)
      ? word as Keyword
      : word === "true" || word === "false"
      ? "bool"
      : word === "nil"
      ? "nil"
      : "identifier";
    this.#emit(kind, end);
    return true;
  }

  #badCharacter(at: number): boolean {
    return this.#fail(`bad character ${unicodeName(this.#text.codePointAt(at)!, true)}`);
  }

  #endsWord(at: number): boolean {
    const char = this.#text[at];
    return char === undefined || isSpace(char) || ".,|:)(".includes(char) || this.#text.startsWith("}}", at);
  }

  #number(): boolean {
    const found =
      /^[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?|0[oO][0-7_]*|0[bB][01_]*|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?/
        .exec(this.#text.slice(this.#at, this.#at + 400))![0];
    const end = this.#at + found.length;
    if (isWord(this.#text[end])) {
      return this.#fail(`bad number syntax: ${quoteGo(this.#text.slice(this.#at, end + 1))}`);
    }
    this.#emit("number", end);
    return true;
  }
}

function isSpace(char: string | undefined): boolean {
  return char !== undefined && SPACES.includes(char);
}

function isWord(char: string | undefined): boolean {
  return char !== undefined && /[\p{L}\p{Nd}_]/u.test(char);
}
