/**
 * The syntax tree of PromQL. Plain immutable data. Every node carries its place in the query as UTF-16 offsets
 * `[start, end)`; errors and annotations turn them into line and byte column.
 */
import type { Matcher } from "../model/matchers.ts";
import type { EpochMs } from "../core/time.ts";

export type ValueType = "scalar" | "vector" | "matrix" | "string" | "none";

export interface Position {
  readonly start: number;
  readonly end: number;
}

interface Node {
  readonly pos: Position;
}

export interface NumberLiteral extends Node {
  readonly kind: "number";
  readonly value: number;
  /** Written as a duration (`5m`): printed as one again. */
  readonly asDuration: boolean;
}

export interface StringLiteral extends Node {
  readonly kind: "string";
  readonly value: string;
}

/** `@ 123`, `@ start()`, `@ end()`. */
export type AtModifier =
  | { readonly kind: "time"; readonly tMs: EpochMs }
  | { readonly kind: "start" }
  | { readonly kind: "end" };

/** Duration arithmetic inside brackets and after `offset`; a plain duration is a `literal`. */
export type DurationExpr =
  & Node
  & (
    | {
      readonly kind: "literal";
      readonly ms: number; /** Written `5m` and not `300`. */
      readonly asDuration: boolean;
    }
    | { readonly kind: "step" }
    | { readonly kind: "range" }
    | { readonly kind: "unary"; readonly op: "+" | "-"; readonly of: DurationExpr }
    | {
      readonly kind: "binary";
      readonly op: "+" | "-" | "*" | "/" | "%" | "^";
      readonly left: DurationExpr;
      readonly right: DurationExpr;
    }
    | { readonly kind: "call"; readonly name: "min_of" | "max_of"; readonly args: readonly DurationExpr[] }
    | { readonly kind: "paren"; readonly of: DurationExpr }
  );

/** How the samples around the edges of a range are taken. */
export type RangeEdge = "plain" | "anchored" | "smoothed";

export interface VectorSelector extends Node {
  readonly kind: "selector";
  /** The name before the braces, "" when there is none (`{"a.b"}` too). `matchers` holds every name. */
  readonly name: string;
  readonly matchers: readonly Matcher[];
  readonly offset: DurationExpr | undefined;
  readonly at: AtModifier | undefined;
  readonly edge: RangeEdge;
}

export interface MatrixSelector extends Node {
  readonly kind: "matrix";
  readonly selector: VectorSelector;
  readonly range: DurationExpr;
}

export interface Subquery extends Node {
  readonly kind: "subquery";
  readonly expr: Expr;
  readonly range: DurationExpr;
  /** Undefined: the engine's default step. */
  readonly step: DurationExpr | undefined;
  readonly offset: DurationExpr | undefined;
  readonly at: AtModifier | undefined;
}

export type AggregateOp =
  | "sum"
  | "avg"
  | "min"
  | "max"
  | "count"
  | "group"
  | "stddev"
  | "stdvar"
  | "topk"
  | "bottomk"
  | "quantile"
  | "count_values"
  | "limitk"
  | "limit_ratio";

export interface Aggregate extends Node {
  readonly kind: "aggregate";
  readonly op: AggregateOp;
  readonly expr: Expr;
  readonly param: Expr | undefined;
  readonly grouping: readonly string[];
  readonly without: boolean;
  /** `by (…)` or `without (…)` was written. `by ()` means the same as nothing, and is printed as nothing. */
  readonly groupingWritten: boolean;
}

export interface Call extends Node {
  readonly kind: "call";
  readonly name: string;
  readonly args: readonly Expr[];
}

export type BinaryOp =
  | "+"
  | "-"
  | "*"
  | "/"
  | "%"
  | "^"
  | "atan2"
  | "=="
  | "!="
  | ">"
  | "<"
  | ">="
  | "<="
  | "and"
  | "or"
  | "unless"
  | "</"
  | ">/";

export interface VectorMatching {
  readonly card: "one-to-one" | "many-to-one" | "one-to-many" | "many-to-many";
  readonly labels: readonly string[];
  /** `on(labels)`; otherwise `ignoring(labels)`, which `ignoring()` and nothing at all mean too. */
  readonly on: boolean;
  /** Of `group_left(…)` or `group_right(…)`. */
  readonly include: readonly string[];
  readonly fillLeft: number | undefined;
  readonly fillRight: number | undefined;
}

export interface Binary extends Node {
  readonly kind: "binary";
  readonly op: BinaryOp;
  readonly left: Expr;
  readonly right: Expr;
  readonly bool: boolean;
  /** Set between two vectors. */
  readonly matching: VectorMatching | undefined;
  /** Of the operator itself, for annotations. */
  readonly opPos: Position;
}

export interface Unary extends Node {
  readonly kind: "unary";
  readonly op: "+" | "-";
  readonly expr: Expr;
}

export interface Paren extends Node {
  readonly kind: "paren";
  readonly expr: Expr;
}

export type Expr =
  | NumberLiteral
  | StringLiteral
  | VectorSelector
  | MatrixSelector
  | Subquery
  | Aggregate
  | Call
  | Binary
  | Unary
  | Paren;
