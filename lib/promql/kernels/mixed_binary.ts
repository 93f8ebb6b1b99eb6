/**
 * Binary operators between cells of which at least one may be a histogram. As Prometheus: what has no meaning (a
 * float less than a histogram) leaves no value and a remark; sums of incompatible layouts likewise.
 */
import {
  addHistograms,
  type CombinedHistogram,
  divideHistogram,
  multiplyHistogram,
  subtractHistograms,
} from "../../model/histogram/arithmetic.ts";
import {
  compact,
  type FloatHistogram,
  histogramsEqual,
  withHint,
} from "../../model/histogram/float_histogram.ts";
import { trimHistogram } from "../../model/histogram/trim.ts";
import { histogramAt, type HistogramTable, putHistogram } from "../../model/histogram_cell.ts";
import { isAbsent, setAbsent } from "../../model/stale.ts";
import type { Annotations } from "../annotations.ts";
import type { BinaryOp, Position } from "../ast.ts";
import {
  arithmetic,
  type Cells,
  compare,
  type ComparisonResult,
  isArithmetic,
  isComparison,
} from "./arithmetic.ts";

export type CellValue = number | FloatHistogram;

export interface MixedCells extends Cells {
  readonly histograms: HistogramTable | undefined;
}

export interface MixedOut extends Cells {
  readonly histograms: FloatHistogram[];
}

/** Where remarks go: the operator's place in the query. */
export interface BinaryNotes {
  readonly annotations: Annotations;
  readonly pos: Position;
}

/** `result` says what a comparison leaves. `out` may be either side. */
export function mixedRows(
  op: BinaryOp,
  result: ComparisonResult,
  a: MixedCells,
  b: MixedCells,
  out: MixedOut,
  steps: number,
  notes: BinaryNotes,
): void {
  for (let s = 0; s < steps; s++) {
    const at = out.at + s;
    if (isAbsent(a.words, a.at + s) || isAbsent(b.words, b.at + s)) {
      setAbsent(out.words, at);
      continue;
    }
    const left = histogramAt(a.words, a.at + s, a.histograms) ?? a.values[a.at + s]!;
    const right = histogramAt(b.words, b.at + s, b.histograms) ?? b.values[b.at + s]!;
    const value = isComparison(op)
      ? comparison(op, result, left, right, notes)
      : combination(op, left, right, notes);
    if (value === undefined) setAbsent(out.words, at);
    else if (typeof value === "number") out.values[at] = value;
    else putHistogram(out.words, at, out.histograms, value);
  }
}

function comparison(
  op: BinaryOp,
  result: ComparisonResult,
  left: CellValue,
  right: CellValue,
  notes: BinaryNotes,
): CellValue | undefined {
  const holds = compared(op, left, right, notes);
  if (holds === undefined) return undefined;
  if (result === "bool") return holds ? 1 : 0;
  if (!holds) return undefined;
  return result === "left" ? left : right;
}

/** Undefined where the two do not compare. */
function compared(op: BinaryOp, left: CellValue, right: CellValue, notes: BinaryNotes): boolean | undefined {
  if (typeof left === "number" && typeof right === "number") {
    return isComparison(op) && compare(op, left, right);
  }
  if (typeof left !== "number" && typeof right !== "number") {
    if (op === "==") return histogramsEqual(compact(left), compact(right));
    if (op === "!=") return !histogramsEqual(compact(left), compact(right));
  }
  remarkTypes(op, left, right, notes);
  return undefined;
}

function combination(
  op: BinaryOp,
  left: CellValue,
  right: CellValue,
  notes: BinaryNotes,
): CellValue | undefined {
  if (typeof left === "number") {
    if (typeof right !== "number") {
      if (op === "*") return compact(multiplyHistogram(right, left));
    } else if (isArithmetic(op)) return arithmetic(op, left, right);
  } else if (typeof right === "number") {
    if (op === "*") return compact(multiplyHistogram(left, right));
    if (op === "/") return compact(divideHistogram(left, right));
    if (op === "</") return trimHistogram(left, "below", right);
    if (op === ">/") return trimHistogram(left, "above", right);
  } else if (op === "+") {
    return combined(op, "addition", addHistograms(left, right), notes);
  } else if (op === "-") {
    const difference = combined(op, "subtraction", subtractHistograms(left, right), notes);
    return difference === undefined ? undefined : withHint(difference, "gauge");
  }
  remarkTypes(op, left, right, notes);
  return undefined;
}

function combined(
  op: BinaryOp,
  what: string,
  result: CombinedHistogram | undefined,
  { annotations, pos }: BinaryNotes,
): FloatHistogram | undefined {
  if (result === undefined) {
    annotations.warn(`incompatible bucket layout encountered for binary operator ${op}`, pos);
    return undefined;
  }
  if (result.counterResetCollision) {
    annotations.warn(`conflicting counter resets during histogram ${what}`, pos);
  }
  if (result.boundsReconciled) {
    annotations.inform(`mismatched custom buckets were reconciled during ${what}`, pos);
  }
  return compact(result.histogram);
}

function remarkTypes(op: BinaryOp, left: CellValue, right: CellValue, notes: BinaryNotes): void {
  notes.annotations.inform(
    `incompatible sample types encountered for binary operator ${JSON.stringify(op)}: ` +
      `${typeName(left)} ${op} ${typeName(right)}`,
    notes.pos,
  );
}

function typeName(value: CellValue): string {
  return typeof value === "number" ? "float" : "histogram";
}
