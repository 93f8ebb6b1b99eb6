/**
 * Aggregations that fold, where some values are histograms. As Prometheus: sum and avg of histograms are histograms,
 * and a group that mixes them with floats, or custom with exponential buckets, has no value at that step; the
 * aggregations of floats leave histograms out, with a remark.
 */
import { HistogramMean, HistogramSum } from "../../model/histogram/accumulate.ts";
import type { FloatHistogram } from "../../model/histogram/float_histogram.ts";
import { histogramAt, type HistogramTable, putHistogram } from "../../model/histogram_cell.ts";
import { type Labels, labelValue, METRIC_NAME, quoteGo } from "../../model/labels.ts";
import { setAbsent } from "../../model/stale.ts";
import type { Annotations } from "../annotations.ts";
import type { Position } from "../ast.ts";
import { histogramWeight } from "../histogram_weight.ts";
import type { FoldOp } from "./fold.ts";

/** What of a group's members at one step were histograms. */
interface HistogramCell {
  readonly total: HistogramSum | HistogramMean;
  failed: boolean;
}

/** The histograms of one group, step by step; `undefined` where there was none. */
export type HistogramState = (HistogramCell | undefined)[];

export interface FoldNotes {
  readonly annotations: Annotations;
  /** Of the aggregated expression. */
  readonly pos: Position;
}

export function foldsHistograms(op: FoldOp): op is "sum" | "avg" {
  return op === "sum" || op === "avg";
}

export function ignoresHistograms(op: FoldOp): boolean {
  return op !== "sum" && op !== "avg" && op !== "count" && op !== "group";
}

export function remarkIgnored(op: string, { annotations, pos }: FoldNotes): void {
  annotations.inform(`ignored histogram in ${op} aggregation`, pos);
}

/**
 * Folds the histograms of one row into the group, and makes their cells absent for the fold of the floats. Answers
 * how many cells the group's histograms weigh more than before.
 */
export function foldHistograms(
  op: "sum" | "avg",
  state: HistogramState,
  words: Uint32Array,
  at: number,
  steps: number,
  table: HistogramTable,
  labels: Labels,
  notes: FoldNotes,
): number {
  let weight = 0;
  for (let s = 0; s < steps; s++) {
    const histogram = histogramAt(words, at + s, table);
    if (histogram === undefined) continue;
    setAbsent(words, at + s);
    const cell = state[s];
    if (cell === undefined) {
      const total = op === "sum" ? new HistogramSum(histogram) : new HistogramMean(histogram);
      state[s] = { total, failed: false };
      weight += histogramWeight(histogram);
    } else if (!cell.failed && !cell.total.add(histogram)) {
      cell.failed = true;
      remarkMixedBuckets(labels, notes);
    }
  }
  return weight;
}

export function remarkMixedBuckets(labels: Labels, { annotations, pos }: FoldNotes): void {
  annotations.warn(
    "vector contains a mix of histograms with exponential and custom buckets schemas for metric name " +
      quoteGo(labelValue(labels, METRIC_NAME)),
    pos,
  );
}

/** Puts the histograms of a group into its finished row, whose cells hold the floats. */
export function finishHistograms(
  state: HistogramState,
  floatCounts: Float64Array,
  words: Uint32Array,
  at: number,
  table: FloatHistogram[],
  { annotations, pos }: FoldNotes,
): void {
  for (let s = 0; s < state.length; s++) {
    const cell = state[s];
    if (cell === undefined) continue;
    if (cell.total.counterResetCollision) {
      annotations.warn("conflicting counter resets during histogram aggregation", pos);
    }
    if (cell.total.boundsReconciled) {
      annotations.inform("mismatched custom buckets were reconciled during aggregation", pos);
    }
    if (floatCounts[s]! > 0) {
      annotations.warn("encountered a mix of histograms and floats for aggregation", pos);
      setAbsent(words, at + s);
    } else if (cell.failed) setAbsent(words, at + s);
    else putHistogram(words, at + s, table, cell.total.value());
  }
}
