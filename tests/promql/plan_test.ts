/** Which plan a query has, as text; and what keeping results for several readers costs and promises. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { SampleBudget } from "../../lib/promql/budget.ts";
import { ALL_PARSE_OPTIONS, parseExpr } from "../../lib/promql/parse.ts";
import { childrenOf } from "../../lib/promql/plan/children.ts";
import { explainPlan } from "../../lib/promql/plan/explain.ts";
import { PLANNED_NODES_MAX, planOf } from "../../lib/promql/plan/plan.ts";
import { SharedStreams } from "../../lib/promql/plan/shared_streams.ts";
import { printExpr } from "../../lib/promql/printer.ts";

function rewritten(query: string): string {
  return printExpr(planOf(parseExpr(query, ALL_PARSE_OPTIONS)).expr);
}

function explained(query: string): readonly string[] {
  return explainPlan(planOf(parseExpr(query, ALL_PARSE_OPTIONS))).split("\n");
}

function plansAre(table: Readonly<Record<string, string>>): void {
  for (const [query, wanted] of Object.entries(table)) strictEqual(rewritten(query), wanted, query);
}

function staysAsWritten(queries: readonly string[]): void {
  for (const query of queries) strictEqual(rewritten(query), printExpr(parseExpr(query, ALL_PARSE_OPTIONS)));
}

Deno.test("scalars that are known before the query runs become numbers", () => {
  plansAre({
    "a * (60 * 60)": "a * 3600",
    "topk(2 ^ 3 - 1, a)": "topk(7, a)",
    "a > bool -(2 - 5)": "a > bool 3",
    "quantile(1 - 0.5, a)": "quantile(0.5, a)",
    "a + max_of(1, min_of(7, 3))": "a + 3",
    "clamp_min(a, 2 == bool 2)": "clamp_min(a, 1)",
    "1 + 1": "2",
  });
  staysAsWritten(["a + time() * 2", "a + scalar(b)", "info(clamp(a, 1 + 1, 3))"]);
});

/** The labels that storage is asked for, by selector; undefined: all. */
function seenIn(query: string): Readonly<Record<string, readonly string[] | undefined>> {
  const plan = planOf(parseExpr(query, ALL_PARSE_OPTIONS));
  const found: Record<string, readonly string[] | undefined> = {};
  const open = [plan.expr];
  for (let expr = open.pop(); expr !== undefined; expr = open.pop()) {
    open.push(...childrenOf(expr));
    const names = expr.kind === "selector" ? plan.labelsSeen.get(expr) : undefined;
    if (expr.kind === "selector") {
      found[printExpr(expr)] = names?.filter((name) => name !== "__type__" && name !== "__unit__");
    }
  }
  return found;
}

Deno.test("storage is asked for the labels that an aggregation groups by, where nobody else looks", () => {
  const NAME = "__name__";
  deepStrictEqual(seenIn("sum(a)"), { a: [NAME] });
  deepStrictEqual(seenIn("avg by (x, y) ((a))"), { a: ["x", "y", NAME] });
  deepStrictEqual(seenIn("count by (x) (rate(a[5m])) + max(b)"), { a: ["x", NAME], b: [NAME] });
  deepStrictEqual(seenIn('count(last_over_time({job="x"}[5m]))'), { '{job="x"}': [NAME] });
  deepStrictEqual(seenIn("sum(sum by (x) (a))"), { a: ["x", NAME] });
  for (
    const query of [
      "a",
      "sum without (x) (a)",
      "topk(3, a)",
      'count_values("v", a)',
      "sum(a + a)",
      "sum(-a)",
      "sum by (x) (a) / sum by (y) (a)",
      "sum by (x) (a) + a",
      "sum by (x) (rate(a[5m])) / max by (x) (increase(a[5m]))",
      "sum(max_over_time(a[5m:1m]))",
      "sum(absent_over_time(a[5m]))",
    ]
  ) deepStrictEqual(seenIn(query), { a: undefined }, query);
  // Two metrics may have series that differ in their names only: without names they would be one.
  deepStrictEqual(seenIn('sum(rate({job="x"}[5m]))'), { '{job="x"}': undefined });
});

Deno.test("a matcher is passed to the other operand where both must agree in its label", () => {
  plansAre({
    'a{x="1"} / b': 'a{x="1"} / b{x="1"}',
    'a / b{x="1"}': 'a{x="1"} / b{x="1"}',
    'a{x=~"1|2",y="3"} * ignoring (y) sum without (y) (b)':
      'a{x=~"1|2",y="3"} * ignoring (y) sum without (y) (b{x=~"1|2"})',
    'a{x="1"} * on (x) group_left () sum by (x) (b)': 'a{x="1"} * on (x) group_left () sum by (x) (b{x="1"})',
    'sum by (x) (b) * on (x) group_right () a{x="1"}':
      'sum by (x) (b{x="1"}) * on (x) group_right () a{x="1"}',
    'a{x="1"} and on (x) b': 'a{x="1"} and on (x) b{x="1"}',
    'a and on (x) b{x="1"}': 'a{x="1"} and on (x) b{x="1"}',
    'a{x="1"} unless on (x) b': 'a{x="1"} unless on (x) b{x="1"}',
    'rate(a_total{x="1"}[5m]) / rate(b_total[5m])': 'rate(a_total{x="1"}[5m]) / rate(b_total{x="1"}[5m])',
    'a{code="5"} / ignoring (code) b{code="2",x="1"}':
      'a{code="5",x="1"} / ignoring (code) b{code="2",x="1"}',
    'a{x="1"} / (b + c)': 'a{x="1"} / (b{x="1"} + c{x="1"})',
    'a{x="1"} / ignoring (y) (b + ignoring (y) c)': 'a{x="1"} / ignoring (y) (b + ignoring (y) c)',
    'a{x="1"} / b / c': 'a{x="1"} / b{x="1"} / c{x="1"}',
    'a{x="1"} - max_over_time(b[1h:5m]) * 2': 'a{x="1"} - max_over_time(b{x="1"}[1h:5m]) * 2',
    'a{x="1"} - topk by (x) (3, b)': 'a{x="1"} - topk by (x) (3, b{x="1"})',
    'a{x="1"} and (b or on (x) c)': 'a{x="1"} and (b{x="1"} or on (x) c{x="1"})',
  });
});

Deno.test("a matcher stays where it was when passing it on could change an answer, an error or a remark", () => {
  staysAsWritten([
    // The label is not one that both must agree in.
    'a{x="1"} / on (y) sum by (y) (b)',
    'a{x="1"} / ignoring (x) sum without (x) (b)',
    // A side survives without a partner.
    'a{x="1"} or b',
    'a unless b{x="1"}',
    'a{x="1"} + fill (0) b',
    // A group with two series on the one side is an error, whoever its partner is.
    'a{x="1"} / on (x) b',
    'a{x="1"} * on (x) group_left () b',
    'a{x="1"} / {__name__=~"b|c"}',
    'a{x="1"} / ignoring (y) b',
    'a{x="1"} / ignoring (y) (b + c)',
    // Inside, two series of a group on either side are an error.
    'a{x="1"} / on (x) sum by (x) (b + on (x) sum by (x) (c))',
    // Of the left operand of `or`, a series without the label would hide one with it.
    'a{x="1"} and (b or on (y) c)',
    // Remarks on its name as soon as there is one series.
    'a{x="1"} / rate(b[5m])',
    // Made-up, lost, absent or negative.
    'a{x="1"} / label_replace(b, "x", "1", "y", ".*")',
    'label_replace(a{x="1"}, "x", "2", "y", ".*") / b',
    'sum(a{x="1"}) / b',
    'a{x!="1"} / b',
    'a{x=~"1|"} / b',
    'a{x=""} / b',
    'a{__type__="gauge"} / b',
    'a{x="1"} * absent(b)',
    'a{x="1"} * topk(1, b)',
    'a{x="1"} * limitk by (x) (1, b)',
    'a{x="1"} * on (x) group_left () count_values by (x) ("v", b)',
  ]);
});

Deno.test("the plan shows what is computed once, read once, and held", () => {
  deepStrictEqual(explained("rate(a[5m]) / (rate(a[5m]) + rate(b[5m]))"), [
    "operator /  [holds both sides]",
    "  call rate  [kept as #1 for 2 readers]",
    "    range a[5m]",
    "  operator +  [holds both sides]",
    "    = #1",
    "    call rate",
    "      range b[5m]",
  ]);
  deepStrictEqual(explained("a / on () group_left () sum(a)"), [
    "operator / on () group_left ()  [holds both sides]",
    "  select a  [kept as #1 for 2 readers]",
    "  aggregate sum  [holds groups]",
    "    = #1",
  ]);
  deepStrictEqual(explained("max_over_time(a[5m]) - min_over_time(a[5m])"), [
    "operator -  [holds both sides]",
    "  call max_over_time",
    "    range a[5m]  [samples kept as r1 for 2 readers]",
    "  call min_over_time",
    "    range a[5m]  [samples of r1]",
  ]);
  deepStrictEqual(explained("timestamp(a) - a"), [
    "operator -  [holds both sides]",
    "  call timestamp",
    "    select a  [samples kept as r1 for 2 readers]",
    "  select a  [samples of r1]",
  ]);
  deepStrictEqual(explained("topk(3, a @ end() + a @ end())"), [
    "aggregate topk  [once; holds all series]",
    "  constant 3",
    "  operator +  [holds both sides]",
    "    select a @ end()  [kept as #1 for 2 readers]",
    "    = #1",
  ]);
  deepStrictEqual(explained('label_join(a, "b", "-", "c")'), [
    'call label_join "b", "-", "c"',
    "  select a",
  ]);
});

Deno.test("equal parts inside equal subqueries are one, inside different ones they are two", () => {
  deepStrictEqual(explained("max_over_time(sum(a)[5m:1m]) - min_over_time(sum(a)[5m:1m])"), [
    "operator -  [holds both sides]",
    "  call max_over_time",
    "    subquery [5m:1m]",
    "      aggregate sum  [kept as #1 for 2 readers; holds groups]",
    "        select a",
    "  call min_over_time",
    "    subquery [5m:1m]",
    "      = #1",
  ]);
  const shared = (query: string) => explained(query).some((line) => line.includes("= #"));
  strictEqual(shared("max_over_time(a[5m:1m]) - min_over_time(a[6m:1m])"), false);
  strictEqual(shared("a - a offset 5m"), false);
  strictEqual(shared("max_over_time(a[5m:1m]) - a"), false);
  strictEqual(shared("(a) - a"), true);
});

Deno.test("what counts its remarks is never one for two", () => {
  deepStrictEqual(explained("histogram_quantile(0.9, a) + histogram_quantile(0.9, a)"), [
    "operator +  [holds both sides]",
    "  call histogram_quantile",
    "    constant 0.9",
    "    select a  [kept as #1 for 2 readers]",
    "  call histogram_quantile",
    "    constant 0.9",
    "    = #1",
  ]);
});

Deno.test("histograms of which only count and sum are used are not those of which buckets are used", () => {
  strictEqual(
    explained("histogram_count(a) + histogram_sum(a)").filter((line) => line.includes("= #")).length,
    1,
  );
  strictEqual(explained("histogram_count(a) + a").filter((line) => line.includes("= #")).length, 0);
});

Deno.test("a plan of the largest tree that is planned takes no longer than a query may hold the loop", () => {
  const terms = Array.from({ length: 32 }, (_, i) => `abs(a{x${i % 20}=~"${i}|b"})`);
  const expr = parseExpr(`${terms.join(" + ")} + a`, ALL_PARSE_OPTIONS);
  const fromMs = performance.now();
  const planned = printExpr(planOf(expr).expr);
  ok(performance.now() - fromMs < 1_000, "some 15 ms on an idle machine");
  ok(planned !== printExpr(expr), "matchers were passed on");
});

Deno.test("a tree of very many nodes runs as it was written", () => {
  const query = `(${"1 + ".repeat(200)}1) + (${"1 + ".repeat(200)}1) + (${"1 + ".repeat(200)}1)`;
  strictEqual(PLANNED_NODES_MAX, 100);
  strictEqual(rewritten(query), printExpr(parseExpr(query, ALL_PARSE_OPTIONS)));
});

const NUMBERS = { weigh: () => 10, copy: (item: { value: number }) => ({ ...item }) };

async function* counted(count: number): AsyncIterable<{ value: number }> {
  for (let value = 0; value < count; value++) yield await Promise.resolve({ value });
}

async function take(items: AsyncIterable<{ value: number }>): Promise<number[]> {
  const out: number[] = [];
  for await (const item of items) {
    out.push(item.value);
    item.value = -1;
  }
  return out;
}

Deno.test("readers of a shared stream may write into what they get", async () => {
  const budget = new SampleBudget(1_000);
  const shared = new SharedStreams(budget, NUMBERS);
  let made = 0;
  const make = () => {
    made++;
    return counted(3);
  };
  for (let reader = 1; reader <= 3; reader++) {
    deepStrictEqual(await take(shared.read("a", 3, make)), [0, 1, 2]);
    strictEqual(budget.held, reader < 3 ? 30 : 0);
  }
  strictEqual(made, 1);
});

Deno.test("what is kept is let go for an operator that needs the room, and computed again", async () => {
  const budget = new SampleBudget(100);
  const shared = new SharedStreams(budget, NUMBERS);
  const make = () => counted(2);
  await take(shared.read("a", 3, make));
  const second = shared.read("a", 3, make)[Symbol.asyncIterator]();
  strictEqual((await second.next()).value?.value, 0);
  strictEqual(budget.held, 20);
  strictEqual(budget.room, 100);
  budget.hold(95);
  strictEqual(budget.held, 95);
  strictEqual((await second.next()).value?.value, 1);
  budget.release(95);
  deepStrictEqual(await take(shared.read("a", 3, make)), [0, 1]);
});

Deno.test("a stream of more than a quarter of the limit is not kept", async () => {
  const budget = new SampleBudget(100);
  const shared = new SharedStreams(budget, NUMBERS);
  for (let reader = 0; reader < 2; reader++) {
    deepStrictEqual(await take(shared.read("a", 2, () => counted(3))), [0, 1, 2]);
    strictEqual(budget.held, 0);
  }
  strictEqual(budget.peak, 20);
});

Deno.test("a reader that stops early leaves nothing behind", async () => {
  const budget = new SampleBudget(100);
  const shared = new SharedStreams(budget, NUMBERS);
  for await (const _ of shared.read("a", 2, () => counted(2))) break;
  strictEqual(budget.held, 0);
  deepStrictEqual(await take(shared.read("a", 2, () => counted(2))), [0, 1]);
});
