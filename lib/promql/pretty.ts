/**
 * Writes an expression over several lines, as Prometheus's format_query does: what fits on a line of a hundred bytes
 * stays on one line, what does not is split at its outermost construct and indented by two blanks a level.
 */
import type { Expr } from "./ast.ts";
import {
  printAggregateHead,
  type PrintedTexts,
  printExpr,
  printOperator,
  printSubquerySuffix,
} from "./printer.ts";

/** In bytes, indentation not counted. */
const LINE_BYTES_MAX = 100;
const INDENT = "  ";

export function prettyExpr(expr: Expr, lineBytesMax: number = LINE_BYTES_MAX): string {
  return new Pretty(lineBytesMax).write(expr, 0);
}

class Pretty {
  readonly #texts: PrintedTexts = new Map();
  readonly #lineBytesMax: number;

  constructor(lineBytesMax: number) {
    this.#lineBytesMax = lineBytesMax;
  }

  write(expr: Expr, level: number): string {
    const indent = INDENT.repeat(level);
    if (expr.kind === "unary") return indent + expr.op + this.write(expr.expr, level).trim();
    const text = printExpr(expr, this.#texts);
    // As Prometheus: a subquery that fits is not indented.
    if (!this.#isLong(text)) return expr.kind === "subquery" ? text : indent + text;
    switch (expr.kind) {
      case "aggregate": {
        const param = expr.param === undefined ? "" : `${this.write(expr.param, level + 1)},\n`;
        return `${indent}${printAggregateHead(expr)}(\n${param}${
          this.write(expr.expr, level + 1)
        }\n${indent})`;
      }
      case "binary":
        return `${this.write(expr.left, level + 1)}\n${indent}${printOperator(expr)}\n${
          this.write(expr.right, level + 1)
        }`;
      case "call":
        return `${indent}${expr.name}(\n${
          expr.args.map((arg) => this.write(arg, level + 1)).join(",\n")
        }\n${indent})`;
      case "paren":
        return `${indent}(\n${this.write(expr.expr, level + 1)}\n${indent})`;
      case "subquery":
        return this.write(expr.expr, level) + printSubquerySuffix(expr);
      default:
        return indent + text;
    }
  }

  #isLong(text: string): boolean {
    if (text.length > this.#lineBytesMax) return true;
    // A UTF-16 unit takes three bytes at most.
    return text.length * 3 > this.#lineBytesMax && new TextEncoder().encode(text).length > this.#lineBytesMax;
  }
}
