/** Functions of native histograms alone: as Prometheus, samples that are floats give nothing. */
import { histogramAt } from "../../model/histogram_cell.ts";
import type { FloatHistogram } from "../../model/histogram/float_histogram.ts";
import { histogramAverage, histogramDeviation, histogramVariance } from "../../model/histogram/moments.ts";
import { setAbsent } from "../../model/stale.ts";
import { type Block, type Blocks, dropAbsentRows } from "../block.ts";

export type HistogramFunction = (histogram: FloatHistogram) => number;

export const NATIVE_FUNCTIONS: ReadonlyMap<string, HistogramFunction> = new Map<string, HistogramFunction>([
  ["histogram_avg", histogramAverage],
  ["histogram_count", (histogram) => histogram.count],
  ["histogram_sum", (histogram) => histogram.sum],
  ["histogram_stddev", histogramDeviation],
  ["histogram_stdvar", histogramVariance],
]);

export async function* ofNative(blocks: Blocks, fn: HistogramFunction): Blocks {
  for await (const block of blocks) {
    yield block.histograms === undefined ? { ...block, labels: [] } : mapHistograms(block, fn);
  }
}

function mapHistograms(block: Block, fn: HistogramFunction): Block {
  const { values, words, histograms } = block;
  const cells = block.labels.length * block.steps;
  for (let i = 0; i < cells; i++) {
    const histogram = histogramAt(words, i, histograms);
    if (histogram === undefined) setAbsent(words, i);
    else values[i] = fn(histogram);
  }
  return dropAbsentRows({ ...block, histograms: undefined });
}
