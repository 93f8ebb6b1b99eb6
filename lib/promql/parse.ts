/**
 * The door to PromQL's front end: text to a checked tree, or a `ParseError` that reads as Prometheus's. Nothing else
 * is ever thrown for a bad query, however long, deep or broken it is.
 */
// @ts-types="@types/parsimmon"
import type { Parser } from "parsimmon";
import type { Matcher } from "../model/matchers.ts";
import type { Expr } from "./ast.ts";
import { query as queryGrammar } from "./grammar.ts";
import { lonelySelector } from "./grammar_selector.ts";
import { guardLength, guardTokens, QUERY_TOKENS_MAX } from "./guard.ts";
import { type ParseOptions, withStream } from "./lexemes.ts";
import { ParseError } from "./parse_error.ts";
import { scan } from "./scanner.ts";
import { syntaxErrorAt } from "./syntax_error.ts";
import { KIND } from "./tokens.ts";
import { checkTypes } from "./types.ts";

export type { ParseOptions } from "./lexemes.ts";
export { lineColumnOf, ParseError } from "./parse_error.ts";
export { prettyExpr } from "./pretty.ts";
export { printExpr } from "./printer.ts";
export { typeOf } from "./types.ts";

/** Everything that Prometheus can switch on. */
export const ALL_PARSE_OPTIONS: ParseOptions = {
  experimentalFunctions: true,
  extendedRangeSelectors: true,
  binopFillModifiers: true,
  durationExpr: true,
};

/** Parses and checks a query. Throws a `ParseError`. */
export function parseExpr(query: string, options: ParseOptions = {}): Expr {
  const expr = run(queryGrammar, query, options, "no expression found in input");
  checkTypes(query, expr);
  return expr;
}

/**
 * Parses a selector without range or modifiers, as in `match[]`. Throws a `ParseError`. As Prometheus: whether some
 * matcher is not empty is for the caller to ask.
 */
export function parseMetricSelector(text: string, options: ParseOptions = {}): readonly Matcher[] {
  return run(lonelySelector, text, options, "unexpected end of input").matchers;
}

function run<T>(grammar: Parser<T>, query: string, options: ParseOptions, whenEmpty: string): T {
  guardLength(query);
  const tokens = scan(query, QUERY_TOKENS_MAX);
  guardTokens(query, tokens);
  if (tokens[0]!.kind === KIND.end) throw new ParseError(query, { start: 0, end: 0 }, whenEmpty);
  let kinds = "";
  for (const token of tokens) kinds += token.kind;
  const result = withStream({ query, tokens, kinds, options }, () => grammar.parse(kinds));
  if (result.status) return result.value;
  throw syntaxErrorAt(query, tokens, result.index.offset);
}
