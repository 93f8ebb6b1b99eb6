/** Queries made to hurt: each is answered with a `ParseError` or a tree, soon, and never with a stack overflow. */
import { match, strictEqual, throws } from "node:assert/strict";
import { QUERY_CHARS_MAX, QUERY_DEPTH_MAX, QUERY_NESTING_MAX } from "../../../lib/promql/guard.ts";
import {
  ALL_PARSE_OPTIONS,
  ParseError,
  parseExpr,
  prettyExpr,
  printExpr,
} from "../../../lib/promql/parse.ts";

function refused(query: string, reason: RegExp): void {
  throws(() => parseExpr(query, ALL_PARSE_OPTIONS), (error: unknown) => {
    strictEqual(error instanceof ParseError, true, String(error));
    match((error as ParseError).bareMessage, reason);
    return true;
  });
}

function accepted(query: string): void {
  const expr = parseExpr(query, ALL_PARSE_OPTIONS);
  const printed = printExpr(expr);
  strictEqual(printExpr(parseExpr(printed, ALL_PARSE_OPTIONS)), printed);
  prettyExpr(expr);
}

Deno.test("nesting is accepted up to its limit and refused beyond", () => {
  const wrappers: readonly (readonly [string, string])[] = [
    ["(", ")"],
    ["abs(", ")"],
    ["sum by (a) (", ")"],
    ["(1+", ")"],
    ["-(", ")"],
    ["round(1, ", ")"],
  ];
  for (const [open, close] of wrappers) {
    const nested = (levels: number) => open.repeat(levels) + "x" + close.repeat(levels);
    if (!open.startsWith("round")) accepted(nested(QUERY_NESTING_MAX - 1));
    refused(nested(QUERY_NESTING_MAX + 1), /^query is nested too deep/);
    refused(nested(3_000), /^query (is nested too deep|has too many tokens)/);
  }
  refused("(".repeat(10_000) + "1" + ")".repeat(10_000), /^query/);
  refused("(".repeat(100_000), /^query has too many tokens/);
  refused(`a[${"(".repeat(300)}5m${")".repeat(300)}]`, /^query is nested too deep/);
});

Deno.test("chains are accepted up to their limit and refused beyond", () => {
  const links = QUERY_DEPTH_MAX - 1;
  for (const [head, link] of [["1", "+1"], ["2", "^2"], ["a", " or a"], ["a", " * on(b) a"]] as const) {
    accepted(head + link.repeat(links));
    refused(head + link.repeat(QUERY_DEPTH_MAX + 1), /^query is too deep/);
  }
  accepted("-".repeat(links) + "a");
  refused("-".repeat(5_000) + "1", /^query is too deep/);
  refused("a" + "[5m:][5m:]".repeat(600), /^query is too deep|^subquery is only allowed/);
  accepted(`a[1m${"+1m".repeat(links - 10)}]`);
});

Deno.test("a query that is too long is refused before it is read", () => {
  accepted(" ".repeat(QUERY_CHARS_MAX - 1) + "1");
  accepted(`"${"a".repeat(QUERY_CHARS_MAX - 2)}"`);
  refused("a".repeat(QUERY_CHARS_MAX + 1), /^query is too long/);
  refused("1,".repeat(20_000), /^query has too many tokens/);
  refused("{".repeat(QUERY_CHARS_MAX), /^unexpected left brace|^query/);
});
