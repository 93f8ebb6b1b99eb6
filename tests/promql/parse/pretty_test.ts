/** format_query: what fits on a line stays on it, what does not is split. Lines of ten bytes keep the cases small. */
import { strictEqual } from "node:assert/strict";
import { ALL_PARSE_OPTIONS, parseExpr, prettyExpr, printExpr } from "../../../lib/promql/parse.ts";

function pretty(query: string, lines: readonly string[]): void {
  const expr = parseExpr(query, ALL_PARSE_OPTIONS);
  const text = prettyExpr(expr, 10);
  strictEqual(text, lines.join("\n"), query);
  strictEqual(printExpr(parseExpr(text, ALL_PARSE_OPTIONS)), printExpr(expr), `parsed again: ${query}`);
}

Deno.test("an aggregation is split between its parentheses", () => {
  pretty("sum(a)", ["sum(a)"]);
  pretty("sum(long_metric)", ["sum(", "  long_metric", ")"]);
  pretty("sum(long_metric) by(b,a)", ["sum by (b, a) (", "  long_metric", ")"]);
  pretty("topk(3, long_metric)", ["topk(", "  3,", "  long_metric", ")"]);
  pretty('count_values("v", sum without(a) (long_metric))', [
    "count_values(",
    '  "v",',
    "  sum without (a) (",
    "    long_metric",
    "  )",
    ")",
  ]);
});

Deno.test("a binary expression puts its operator on a line of its own, operands deeper", () => {
  pretty("a+b", ["a + b"]);
  pretty("metric_a / metric_b", ["  metric_a", "/", "  metric_b"]);
  pretty("metric_a / metric_b / c", ["    metric_a", "  /", "    metric_b", "/", "  c"]);
  pretty("a > bool on(x) group_left(y) metric_b", ["  a", "> bool on (x) group_left (y)", "  metric_b"]);
});

Deno.test("a call is split at its arguments", () => {
  pretty("rate(long_metric[1m])", ["rate(", "  long_metric[1m]", ")"]);
  pretty('label_join(up, "a", ",", "b")', ["label_join(", "  up,", '  "a",', '  ",",', '  "b"', ")"]);
  pretty("time() + pi() - step()", ["    time()", "  +", "    pi()", "-", "  step()"]);
});

Deno.test("parentheses, signs and subqueries follow what they hold", () => {
  pretty("(long_metric)", ["(", "  long_metric", ")"]);
  pretty("((long_met))", ["(", "  (long_met)", ")"]);
  pretty("-abs(long_metric)", ["-abs(", "  long_metric", ")"]);
  pretty("max_over_time(rate(long_metric[1m])[5m:] offset 1m)", [
    "max_over_time(",
    "  rate(",
    "    long_metric[1m]",
    "  )[5m:] offset 1m",
    ")",
  ]);
  // As Prometheus: a subquery that fits loses its indentation.
  pretty("sum_over_time(a[5m:1m])", ["sum_over_time(", "a[5m:1m]", ")"]);
});

Deno.test("a hundred bytes are one line, a hundred and one are not", () => {
  const fits = `sum(${"a".repeat(95)})`;
  strictEqual(prettyExpr(parseExpr(fits)), fits);
  const name = "a".repeat(96);
  strictEqual(prettyExpr(parseExpr(`sum(${name})`)), `sum(\n  ${name}\n)`);
  const wide = "é".repeat(44);
  strictEqual(prettyExpr(parseExpr(`abs({b="${wide}"})`)), `abs({b="${wide}"})`);
  const wider = "é".repeat(45);
  strictEqual(prettyExpr(parseExpr(`abs({b="${wider}"})`)), `abs(\n  {b="${wider}"}\n)`);
});
