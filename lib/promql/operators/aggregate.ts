/**
 * Aggregations that fold: sum, avg, min, max, count, group, stddev, stdvar. Series are folded block by block as
 * they stream, so that only the groups are held, never the samples.
 */
import type { FloatHistogram } from "../../model/histogram/float_histogram.ts";
import { holdsHistograms } from "../../model/histogram_cell.ts";
import type { Aggregate } from "../ast.ts";
import { type Block, blockOf, type Blocks, floatsOnly, type StepGrid, tableOf } from "../block.ts";
import type { Evaluator } from "../context.ts";
import {
  finishHistograms,
  foldHistograms,
  type FoldNotes,
  foldsHistograms,
  type HistogramState,
  ignoresHistograms,
  remarkIgnored,
} from "../kernels/mixed_fold.ts";
import { finishFold, FOLD_SECTIONS, type FoldOp, FOLDS } from "../kernels/fold.ts";
import { inPieces } from "./collect.ts";
import { Grouping } from "./grouping.ts";
import { dropAbsentRowsPaced } from "./paced.ts";

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
  let held = 0;
  const histograms: HistogramState[] = [];
  const notes = { annotations: evaluator.context.annotations, pos: node.expr.pos };
  for await (const input of evaluator.vector(node.expr, grid)) {
    const block = ignoresHistograms(op) ? withoutHistograms(input, op, notes) : input;
    for (let i = 0; i < block.labels.length; i++) {
      const slot = grouping.slotOf(block.labels[i]!);
      if (block.dropsName !== undefined && block.dropsName[i] !== 0) grouping.markDropping(slot);
      let state = states[slot];
      if (state === undefined) {
        budget.hold(steps);
        held += steps;
        state = new Float64Array(cells);
        states.push(state);
      }
      if (block.histograms !== undefined && foldsHistograms(op)) {
        const own = histograms[slot] ??= new Array(steps);
        const { labels, words, histograms: table } = block;
        const weight = foldHistograms(op, own, words, i * steps, steps, table, labels[i]!, notes);
        budget.hold(weight);
        held += weight;
        const turn = pacer.turn();
        if (turn !== undefined) await turn;
      }
      fold(state, steps, block.values, block.words, i * steps);
    }
    const turn = pacer.turn();
    if (turn !== undefined) await turn;
  }
  const values = new Float64Array(states.length * steps);
  const table: FloatHistogram[] = [];
  const result = blockOf(steps, grouping.labels, values, grouping.dropsName);
  for (let slot = 0; slot < states.length; slot++) {
    finishFold(op, states[slot]!, steps, values, result.words, slot * steps);
    const own = histograms[slot];
    if (own !== undefined) finishHistograms(own, states[slot]!, result.words, slot * steps, table, notes);
    const turn = pacer.turn();
    if (turn !== undefined) await turn;
  }
  budget.release(held);
  yield* inPieces(pacer, await dropAbsentRowsPaced(pacer, { ...result, histograms: tableOf(table) }));
}

/** The block of an aggregation that knows floats only. */
export function withoutHistograms(block: Block, op: string, notes: FoldNotes): Block {
  if (block.histograms === undefined) return block;
  if (holdsHistograms(block.words, 0, block.labels.length * block.steps)) remarkIgnored(op, notes);
  return floatsOnly(block);
}
