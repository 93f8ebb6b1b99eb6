/** parse_query: the tree as JSON, in Prometheus's shape. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { exprToJson } from "../../../lib/promql/ast_json.ts";
import { ALL_PARSE_OPTIONS, parseExpr } from "../../../lib/promql/parse.ts";

function json(query: string): unknown {
  return JSON.parse(JSON.stringify(exprToJson(parseExpr(query, ALL_PARSE_OPTIONS))));
}

const UP = {
  type: "vectorSelector",
  name: "up",
  offset: 0,
  matchers: [{ name: "__name__", type: "=", value: "up" }],
  timestamp: null,
  startOrEnd: null,
  anchored: false,
  smoothed: false,
};

Deno.test("literals, signs and parentheses keep their texts and operators", () => {
  deepStrictEqual(json("-1.50"), { type: "numberLiteral", val: "-1.5" });
  deepStrictEqual(json("5m"), { type: "numberLiteral", val: "300" });
  deepStrictEqual(json("+Inf"), { type: "numberLiteral", val: "+Inf" });
  deepStrictEqual(json("'a'"), { type: "stringLiteral", val: "a" });
  deepStrictEqual(json("-(up)"), { type: "unaryExpr", op: "-", expr: { type: "parenExpr", expr: UP } });
});

Deno.test("selectors carry milliseconds and matchers", () => {
  deepStrictEqual(json('up{a=~"b"} @ 1.5 offset -5m'), {
    ...UP,
    offset: -300_000,
    timestamp: 1_500,
    matchers: [{ name: "a", type: "=~", value: "b" }, ...UP.matchers],
  });
  deepStrictEqual(json("up[5m] smoothed @ end() offset 1m"), {
    ...UP,
    type: "matrixSelector",
    range: 300_000,
    offset: 60_000,
    startOrEnd: "end",
    smoothed: true,
  });
  deepStrictEqual(json("up[5m:1m] @ start()"), {
    type: "subquery",
    expr: UP,
    range: 300_000,
    step: 60_000,
    offset: 0,
    timestamp: null,
    startOrEnd: "start",
  });
  // A duration that has to be computed first counts as none.
  deepStrictEqual(json("up[5m + step()]"), { ...UP, type: "matrixSelector", range: 0 });
});

Deno.test("calls carry their signature, aggregations and operators their clauses", () => {
  deepStrictEqual(json("round(up)"), {
    type: "call",
    args: [UP],
    func: { name: "round", argTypes: ["vector", "scalar"], variadic: 1, returnType: "vector" },
  });
  deepStrictEqual(json("topk without (a) (2, up)"), {
    type: "aggregation",
    op: "topk",
    expr: UP,
    param: { type: "numberLiteral", val: "2" },
    grouping: ["a"],
    without: true,
  });
  deepStrictEqual(json("up > bool on(a) group_left(b) fill_right(0) up"), {
    type: "binaryExpr",
    op: ">",
    lhs: UP,
    rhs: UP,
    bool: true,
    matching: {
      card: "many-to-one",
      labels: ["a"],
      on: true,
      include: ["b"],
      fillValues: { lhs: null, rhs: 0 },
    },
  });
  deepStrictEqual(json("up * 2"), {
    type: "binaryExpr",
    op: "*",
    lhs: UP,
    rhs: { type: "numberLiteral", val: "2" },
    bool: false,
    matching: null,
  });
});

Deno.test("set operators match many to many", () => {
  const tree = json("up and up") as { matching: { card: string } };
  strictEqual(tree.matching.card, "many-to-many");
});

Deno.test("keys stand in alphabetical order", () => {
  const inOrder = (value: unknown): boolean => {
    if (typeof value !== "object" || value === null) return true;
    const keys = Array.isArray(value) ? [] : Object.keys(value);
    return keys.every((key, i) => i === 0 || keys[i - 1]! < key) && Object.values(value).every(inOrder);
  };
  for (const query of ["sum by (a) (rate(up[5m]))[1h:] offset 1m", "-up + on() (up)", "topk(1, (up))"]) {
    strictEqual(inOrder(exprToJson(parseExpr(query, ALL_PARSE_OPTIONS))), true, query);
  }
});
