/**
 * Parses the part of RE2's syntax that ast.ts names. Answers undefined for anything else, mistakes included: the
 * full engine decides about those. `^` and `$` are taken at the ends of the top level only, where they say nothing
 * since the whole text must match anyway.
 */
import {
  ANY_CHAR,
  type CharRanges,
  complement,
  normalRanges,
  type ParsedRegex,
  type RegexNode,
} from "./ast.ts";

/** Longer patterns go to the full engine; no query is longer. */
const PATTERN_LENGTH_MAX = 131_072;
/** This parser and whoever walks its tree recurse. */
const GROUPS_DEPTH_MAX = 50;
/** RE2 allows 1,000; counted repetition beyond this is not worth a fast path. */
const REPEAT_MAX = 100;
/** As RE2: so often may counted repetitions in one another repeat, all together. */
const REPEAT_PRODUCT_MAX = 1_000;

const SPECIAL: ReadonlySet<string> = new Set("|()[].\\^$*+?{");
const REPEATS: ReadonlySet<string> = new Set("*+?{");

const DIGIT: CharRanges = [[0x30, 0x39]];
const WORD: CharRanges = [[0x30, 0x39], [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]];
const SPACE: CharRanges = [[0x09, 0x0a], [0x0c, 0x0d], [0x20, 0x20]];
const CLASSES: ReadonlyMap<string, CharRanges> = new Map([
  ["d", DIGIT],
  ["w", WORD],
  ["s", SPACE],
  ["D", complement(DIGIT)],
  ["W", complement(WORD)],
  ["S", complement(SPACE)],
]);
const CONTROLS: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["t", "\t"],
  ["r", "\r"],
  ["f", "\f"],
  ["v", "\v"],
  ["a", "\x07"],
]);

export function parseRegex(pattern: string): ParsedRegex | undefined {
  if (pattern.length > PATTERN_LENGTH_MAX || !pattern.isWellFormed()) return undefined;
  const foldsCase = pattern.startsWith("(?i)");
  const node = new Parser(foldsCase ? pattern.slice(4) : pattern).parse();
  // RE2 has its own words for repetitions that are too many.
  if (node === undefined || repeatProduct(node) > REPEAT_PRODUCT_MAX) return undefined;
  return { node, foldsCase };
}

function repeatProduct(node: RegexNode): number {
  switch (node.kind) {
    case "literal":
    case "chars":
      return 1;
    case "group":
      return repeatProduct(node.body);
    case "concat":
      return node.parts.reduce((most, part) => Math.max(most, repeatProduct(part)), 1);
    case "alternatives":
      return node.branches.reduce((most, branch) => Math.max(most, repeatProduct(branch)), 1);
    case "repeat":
      return repeatProduct(node.body) * Math.max(1, node.max === Infinity ? node.min : node.max);
  }
}

class Parser {
  readonly #chars: readonly string[];
  #at = 0;
  #depth = 0;
  #failed = false;

  constructor(pattern: string) {
    this.#chars = [...pattern];
  }

  parse(): RegexNode | undefined {
    const node = this.#alternatives();
    return this.#failed || this.#at < this.#chars.length ? undefined : node;
  }

  #fail(): RegexNode {
    this.#failed = true;
    this.#at = this.#chars.length;
    return { kind: "literal", text: "" };
  }

  #alternatives(): RegexNode {
    const branches = [this.#concat()];
    while (this.#chars[this.#at] === "|") {
      this.#at++;
      branches.push(this.#concat());
    }
    return branches.length === 1 ? branches[0]! : { kind: "alternatives", branches };
  }

  #concat(): RegexNode {
    const parts: RegexNode[] = [];
    if (this.#depth === 0 && this.#chars[this.#at] === "^") this.#at++;
    while (this.#at < this.#chars.length) {
      const char = this.#chars[this.#at]!;
      if (char === "|" || (char === ")" && this.#depth > 0)) break;
      if (char === "$" && this.#depth === 0 && this.#endsBranch(this.#at + 1)) {
        this.#at++;
        break;
      }
      const run = this.#plainRun();
      const part: RegexNode = run === "" ? this.#repeated() : { kind: "literal", text: run };
      const last = parts.at(-1);
      if (part.kind === "literal" && last?.kind === "literal") {
        parts[parts.length - 1] = { kind: "literal", text: last.text + part.text };
      } else parts.push(part);
    }
    return parts.length === 1 ? parts[0]! : { kind: "concat", parts };
  }

  /** The characters ahead that mean themselves, up to one that is repeated. */
  #plainRun(): string {
    const chars = this.#chars;
    const from = this.#at;
    let to = from;
    while (to < chars.length && !SPECIAL.has(chars[to]!)) to++;
    if (to > from && to < chars.length && REPEATS.has(chars[to]!)) to--;
    this.#at = to;
    return to === from ? "" : chars.slice(from, to).join("");
  }

  #endsBranch(at: number): boolean {
    return at === this.#chars.length || this.#chars[at] === "|";
  }

  #repeated(): RegexNode {
    const body = this.#atom();
    const bounds = this.#bounds();
    if (bounds === undefined) return body;
    const lazy = this.#chars[this.#at] === "?";
    if (lazy) this.#at++;
    // RE2 refuses repetition of repetition, and this parser leaves the wording to it.
    if (REPEATS.has(this.#chars[this.#at] ?? "")) return this.#fail();
    return { kind: "repeat", body, ...bounds, lazy };
  }

  #bounds(): { readonly min: number; readonly max: number } | undefined {
    const char = this.#chars[this.#at];
    if (char === "{") return this.#counted();
    if (char !== "*" && char !== "+" && char !== "?") return undefined;
    this.#at++;
    return { min: char === "+" ? 1 : 0, max: char === "?" ? 1 : Infinity };
  }

  #counted(): { readonly min: number; readonly max: number } | undefined {
    const close = this.#chars.indexOf("}", this.#at);
    const match = /^\{([0-9]{1,3})(,([0-9]{1,3})?)?\}$/.exec(this.#chars.slice(this.#at, close + 1).join(""));
    if (match === null) {
      this.#fail();
      return undefined;
    }
    const min = Number(match[1]);
    const max = match[2] === undefined ? min : match[3] === undefined ? Infinity : Number(match[3]);
    if (min > REPEAT_MAX || (max !== Infinity && max > REPEAT_MAX) || max < min) this.#fail();
    else this.#at = close + 1;
    return { min, max };
  }

  #atom(): RegexNode {
    const char = this.#chars[this.#at++]!;
    switch (char) {
      case "(":
        return this.#group();
      case "[":
        return this.#class();
      case ".":
        return { kind: "chars", ranges: ANY_CHAR, negated: false };
      case "\\":
        return this.#escape();
      case "^":
      case "$":
      case ")":
      case "*":
      case "+":
      case "?":
      case "{":
        return this.#fail();
      default:
        return { kind: "literal", text: char };
    }
  }

  #group(): RegexNode {
    let captures = true;
    if (this.#chars[this.#at] === "?") {
      // The dot matches a newline anyway, so `(?s:` says no more than `(?:`.
      const opening = this.#chars.slice(this.#at, this.#at + 3).join("");
      if (opening.startsWith("?:")) this.#at += 2;
      else if (opening === "?s:") this.#at += 3;
      else return this.#fail();
      captures = false;
    }
    if (++this.#depth > GROUPS_DEPTH_MAX) return this.#fail();
    const body = this.#alternatives();
    this.#depth--;
    if (this.#chars[this.#at++] !== ")") return this.#fail();
    return { kind: "group", captures, body };
  }

  #escape(): RegexNode {
    const char = this.#chars[this.#at++];
    if (char === undefined) return this.#fail();
    const ranges = CLASSES.get(char);
    if (ranges !== undefined) return { kind: "chars", ranges, negated: /[DWS]/.test(char) };
    const control = CONTROLS.get(char);
    if (control !== undefined) return { kind: "literal", text: control };
    return /^[!-/:-@[-`{-~]$/.test(char) ? { kind: "literal", text: char } : this.#fail();
  }

  #class(): RegexNode {
    const negated = this.#chars[this.#at] === "^";
    if (negated) this.#at++;
    const ranges: (readonly [number, number])[] = [];
    let holdsNegated = negated;
    for (let first = true;; first = false) {
      const char = this.#chars[this.#at];
      if (char === undefined) return this.#fail();
      if (char === "]" && !first) break;
      if (char === "[" && this.#chars[this.#at + 1] === ":") return this.#fail();
      const from = this.#classItem();
      if (from === undefined) return this.#fail();
      if (typeof from !== "number") {
        ranges.push(...from.ranges);
        holdsNegated ||= from.negated;
        continue;
      }
      if (this.#chars[this.#at] !== "-" || this.#chars[this.#at + 1] === "]") {
        ranges.push([from, from]);
        continue;
      }
      this.#at++;
      const to = this.#classItem();
      if (typeof to !== "number" || to < from) return this.#fail();
      ranges.push([from, to]);
    }
    this.#at++;
    const normal = normalRanges(ranges);
    return { kind: "chars", ranges: negated ? complement(normal) : normal, negated: holdsNegated };
  }

  /** One code point of a class, or a class of its own; undefined for what is not understood. */
  #classItem(): number | { readonly ranges: CharRanges; readonly negated: boolean } | undefined {
    const char = this.#chars[this.#at++];
    if (char === undefined) return undefined;
    if (char !== "\\") return char.codePointAt(0)!;
    const escaped = this.#escape();
    if (this.#failed) return undefined;
    if (escaped.kind === "chars") return { ranges: escaped.ranges, negated: escaped.negated };
    return escaped.kind === "literal" ? escaped.text.codePointAt(0)! : undefined;
  }
}
