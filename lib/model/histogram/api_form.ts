/** Histograms as the HTTP API answers them. As Prometheus: util/jsonutil. */
import { formatSampleValue } from "../float.ts";
import { allBuckets, type Bucket } from "./bucket_list.ts";
import type { FloatHistogram } from "./float_histogram.ts";

/** Which bounds belong to the bucket: 0 the upper, 1 the lower, 2 neither, 3 both. */
export type BoundaryRule = 0 | 1 | 2 | 3;

export type ApiBucket = readonly [rule: BoundaryRule, lower: string, upper: string, count: string];

export interface ApiHistogram {
  readonly count: string;
  readonly sum: string;
  /** Without the empty ones; absent if all are. */
  readonly buckets?: readonly ApiBucket[];
}

export function apiHistogram(h: FloatHistogram): ApiHistogram {
  const buckets = allBuckets(h).filter((bucket) => bucket.count !== 0).map(apiBucket);
  const totals = { count: formatSampleValue(h.count), sum: formatSampleValue(h.sum) };
  return buckets.length === 0 ? totals : { ...totals, buckets };
}

function apiBucket(bucket: Bucket): ApiBucket {
  return [
    boundaryRule(bucket),
    formatSampleValue(bucket.lower),
    formatSampleValue(bucket.upper),
    formatSampleValue(bucket.count),
  ];
}

function boundaryRule({ lowerInclusive, upperInclusive }: Bucket): BoundaryRule {
  if (lowerInclusive) return upperInclusive ? 3 : 1;
  return upperInclusive ? 0 : 2;
}

/** The same as JSON text. Numbers need no escaping. */
export function writeApiHistogram(h: FloatHistogram): string {
  return JSON.stringify(apiHistogram(h));
}
