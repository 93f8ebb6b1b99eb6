/**
 * The dispatcher: an expression of the tree to the operator that computes it. What does not change from step to
 * step is computed at one step and repeated.
 */
import { assert } from "../core/assert.ts";
import { UserError } from "../core/errors.ts";
import type { Aggregate, Binary, Expr } from "./ast.ts";
import { type Blocks, type StepGrid } from "./block.ts";
import type { Evaluator, QueryContext } from "./context.ts";
import { durationValueMs, positiveDurationMs } from "./duration_value.ts";
import { scalarCall } from "./functions/scalar.ts";
import { VECTOR_FUNCTIONS } from "./functions/table.ts";
import { isStepInvariant, unwrapParens } from "./invariant.ts";
import { foldVector, isFold } from "./operators/aggregate.ts";
import { countValues, limitRatio, quantileAggregate } from "./operators/aggregate_select.ts";
import { negate, scalarBinary, vectorScalar } from "./operators/binary.ts";
import { broadcast } from "./operators/collect.ts";
import { selectK } from "./operators/select_k.ts";
import { selectVector } from "./operators/selector.ts";
import { setOperation } from "./operators/sets.ts";
import { vectorBinary } from "./operators/vector_binary.ts";
import type { SharedVector } from "./plan/sharing.ts";
import { SampleCounts } from "./sample_counts.ts";
import { typeOf } from "./types.ts";

export function evaluatorOf(context: QueryContext): Evaluator {
  const times = { stepMs: context.stepMs, rangeMs: context.endMs - context.startMs };
  const evaluator: Evaluator = {
    context,
    counting: (samples) => evaluatorOf({ ...context, samples }),
    vector: (expr, grid) => vector(evaluator, expr, grid),
    scalar: (expr, grid) => scalar(evaluator, expr, grid),
    string: stringOf,
    durationMs: (expr) => durationValueMs(expr, times),
    positiveDurationMs: (expr) => positiveDurationMs(expr, times),
  };
  return evaluator;
}

function stringOf(expr: Expr): string {
  const inner = unwrapParens(expr);
  assert(inner.kind === "string", "a string argument is a string literal");
  return inner.value;
}

function vector(evaluator: Evaluator, expr: Expr, grid: StepGrid): Blocks {
  if (grid.count > 1 && isStepInvariant(expr)) {
    return repeated(evaluator, expr, grid);
  }
  return vectorAt(evaluator, expr, grid);
}

async function* repeated(evaluator: Evaluator, expr: Expr, grid: StepGrid): Blocks {
  const { pacer, samples } = evaluator.context;
  const once = new SampleCounts();
  yield* broadcast(pacer, vectorAt(evaluator.counting(once), expr, { ...grid, count: 1 }), grid.count);
  samples.addRepeated(once, grid.count);
}

/** Of a vector that occurs several times at the same steps, the first occurrence is evaluated for all of them. */
function vectorAt(evaluator: Evaluator, expr: Expr, grid: StepGrid): Blocks {
  const shared = evaluator.context.plan.sharing.vectors.get(expr);
  return shared === undefined ? operatorOf(evaluator, expr, grid) : sharedVector(evaluator, shared, grid);
}

/** Its samples count for each reader, as if each had evaluated it. */
async function* sharedVector(evaluator: Evaluator, { id, uses, expr }: SharedVector, grid: StepGrid): Blocks {
  const { sharedBlocks, sharedCounts, samples } = evaluator.context;
  const key = `${id} ${grid.startMs} ${grid.stepMs} ${grid.count}`;
  let own: SampleCounts | undefined;
  yield* sharedBlocks.read(key, uses, () => {
    own = samples.empty();
    sharedCounts.set(key, own);
    return operatorOf(evaluator.counting(own), expr, grid);
  });
  const counted = own ?? sharedCounts.get(key);
  assert(counted !== undefined, "who makes shared blocks counts their samples");
  samples.add(counted);
}

function operatorOf(evaluator: Evaluator, expr: Expr, grid: StepGrid): Blocks {
  switch (expr.kind) {
    case "paren":
      return vectorAt(evaluator, expr.expr, grid);
    case "selector":
      return selectVector(evaluator, expr, grid, "values");
    case "call": {
      const fn = VECTOR_FUNCTIONS.get(expr.name);
      if (fn === undefined) {
        throw new UserError("execution", `function ${JSON.stringify(expr.name)} is not supported yet`);
      }
      return fn(evaluator, expr, grid);
    }
    case "aggregate":
      return aggregate(evaluator, expr, grid);
    case "binary":
      return binary(evaluator, expr, grid);
    case "unary":
      return expr.op === "-" ? negate(evaluator, expr, grid) : vectorAt(evaluator, expr.expr, grid);
    default:
      throw new UserError("execution", `expected an instant vector, got ${expr.kind}`);
  }
}

function aggregate(evaluator: Evaluator, node: Aggregate, grid: StepGrid): Blocks {
  if (isFold(node.op)) return foldVector(evaluator, node, node.op, grid);
  switch (node.op) {
    case "quantile":
      return quantileAggregate(evaluator, node, grid);
    case "count_values":
      return countValues(evaluator, node, grid);
    case "limit_ratio":
      return limitRatio(evaluator, node, grid);
    default:
      return selectK(evaluator, node, grid);
  }
}

function binary(evaluator: Evaluator, node: Binary, grid: StepGrid): Blocks {
  if (typeOf(node.left) === "scalar") return vectorScalar(evaluator, node, grid, "right");
  if (typeOf(node.right) === "scalar") return vectorScalar(evaluator, node, grid, "left");
  if (node.op === "and" || node.op === "or" || node.op === "unless") {
    return setOperation(evaluator, node, grid);
  }
  return vectorBinary(evaluator, node, grid);
}

async function scalar(evaluator: Evaluator, expr: Expr, grid: StepGrid): Promise<Float64Array> {
  switch (expr.kind) {
    case "number":
      return new Float64Array(grid.count).fill(expr.value);
    case "paren":
      return await scalar(evaluator, expr.expr, grid);
    case "unary": {
      const values = await scalar(evaluator, expr.expr, grid);
      return expr.op === "-" ? values.map((value) => -value) : values;
    }
    case "binary":
      return await scalarBinary(evaluator, expr, grid);
    case "call":
      return await scalarCall(evaluator, expr, grid);
    default:
      throw new UserError("execution", `expected a scalar, got ${expr.kind}`);
  }
}
