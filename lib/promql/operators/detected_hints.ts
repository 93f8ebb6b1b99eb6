/**
 * Counter-reset hints for histograms of which only count and sum will be used. As Prometheus, which then reads them
 * without their buckets: a hint that storage is not sure of is found out while there still are buckets to compare.
 */
import type { FloatHistogram } from "../../model/histogram/float_histogram.ts";
import { withHint } from "../../model/histogram/float_histogram.ts";
import { detectReset } from "../../model/histogram/reset.ts";
import {
  histogramAt,
  type HistogramTable,
  holdsHistograms,
  putHistogram,
} from "../../model/histogram_cell.ts";
import { wordsOf } from "../../model/stale.ts";
import type { ColumnGroup } from "../../storage/source.ts";
import type { Expr, VectorSelector } from "../ast.ts";

/** Read by these, a histogram is a count and a sum. */
const STATS_FUNCTIONS: ReadonlySet<string> = new Set(["histogram_count", "histogram_sum", "histogram_avg"]);
const BUCKET_FUNCTIONS: ReadonlySet<string> = new Set([
  "histogram_quantile",
  "histogram_quantiles",
  "histogram_fraction",
  "histogram_stddev",
  "histogram_stdvar",
]);

/** The selectors whose buckets nobody looks at. A subquery needs them, to find resets between the samples it skips. */
export function statsSelectors(expr: Expr): ReadonlySet<VectorSelector> {
  const found = new Set<VectorSelector>();
  gather(expr, false, found);
  return found;
}

function gather(expr: Expr, stats: boolean, found: Set<VectorSelector>): void {
  switch (expr.kind) {
    case "selector":
      if (stats) found.add(expr);
      return;
    case "matrix":
      if (stats) found.add(expr.selector);
      return;
    case "call":
      if (BUCKET_FUNCTIONS.has(expr.name)) return;
      for (const arg of expr.args) gather(arg, stats || STATS_FUNCTIONS.has(expr.name), found);
      return;
    case "binary":
      if (expr.op === "</" || expr.op === ">/") return;
      gather(expr.left, stats, found);
      gather(expr.right, stats, found);
      return;
    case "aggregate":
    case "paren":
    case "unary":
      gather(expr.expr, stats, found);
      return;
    default:
      return;
  }
}

export async function* withDetectedHints(groups: AsyncIterable<ColumnGroup>): AsyncIterable<ColumnGroup> {
  for await (const group of groups) yield group.histograms === undefined ? group : detected(group);
}

function detected(group: ColumnGroup): ColumnGroup {
  const table: FloatHistogram[] = [];
  const columns = group.columns.map((column) => {
    if (!holdsHistograms(wordsOf(column), 0, column.length)) return column;
    return detectedColumn(column, group.histograms!, table);
  });
  return { ...group, columns, histograms: table };
}

function detectedColumn(column: Float64Array, before: HistogramTable, table: FloatHistogram[]): Float64Array {
  const copy = column.slice();
  const words = wordsOf(copy);
  let previous: FloatHistogram | undefined;
  for (let i = 0; i < copy.length; i++) {
    const histogram = histogramAt(words, i, before);
    if (histogram === undefined) continue;
    putHistogram(words, i, table, detectedHint(histogram, previous));
    previous = histogram;
  }
  return copy;
}

function detectedHint(histogram: FloatHistogram, previous: FloatHistogram | undefined): FloatHistogram {
  if (previous === undefined || histogram.counterResetHint !== "unknown") return histogram;
  return withHint(histogram, detectReset(histogram, previous) ? "reset" : "not_reset");
}
