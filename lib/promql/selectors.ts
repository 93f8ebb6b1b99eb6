/** The selectors of a query, wherever they stand in it. */
import type { Expr, VectorSelector } from "./ast.ts";

export function selectorsOf(expr: Expr): readonly VectorSelector[] {
  const found: VectorSelector[] = [];
  gather(expr, found);
  return found;
}

function gather(expr: Expr, found: VectorSelector[]): void {
  switch (expr.kind) {
    case "selector":
      found.push(expr);
      return;
    case "matrix":
      found.push(expr.selector);
      return;
    case "call":
      for (const arg of expr.args) gather(arg, found);
      return;
    case "binary":
      gather(expr.left, found);
      gather(expr.right, found);
      return;
    case "aggregate":
      if (expr.param !== undefined) gather(expr.param, found);
      gather(expr.expr, found);
      return;
    case "paren":
    case "unary":
    case "subquery":
      gather(expr.expr, found);
      return;
    default:
      return;
  }
}
