/**
 * Matcher propagation: what a matcher of one operand says of a label that both must agree in is asked of the other
 * operand's selectors too, so that series without a partner are not read. Only where no error can be lost: the side
 * on which a match group may hold one series must be known to hold no more.
 */
import type { Binary, Expr } from "../ast.ts";
import { isArithmetic, isComparison } from "../kernels/arithmetic.ts";
import { withChildren } from "./children.ts";
import { narrow } from "./narrow.ts";
import { hasFills, isMatched, isUniqueInMatch, providedBy } from "./provided.ts";

export function propagateMatchers(expr: Expr): Expr {
  // info() looks at the selectors of its argument.
  if (expr.kind === "call" && expr.name === "info") return expr;
  const below = withChildren(expr, propagateMatchers);
  return below.kind === "binary" ? exchanged(below) : below;
}

function exchanged(binary: Binary): Binary {
  const { matching, op, left, right } = binary;
  if (matching === undefined || op === "or" || hasFills(matching)) return binary;
  const matchedOf = (side: Expr) => providedBy(side).filter(({ name }) => isMatched(matching, name));
  const narrowedRight = { ...binary, right: narrow(right, matchedOf(left)) };
  if (op === "unless") return narrowedRight;
  if (op !== "and") {
    if (!isArithmetic(op) && !isComparison(op)) return binary;
    if (!isUniqueInMatch(matching.card === "one-to-many" ? left : right, matching)) return binary;
  }
  return { ...narrowedRight, left: narrow(left, matchedOf(right)) };
}
