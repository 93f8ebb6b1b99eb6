/**
 * Which labels of a selector's series anybody looks at. An aggregation `by` a few labels sees those of its operand and
 * no others, and storage then need not make whole label sets. Selectors of which all labels matter, or whose series
 * several places read, are left out. Never wrong to leave one out: it is then read with all labels.
 */
import { METADATA_LABELS } from "../block.ts";
import type { Aggregate, Expr, VectorSelector } from "../ast.ts";
import { RANGE_FUNCTIONS } from "../functions/range.ts";
import { isDistinctWithoutName, unwrapParens } from "../invariant.ts";
import { isFold } from "../operators/aggregate.ts";
import { childrenOf, seriesArgOf } from "./children.ts";
import type { Sharing } from "./sharing.ts";

export function labelsSeen(root: Expr, sharing: Sharing): ReadonlyMap<VectorSelector, readonly string[]> {
  const seen = new Map<VectorSelector, readonly string[]>();
  /** A tree may hold one node in two places. */
  const met = new Set<Expr>();
  const open: Expr[] = [root];
  for (let expr = open.pop(); expr !== undefined; expr = open.pop()) {
    open.push(...childrenOf(expr));
    const selector = expr.kind === "aggregate" ? selectorUnder(expr, sharing) : undefined;
    if (selector !== undefined && expr.kind === "aggregate") {
      // Remarks on a metric say its name and type.
      seen.set(selector, [...new Set([...expr.grouping, ...METADATA_LABELS])]);
    }
    if (expr.kind !== "selector") continue;
    if (met.has(expr)) seen.delete(expr);
    met.add(expr);
  }
  return seen;
}

/** The selector whose series an aggregation groups, where nobody else sees them. */
function selectorUnder(aggregate: Aggregate, sharing: Sharing): VectorSelector | undefined {
  if (aggregate.without || !isFold(aggregate.op)) return undefined;
  const operand = unwrapParens(aggregate.expr);
  if (sharing.vectors.has(operand)) return undefined;
  const selector = operand.kind === "selector" ? operand : selectorOfCall(operand);
  return selector === undefined || sharing.reads.has(selector) ? undefined : selector;
}

/** Of a function over a range, unless series may become equal when they lose their names. */
function selectorOfCall(call: Expr): VectorSelector | undefined {
  if (call.kind !== "call") return undefined;
  const fn = RANGE_FUNCTIONS.get(call.name);
  const operand = call.args[seriesArgOf(call)];
  if (fn === undefined || operand === undefined) return undefined;
  const matrix = unwrapParens(operand);
  if (matrix.kind !== "matrix") return undefined;
  return fn.keepsName || isDistinctWithoutName(matrix) ? matrix.selector : undefined;
}
