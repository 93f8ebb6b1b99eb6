/**
 * Functions over histograms. Classic ones are series with an `le` label: their buckets are gathered once a query,
 * and each step works on the buckets that have a value there.
 */
import { formatFloatG, formatOpenMetricsFloat, parseGoFloat } from "../../model/float.ts";
import {
  type Labels,
  labelsKey,
  labelValue,
  METRIC_NAME,
  quoteGo,
  withLabel,
  withoutLabel,
} from "../../model/labels.ts";
import { isAbsent } from "../../model/stale.ts";
import type { Call, Expr } from "../ast.ts";
import { absentBlock, type Block, type Blocks, dropAbsentRows, type StepGrid } from "../block.ts";
import type { Evaluator, QueryContext } from "../context.ts";
import { bucketFraction, type BucketNotes, bucketQuantile } from "../kernels/bucket_quantile.ts";
import { collect, distinct, nameless, releaseBlock } from "../operators/collect.ts";

interface ClassicHistogram {
  /** Without `le`; the name is still there. */
  readonly labels: Labels;
  /** Ascending bounds, and the row of the block that counts up to each. */
  readonly bounds: number[];
  readonly rows: number[];
}

async function classicHistograms(
  context: QueryContext,
  block: Block,
  arg: Expr,
): Promise<readonly ClassicHistogram[]> {
  const byKey = new Map<string, { labels: Labels; buckets: { bound: number; row: number }[] }>();
  await context.pacer.rows(block.labels.length, (row) => {
    const labels = block.labels[row]!;
    const le = labelValue(labels, "le");
    const bound = parseGoFloat(le);
    if (bound === undefined) {
      context.annotations.warn(
        `bucket label "le" is missing or has a malformed value of ${quoteGo(le)}${forMetric(labels)}`,
        arg.pos,
      );
      return;
    }
    const own = withoutLabel(labels, "le");
    const key = labelsKey(own);
    let histogram = byKey.get(key);
    if (histogram === undefined) byKey.set(key, histogram = { labels: own, buckets: [] });
    histogram.buckets.push({ bound, row });
  });
  return [...byKey.values()].map(({ labels, buckets }) => {
    buckets.sort((a, b) => a.bound - b.bound);
    return { labels, bounds: buckets.map((b) => b.bound), rows: buckets.map((b) => b.row) };
  });
}

function forMetric(labels: Labels): string {
  return ` for metric name ${quoteGo(labelValue(labels, METRIC_NAME))}`;
}

/** Fills bounds and counts with the buckets that have a value at step s; answers how many. */
function gatherBuckets(
  histogram: ClassicHistogram,
  block: Block,
  s: number,
  bounds: Float64Array,
  counts: Float64Array,
): number {
  let count = 0;
  for (let b = 0; b < histogram.rows.length; b++) {
    const at = histogram.rows[b]! * block.steps + s;
    if (isAbsent(block.words, at)) continue;
    bounds[count] = histogram.bounds[b]!;
    counts[count] = block.values[at]!;
    count++;
  }
  return count;
}

type BucketFunction = (
  s: number,
  bounds: Float64Array,
  counts: Float64Array,
  bucketsCount: number,
  labels: Labels,
) => number;

async function* overBuckets(
  evaluator: Evaluator,
  arg: Expr,
  grid: StepGrid,
  fn: BucketFunction,
  relabel: (labels: Labels) => Labels,
): Blocks {
  const { context } = evaluator;
  const steps = grid.count;
  const block = await collect(context, evaluator.vector(arg, grid), steps);
  const histograms = await classicHistograms(context, block, arg);
  const out = absentBlock(steps, histograms.map((histogram) => relabel(histogram.labels)));
  let widest = 0;
  for (const { rows } of histograms) widest = Math.max(widest, rows.length);
  const bounds = new Float64Array(widest);
  const counts = new Float64Array(widest);
  for (let h = 0; h < histograms.length; h++) {
    const histogram = histograms[h]!;
    for (let s = 0; s < steps; s++) {
      const count = gatherBuckets(histogram, block, s, bounds, counts);
      if (count > 0) out.values[h * steps + s] = fn(s, bounds, counts, count, histogram.labels);
    }
    const turn = context.pacer.turn();
    if (turn !== undefined) await turn;
  }
  releaseBlock(context, block);
  yield nameless(context, dropAbsentRows(out));
}

function same(labels: Labels): Labels {
  return labels;
}

function unique(evaluator: Evaluator, blocks: Blocks, grid: StepGrid): Blocks {
  return evaluator.context.delayedNameRemoval
    ? blocks
    : distinct(evaluator.context, blocks, grid.count, "merge");
}

function quantileOf(context: QueryContext, quantiles: Float64Array, arg: Expr): BucketFunction {
  const notes: BucketNotes = { forcedMonotonic: false };
  return (s, bounds, counts, bucketsCount, labels) => {
    notes.forcedMonotonic = false;
    const value = bucketQuantile(quantiles[s]!, bounds, counts, bucketsCount, notes);
    if (notes.forcedMonotonic) {
      context.annotations.inform(
        "input to histogram_quantile needed to be fixed for monotonicity (see " +
          "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)" +
          forMetric(labels),
        arg.pos,
      );
    }
    return value;
  };
}

function warnOfQuantiles(context: QueryContext, quantiles: Float64Array, arg: Expr): void {
  for (const q of quantiles) {
    if (q >= 0 && q <= 1) continue;
    context.annotations.warn(`quantile value should be between 0 and 1, got ${formatFloatG(q)}`, arg.pos);
  }
}

export async function* histogramQuantile(evaluator: Evaluator, call: Call, grid: StepGrid): Blocks {
  const { context } = evaluator;
  const [phi, arg] = [call.args[0]!, call.args[1]!];
  const quantiles = await evaluator.scalar(phi, grid);
  warnOfQuantiles(context, quantiles, phi);
  const fn = quantileOf(context, quantiles, arg);
  yield* unique(evaluator, overBuckets(evaluator, arg, grid, fn, same), grid);
}

/** Several quantiles at once, told apart by a label. */
export function histogramQuantiles(evaluator: Evaluator, call: Call, grid: StepGrid): Blocks {
  return distinct(evaluator.context, quantilesOf(evaluator, call, grid), grid.count, "merge");
}

async function* quantilesOf(evaluator: Evaluator, call: Call, grid: StepGrid): Blocks {
  const { context } = evaluator;
  const arg = call.args[0]!;
  const label = evaluator.string(call.args[1]!);
  for (const phi of call.args.slice(2)) {
    const quantiles = await evaluator.scalar(phi, grid);
    warnOfQuantiles(context, quantiles, phi);
    const text = formatOpenMetricsFloat(quantiles[0]!);
    const fn = quantileOf(context, quantiles, arg);
    yield* overBuckets(evaluator, arg, grid, fn, (labels) => withLabel(labels, label, text));
  }
}

export async function* histogramFraction(evaluator: Evaluator, call: Call, grid: StepGrid): Blocks {
  const lower = await evaluator.scalar(call.args[0]!, grid);
  const upper = await evaluator.scalar(call.args[1]!, grid);
  const fn: BucketFunction = (s, bounds, counts, count) =>
    bucketFraction(lower[s]!, upper[s]!, bounds, counts, count);
  yield* unique(evaluator, overBuckets(evaluator, call.args[2]!, grid, fn, same), grid);
}
