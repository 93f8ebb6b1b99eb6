/**
 * The lexemes of the grammar: Parsimmon parsers over a string that holds one unit a token (tokens.ts), each with the
 * name that it goes by. A lexeme yields its token. Positions come from the tokens, never from Parsimmon's `.mark()`,
 * whose cache of positions outlives a parse that throws.
 */
// @ts-types="@types/parsimmon"
import Parsimmon, { type Parser } from "parsimmon";
import { assert } from "../core/assert.ts";
import type { Position } from "./ast.ts";
import { ParseError } from "./parse_error.ts";
import {
  AGGREGATOR_KINDS,
  KIND,
  kindOfWord,
  kindsOfWords,
  type Token,
  type TokenKind,
  wordOfKind,
} from "./tokens.ts";

export interface ParseOptions {
  /** Functions and aggregations that Prometheus marks experimental. @default false */
  readonly experimentalFunctions?: boolean;
  /** `anchored` and `smoothed`. @default false */
  readonly extendedRangeSelectors?: boolean;
  /** `fill(…)`, `fill_left(…)`, `fill_right(…)`. @default false */
  readonly binopFillModifiers?: boolean;
  /** Arithmetic in durations. @default true */
  readonly durationExpr?: boolean;
}

/** What the grammar reads: the tokens, and their kinds as the string that Parsimmon runs over. */
export interface TokenStream {
  readonly query: string;
  readonly tokens: readonly Token[];
  readonly kinds: string;
  readonly options: ParseOptions;
}

/** Parsers are built once and know only an index; the stream of the one parse that is running stands here. */
let running: TokenStream | undefined;

/** Runs `parse` with the lexemes reading from `stream`. Not to be nested: parsing is synchronous. */
export function withStream<T>(stream: TokenStream, parse: () => T): T {
  assert(running === undefined, "one parse at a time");
  running = stream;
  try {
    return parse();
  } finally {
    running = undefined;
  }
}

/** Ends the parse that is running: `pos` is wrong for the reason `message`. */
export function refuse(pos: Position, message: string): never {
  throw new ParseError(running!.query, { start: pos.start, end: pos.end }, message);
}

/** Of the parse that is running. */
export function runningOptions(): ParseOptions {
  return running!.options;
}

function tokenAt(index: number): Token {
  return running!.tokens[index]!;
}

/** One token whose kind is among `kinds`. */
function lexeme(kinds: string, name: string): Parser<Token> {
  return Parsimmon<Token>((input, index) =>
    index < input.length && kinds.includes(input[index]!) ? taken(index) : Parsimmon.makeFailure(index, name)
  ).desc(name);
}

/**
 * The token at `index`, taken. Parsimmon compares how far two replies got at every step and, where it is equally far,
 * unites and sorts what they expected; a success that says how far it got is never equal, and halves the time.
 */
function taken(index: number): Parsimmon.SuccessReply<Token> {
  const reply = Parsimmon.makeSuccess(index + 1, tokenAt(index));
  const reach: { furthest: number } = reply;
  reach.furthest = index;
  return reply;
}

/** Goes on with the parser whose kinds hold the next token; with `otherwise` when there is none. */
export function choose<T>(
  rows: readonly (readonly [kinds: string, parser: Parser<T>])[],
  otherwise: Parser<T> | string,
): Parser<T> {
  return Parsimmon<Parser<T>>((input, index) => {
    const kind = input[index] ?? KIND.end;
    for (const [kinds, parser] of rows) {
      if (kinds.includes(kind)) return Parsimmon.makeSuccess(index, parser);
    }
    return typeof otherwise === "string"
      ? Parsimmon.makeFailure(index, otherwise)
      : Parsimmon.makeSuccess(index, otherwise);
  }).chain((parser) => parser);
}

function word(text: string): Parser<Token> {
  return lexeme(kindOfWord(text), text);
}

const AGGREGATION_FOLLOWERS = KIND.leftParen + kindsOfWords("by without");
/** Words that may also be called: `start()` is a function. */
const CALLABLE_WORDS = kindsOfWords("start end step range min_of max_of");

const NAMING_WORDS = AGGREGATOR_KINDS +
  kindsOfWords("by offset and or unless start end step range anchored smoothed min_of max_of");
/** Keywords that may name a metric. */
const METRIC_WORDS = NAMING_WORDS + kindsOfWords("without");
/** Keywords that may name a label in a grouping. */
const LABEL_WORDS = NAMING_WORDS +
  kindsOfWords("bool group_left group_right ignoring on atan2 fill fill_left fill_right");

/** What may stand where an operand is expected, told apart by one more token of look-ahead. */
export type OperandShape =
  | "paren"
  | "number"
  | "string"
  | "selector"
  | "aggregate"
  | "call";

function shapeOf(kind: TokenKind, next: TokenKind): OperandShape | undefined {
  switch (kind) {
    case KIND.leftParen:
      return "paren";
    case KIND.number:
    case KIND.duration:
      return "number";
    case KIND.string:
      return "string";
    case KIND.leftBrace:
    case KIND.metricIdentifier:
      return "selector";
    case KIND.identifier:
      return next === KIND.leftParen ? "call" : "selector";
  }
  if (AGGREGATOR_KINDS.includes(kind)) return AGGREGATION_FOLLOWERS.includes(next) ? "aggregate" : "selector";
  if (CALLABLE_WORDS.includes(kind) && next === KIND.leftParen) return "call";
  return METRIC_WORDS.includes(kind) ? "selector" : undefined;
}

/** The shape of the operand that begins here; takes nothing. */
export const operandShape: Parser<OperandShape> = Parsimmon((input, index) => {
  const shape = index < input.length ? shapeOf(input[index]!, input[index + 1] ?? KIND.end) : undefined;
  return shape === undefined
    ? Parsimmon.makeFailure(index, "expression")
    : Parsimmon.makeSuccess(index, shape);
});

/** `parser` where the next token is among `kinds`, and then for good; undefined otherwise. */
export function optional<T>(kinds: string, parser: Parser<T>): Parser<T | undefined> {
  return choose<T | undefined>([[kinds, parser]], Parsimmon.of(undefined));
}

/** Where the token before ends; takes nothing. */
export const previousEnd: Parser<number> = Parsimmon((_input, index) =>
  Parsimmon.makeSuccess(index, tokenAt(index - 1).end)
);

export const leftParen = lexeme(KIND.leftParen, '"("');
export const rightParen = lexeme(KIND.rightParen, '")"');
export const leftBrace = lexeme(KIND.leftBrace, '"{"');
export const rightBrace = lexeme(KIND.rightBrace, '"}"');
export const leftBracket = lexeme(KIND.leftBracket, '"["');
export const rightBracket = lexeme(KIND.rightBracket, '"]"');
export const comma = lexeme(KIND.comma, '","');
export const colon = lexeme(KIND.colon, '":"');
export const at = lexeme(KIND.at, '"@"');
export const sign = lexeme(KIND.plus + KIND.minus, "sign");
export const numeric = lexeme(KIND.number + KIND.duration, "number or duration");
export const quoted = lexeme(KIND.string, "string");
export const endOfInput = lexeme(KIND.end, "end of input");

export const matchOperator = lexeme(
  KIND.equal + KIND.notEqual + KIND.equalRegex + KIND.notEqualRegex,
  "label matching operator",
);
export const labelIdentifier = lexeme(KIND.identifier, "identifier");
export const groupingLabel = lexeme(LABEL_WORDS + KIND.identifier + KIND.metricIdentifier, "label");
export const metricName = lexeme(METRIC_WORDS + KIND.identifier + KIND.metricIdentifier, "metric name");
export const functionName = lexeme(KIND.identifier + CALLABLE_WORDS, "function name");
export const aggregator = lexeme(AGGREGATOR_KINDS, "aggregation operator");

export const by = word("by");
export const without = word("without");
export const on = word("on");
export const ignoring = word("ignoring");
export const groupLeft = word("group_left");
export const groupRight = word("group_right");
export const bool = word("bool");
export const fill = word("fill");
export const fillLeft = word("fill_left");
export const fillRight = word("fill_right");
export const offset = word("offset");
export const anchored = word("anchored");
export const smoothed = word("smoothed");
export const startOrEnd = lexeme(kindsOfWords("start end"), "start() or end()");
export const stepOrRange = lexeme(kindsOfWords("step range"), "step() or range()");
export const minOrMax = lexeme(kindsOfWords("min_of max_of"), "min_of() or max_of()");

/**
 * A comma with no operand behind it. Not before an error token: what the scanner could not read is the first thing
 * wrong then.
 */
export const danglingComma: Parser<Token> = Parsimmon((input, index) => {
  const next = input[index + 1];
  const dangling = input[index] === KIND.comma && next !== undefined && next !== KIND.error &&
    next !== KIND.plus && next !== KIND.minus && shapeOf(next, input[index + 2] ?? KIND.end) === undefined;
  return dangling ? Parsimmon.makeSuccess(index + 1, tokenAt(index)) : Parsimmon.makeFailure(index, '","');
});

/** A lexeme for any of `kinds`, for tables of operators. */
export function anyOf(kinds: string, name: string): Parser<Token> {
  return lexeme(kinds, name);
}

/** The keyword of a token, in lower case. */
export function wordOf(token: Token): string {
  const found = wordOfKind(token.kind);
  assert(found !== undefined, "a keyword's token");
  return found;
}
