/** How many cells a histogram weighs, for the limit of samples that a query may hold. */
import type { Buckets, FloatHistogram } from "../model/histogram/float_histogram.ts";
import { histogramAt, type HistogramTable } from "../model/histogram_cell.ts";
import type { Block } from "./block.ts";

/** A common histogram has some dozens of buckets; blocks of them are cut so much smaller. */
export const HISTOGRAM_CELLS = 32;

/** As Prometheus: a histogram weighs as many samples as would take the memory of its own, timestamp and all. */
const SAMPLE_BYTES = 16;
const TIMESTAMP_BYTES = 8;
const HISTOGRAM_BYTES = 168;
const BUCKET_BYTES = 8;
const SPAN_BYTES = 8;
const BOUND_BYTES = 8;

export function histogramWeight({ positive, negative, customValues }: FloatHistogram): number {
  const bytes = TIMESTAMP_BYTES + HISTOGRAM_BYTES + bytesOf(positive) + bytesOf(negative) +
    customValues.length * BOUND_BYTES;
  return Math.floor(bytes / SAMPLE_BYTES);
}

function bytesOf({ indexes }: Buckets): number {
  const count = indexes.length;
  if (count === 0) return 0;
  return count * BUCKET_BYTES + spansOf(indexes) * SPAN_BYTES;
}

/** Runs of buckets next to each other. */
function spansOf(indexes: Int32Array): number {
  const count = indexes.length;
  if (indexes[count - 1]! - indexes[0]! === count - 1) return 1;
  let spans = 1;
  for (let i = 1; i < count; i++) if (indexes[i]! !== indexes[i - 1]! + 1) spans++;
  return spans;
}

/** Cells of a block, and what its histograms weigh beyond one each. */
export function blockWeight({ labels, steps, words, histograms }: Block): number {
  return cellsWeight(words, labels.length * steps, histograms);
}

/** Of the first `count` cells. */
export function cellsWeight(
  words: Uint32Array,
  count: number,
  histograms: HistogramTable | undefined,
): number {
  let weight = count;
  if (histograms === undefined) return weight;
  for (let i = count - 1; i >= 0; i--) {
    const histogram = histogramAt(words, i, histograms);
    if (histogram !== undefined) weight += histogramWeight(histogram) - 1;
  }
  return weight;
}
