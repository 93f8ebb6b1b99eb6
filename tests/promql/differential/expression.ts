/**
 * A generated query as a tree of text and smaller queries, each of which can be asked on its own: that is how a
 * difference is traced to the smallest expression that shows it.
 */
export type ExprType = "scalar" | "vector" | "matrix" | "string";

export interface Expr {
  readonly type: ExprType;
  /** What the rules about known differences look at: a function, an operator, an aggregation, "selector", … */
  readonly name: string;
  readonly parts: readonly (string | Expr)[];
}

/** Of one server: functions that version 3 renamed. */
export type Dialect = "prometheus" | "narthex";

export interface Bounds {
  readonly startS: number;
  readonly endS: number;
}

export function expr(type: ExprType, name: string, ...parts: readonly (string | Expr)[]): Expr {
  return { type, name, parts };
}

export function render(node: Expr, dialect: Dialect, bounds?: Bounds): string {
  return node.parts.map((part) => {
    if (typeof part !== "string") return render(part, dialect, bounds);
    // As long as the other, so that errors stand at the same column.
    const text = part.replace(
      "holt_winters(",
      dialect === "narthex" ? "double_exponential_smoothing(" : "holt_winters                (",
    );
    if (bounds === undefined) return text;
    return text.replace("@ start()", `@ ${bounds.startS}`).replace("@ end()", `@ ${bounds.endS}`);
  }).join("");
}

export function children(node: Expr): readonly Expr[] {
  return node.parts.filter((part) => typeof part !== "string");
}

export function nodesOf(node: Expr): readonly Expr[] {
  return [node, ...children(node).flatMap(nodesOf)];
}
