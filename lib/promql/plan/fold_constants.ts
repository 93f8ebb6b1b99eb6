/**
 * Constant folding: a scalar that is known before any sample is read becomes a number, with the position of what it
 * stands for, so that remarks and errors still point there. Only the arithmetic of the operators themselves is used.
 */
import type { BinaryOp, Call, Expr } from "../ast.ts";
import { goMax, goMin } from "../functions/math.ts";
import { unwrapParens } from "../invariant.ts";
import { arithmetic, compare, isArithmetic, isComparison } from "../kernels/arithmetic.ts";
import { withChildren } from "./children.ts";

export function foldConstants(expr: Expr): Expr {
  // info() looks at the shape of its argument.
  if (expr.kind === "call" && expr.name === "info") return expr;
  const folded = withChildren(expr, foldConstants);
  const value = constantOf(folded);
  return value === undefined || folded.kind === "number"
    ? folded
    : { kind: "number", pos: folded.pos, value, asDuration: false };
}

/** The operands are folded already. */
function constantOf(expr: Expr): number | undefined {
  switch (expr.kind) {
    case "number":
      return expr.value;
    case "paren":
      return constantOf(unwrapParens(expr));
    case "unary": {
      const value = constantOf(expr.expr);
      return value === undefined || expr.op === "+" ? value : -value;
    }
    case "binary": {
      const left = constantOf(expr.left);
      const right = constantOf(expr.right);
      return left === undefined || right === undefined ? undefined : operated(expr.op, left, right);
    }
    case "call":
      return called(expr);
    default:
      return undefined;
  }
}

function operated(op: BinaryOp, left: number, right: number): number | undefined {
  if (isArithmetic(op)) return arithmetic(op, left, right);
  if (isComparison(op)) return compare(op, left, right) ? 1 : 0;
  return undefined;
}

function called({ name, args }: Call): number | undefined {
  if (name === "pi") return Math.PI;
  if (name !== "min_of" && name !== "max_of") return undefined;
  const a = constantOf(args[0]!);
  const b = constantOf(args[1]!);
  if (a === undefined || b === undefined) return undefined;
  return name === "min_of" ? goMin(a, b) : goMax(a, b);
}
