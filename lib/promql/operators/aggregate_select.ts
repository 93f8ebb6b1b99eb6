/**
 * Aggregations that need all members of a group at a step: topk, bottomk, limitk, limit_ratio (which keep series),
 * quantile, count_values.
 */
import { UserError } from "../../core/errors.ts";
import { formatFloatF, formatFloatG } from "../../model/float.ts";
import { formatHistogram } from "../../model/histogram/format.ts";
import { histogramAt } from "../../model/histogram_cell.ts";
import { quoteGo, withLabel } from "../../model/labels.ts";
import { absentColumn, isAbsent, wordsOf } from "../../model/stale.ts";
import type { Aggregate, Expr } from "../ast.ts";
import {
  absentBlock,
  type Block,
  blockOf,
  type Blocks,
  copyCells,
  dropAbsentRows,
  type StepGrid,
} from "../block.ts";
import type { Evaluator, QueryContext } from "../context.ts";
import { hashRatio } from "../kernels/label_hash.ts";
import { quantileOfSorted, sortNanFirst } from "../kernels/quantile.ts";
import type { FoldNotes } from "../kernels/mixed_fold.ts";
import { withoutHistograms } from "./aggregate.ts";
import { collect, inPieces, releaseBlock } from "./collect.ts";
import { Grouping } from "./grouping.ts";

/** Rows of each group, in order of appearance. */
async function groupRows(
  context: QueryContext,
  node: Aggregate,
  block: Block,
): Promise<{ grouping: Grouping; rows: number[][] }> {
  const grouping = new Grouping(node.grouping, node.without);
  const rows: number[][] = [];
  await context.pacer.rows(block.labels.length, (row) => {
    const slot = grouping.slotOf(block.labels[row]!);
    if (block.dropsName !== undefined && block.dropsName[row] !== 0) grouping.markDropping(slot);
    if (slot === rows.length) rows.push([row]);
    else rows[slot]!.push(row);
  });
  return { grouping, rows };
}

/** topk, bottomk, limitk: of each group at most k series a step, with their own labels. */
export async function* selectK(evaluator: Evaluator, node: Aggregate, grid: StepGrid): Blocks {
  const { context } = evaluator;
  const steps = grid.count;
  const params = await evaluator.scalar(node.param!, grid);
  const ks = countsOf(params);
  const all = await collect(context, evaluator.vector(node.expr, grid), steps);
  const block = node.op === "limitk" || !ks.some((k) => k >= 1)
    ? all
    : withoutHistograms(all, node.op, notesOf(evaluator, node));
  const { rows } = await groupRows(context, node, block);
  const out = absentBlock(steps, block.labels, block.dropsName, block.histograms);
  const order: number[] = [];
  for (const members of rows) {
    for (let s = 0; s < steps; s++) {
      const k = ks[s]!;
      if (k < 1) continue;
      const chosen = choose(node.op, block, members, s, k);
      for (const row of chosen) {
        copyCells(out.values, row * steps + s, block.values, row * steps + s, 1);
        if (steps === 1) order.push(row);
      }
    }
    const turn = context.pacer.turn();
    if (turn !== undefined) await turn;
  }
  releaseBlock(context, all);
  if (steps > 1) {
    yield* inPieces(dropAbsentRows(out));
    return;
  }
  const values = new Float64Array(order.length);
  const drops = block.dropsName;
  order.forEach((row, i) => copyCells(values, i, out.values, row, 1));
  yield blockOf(
    1,
    order.map((row) => block.labels[row]!),
    values,
    drops === undefined ? undefined : Uint8Array.from(order, (row) => drops[row]!),
    block.histograms,
  );
}

/** As Prometheus: topk and bottomk remark on an ignored histogram where they stand, quantile where its vector does. */
function notesOf(evaluator: Evaluator, at: Expr): FoldNotes {
  return { annotations: evaluator.context.annotations, pos: at.pos };
}

const INT64_MAX = 2 ** 63;

function countsOf(params: Float64Array): Float64Array {
  return params.map((param) => {
    if (Number.isNaN(param)) throw new UserError("execution", "Parameter value is NaN");
    if (param >= INT64_MAX || param <= -INT64_MAX) {
      throw new UserError("execution", `Scalar value ${formatFloatG(param)} overflows int64`);
    }
    return Math.trunc(param);
  });
}

function choose(
  op: Aggregate["op"],
  block: Block,
  members: readonly number[],
  s: number,
  k: number,
): number[] {
  const { steps, values, words } = block;
  const present: number[] = [];
  for (const row of members) {
    if (isAbsent(words, row * steps + s)) continue;
    present.push(row);
    if (op === "limitk" && present.length === k) return present;
  }
  if (op === "limitk") return present;
  const sign = op === "topk" ? 1 : -1;
  if (k >= present.length || k > INSERTION_MAX) {
    present.sort((a, b) => order(sign, values[a * steps + s]!, values[b * steps + s]!) || a - b);
    return present.length > k ? present.slice(0, k) : present;
  }
  const best: number[] = [];
  for (const row of present) {
    const value = values[row * steps + s]!;
    if (best.length === k && order(sign, value, values[best[k - 1]! * steps + s]!) >= 0) continue;
    let at = best.length === k ? k - 1 : best.length;
    while (at > 0 && order(sign, value, values[best[at - 1]! * steps + s]!) < 0) {
      best[at] = best[at - 1]!;
      at--;
    }
    best[at] = row;
  }
  return best;
}

/** Up to this k the best are kept by insertion, which costs nothing for the many that are not among them. */
const INSERTION_MAX = 64;

/** Falling values for sign 1, rising for −1; NaN last. */
function order(sign: number, a: number, b: number): number {
  if (a !== a) return b !== b ? 0 : 1;
  if (b !== b) return -1;
  if (a === b) return 0;
  return a > b ? -sign : sign;
}

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
  const block = withoutHistograms(all, "quantile", notesOf(evaluator, node.expr));
  const { grouping, rows } = await groupRows(context, node, block);
  const out = absentBlock(steps, grouping.labels, grouping.dropsName);
  for (let slot = 0; slot < rows.length; slot++) {
    const members = rows[slot]!;
    const sorted = new Float64Array(members.length);
    for (let s = 0; s < steps; s++) {
      const count = gatherPresent(block, members, s, sorted);
      if (count === 0) continue;
      sortNanFirst(sorted, count);
      out.values[slot * steps + s] = quantileOfSorted(quantiles[s]!, sorted, count);
    }
    const turn = context.pacer.turn();
    if (turn !== undefined) await turn;
  }
  releaseBlock(context, all);
  yield dropAbsentRows(out);
}

function gatherPresent(block: Block, members: readonly number[], s: number, out: Float64Array): number {
  const { steps, values, words } = block;
  let count = 0;
  for (let m = 0; m < members.length; m++) {
    const at = members[m]! * steps + s;
    const value = values[at]!;
    if (value !== value && isAbsent(words, at)) continue;
    out[count++] = value;
  }
  return count;
}

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
    }
    const turn = context.pacer.turn();
    if (turn !== undefined) await turn;
  }
  const values = new Float64Array(counts.length * steps);
  counts.forEach((row, slot) => values.set(row, slot * steps));
  context.budget.release(values.length);
  yield blockOf(steps, grouping.labels, values);
}

function addOne(row: Float64Array, s: number): void {
  row[s] = isAbsent(wordsOf(row), s) ? 1 : row[s]! + 1;
}
