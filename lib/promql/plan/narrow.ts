/**
 * Pushes matchers down to the selectors of an expression: the result keeps exactly the series that satisfy them, and
 * each keeps its values. An operator that could lose an error or a remark of its own about the series that are no
 * longer read stops a matcher; it then stays where it is, which is always right.
 */
import { METRIC_NAME } from "../../model/labels.ts";
import type { Matcher } from "../../model/matchers.ts";
import type { Aggregate, Binary, Call, Expr } from "../ast.ts";
import { isDistinctWithoutName, unwrapParens } from "../invariant.ts";
import { isArithmetic, isComparison } from "../kernels/arithmetic.ts";
import { seriesArgOf } from "./children.ts";
import {
  hasFills,
  isMatched,
  isSameMatcher,
  isUniqueInMatch,
  keptLabelsArg,
  makesGroups,
  vectorOperand,
} from "./provided.ts";

/** A selector that has so many is narrow enough, and each is tested for each of its series. */
const SELECTOR_MATCHERS_MAX = 16;

export function narrow(expr: Expr, matchers: readonly Matcher[]): Expr {
  if (matchers.length === 0) return expr;
  switch (expr.kind) {
    case "selector": {
      const added = matchers.filter((matcher) => !expr.matchers.some((own) => isSameMatcher(own, matcher)));
      if (added.length === 0 || expr.matchers.length + added.length > SELECTOR_MATCHERS_MAX) return expr;
      return { ...expr, matchers: [...expr.matchers, ...added] };
    }
    case "matrix": {
      const selector = narrow(expr.selector, matchers);
      return selector.kind !== "selector" || selector === expr.selector ? expr : { ...expr, selector };
    }
    case "paren":
    case "subquery":
      return { ...expr, expr: narrow(expr.expr, matchers) };
    case "unary":
      return isDistinctWithoutName(expr.expr) ? { ...expr, expr: narrow(expr.expr, matchers) } : expr;
    case "aggregate":
      return narrowAggregate(expr, matchers);
    case "call":
      return narrowCall(expr, matchers);
    case "binary":
      return narrowBinary(expr, matchers);
    default:
      return expr;
  }
}

/** Series that differ in a grouping label are never in one group, so whole groups go. */
function narrowAggregate(expr: Aggregate, matchers: readonly Matcher[]): Expr {
  if (!makesGroups(expr.op) && expr.op !== "topk" && expr.op !== "bottomk") return expr;
  const kept = matchers.filter(({ name }) => expr.grouping.includes(name) !== expr.without);
  return kept.length === 0 ? expr : { ...expr, expr: narrow(expr.expr, kept) };
}

const COUNTER_SUFFIX = /_(?:total|sum|count|bucket)$/;

function narrowCall(call: Call, matchers: readonly Matcher[]): Expr {
  const arg = keptLabelsArg(call);
  if (arg === undefined || !isDistinctWithoutName(arg)) return call;
  // Its factors are refused only where there are samples.
  if (call.name === "double_exponential_smoothing") return call;
  // They remark on names that are no counter's, which takes a series of that name.
  if ((call.name === "rate" || call.name === "increase") && !isNamedCounter(arg)) return call;
  const at = seriesArgOf(call);
  return { ...call, args: call.args.map((given, i) => i === at ? narrow(given, matchers) : given) };
}

function isNamedCounter(arg: Expr): boolean {
  const inner = unwrapParens(arg);
  if (inner.kind === "subquery") return isNamedCounter(inner.expr);
  if (inner.kind === "matrix") return isNamedCounter(inner.selector);
  if (inner.kind !== "selector") return false;
  return inner.matchers.some(({ name, op, value }) =>
    name === METRIC_NAME && op === "=" && COUNTER_SUFFIX.test(value)
  );
}

function narrowBinary(binary: Binary, matchers: readonly Matcher[]): Expr {
  const { matching, op } = binary;
  if (matching === undefined) {
    const side = vectorOperand(binary);
    if (side === undefined || !isDistinctWithoutName(binary[side])) return binary;
    return { ...binary, [side]: narrow(binary[side], matchers) };
  }
  if (hasFills(matching)) return binary;
  const matched = matchers.filter(({ name }) => isMatched(matching, name));
  const bothMatched = {
    ...binary,
    left: narrow(binary.left, matched),
    right: narrow(binary.right, matched),
  };
  // Of `or`, a left series hides those of its match group on the right: both go, or none.
  if (op === "or") return bothMatched;
  if (op === "and" || op === "unless") return { ...bothMatched, left: narrow(binary.left, matchers) };
  if (!isArithmetic(op) && !isComparison(op)) return binary;
  const swapped = matching.card === "one-to-many";
  const many = swapped ? binary.right : binary.left;
  const one = swapped ? binary.left : binary.right;
  if (!isUniqueInMatch(one, matching)) return binary;
  if (matching.card === "one-to-one") return isUniqueInMatch(many, matching) ? bothMatched : binary;
  if (matching.include.length > 0 || !isDistinctWithoutName(many)) return binary;
  const wide = narrow(many, matchers);
  const narrowed = narrow(one, matched);
  return swapped ? { ...binary, left: narrowed, right: wide } : { ...binary, left: wide, right: narrowed };
}
