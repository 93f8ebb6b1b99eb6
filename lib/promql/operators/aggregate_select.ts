/** Aggregations that look at each series beyond folding it: limit_ratio, quantile, count_values. */
import { UserError } from "../../core/errors.ts";
import { formatFloatF, formatFloatG } from "../../model/float.ts";
import { formatHistogram } from "../../model/histogram/format.ts";
import { histogramAt } from "../../model/histogram_cell.ts";
import { quoteGo, withLabel } from "../../model/labels.ts";
import { absentColumn, isAbsent, wordsOf } from "../../model/stale.ts";
import type { Aggregate } from "../ast.ts";
import { absentBlock, blockOf, type Blocks, copyCells, dropAbsentRows, type StepGrid } from "../block.ts";
import type { Evaluator } from "../context.ts";
import { hashRatio } from "../kernels/label_hash.ts";
import { quantileOfUnsorted } from "../kernels/quantile.ts";
import { withoutHistograms } from "./aggregate.ts";
import { collect, inPieces, releaseBlock } from "./collect.ts";
import { Grouping } from "./grouping.ts";
import { eachTile, groupRows } from "./group_tiles.ts";
import { absentBlockPaced, dropAbsentRowsPaced, rowsBetweenTurns } from "./paced.ts";

/** A hash of a series takes some ten microseconds. */
const HASHES_BETWEEN_TURNS = 256;

export async function* limitRatio(evaluator: Evaluator, node: Aggregate, grid: StepGrid): Blocks {
  const { context } = evaluator;
  const steps = grid.count;
  const ratios = (await evaluator.scalar(node.param!, grid)).map((ratio) => {
    if (Number.isNaN(ratio)) throw new UserError("execution", "Ratio value is NaN");
    if (ratio >= -1 && ratio <= 1) return ratio;
    const capped = ratio > 1 ? 1 : -1;
    context.annotations.warn(
      `ratio value should be between -1 and 1, got ${formatFloatG(ratio)}, capping to ${capped}`,
      node.param!.pos,
    );
    return capped;
  });
  for await (const block of evaluator.vector(node.expr, grid)) {
    const out = absentBlock(steps, block.labels, block.dropsName, block.histograms);
    for (let i = 0; i < block.labels.length; i++) {
      if (i % HASHES_BETWEEN_TURNS === 0) {
        const turn = context.pacer.turn();
        if (turn !== undefined) await turn;
      }
      const place = hashRatio(block.labels[i]!);
      for (let s = 0; s < steps; s++) {
        const ratio = ratios[s]!;
        if (ratio >= 0 ? place < ratio : place >= 1 + ratio) {
          copyCells(out.values, i * steps + s, block.values, i * steps + s, 1);
        }
      }
    }
    yield dropAbsentRows(out);
    const turn = context.pacer.turn();
    if (turn !== undefined) await turn;
  }
}

export async function* quantileAggregate(evaluator: Evaluator, node: Aggregate, grid: StepGrid): Blocks {
  const { context } = evaluator;
  const steps = grid.count;
  const quantiles = await evaluator.scalar(node.param!, grid);
  for (const q of quantiles) {
    if (!(q >= 0 && q <= 1)) {
      context.annotations.warn(
        `quantile value should be between 0 and 1, got ${formatFloatG(q)}`,
        node.param!.pos,
      );
    }
  }
  const all = await collect(context, evaluator.vector(node.expr, grid), steps);
  const block = withoutHistograms(all, "quantile", { annotations: context.annotations, pos: node.expr.pos });
  const { grouping, rows } = await groupRows(context, node, block);
  const out = await absentBlockPaced(context.pacer, steps, grouping.labels, grouping.dropsName);
  await eachTile(context.pacer, block, rows, (slot, from, to, { values, counts, stride }) => {
    for (let s = from; s < to; s++) {
      const at = (s - from) * stride;
      const count = counts[s - from]!;
      if (count > 0) out.values[slot * steps + s] = quantileOfUnsorted(quantiles[s]!, values, at, at + count);
    }
  });
  releaseBlock(context, all);
  yield* inPieces(context.pacer, await dropAbsentRowsPaced(context.pacer, out));
}

/** Of one series, or series of one value: a new one costs a label set. */
const VALUES_BETWEEN_TURNS = 64;

/** How often each value occurs at each step; the value becomes a label. */
export async function* countValues(evaluator: Evaluator, node: Aggregate, grid: StepGrid): Blocks {
  const { context } = evaluator;
  const steps = grid.count;
  const label = evaluator.string(node.param!);
  if (label === "" || /[\ud800-\udfff\ufffd]/.test(label)) {
    throw new UserError("execution", `invalid label name ${quoteGo(label)}`);
  }
  const names = node.without ? node.grouping : [...node.grouping, label];
  const grouping = new Grouping(names, node.without);
  const counts: Float64Array[] = [];
  for await (const block of evaluator.vector(node.expr, grid)) {
    for (let i = 0; i < block.labels.length; i++) {
      const slots = new Map<number | string, number>();
      for (let s = 0; s < steps; s++) {
        const at = i * steps + s;
        if (isAbsent(block.words, at)) continue;
        const histogram = histogramAt(block.words, at, block.histograms);
        const value = histogram === undefined ? block.values[at]! : formatHistogram(histogram);
        const key = Object.is(value, -0) ? "-0" : value; // which a Map takes for 0
        let slot = slots.get(key);
        if (slot === undefined) {
          const text = typeof value === "string" ? value : formatFloatF(value);
          slot = grouping.slotOf(withLabel(block.labels[i]!, label, text));
          slots.set(key, slot);
          if (slot === counts.length) {
            context.budget.hold(steps);
            counts.push(absentColumn(steps));
          }
        }
        addOne(counts[slot]!, s);
      }
      if (slots.size < VALUES_BETWEEN_TURNS && i % VALUES_BETWEEN_TURNS !== 0) continue;
      const turn = context.pacer.turn();
      if (turn !== undefined) await turn;
    }
  }
  const values = new Float64Array(counts.length * steps);
  await context.pacer.rows(
    counts.length,
    (slot) => values.set(counts[slot]!, slot * steps),
    rowsBetweenTurns(steps),
  );
  context.budget.release(values.length);
  yield* inPieces(context.pacer, blockOf(steps, grouping.labels, values));
}

function addOne(row: Float64Array, s: number): void {
  row[s] = isAbsent(wordsOf(row), s) ? 1 : row[s]! + 1;
}
