/**
 * Words a syntax error as Prometheus does: the token that no query can go on with, the construct that it stands in,
 * and what was expected there. All tokens before it make a good beginning, so a walk over them need not check
 * anything: it only keeps track of what is open.
 */
import { ParseError } from "./parse_error.ts";
import { AGGREGATOR_KINDS, describeToken, KIND, kindsOfWords, type Token, type TokenKind } from "./tokens.ts";

interface Context {
  readonly construct: string;
  readonly expected?: string;
}

const AGGREGATION: Context = { construct: "aggregation" };
const GROUPING_OPEN: Context = { construct: "grouping opts", expected: '"("' };
const GROUPING_LABEL: Context = { construct: "grouping opts", expected: "label" };
const GROUPING_NEXT: Context = { construct: "grouping opts", expected: '"," or ")"' };
const OFFSET: Context = { construct: "offset", expected: "number, duration, step(), or range()" };
const AT: Context = { construct: "@", expected: "timestamp" };
const RANGE: Context = {
  construct: "subquery or range selector",
  expected: "number, duration, step(), or range()",
};
const RANGE_END: Context = { construct: "subquery or range", expected: '":" or "]"' };
const STEP: Context = {
  construct: "subquery selector",
  expected: 'number, duration, step(), range(), or "]"',
};
const STEP_END: Context = { construct: "subquery selector", expected: '"]"' };
const MATCHER: Context = { construct: "label matching", expected: 'identifier or "}"' };
const MATCHER_OPERATOR: Context = { construct: "label matching", expected: "label matching operator" };
const MATCHER_VALUE: Context = { construct: "label matching", expected: "string" };
const MATCHER_NEXT: Context = { construct: "label matching", expected: '"," or "}"' };

/** What an open bracket of any kind belongs to. */
type Frame =
  | "paren"
  | "aggregation"
  | "grouping"
  | "aggregate grouping"
  | "braces"
  | "range"
  | "step"
  | "offset";

const SIGNS = KIND.plus + KIND.minus;
const MATCH_OPERATORS = KIND.equal + KIND.notEqual + KIND.equalRegex + KIND.notEqualRegex;
const LITERALS = KIND.number + KIND.duration;
const AGGREGATE_CLAUSES = kindsOfWords("by without");
const MATCHING_CLAUSES = kindsOfWords("on ignoring");
const GROUP_CLAUSES = kindsOfWords("group_left group_right");
const OPERATORS = SIGNS + KIND.times + KIND.divide + KIND.modulo + KIND.power + KIND.equalEqual +
  KIND.notEqual + KIND.less + KIND.lessEqual + KIND.greater + KIND.greaterEqual + KIND.trimLower +
  KIND.trimUpper + kindsOfWords("and or unless atan2");
const OFFSET_KIND = kindsOfWords("offset");

/** The error for `tokens[index]`, the first token that fits nowhere. `start` is what the whole query had to be. */
export function syntaxErrorAt(query: string, tokens: readonly Token[], index: number): ParseError {
  const token = tokens[index]!;
  const pos = { start: token.start, end: token.end };
  if (token.kind === KIND.error) return new ParseError(query, pos, token.text);
  const walk = new Walk();
  for (let i = 0; i < index; i++) walk.take(tokens[i]!.kind, tokens[i + 1]!.kind);
  const context = walk.context();
  let message = `unexpected ${describeToken(token)}`;
  if (context !== undefined) message += ` in ${context.construct}`;
  if (context?.expected !== undefined) message += `, expected ${context.expected}`;
  return new ParseError(query, pos, message);
}

class Walk {
  readonly #frames: Frame[] = [];
  #previous: TokenKind = "";
  /** Whether an operand has to come next. */
  #operandNext = true;
  /** The last `(…)` closed the arguments of an aggregation, so that a clause may follow. */
  #aggregationClosed = false;
  /** What opens or fails next, between the word that announces it and its first bracket. */
  #announced: "none" | "aggregation" | "grouping" | "aggregate grouping" | "offset" | "at" | "fill" = "none";
  /** An aggregation whose clause came first still waits for its arguments. */
  #argumentsDue = false;

  take(kind: TokenKind, next: TokenKind): void {
    this.#step(kind, next);
    this.#previous = kind;
  }

  #step(kind: TokenKind, next: TokenKind): void {
    const closedBefore = this.#aggregationClosed;
    this.#aggregationClosed = false;
    const frame = this.#frames.at(-1);
    if (frame === "braces") {
      if (kind === KIND.rightBrace) this.#frames.pop();
      return;
    }
    if (frame === "grouping" || frame === "aggregate grouping") {
      if (kind === KIND.rightParen) this.#closeGrouping(frame);
      return;
    }
    if (this.#inDuration()) return this.#duration(kind);
    if (this.#announced === "offset") return this.#offset(kind);
    if (this.#announced === "at") return this.#at(kind);
    if (this.#announced === "fill") {
      if (kind === KIND.rightParen) this.#announced = "none";
      return;
    }
    switch (kind) {
      case KIND.leftParen:
        this.#frames.push(this.#parenFrame());
        this.#announced = "none";
        this.#argumentsDue = false;
        this.#operandNext = true;
        return;
      case KIND.rightParen:
        this.#aggregationClosed = this.#frames.pop() === "aggregation";
        this.#operandNext = false;
        return;
      case KIND.leftBrace:
        this.#frames.push("braces");
        this.#operandNext = false;
        return;
      case KIND.comma:
        this.#operandNext = true;
        return;
    }
    if (this.#operandNext) this.#operand(kind, next);
    else this.#operator(kind, closedBefore);
  }

  #parenFrame(): Frame {
    switch (this.#announced) {
      case "aggregation":
        return "aggregation";
      case "grouping":
      case "aggregate grouping":
        return this.#announced;
      default:
        return this.#argumentsDue ? "aggregation" : "paren";
    }
  }

  #operand(kind: TokenKind, next: TokenKind): void {
    if (SIGNS.includes(kind)) return;
    if (this.#announced === "aggregation" && AGGREGATE_CLAUSES.includes(kind)) {
      this.#announced = "aggregate grouping";
    } else if (MATCHING_CLAUSES.includes(kind)) {
      this.#announced = "grouping";
    } else if (GROUP_CLAUSES.includes(kind)) {
      if (next === KIND.leftParen) this.#announced = "grouping";
    } else if (kindsOfWords("fill fill_left fill_right").includes(kind)) {
      this.#announced = "fill";
    } else if (
      AGGREGATOR_KINDS.includes(kind) && (next === KIND.leftParen || AGGREGATE_CLAUSES.includes(next))
    ) {
      this.#announced = "aggregation";
    } else if (kind !== kindsOfWords("bool")) {
      // A function's name, too: its parenthesis is a plain one.
      this.#operandNext = false;
    }
  }

  #operator(kind: TokenKind, aggregationClosed: boolean): void {
    if (kind === KIND.leftBracket) this.#frames.push("range");
    else if (kind === OFFSET_KIND) this.#announced = "offset";
    else if (kind === KIND.at) this.#announced = "at";
    else if (aggregationClosed && AGGREGATE_CLAUSES.includes(kind)) this.#announced = "grouping";
    else if (OPERATORS.includes(kind)) this.#operandNext = true;
  }

  #closeGrouping(frame: Frame): void {
    this.#frames.pop();
    this.#argumentsDue = frame === "aggregate grouping";
  }

  #inDuration(): boolean {
    const frame = this.#frames.at(-1);
    return frame === "range" || frame === "step" || frame === "offset";
  }

  /** Parentheses in durations repeat the frame that they stand in. */
  #duration(kind: TokenKind): void {
    const frame = this.#frames.at(-1)!;
    if (kind === KIND.leftParen) this.#frames.push(frame);
    else if (kind === KIND.colon) this.#frames[this.#frames.length - 1] = "step";
    else if (kind === KIND.rightBracket) this.#frames.pop();
    else if (kind === KIND.rightParen) {
      this.#frames.pop();
      if (frame === "offset" && this.#frames.at(-1) !== "offset") this.#announced = "none";
    }
  }

  #offset(kind: TokenKind): void {
    if (kind === KIND.leftParen) this.#frames.push("offset");
    else if (LITERALS.includes(kind)) this.#announced = "none";
  }

  #at(kind: TokenKind): void {
    if (LITERALS.includes(kind) || kind === KIND.rightParen) this.#announced = "none";
  }

  /** The construct that the next token would be reported in. */
  context(): Context | undefined {
    const frame = this.#frames.at(-1);
    switch (frame) {
      case "braces":
        return this.#matcherContext();
      case "grouping":
      case "aggregate grouping":
        return this.#previous === KIND.leftParen || this.#previous === KIND.comma
          ? GROUPING_LABEL
          : GROUPING_NEXT;
      case "range":
      case "step":
        return this.#durationContext(frame);
      case "offset":
        return OFFSET;
    }
    switch (this.#announced) {
      case "grouping":
      case "aggregate grouping":
        return GROUPING_OPEN;
      case "offset":
        return OFFSET;
      case "at":
        return AT;
    }
    if (this.#previous !== "" && GROUP_CLAUSES.includes(this.#previous)) return GROUPING_OPEN;
    const enclosing = this.#announced === "aggregation" || this.#argumentsDue ||
      this.#frames.includes("aggregation");
    return enclosing ? AGGREGATION : undefined;
  }

  #matcherContext(): Context {
    if (this.#previous === KIND.leftBrace || this.#previous === KIND.comma) return MATCHER;
    if (this.#previous === KIND.identifier) return MATCHER_OPERATOR;
    return MATCH_OPERATORS.includes(this.#previous) ? MATCHER_VALUE : MATCHER_NEXT;
  }

  #durationContext(frame: "range" | "step"): Context {
    const before = this.#frames.at(-2);
    const nested = before === "range" || before === "step";
    const complete = !nested && (LITERALS + KIND.rightParen).includes(this.#previous) &&
      this.#previous !== "";
    if (frame === "range") return complete ? RANGE_END : RANGE;
    return complete ? STEP_END : STEP;
  }
}
