/** Where nodes and errors stand: UTF-16 offsets in the tree, lines and byte columns in messages. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { Expr } from "../../../lib/promql/ast.ts";
import {
  ALL_PARSE_OPTIONS,
  lineColumnOf,
  ParseError,
  parseExpr,
  parseMetricSelector,
} from "../../../lib/promql/parse.ts";
import { fails } from "./notation.ts";

function textOf(query: string, { pos }: Pick<Expr, "pos">): string {
  return query.slice(pos.start, pos.end);
}

function parse(query: string): Expr {
  return parseExpr(query, ALL_PARSE_OPTIONS);
}

Deno.test("every node covers the text that it was read from", () => {
  const query = ' sum(rate(a{b="c"}[5m] offset 1m)) by (d)  /  - up @ 10 ^ 2';
  const expr = parse(query);
  if (expr.kind !== "binary") throw new Error("a binary expression");
  strictEqual(textOf(query, expr), query.trim());
  strictEqual(query.slice(expr.opPos.start, expr.opPos.end), "/");
  if (expr.left.kind !== "aggregate") throw new Error("an aggregation");
  // As Prometheus: an aggregation ends with its arguments or its clause.
  strictEqual(textOf(query, expr.left).startsWith("sum(rate("), true);
  const call = expr.left.expr;
  strictEqual(textOf(query, call), 'rate(a{b="c"}[5m] offset 1m)');
  if (call.kind !== "call") throw new Error("a call");
  strictEqual(textOf(query, call.args[0]!), 'a{b="c"}[5m] offset 1m');
  strictEqual(textOf(query, expr.right), "- up @ 10 ^ 2");
});

Deno.test("a sign before a number belongs to it", () => {
  const expr = parse("a * -  5");
  deepStrictEqual(expr.kind === "binary" && expr.right, {
    kind: "number",
    value: -5,
    asDuration: false,
    pos: { start: 4, end: 8 },
  });
});

Deno.test("columns count bytes and lines start anew", () => {
  deepStrictEqual(lineColumnOf("abc", 2), { line: 1, column: 3 });
  deepStrictEqual(lineColumnOf("é€😀x", 4), { line: 1, column: 10 });
  deepStrictEqual(lineColumnOf("a\nbc\n", 4), { line: 2, column: 3 });
  deepStrictEqual(lineColumnOf("a\nbc\n", 5), { line: 3, column: 1 });
  fails('{a="é€😀"} b', '1:17: parse error: unexpected identifier "b"');
  fails('a +\n# é\n  {b="é"} c', '3:12: parse error: unexpected identifier "c"');
});

Deno.test("an error carries its place and its bare message", () => {
  try {
    parse("a + on(b");
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    strictEqual(error.code, "bad_data");
    strictEqual(error.bareMessage, "unclosed left parenthesis");
    deepStrictEqual(error.pos, { start: 8, end: 8 });
    return;
  }
  throw new Error("not refused");
});

Deno.test("a query without an expression has no place for its error", () => {
  fails("", "unknown position: parse error: no expression found in input");
  fails(" # nothing\n", "1:1: parse error: no expression found in input");
});

Deno.test("match[] takes a selector and nothing else", () => {
  const shown = (text: string) =>
    parseMetricSelector(text).map(({ name, op, value }) => `${name}${op}${value}`);
  deepStrictEqual(shown("up"), ["__name__=up"]);
  deepStrictEqual(shown('up{a="b",c!~"d"}'), ["a=b", "c!~d", "__name__=up"]);
  deepStrictEqual(shown('{"a.b", c=""}'), ["__name__=a.b", "c="]);
  deepStrictEqual(shown("{}"), []);
  const refused: readonly (readonly [string, string])[] = [
    ["", "unknown position: parse error: unexpected end of input"],
    ["up[5m]", '1:3: parse error: unexpected "["'],
    ["up offset 5m", "1:4: parse error: unexpected <offset>"],
    ["rate(up)", '1:5: parse error: unexpected "("'],
    ["up up", '1:4: parse error: unexpected identifier "up"'],
    ["5", '1:1: parse error: unexpected number "5"'],
    ["{a}", '1:3: parse error: unexpected "}" in label matching, expected label matching operator'],
  ];
  for (const [text, message] of refused) {
    let got = "accepted";
    try {
      parseMetricSelector(text);
    } catch (error) {
      got = (error as Error).message;
    }
    strictEqual(got, message, text);
  }
});
