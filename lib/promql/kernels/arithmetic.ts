/**
 * Binary operators over rows. A cell of the result is absent where a cell of either side is. `out` may be either
 * side. Comparisons either keep the left or the right value (filters) or give 0 and 1.
 */
import { isAbsent, setAbsent } from "../../model/stale.ts";
import type { BinaryOp } from "../ast.ts";

export type ArithmeticOp = "+" | "-" | "*" | "/" | "%" | "^" | "atan2";
export type ComparisonOp = "==" | "!=" | ">" | "<" | ">=" | "<=";

export function isComparison(op: BinaryOp): op is ComparisonOp {
  return op === "==" || op === "!=" || op === ">" || op === "<" || op === ">=" || op === "<=";
}

export function isArithmetic(op: BinaryOp): op is ArithmeticOp {
  return op === "+" || op === "-" || op === "*" || op === "/" || op === "%" || op === "^" || op === "atan2";
}

export function isTrim(op: BinaryOp): op is "</" | ">/" {
  return op === "</" || op === ">/";
}

/** As Go: 1 to any power is 1, and so is −1 to an infinite one; JavaScript says NaN. */
export function power(x: number, y: number): number {
  if (x === 1 || (x === -1 && (y === Infinity || y === -Infinity))) return 1;
  return x ** y;
}

export function arithmetic(op: ArithmeticOp, x: number, y: number): number {
  switch (op) {
    case "+":
      return x + y;
    case "-":
      return x - y;
    case "*":
      return x * y;
    case "/":
      return x / y;
    case "%":
      return x % y;
    case "^":
      return power(x, y);
    case "atan2":
      return Math.atan2(x, y);
  }
}

export function compare(op: ComparisonOp, x: number, y: number): boolean {
  switch (op) {
    case "==":
      return x === y;
    case "!=":
      return x !== y;
    case ">":
      return x > y;
    case "<":
      return x < y;
    case ">=":
      return x >= y;
    case "<=":
      return x <= y;
  }
}

/** Some cells of a row-major array. */
export interface Cells {
  readonly values: Float64Array;
  readonly words: Uint32Array;
  readonly at: number;
}

export function arithmeticRows(op: ArithmeticOp, a: Cells, b: Cells, out: Cells, steps: number): void {
  const x = a.values, y = b.values, z = out.values;
  const xAt = a.at, yAt = b.at, zAt = out.at;
  for (let s = 0; s < steps; s++) {
    const l = x[xAt + s]!;
    const r = y[yAt + s]!;
    if ((l !== l && isAbsent(a.words, xAt + s)) || (r !== r && isAbsent(b.words, yAt + s))) {
      setAbsent(out.words, zAt + s);
    } else {
      z[zAt + s] = arithmetic(op, l, r);
    }
  }
}

export type ComparisonResult = "left" | "right" | "bool";

export function comparisonRows(
  op: ComparisonOp,
  result: ComparisonResult,
  a: Cells,
  b: Cells,
  out: Cells,
  steps: number,
): void {
  const x = a.values, y = b.values, z = out.values;
  const xAt = a.at, yAt = b.at, zAt = out.at;
  for (let s = 0; s < steps; s++) {
    const l = x[xAt + s]!;
    const r = y[yAt + s]!;
    if ((l !== l && isAbsent(a.words, xAt + s)) || (r !== r && isAbsent(b.words, yAt + s))) {
      setAbsent(out.words, zAt + s);
      continue;
    }
    const holds = compare(op, l, r);
    if (result === "bool") z[zAt + s] = holds ? 1 : 0;
    else if (!holds) setAbsent(out.words, zAt + s);
    else z[zAt + s] = result === "left" ? l : r;
  }
}
