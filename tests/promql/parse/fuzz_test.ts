/** Whatever is typed, the answer is a tree or a `ParseError`. */
import { strictEqual } from "node:assert/strict";
import fc from "fast-check";
import {
  ALL_PARSE_OPTIONS,
  ParseError,
  parseExpr,
  parseMetricSelector,
  prettyExpr,
  printExpr,
} from "../../../lib/promql/parse.ts";

const WORDS: readonly string[] = [
  ..."( ) [ ] { } , : = == != =~ !~ < <= > >= </ >/ + - * / % ^ @ # \" ' `".split(" "),
  ..."and or unless atan2 sum avg topk count_values limitk by without on ignoring group_left group_right"
    .split(" "),
  ..."bool offset anchored smoothed fill fill_left fill_right start end step range min_of max_of".split(" "),
  ..."a b:c rate abs time round info label_join unknown 1 0 5m 1h30m 0x1f 1e3 .5 Inf NaN".split(" "),
  ...['"x"', "'y'", "`z`", '"\\xff"', "[5m]", "[5m:]", "(a)", '{a="b"}', "{}", "start()", "\n", "é", "😀"],
];

function survives(query: string): void {
  try {
    const expr = parseExpr(query, ALL_PARSE_OPTIONS);
    const printed = printExpr(expr);
    const again = printExpr(parseExpr(printed, ALL_PARSE_OPTIONS));
    // As Prometheus, an infinity is printed with its sign, which before `^` is a sign of the whole power.
    if (!printed.includes("Inf ^")) strictEqual(again, printed);
    prettyExpr(expr);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    strictEqual(error.message.includes("parse error: "), true);
    strictEqual(error.bareMessage.length > 0, true);
    strictEqual(error.pos.start >= 0 && error.pos.start <= query.length, true, "the place lies in the query");
  }
  try {
    parseMetricSelector(query);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
  }
}

Deno.test("soup of tokens throws nothing but ParseError", () => {
  const soup = fc.array(fc.constantFrom(...WORDS), { maxLength: 24 });
  fc.assert(
    fc.property(soup, fc.constantFrom("", " "), (words, glue) => survives(words.join(glue))),
    { numRuns: 2_000 },
  );
});

Deno.test("random text throws nothing but ParseError", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 60 }), survives), { numRuns: 500 });
});

Deno.test("a good query cut or doubled anywhere throws nothing but ParseError", () => {
  const query =
    'topk by (a) (5, rate({"x.y",b=~"c|d"}[5m:1m] offset -(1h+step()) @ end())) > bool on() -0x1F ^ 2 # z';
  for (let at = 0; at <= query.length; at++) {
    survives(query.slice(0, at));
    survives(query.slice(at));
    survives(query.slice(0, at) + query.slice(at + 1));
    survives(query.slice(0, at) + query.slice(Math.max(0, at - 5)));
  }
});
