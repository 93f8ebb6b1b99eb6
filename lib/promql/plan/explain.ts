/**
 * A plan as text, a line a node: what is computed, at which steps, what it holds, and what is computed or read once
 * for several places. For people, and for tests.
 */
import type { Expr } from "../ast.ts";
import { isStepInvariant, unwrapParens } from "../invariant.ts";
import { isFold } from "../operators/aggregate.ts";
import { printAggregateHead, printExpr, printOperator, printSubquerySuffix } from "../printer.ts";
import { typeOf } from "../types.ts";
import { childrenOf } from "./children.ts";
import type { Plan } from "./plan.ts";
import type { SharedRead } from "./sharing.ts";

export function explainPlan(plan: Plan): string {
  const lines: string[] = [];
  new Explainer(plan, lines).node(plan.expr, 0, false);
  return lines.join("\n");
}

class Explainer {
  readonly #plan: Plan;
  readonly #lines: string[];
  /** Numbers as they are shown, from 1. */
  readonly #vectors = new Map<number, number>();
  readonly #reads = new Map<number, number>();

  constructor(plan: Plan, lines: string[]) {
    this.#plan = plan;
    this.#lines = lines;
  }

  node(expr: Expr, depth: number, once: boolean): void {
    const inner = unwrapParens(expr);
    const isVector = typeOf(inner) === "vector";
    const isOnce = once || (isVector && isStepInvariant(inner));
    const notes: string[] = isOnce && !once && isVector ? ["once"] : [];
    const shared = this.#plan.sharing.vectors.get(inner);
    if (shared === undefined) {
      this.#line(depth, inner, notes);
      this.#below(inner, depth, isOnce);
      return;
    }
    const known = this.#vectors.get(shared.id);
    if (known !== undefined) {
      this.#lines.push(`${"  ".repeat(depth)}= #${known}`);
      return;
    }
    const number = this.#vectors.size + 1;
    this.#vectors.set(shared.id, number);
    this.#line(depth, shared.expr, [...notes, `kept as #${number} for ${shared.uses} readers`]);
    this.#below(shared.expr, depth, isOnce);
  }

  #below(expr: Expr, depth: number, once: boolean): void {
    if (expr.kind === "matrix") return;
    const isSubquery = expr.kind === "subquery";
    for (const child of childrenOf(expr)) {
      if (child.kind !== "string") this.node(child, depth + 1, once && !isSubquery);
    }
  }

  #line(depth: number, expr: Expr, notes: readonly string[]): void {
    const all = [...notes];
    const hold = holdsOf(expr);
    if (hold !== "") all.push(hold);
    const selector = expr.kind === "matrix" ? expr.selector : expr;
    const read = selector.kind === "selector" ? this.#plan.sharing.reads.get(selector) : undefined;
    if (read !== undefined) all.push(this.#readNote(read));
    this.#lines.push("  ".repeat(depth) + headOf(expr) + (all.length === 0 ? "" : `  [${all.join("; ")}]`));
  }

  #readNote({ id, uses }: SharedRead): string {
    const known = this.#reads.get(id);
    if (known !== undefined) return `samples of r${known}`;
    const number = this.#reads.size + 1;
    this.#reads.set(id, number);
    return `samples kept as r${number} for ${uses} readers`;
  }
}

/** A node without its operands. */
function headOf(expr: Expr): string {
  switch (expr.kind) {
    case "number":
    case "string":
      return `constant ${printExpr(expr)}`;
    case "selector":
      return `select ${printExpr(expr)}`;
    case "matrix":
      return `range ${printExpr(expr)}`;
    case "subquery":
      return `subquery ${printSubquerySuffix(expr)}`;
    case "aggregate":
      return `aggregate ${printAggregateHead(expr).trimEnd()}`;
    case "call":
      return `call ${expr.name}${stringsOf(expr.args)}`;
    case "binary":
      return `operator ${printOperator(expr)}`;
    case "unary":
      return `sign ${expr.op}`;
    case "paren":
      return headOf(expr.expr);
  }
}

function stringsOf(args: readonly Expr[]): string {
  const strings = args.filter((arg) => arg.kind === "string");
  return strings.length === 0 ? "" : ` ${strings.map((arg) => printExpr(arg)).join(", ")}`;
}

/** What an operator keeps in memory until it is done; the others pass on what streams. */
function holdsOf(expr: Expr): string {
  if (expr.kind === "binary" && expr.matching !== undefined) return "holds both sides";
  if (expr.kind !== "aggregate") return "";
  if (isFold(expr.op) || expr.op === "count_values") return "holds groups";
  return expr.op === "limit_ratio" ? "" : "holds all series";
}
