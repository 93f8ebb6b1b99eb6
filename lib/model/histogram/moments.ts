/** Mean and spread of a native histogram, each bucket standing for one value. As Prometheus: histogram_stdvar. */
import { BucketList } from "./bucket_list.ts";
import { CompensatedSum } from "./compensated.ts";
import { type FloatHistogram, usesCustomBuckets } from "./float_histogram.ts";

/** Refilled on each call: calls do not nest, and nothing keeps it. */
const list = new BucketList();

export function histogramAverage(h: FloatHistogram): number {
  return h.sum / h.count;
}

export function histogramVariance(h: FloatHistogram): number {
  list.fill(h);
  const mean = h.sum / h.count;
  const variance = new CompensatedSum(0);
  const custom = usesCustomBuckets(h);
  for (let i = 0; i < list.length; i++) {
    const count = list.counts[i]!;
    if (count === 0) continue;
    const delta = representative(list.lowers[i]!, list.uppers[i]!, custom) - mean;
    variance.add(count * delta * delta);
  }
  return (variance.sum + variance.rest) / h.count;
}

export function histogramDeviation(h: FloatHistogram): number {
  return Math.sqrt(histogramVariance(h));
}

/** The arithmetic mean of custom bounds, the geometric one of exponential bounds, zero for the zero bucket. */
function representative(lower: number, upper: number, custom: boolean): number {
  if (custom) return (upper + lower) / 2;
  if (lower <= 0 && upper >= 0) return 0;
  const mean = Math.sqrt(upper * lower);
  return upper < 0 ? -mean : mean;
}
