/**
 * Functions over histograms, classic and native. Classic ones are series with an `le` label: their buckets are
 * gathered once a query, and each step works on the buckets that have a value there. A step at which one metric is
 * both has no value.
 */
import { formatFloatG, formatOpenMetricsFloat, parseGoFloat } from "../../model/float.ts";
import type { FloatHistogram } from "../../model/histogram/float_histogram.ts";
import {
  histogramFraction as nativeFraction,
  histogramQuantile as nativeQuantile,
  type QuantileNotes,
} from "../../model/histogram/quantile.ts";
import { histogramAt, holdsHistograms, isHistogram } from "../../model/histogram_cell.ts";
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
import type { Block, Blocks, StepGrid } from "../block.ts";
import type { Evaluator, QueryContext } from "../context.ts";
import { bucketFraction, bucketNotes, bucketQuantile } from "../kernels/bucket_quantile.ts";
import { collect, distinct, inPieces, nameless, releaseBlock } from "../operators/collect.ts";
import { absentBlockPaced, dropAbsentRowsPaced } from "../operators/paced.ts";

interface HistogramRows {
  /** Without `le`; the name is still there. */
  readonly labels: Labels;
  /** The row of native histograms; −1 for none. */
  readonly nativeRow: number;
  /** Ascending bounds, and the row of the block that counts up to each. */
  readonly bounds: number[];
  readonly rows: number[];
}

interface Gathered {
  readonly labels: Labels;
  readonly buckets: { bound: number; row: number }[];
  nativeRow: number;
}

async function histogramRows(
  context: QueryContext,
  block: Block,
  arg: Expr,
): Promise<readonly HistogramRows[]> {
  const byKey = new Map<string, Gathered>();
  const gather = (labels: Labels): Gathered => {
    const key = labelsKey(labels);
    let gathered = byKey.get(key);
    if (gathered === undefined) byKey.set(key, gathered = { labels, buckets: [], nativeRow: -1 });
    return gathered;
  };
  await context.pacer.rows(block.labels.length, (row) => {
    const labels = block.labels[row]!;
    if (isNative(block, row)) {
      gather(labels).nativeRow = row;
      if (!hasFloats(block, row)) return;
    }
    const le = labelValue(labels, "le");
    const bound = parseGoFloat(le);
    if (bound === undefined) {
      context.annotations.warn(
        `bucket label "le" is missing or has a malformed value of ${quoteGo(le)}${
          forMetric(context, labels)
        }`,
        arg.pos,
      );
      return;
    }
    gather(withoutLabel(labels, "le")).buckets.push({ bound, row });
  });
  const gathered = [...byKey.values()];
  const histograms: HistogramRows[] = [];
  await context.pacer.rows(gathered.length, (i) => {
    const { labels, buckets, nativeRow } = gathered[i]!;
    buckets.sort((a, b) => a.bound - b.bound);
    const bounds = buckets.map((b) => b.bound);
    histograms.push({ labels, nativeRow, bounds, rows: buckets.map((b) => b.row) });
  });
  return histograms;
}

function isNative({ words, steps, histograms }: Block, row: number): boolean {
  return histograms !== undefined && holdsHistograms(words, row * steps, (row + 1) * steps);
}

function hasFloats({ words, steps }: Block, row: number): boolean {
  for (let i = row * steps; i < (row + 1) * steps; i++) {
    if (!isAbsent(words, i) && !isHistogram(words, i)) return true;
  }
  return false;
}

/** As Prometheus, which has dropped the name by then, unless it delays that. */
function remarkedName(context: QueryContext, labels: Labels): string {
  return context.delayedNameRemoval ? labelValue(labels, METRIC_NAME) : "";
}

function forMetric(context: QueryContext, labels: Labels): string {
  const name = remarkedName(context, labels);
  return name === "" ? "" : ` for metric name ${quoteGo(name)}`;
}

/** Fills bounds and counts with the buckets that have a value at step s; answers how many. */
function gatherBuckets(
  histogram: HistogramRows,
  block: Block,
  s: number,
  bounds: Float64Array,
  counts: Float64Array,
): number {
  let count = 0;
  for (let b = 0; b < histogram.rows.length; b++) {
    const at = histogram.rows[b]! * block.steps + s;
    if (isAbsent(block.words, at) || isHistogram(block.words, at)) continue;
    bounds[count] = histogram.bounds[b]!;
    counts[count] = block.values[at]!;
    count++;
  }
  return count;
}

interface HistogramFunction {
  readonly classic: (
    s: number,
    bounds: Float64Array,
    counts: Float64Array,
    bucketsCount: number,
    labels: Labels,
  ) => number;
  readonly native: (s: number, histogram: FloatHistogram, labels: Labels) => number;
}

async function* overHistograms(
  evaluator: Evaluator,
  arg: Expr,
  grid: StepGrid,
  fn: HistogramFunction,
  relabel: (labels: Labels) => Labels,
): Blocks {
  const { context } = evaluator;
  const steps = grid.count;
  const block = await collect(context, evaluator.vector(arg, grid), steps);
  const histograms = await histogramRows(context, block, arg);
  const labels = histograms.map((histogram) => relabel(histogram.labels));
  const out = await absentBlockPaced(context.pacer, steps, labels);
  let widest = 0;
  for (const { rows } of histograms) widest = Math.max(widest, rows.length);
  const bounds = new Float64Array(widest);
  const counts = new Float64Array(widest);
  for (let h = 0; h < histograms.length; h++) {
    const histogram = histograms[h]!;
    for (let s = 0; s < steps; s++) {
      const { labels, nativeRow } = histogram;
      const count = gatherBuckets(histogram, block, s, bounds, counts);
      const native = nativeRow < 0
        ? undefined
        : histogramAt(block.words, nativeRow * steps + s, block.histograms);
      if (native !== undefined && count > 0) warnOfBoth(context, labels, arg);
      else if (native !== undefined) out.values[h * steps + s] = fn.native(s, native, labels);
      else if (count > 0) out.values[h * steps + s] = fn.classic(s, bounds, counts, count, labels);
    }
    const turn = context.pacer.turn();
    if (turn !== undefined) await turn;
  }
  releaseBlock(context, block);
  for await (const piece of inPieces(context.pacer, await dropAbsentRowsPaced(context.pacer, out))) {
    yield nameless(context, piece);
  }
}

function warnOfBoth(context: QueryContext, labels: Labels, arg: Expr): void {
  context.annotations.warn(
    `vector contains a mix of classic and native histograms${forMetric(context, labels)}`,
    arg.pos,
  );
}

function same(labels: Labels): Labels {
  return labels;
}

function unique(evaluator: Evaluator, blocks: Blocks, grid: StepGrid): Blocks {
  return evaluator.context.delayedNameRemoval
    ? blocks
    : distinct(evaluator.context, blocks, grid.count, "merge");
}

function quantileOf(
  context: QueryContext,
  quantiles: Float64Array,
  arg: Expr,
  grid: StepGrid,
): HistogramFunction {
  const notes = bucketNotes();
  const nativeNotes: QuantileNotes = { nan: "none" };
  return {
    classic: (s, bounds, counts, bucketsCount, labels) => {
      notes.forcedMonotonic = false;
      const value = bucketQuantile(quantiles[s]!, bounds, counts, bucketsCount, notes);
      if (notes.forcedMonotonic) {
        const tMs = grid.startMs + s * grid.stepMs;
        context.annotations.informMonotonicity(remarkedName(context, labels), tMs, notes, arg.pos);
      }
      return value;
    },
    native: (s, histogram, labels) => {
      const value = nativeQuantile(quantiles[s]!, histogram, nativeNotes);
      if (nativeNotes.nan !== "none") {
        const result = nativeNotes.nan === "skewed" ? "result is skewed higher" : nativeNotes.nan;
        context.annotations.inform(
          `input to histogram_quantile has NaN observations, ${result}${forMetric(context, labels)}`,
          arg.pos,
        );
      }
      return value;
    },
  };
}

function fractionOf(
  context: QueryContext,
  lower: Float64Array,
  upper: Float64Array,
  arg: Expr,
): HistogramFunction {
  const notes: QuantileNotes = { nan: "none" };
  return {
    classic: (s, bounds, counts, count) => bucketFraction(lower[s]!, upper[s]!, bounds, counts, count),
    native: (s, histogram, labels) => {
      const value = nativeFraction(lower[s]!, upper[s]!, histogram, notes);
      if (notes.nan !== "none") {
        context.annotations.inform(
          "input to histogram_fraction has NaN observations, which are excluded from all fractions" +
            forMetric(context, labels),
          arg.pos,
        );
      }
      return value;
    },
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
  const fn = quantileOf(context, quantiles, arg, grid);
  yield* unique(evaluator, overHistograms(evaluator, arg, grid, fn, same), grid);
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
    const fn = quantileOf(context, quantiles, arg, grid);
    yield* overHistograms(evaluator, arg, grid, fn, (labels) => withLabel(labels, label, text));
  }
}

export async function* histogramFraction(evaluator: Evaluator, call: Call, grid: StepGrid): Blocks {
  const lower = await evaluator.scalar(call.args[0]!, grid);
  const upper = await evaluator.scalar(call.args[1]!, grid);
  const arg = call.args[2]!;
  const fn = fractionOf(evaluator.context, lower, upper, arg);
  yield* unique(evaluator, overHistograms(evaluator, arg, grid, fn, same), grid);
}
