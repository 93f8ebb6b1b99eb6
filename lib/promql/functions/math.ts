/** Functions from a number to a number, cell by cell. */
import { isAbsent } from "../../model/stale.ts";
import type { Block } from "../block.ts";

export type CellFunction = (value: number) => number;

/** As Go: beyond it e^-x is nothing beside e^x, and e^x alone decides what overflows. */
const EXPONENTIAL_MIN = 21;

function halfExp(value: number): number {
  return Math.exp(Math.abs(value)) * 0.5;
}

export const MATH: ReadonlyMap<string, CellFunction> = new Map<string, CellFunction>([
  ["abs", Math.abs],
  ["ceil", Math.ceil],
  ["floor", Math.floor],
  ["exp", Math.exp],
  ["sqrt", Math.sqrt],
  ["ln", Math.log],
  ["log2", Math.log2],
  ["log10", Math.log10],
  ["sin", Math.sin],
  ["cos", Math.cos],
  ["tan", Math.tan],
  ["asin", Math.asin],
  ["acos", Math.acos],
  ["atan", Math.atan],
  [
    "sinh",
    (value) => Math.abs(value) > EXPONENTIAL_MIN ? Math.sign(value) * halfExp(value) : Math.sinh(value),
  ],
  ["cosh", (value) => Math.abs(value) > EXPONENTIAL_MIN ? halfExp(value) : Math.cosh(value)],
  ["tanh", Math.tanh],
  ["asinh", Math.asinh],
  ["acosh", Math.acosh],
  ["atanh", Math.atanh],
  ["rad", (value) => value * Math.PI / 180],
  ["deg", (value) => value * 180 / Math.PI],
  ["sgn", (value) => value < 0 ? -1 : value > 0 ? 1 : value],
]);

/** Replaces each value of a block. */
export function mapCells(block: Block, fn: CellFunction): void {
  const { values, words } = block;
  const cells = block.labels.length * block.steps;
  for (let i = 0; i < cells; i++) {
    const value = values[i]!;
    if (value !== value && isAbsent(words, i)) continue;
    values[i] = fn(value);
  }
}

/** As Go's math.Max and math.Min: an infinity wins over NaN. */
export function goMax(a: number, b: number): number {
  return a === Infinity || b === Infinity ? Infinity : Math.max(a, b);
}

export function goMin(a: number, b: number): number {
  return a === -Infinity || b === -Infinity ? -Infinity : Math.min(a, b);
}
