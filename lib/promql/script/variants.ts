/**
 * The same query in other words: `@ <time>` on every selector and subquery that has none. Its answer is then the
 * same at any time, which a script's runner makes use of.
 */
import type { EpochMs } from "../../core/time.ts";
import type { Expr } from "../ast.ts";
import { isTimeDependent } from "../invariant.ts";

/** Undefined for a query whose value depends on the time of evaluation in other ways. */
export function fixedAt(expr: Expr, tMs: EpochMs): Expr | undefined {
  return dependsOnTime(expr) ? undefined : pin(expr, tMs);
}

function dependsOnTime(expr: Expr): boolean {
  return childrenOf(expr).some(dependsOnTime) || (expr.kind === "call" && isTimeDependent(expr.name));
}

function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case "aggregate":
      return expr.param === undefined ? [expr.expr] : [expr.param, expr.expr];
    case "call":
      return expr.args;
    case "binary":
      return [expr.left, expr.right];
    case "paren":
    case "unary":
    case "subquery":
      return [expr.expr];
    default:
      return [];
  }
}

function pin(expr: Expr, tMs: EpochMs): Expr {
  const at = { kind: "time", tMs } as const;
  switch (expr.kind) {
    case "selector":
    case "subquery":
      return expr.at === undefined ? { ...expr, at } : expr;
    case "matrix":
      return expr.selector.at === undefined ? { ...expr, selector: { ...expr.selector, at } } : expr;
    case "aggregate": {
      const inner = pin(expr.expr, tMs);
      return { ...expr, expr: inner, param: expr.param === undefined ? undefined : pin(expr.param, tMs) };
    }
    case "call":
      return { ...expr, args: expr.args.map((arg) => pin(arg, tMs)) };
    case "binary":
      return { ...expr, left: pin(expr.left, tMs), right: pin(expr.right, tMs) };
    case "paren":
    case "unary":
      return { ...expr, expr: pin(expr.expr, tMs) };
    default:
      return expr;
  }
}

/** As the original: an evaluation at each of these must give what the script expects at `tMs`. */
export function timesToTry(tMs: EpochMs): readonly EpochMs[] {
  return tMs === 0 ? [-1000, 0, 1000] : [-10 * tMs, 0, Math.trunc(tMs / 5), tMs, 10 * tMs];
}
