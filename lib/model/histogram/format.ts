/** Histograms as text: as Go's FloatHistogram prints itself, and in the notation of promqltest. */
import { formatFloatG } from "../float.ts";
import { allBuckets, type Bucket } from "./bucket_list.ts";
import { type Buckets, compact, type FloatHistogram, usesCustomBuckets } from "./float_histogram.ts";

/** `{count:3, sum:4.5, [-0.001,0.001]:1, (1,2]:2}`. As FloatHistogram.String: empty buckets are left out. */
export function formatHistogram(h: FloatHistogram): string {
  const parts = [`count:${formatFloatG(h.count)}`, `sum:${formatFloatG(h.sum)}`];
  for (const bucket of printedBuckets(h)) {
    parts.push(`${formatInterval(bucket)}:${formatFloatG(bucket.count)}`);
  }
  return `{${parts.join(", ")}}`;
}

/** As Prometheus's `Histogram` or `FloatHistogram` prints itself: counts of integers in full. */
export function formatStoredHistogram(h: FloatHistogram): string {
  if (h.fromIntegers !== true) return formatHistogram(h);
  const parts = [`count:${BigInt(h.count)}`, `sum:${formatFloatG(h.sum)}`];
  for (const bucket of printedBuckets(h)) parts.push(`${formatInterval(bucket)}:${BigInt(bucket.count)}`);
  return `{${parts.join(", ")}}`;
}

/** Unlike in the API, bounds are not cut off at the zero bucket. */
function printedBuckets(h: FloatHistogram): readonly Bucket[] {
  const sides = allBuckets({ ...h, zeroThreshold: 0, zeroCount: 0 });
  const negatives = h.negative.counts.length;
  const zero = h.zeroCount === 0 ? [] : [{
    lower: -h.zeroThreshold,
    upper: h.zeroThreshold,
    lowerInclusive: true,
    upperInclusive: true,
    count: h.zeroCount,
  }];
  return [...sides.slice(0, negatives), ...zero, ...sides.slice(negatives)]
    .filter((bucket) => bucket.count !== 0);
}

function formatInterval({ lower, upper, lowerInclusive, upperInclusive }: Bucket): string {
  return `${lowerInclusive ? "[" : "("}${formatFloatG(lower)},${formatFloatG(upper)}${
    upperInclusive ? "]" : ")"
  }`;
}

/** The notation writes the buckets of a side in one row; a longer one is nothing to read. */
const ROW_BUCKETS_MAX = 100_000;

/** `{{schema:1 count:3 sum:4.5 z_bucket:1 z_bucket_w:0.001 buckets:[2]}}`. As FloatHistogram.TestExpression. */
export function formatDescription(h: FloatHistogram): string {
  if (rowLength(h.positive) > ROW_BUCKETS_MAX || rowLength(h.negative) > ROW_BUCKETS_MAX) {
    return formatHistogram(h);
  }
  const whole = compact(h, Infinity);
  const parts: string[] = [];
  if (h.schema !== 0) parts.push(`schema:${h.schema}`);
  const push = (key: string, value: number): void => {
    if (value !== 0) parts.push(`${key}:${formatFloatG(value)}`);
  };
  push("count", h.count);
  push("sum", h.sum);
  push("z_bucket", h.zeroCount);
  push("z_bucket_w", h.zeroThreshold);
  if (usesCustomBuckets(h)) parts.push(`custom_values:${row(h.customValues)}`);
  if (h.counterResetHint !== "unknown") parts.push(`counter_reset_hint:${h.counterResetHint}`);
  const pushRow = (buckets: Buckets, offsetKey: string, key: string): void => {
    if (buckets.counts.length === 0) return;
    if (buckets.indexes[0] !== 0) parts.push(`${offsetKey}:${buckets.indexes[0]}`);
    parts.push(`${key}:${row(buckets.counts)}`);
  };
  pushRow(whole.positive, "offset", "buckets");
  pushRow(whole.negative, "n_offset", "n_buckets");
  return `{{${parts.join(" ")}}}`;
}

function rowLength({ indexes }: Buckets): number {
  return indexes.length === 0 ? 0 : indexes.at(-1)! - indexes[0]! + 1;
}

function row(values: Float64Array): string {
  return `[${Array.from(values, formatFloatG).join(" ")}]`;
}
