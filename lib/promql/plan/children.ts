/** The operands of a node that are expressions themselves, and a node with other operands in their place. */
import { assertNever } from "../../core/assert.ts";
import type { Call, Expr, VectorSelector } from "../ast.ts";
import { typeOf } from "../types.ts";

/** In the order in which they are evaluated. The selector inside a range is an operand. */
export function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case "number":
    case "string":
    case "selector":
      return [];
    case "matrix":
      return [expr.selector];
    case "subquery":
    case "paren":
    case "unary":
      return [expr.expr];
    case "aggregate":
      return expr.param === undefined ? [expr.expr] : [expr.param, expr.expr];
    case "call":
      return expr.args;
    case "binary":
      return [expr.left, expr.right];
    default:
      return assertNever(expr);
  }
}

/** `expr` itself where `change` leaves every operand as it is. A selector stays a selector. */
export function withChildren(expr: Expr, change: (child: Expr) => Expr): Expr {
  switch (expr.kind) {
    case "number":
    case "string":
    case "selector":
      return expr;
    case "matrix": {
      const selector = change(expr.selector);
      return selector === expr.selector ? expr : { ...expr, selector: selector as VectorSelector };
    }
    case "subquery":
    case "paren":
    case "unary": {
      const inner = change(expr.expr);
      return inner === expr.expr ? expr : { ...expr, expr: inner };
    }
    case "aggregate": {
      const param = expr.param === undefined ? undefined : change(expr.param);
      const inner = change(expr.expr);
      return inner === expr.expr && param === expr.param ? expr : { ...expr, param, expr: inner };
    }
    case "call": {
      const args = expr.args.map(change);
      return args.every((arg, i) => arg === expr.args[i]) ? expr : { ...expr, args };
    }
    case "binary": {
      const left = change(expr.left);
      const right = change(expr.right);
      return left === expr.left && right === expr.right ? expr : { ...expr, left, right };
    }
    default:
      return assertNever(expr);
  }
}

/** Where among a call's arguments its series come from: its only vector or range vector. Below 0: nowhere. */
export function seriesArgOf(call: Call): number {
  return call.args.findIndex((arg) => {
    const type = typeOf(arg);
    return type === "vector" || type === "matrix";
  });
}
