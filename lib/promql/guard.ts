/**
 * Refuses a query that would cost too much to parse or to walk, before the recursive grammar sees it: too long, too
 * many tokens, nested too deep, or a chain of operators that would make the tree too deep. Linear and iterative.
 */
import type { Position } from "./ast.ts";
import { ParseError } from "./parse_error.ts";
import { KIND, type Token, WORDS } from "./tokens.ts";

/** In UTF-16 units. Long queries are alternations of names; this holds several thousand of them. */
export const QUERY_CHARS_MAX = 131_072;
/** Parsing costs 2 to 4 µs a token, so this many stay below 50 ms. */
export const QUERY_TOKENS_MAX = 10_000;
/** Brackets in brackets. The grammar's recursion would overflow the stack at some fifteen hundred. */
export const QUERY_NESTING_MAX = 256;
/** Of the syntax tree, chains of operators, signs and subqueries included: whoever walks it does so recursively. */
export const QUERY_DEPTH_MAX = 1_000;

export function guardLength(query: string): void {
  if (query.length <= QUERY_CHARS_MAX) return;
  throw new ParseError(
    query.slice(0, QUERY_CHARS_MAX),
    { start: 0, end: QUERY_CHARS_MAX },
    `query is too long, at most ${QUERY_CHARS_MAX} characters are allowed`,
  );
}

const OPENING = KIND.leftParen + KIND.leftBracket + KIND.leftBrace;
const CLOSING = KIND.rightParen + KIND.rightBracket + KIND.rightBrace;

/** Kinds that each add a level to the tree: binary operators, signs, and brackets (`a[5m:][5m:]`). */
const LINKING: ReadonlySet<string> = new Set([
  KIND.plus,
  KIND.minus,
  KIND.times,
  KIND.divide,
  KIND.modulo,
  KIND.power,
  KIND.equalEqual,
  KIND.notEqual,
  KIND.less,
  KIND.lessEqual,
  KIND.greater,
  KIND.greaterEqual,
  KIND.trimUpper,
  KIND.trimLower,
  KIND.leftBracket,
  ...["and", "or", "unless", "atan2"].map((word) => WORDS.get(word)!.kind),
]);

/** `tokens` may end before the query does, when there are more than the scanner was asked for. */
export function guardTokens(query: string, tokens: readonly Token[]): void {
  if (tokens.length > QUERY_TOKENS_MAX) {
    refuse(query, tokens[QUERY_TOKENS_MAX]!, `query has too many tokens, at most ${QUERY_TOKENS_MAX}`);
  }
  /** How many links each open level has seen. */
  const linksByLevel: number[] = [0];
  let depth = 0;
  for (const token of tokens) {
    if (LINKING.has(token.kind)) {
      linksByLevel[linksByLevel.length - 1]!++;
      depth++;
    } else if (token.kind === KIND.comma) {
      depth -= linksByLevel[linksByLevel.length - 1]!;
      linksByLevel[linksByLevel.length - 1] = 0;
    }
    if (OPENING.includes(token.kind)) {
      linksByLevel.push(0);
      depth++;
      if (linksByLevel.length - 1 > QUERY_NESTING_MAX) {
        refuse(query, token, `query is nested too deep, at most ${QUERY_NESTING_MAX} levels`);
      }
    } else if (CLOSING.includes(token.kind) && linksByLevel.length > 1) {
      depth -= linksByLevel.pop()! + 1;
    }
    if (depth > QUERY_DEPTH_MAX) {
      refuse(query, token, `query is too deep, at most ${QUERY_DEPTH_MAX} chained or nested operators`);
    }
  }
}

function refuse(query: string, at: Position, limit: string): never {
  throw new ParseError(query, { start: at.start, end: at.end }, `${limit} are allowed`);
}
