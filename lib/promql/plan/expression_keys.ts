/**
 * Which expressions of a tree are equal: a small number each, the same for equal ones alone. Equal means the same
 * printed form, and that the same is wanted of it (buckets of histograms or not). Positions do not count.
 */
import { assertNever } from "../../core/assert.ts";
import type { Expr, VectorSelector } from "../ast.ts";
import { printAggregateHead, printExpr, printOperator, printSubquerySuffix } from "../printer.ts";
import { childrenOf } from "./children.ts";

/** Counts of one remark would be added up over all occurrences, so they are evaluated one by one. */
const COUNTS_REMARKS: ReadonlySet<string> = new Set(
  "histogram_quantile histogram_quantiles histogram_fraction".split(" "),
);

/** What an expression or something in it does. */
export interface Contents {
  readonly reads: boolean;
  readonly countsRemarks: boolean;
}

export class ExpressionKeys {
  readonly #statsSelectors: ReadonlySet<VectorSelector>;
  readonly #keyOf = new Map<Expr, number>();
  readonly #keys = new Map<string, number>();
  readonly #contentsOf = new Map<Expr, Contents>();

  constructor(statsSelectors: ReadonlySet<VectorSelector>) {
    this.#statsSelectors = statsSelectors;
  }

  keyOf(expr: Expr): number {
    let key = this.#keyOf.get(expr);
    if (key === undefined) {
      const below = childrenOf(expr).map((child) => this.keyOf(child)).join(",");
      key = this.ofText(`${expr.kind} ${this.#ownText(expr)}(${below}`);
      this.#keyOf.set(expr, key);
    }
    return key;
  }

  contentsOf(expr: Expr): Contents {
    let contents = this.#contentsOf.get(expr);
    if (contents === undefined) {
      const below = childrenOf(expr).map((child) => this.contentsOf(child));
      contents = {
        reads: expr.kind === "selector" || below.some(({ reads }) => reads),
        countsRemarks: (expr.kind === "call" && COUNTS_REMARKS.has(expr.name)) ||
          below.some(({ countsRemarks }) => countsRemarks),
      };
      this.#contentsOf.set(expr, contents);
    }
    return contents;
  }

  /** Of anything that is told apart by a text. */
  ofText(text: string): number {
    let key = this.#keys.get(text);
    if (key === undefined) this.#keys.set(text, key = this.#keys.size);
    return key;
  }

  /** What a node says besides its operands. */
  #ownText(expr: Expr): string {
    switch (expr.kind) {
      case "number":
        return Object.is(expr.value, -0) ? "-0" : String(expr.value);
      case "string":
        return expr.value;
      case "selector":
        return `${this.#statsSelectors.has(expr) ? "stats" : "whole"} ${printExpr(expr)}`;
      case "matrix":
        return printExpr(expr);
      case "subquery":
        return printSubquerySuffix(expr);
      case "aggregate":
        return printAggregateHead(expr);
      case "call":
        return expr.name;
      case "binary":
        return printOperator(expr);
      case "unary":
        return expr.op;
      case "paren":
        return "";
      default:
        return assertNever(expr);
    }
  }
}
