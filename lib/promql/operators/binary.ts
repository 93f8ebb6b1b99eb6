/** Binary operators that have a scalar on at least one side, and unary ones. */
import { UserError } from "../../core/errors.ts";
import { negateHistogram } from "../../model/histogram/arithmetic.ts";
import type { FloatHistogram } from "../../model/histogram/float_histogram.ts";
import { histogramAt, putHistogram } from "../../model/histogram_cell.ts";
import { absentColumn, isAbsent, wordsOf } from "../../model/stale.ts";
import type { Binary, BinaryOp, Unary } from "../ast.ts";
import { type Block, type Blocks, dropAbsentRows, type StepGrid, tableOf } from "../block.ts";
import type { Evaluator, QueryContext } from "../context.ts";
import { isDistinctWithoutName } from "../invariant.ts";
import {
  arithmetic,
  arithmeticRows,
  compare,
  comparisonRows,
  isArithmetic,
  isComparison,
  isTrim,
} from "../kernels/arithmetic.ts";
import { type MixedCells, mixedRows } from "../kernels/mixed_binary.ts";
import { distinct, nameless } from "./collect.ts";

export async function scalarBinary(
  evaluator: Evaluator,
  node: Binary,
  grid: StepGrid,
): Promise<Float64Array> {
  const left = await evaluator.scalar(node.left, grid);
  const right = await evaluator.scalar(node.right, grid);
  const out = new Float64Array(grid.count);
  for (let s = 0; s < grid.count; s++) out[s] = scalarResult(node.op, left[s]!, right[s]!);
  return out;
}

function scalarResult(op: BinaryOp, left: number, right: number): number {
  if (isArithmetic(op)) return arithmetic(op, left, right);
  if (isComparison(op)) return compare(op, left, right) ? 1 : 0;
  throw unsupported(op);
}

export function unsupported(op: BinaryOp): UserError {
  return new UserError("execution", `operator ${JSON.stringify(op)} works on native histograms only`);
}

/** A vector and a scalar. Comparisons give the vector's value whichever side it stands on. */
export async function* vectorScalar(
  evaluator: Evaluator,
  node: Binary,
  grid: StepGrid,
  vectorSide: "left" | "right",
): Blocks {
  const { context } = evaluator;
  const { op } = node;
  const scalar = await evaluator.scalar(vectorSide === "left" ? node.right : node.left, grid);
  const vectorExpr = vectorSide === "left" ? node.left : node.right;
  const drops = isArithmetic(op) || node.bool;
  const blocks = applyScalar(evaluator, node, grid, vectorSide, scalar);
  if (!drops || context.delayedNameRemoval || isDistinctWithoutName(vectorExpr)) {
    yield* blocks;
  } else {
    yield* distinct(context, blocks, grid.count, "merge");
  }
}

async function* applyScalar(
  evaluator: Evaluator,
  node: Binary,
  grid: StepGrid,
  vectorSide: "left" | "right",
  scalar: Float64Array,
): Blocks {
  const { context } = evaluator;
  const { op } = node;
  const steps = grid.count;
  const other = { values: scalar, words: wordsOf(scalar), at: 0, histograms: undefined };
  for await (const block of evaluator.vector(vectorSide === "left" ? node.left : node.right, grid)) {
    if (block.histograms !== undefined || isTrim(op)) {
      yield named(context, node, applyScalarMixed(context, node, block, vectorSide, other));
      const turn = context.pacer.turn();
      if (turn !== undefined) await turn;
      continue;
    }
    for (let i = 0; i < block.labels.length; i++) {
      const cells = { values: block.values, words: block.words, at: i * steps };
      const left = vectorSide === "left" ? cells : other;
      const right = vectorSide === "left" ? other : cells;
      if (isArithmetic(op)) arithmeticRows(op, left, right, cells, steps);
      else if (isComparison(op)) {
        comparisonRows(op, node.bool ? "bool" : vectorSide, left, right, cells, steps);
      } else throw unsupported(op);
    }
    yield named(context, node, block);
    const turn = context.pacer.turn();
    if (turn !== undefined) await turn;
  }
}

function named(context: QueryContext, node: Binary, block: Block): Block {
  return isArithmetic(node.op) || node.bool ? nameless(context, block) : dropAbsentRows(block);
}

function applyScalarMixed(
  context: QueryContext,
  node: Binary,
  block: Block,
  vectorSide: "left" | "right",
  scalar: MixedCells,
): Block {
  const { steps } = block;
  const histograms: FloatHistogram[] = [];
  const notes = { annotations: context.annotations, pos: node.pos };
  for (let i = 0; i < block.labels.length; i++) {
    const cells = { values: block.values, words: block.words, at: i * steps, histograms: block.histograms };
    const left = vectorSide === "left" ? cells : scalar;
    const right = vectorSide === "left" ? scalar : cells;
    const result = node.bool ? "bool" : vectorSide;
    mixedRows(node.op, result, left, right, { ...cells, histograms }, steps, notes);
  }
  return dropAbsentRows({ ...block, histograms: tableOf(histograms) });
}

export async function* negate(evaluator: Evaluator, node: Unary, grid: StepGrid): Blocks {
  const { context } = evaluator;
  const negated = negatedBlocks(evaluator, node, grid);
  if (context.delayedNameRemoval || isDistinctWithoutName(node.expr)) yield* negated;
  else yield* distinct(context, negated, grid.count, "refuse");
}

const MINUS_ONE = -1;

async function* negatedBlocks(evaluator: Evaluator, node: Unary, grid: StepGrid): Blocks {
  const { context } = evaluator;
  const factor = absentColumn(grid.count).fill(MINUS_ONE);
  const other = { values: factor, words: wordsOf(factor), at: 0 };
  for await (const block of evaluator.vector(node.expr, grid)) {
    if (block.histograms !== undefined) {
      yield nameless(context, negatedMixed(block));
      continue;
    }
    for (let i = 0; i < block.labels.length; i++) {
      const cells = { values: block.values, words: block.words, at: i * grid.count };
      arithmeticRows("*", cells, other, cells, grid.count);
    }
    yield nameless(context, block);
  }
}

function negatedMixed(block: Block): Block {
  const { values, words, histograms } = block;
  const negated: FloatHistogram[] = [];
  const cells = block.labels.length * block.steps;
  for (let i = 0; i < cells; i++) {
    if (isAbsent(words, i)) continue;
    const histogram = histogramAt(words, i, histograms);
    if (histogram === undefined) values[i] = -values[i]!;
    else putHistogram(words, i, negated, negateHistogram(histogram));
  }
  return { ...block, histograms: tableOf(negated) };
}
