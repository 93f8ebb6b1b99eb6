/**
 * Aggregations that fold: sum, avg, min, max, count, group, stddev, stdvar. Series are folded block by block as
 * they stream, so that only the groups are held, never the samples.
 */
import type { Aggregate } from "../ast.ts";
import { blockOf, type Blocks, dropAbsentRows, type StepGrid } from "../block.ts";
import type { Evaluator } from "../context.ts";
import { finishFold, FOLD_SECTIONS, type FoldOp, FOLDS } from "../kernels/fold.ts";
import { Grouping } from "./grouping.ts";

export function isFold(op: Aggregate["op"]): op is FoldOp {
  return op in FOLDS;
}

export async function* foldVector(
  evaluator: Evaluator,
  node: Aggregate,
  op: FoldOp,
  grid: StepGrid,
): Blocks {
  const { budget, pacer } = evaluator.context;
  const steps = grid.count;
  const fold = FOLDS[op];
  const cells = FOLD_SECTIONS[op] * steps;
  const grouping = new Grouping(node.grouping, node.without);
  const states: Float64Array[] = [];
  for await (const block of evaluator.vector(node.expr, grid)) {
    for (let i = 0; i < block.labels.length; i++) {
      const slot = grouping.slotOf(block.labels[i]!);
      let state = states[slot];
      if (state === undefined) {
        budget.hold(steps);
        state = new Float64Array(cells);
        states.push(state);
      }
      fold(state, steps, block.values, block.words, i * steps);
    }
    const turn = pacer.turn();
    if (turn !== undefined) await turn;
  }
  const values = new Float64Array(states.length * steps);
  const result = blockOf(steps, grouping.labels, values);
  for (let slot = 0; slot < states.length; slot++) {
    finishFold(op, states[slot]!, steps, values, result.words, slot * steps);
  }
  budget.release(states.length * steps);
  yield dropAbsentRows(result);
}
