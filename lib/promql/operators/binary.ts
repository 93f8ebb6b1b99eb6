/** Binary operators that have a scalar on at least one side, and unary ones. */
import { UserError } from "../../core/errors.ts";
import { absentColumn, wordsOf } from "../../model/stale.ts";
import type { Binary, BinaryOp, Unary } from "../ast.ts";
import { type Blocks, dropAbsentRows, emptyBlock, type StepGrid } from "../block.ts";
import type { Evaluator } from "../context.ts";
import { isDistinctWithoutName } from "../invariant.ts";
import { typeOf } from "../types.ts";
import {
  arithmetic,
  arithmeticRows,
  compare,
  comparisonRows,
  isArithmetic,
  isComparison,
} from "../kernels/arithmetic.ts";
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
  if (op === "</" || op === ">/") {
    yield* trimVectors(evaluator, node, grid);
    return;
  }
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

/** As Prometheus: a float is no histogram to trim; each pair of floats is dropped with a remark. */
export async function* trimVectors(evaluator: Evaluator, node: Binary, grid: StepGrid): Blocks {
  const { context } = evaluator;
  let pairs = true;
  for (const side of [node.left, node.right]) {
    if (!pairs || typeOf(side) !== "vector") continue;
    let series = 0;
    for await (const block of evaluator.vector(side, grid)) {
      series += block.labels.length;
      const turn = context.pacer.turn();
      if (turn !== undefined) await turn;
    }
    pairs = series > 0;
  }
  if (pairs) {
    context.annotations.inform(
      `incompatible sample types encountered for binary operator ${
        JSON.stringify(node.op)
      }: float ${node.op} float`,
      node.pos,
    );
  }
  yield emptyBlock(grid.count);
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
  const other = { values: scalar, words: wordsOf(scalar), at: 0 };
  for await (const block of evaluator.vector(vectorSide === "left" ? node.left : node.right, grid)) {
    for (let i = 0; i < block.labels.length; i++) {
      const cells = { values: block.values, words: block.words, at: i * steps };
      const left = vectorSide === "left" ? cells : other;
      const right = vectorSide === "left" ? other : cells;
      if (isArithmetic(op)) arithmeticRows(op, left, right, cells, steps);
      else if (isComparison(op)) {
        comparisonRows(op, node.bool ? "bool" : vectorSide, left, right, cells, steps);
      } else throw unsupported(op);
    }
    const drops = isArithmetic(op) || node.bool;
    yield drops ? nameless(context, block) : dropAbsentRows(block);
    const turn = context.pacer.turn();
    if (turn !== undefined) await turn;
  }
}

export async function* negate(evaluator: Evaluator, node: Unary, grid: StepGrid): Blocks {
  const { context } = evaluator;
  const negated = negatedBlocks(evaluator, node, grid);
  if (context.delayedNameRemoval || isDistinctWithoutName(node.expr)) yield* negated;
  else yield* distinct(context, negated, grid.count, "refuse");
}

const MINUS_ONE = -1;

async function* negatedBlocks(evaluator: Evaluator, node: Unary, grid: StepGrid): Blocks {
  const factor = absentColumn(grid.count).fill(MINUS_ONE);
  const other = { values: factor, words: wordsOf(factor), at: 0 };
  for await (const block of evaluator.vector(node.expr, grid)) {
    for (let i = 0; i < block.labels.length; i++) {
      const cells = { values: block.values, words: block.words, at: i * grid.count };
      arithmeticRows("*", cells, other, cells, grid.count);
    }
    yield nameless(evaluator.context, block);
  }
}
