/**
 * The syntax tree as JSON, in the shape that Prometheus's /api/v1/parse_query gives and its web UI draws. Keys stand
 * in alphabetical order, as Go writes maps.
 */
import { formatFloatF } from "../model/float.ts";
import type { Matcher } from "../model/matchers.ts";
import type { AtModifier, Binary, Call, DurationExpr, Expr, Subquery, VectorSelector } from "./ast.ts";
import { FUNCTIONS } from "./functions_table.ts";

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

type JsonObject = { readonly [key: string]: JsonValue };

export function exprToJson(expr: Expr): JsonValue {
  switch (expr.kind) {
    case "number":
      return { type: "numberLiteral", val: formatFloatF(expr.value) };
    case "string":
      return { type: "stringLiteral", val: expr.value };
    case "paren":
      return { expr: exprToJson(expr.expr), type: "parenExpr" };
    case "unary":
      return { expr: exprToJson(expr.expr), op: expr.op, type: "unaryExpr" };
    case "selector":
      return { ...selectorToJson(expr), type: "vectorSelector" };
    case "matrix":
      return sorted({ ...selectorToJson(expr.selector), range: msOf(expr.range), type: "matrixSelector" });
    case "subquery":
      return subqueryToJson(expr);
    case "call":
      return callToJson(expr);
    case "binary":
      return binaryToJson(expr);
    case "aggregate":
      return {
        expr: exprToJson(expr.expr),
        grouping: expr.grouping,
        op: expr.op,
        param: expr.param === undefined ? null : exprToJson(expr.param),
        type: "aggregation",
        without: expr.without,
      };
  }
}

function sorted(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => a < b ? -1 : 1));
}

function selectorToJson({ edge, matchers, name, offset, at }: VectorSelector): JsonObject {
  return {
    anchored: edge === "anchored",
    matchers: matchers.map(matcherToJson),
    name,
    offset: msOf(offset),
    smoothed: edge === "smoothed",
    startOrEnd: startOrEndOf(at),
    timestamp: timestampOf(at),
  };
}

function matcherToJson({ name, op, value }: Matcher): JsonValue {
  return { name, type: op, value };
}

function subqueryToJson({ expr, offset, range, step, at }: Subquery): JsonValue {
  return {
    expr: exprToJson(expr),
    offset: msOf(offset),
    range: msOf(range),
    startOrEnd: startOrEndOf(at),
    step: msOf(step),
    timestamp: timestampOf(at),
    type: "subquery",
  };
}

/** As Prometheus: 0 where the duration has to be computed first. */
function msOf(duration: DurationExpr | undefined): number {
  return duration?.kind === "literal" ? duration.ms : 0;
}

function startOrEndOf(at: AtModifier | undefined): string | null {
  return at === undefined || at.kind === "time" ? null : at.kind;
}

function timestampOf(at: AtModifier | undefined): number | null {
  return at?.kind === "time" ? at.tMs : null;
}

function callToJson({ name, args }: Call): JsonValue {
  const signature = FUNCTIONS.get(name)!;
  return {
    args: args.map(exprToJson),
    func: {
      argTypes: signature.argTypes,
      name,
      returnType: signature.returnType,
      variadic: signature.variadic,
    },
    type: "call",
  };
}

function binaryToJson({ bool, left, matching, op, right }: Binary): JsonValue {
  return {
    bool,
    lhs: exprToJson(left),
    matching: matching === undefined ? null : {
      card: matching.card,
      fillValues: { lhs: fillToJson(matching.fillLeft), rhs: fillToJson(matching.fillRight) },
      include: matching.include,
      labels: matching.labels,
      on: matching.on,
    },
    op,
    rhs: exprToJson(right),
    type: "binaryExpr",
  };
}

/** JSON has no NaN and no infinities. */
function fillToJson(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : value;
}
