/**
 * What can be known of an expression before it runs: whether its value is the same at every step (then it is
 * evaluated once), and whether its series stay distinct when their metric names go (then nobody has to check).
 */
import { assertNever } from "../core/assert.ts";
import { METRIC_NAME } from "../model/labels.ts";
import type { Binary, Call, Expr } from "./ast.ts";

/** Functions whose value depends on the instant even where their arguments do not. */
const TIME_DEPENDENT: ReadonlySet<string> = new Set(
  ("days_in_month day_of_month day_of_week day_of_year end hour minute month predict_linear range start step time " +
    "timestamp year").split(" "),
);

export function isTimeDependent(functionName: string): boolean {
  return TIME_DEPENDENT.has(functionName);
}

export function isStepInvariant(expr: Expr): boolean {
  switch (expr.kind) {
    case "number":
    case "string":
      return true;
    case "selector":
    case "subquery":
      return expr.at !== undefined;
    case "matrix":
      return expr.selector.at !== undefined;
    case "aggregate":
      // As Prometheus, which does not look at the parameter: of a moving one the first step's value counts.
      return isStepInvariant(expr.expr);
    case "call":
      return !isTimeDependent(expr.name) && expr.args.every(isStepInvariant);
    case "binary":
      return isStepInvariant(expr.left) && isStepInvariant(expr.right);
    case "unary":
    case "paren":
      return isStepInvariant(expr.expr);
    default:
      return assertNever(expr);
  }
}

/** Whether no two series of the result differ in their metric name alone. False promises nothing. */
export function isDistinctWithoutName(expr: Expr): boolean {
  switch (expr.kind) {
    case "selector":
      return expr.matchers.some((matcher) =>
        matcher.name === METRIC_NAME && matcher.op === "=" && matcher.value !== ""
      );
    case "matrix":
      return isDistinctWithoutName(expr.selector);
    case "subquery":
    case "paren":
    case "unary":
      return isDistinctWithoutName(expr.expr);
    case "aggregate":
      if (KEEPS_SERIES.has(expr.op)) return isDistinctWithoutName(expr.expr);
      // The label of count_values may be the name.
      if (expr.op === "count_values" && !isOtherLabel(expr.param)) return false;
      return expr.without || !expr.grouping.includes(METRIC_NAME);
    case "call":
      return isCallDistinct(expr);
    case "binary":
      return isBinaryDistinct(expr);
    case "number":
    case "string":
      return true;
    default:
      return assertNever(expr);
  }
}

function isOtherLabel(param: Expr | undefined): boolean {
  const label = param === undefined ? undefined : unwrapParens(param);
  return label?.kind === "string" && label.value !== METRIC_NAME;
}

const KEEPS_SERIES: ReadonlySet<string> = new Set(["topk", "bottomk", "limitk", "limit_ratio"]);
const RELABELS: ReadonlySet<string> = new Set([
  "label_replace",
  "label_join",
  "info",
  "histogram_quantile",
  "histogram_quantiles",
  "histogram_fraction",
]);

function isCallDistinct(call: Call): boolean {
  if (RELABELS.has(call.name)) return false;
  return call.args.every(isDistinctWithoutName);
}

function isBinaryDistinct(binary: Binary): boolean {
  if (binary.op === "or") return false;
  if (binary.op === "and" || binary.op === "unless") return isDistinctWithoutName(binary.left);
  if (binary.matching === undefined) {
    return isDistinctWithoutName(binary.left) && isDistinctWithoutName(binary.right);
  }
  if (binary.matching.include.includes(METRIC_NAME) || binary.matching.fillLeft !== undefined) return false;
  if (binary.matching.card === "one-to-one" && binary.matching.fillRight === undefined) {
    // One result a match group, under the labels of the group.
    return !binary.matching.on || !binary.matching.labels.includes(METRIC_NAME);
  }
  const many = binary.matching.card === "one-to-many" ? binary.right : binary.left;
  return binary.matching.card !== "one-to-one" && isDistinctWithoutName(many) &&
    binary.matching.include.length === 0;
}

/** The expression inside any parentheses. */
export function unwrapParens(expr: Expr): Expr {
  let inner = expr;
  while (inner.kind === "paren") inner = inner.expr;
  return inner;
}
