/**
 * The notation of the parser's tests: `same(query)` prints as it was written, `another(query, printed)` prints
 * otherwise, `fails(query, message)` is refused. Everything that Prometheus can switch on is on.
 */
import { strictEqual, throws } from "node:assert/strict";
import {
  ALL_PARSE_OPTIONS,
  ParseError,
  parseExpr,
  type ParseOptions,
  printExpr,
} from "../../../lib/promql/parse.ts";

export function another(query: string, printed: string, options: ParseOptions = ALL_PARSE_OPTIONS): void {
  strictEqual(printExpr(parseExpr(query, options)), printed, query);
  strictEqual(printExpr(parseExpr(printed, options)), printed, `printed again: ${query}`);
}

export function same(query: string, options: ParseOptions = ALL_PARSE_OPTIONS): void {
  another(query, query, options);
}

export function fails(query: string, message: string, options: ParseOptions = ALL_PARSE_OPTIONS): void {
  throws(() => parseExpr(query, options), (error: unknown) => {
    strictEqual(error instanceof ParseError, true, `${query}: ${error}`);
    strictEqual((error as ParseError).message, message, query);
    return true;
  }, query);
}
