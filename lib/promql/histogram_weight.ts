/** How many cells a histogram weighs, for the limit of samples that a query may hold. */
import type { FloatHistogram } from "../model/histogram/float_histogram.ts";
import { histogramAt } from "../model/histogram_cell.ts";
import type { Block } from "./block.ts";

/** A common histogram has some dozens of buckets; blocks of them are cut so much smaller. */
export const HISTOGRAM_CELLS = 32;

/** As Prometheus: a histogram weighs as many samples as would take its memory. */
const SAMPLE_BYTES = 16;
const HISTOGRAM_BYTES = 120;
const BUCKET_BYTES = 12;
const BOUND_BYTES = 8;

export function histogramWeight({ positive, negative, customValues }: FloatHistogram): number {
  const buckets = positive.counts.length + negative.counts.length;
  const bytes = HISTOGRAM_BYTES + buckets * BUCKET_BYTES + customValues.length * BOUND_BYTES;
  return Math.ceil(bytes / SAMPLE_BYTES);
}

/** Cells of a block, and what its histograms weigh beyond one each. */
export function blockWeight({ labels, steps, words, histograms }: Block): number {
  let weight = labels.length * steps;
  if (histograms === undefined) return weight;
  for (let i = labels.length * steps - 1; i >= 0; i--) {
    const histogram = histogramAt(words, i, histograms);
    if (histogram !== undefined) weight += histogramWeight(histogram) - 1;
  }
  return weight;
}
