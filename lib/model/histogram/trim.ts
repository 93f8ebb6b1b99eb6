/**
 * The operators `</` and `>/`: what is left of a histogram below or above a value. As Prometheus (TrimBuckets): the
 * bucket that holds the value is split as `histogram_fraction` would split it, and once anything is cut off, count and
 * sum are estimated anew from what is left. A bucket without end cannot be split and is kept or dropped as a whole.
 */
import { exponentialBound } from "./bounds.ts";
import { upperBound } from "./bucket_list.ts";
import { type Buckets, compact, type FloatHistogram, usesCustomBuckets } from "./float_histogram.ts";

/** Which observations stay: those below the value (`</`) or above it (`>/`). */
export type Keep = "below" | "above";

interface Interval {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
}

/** What stays of a bucket, and the value that stands for it in the sum. */
interface Kept {
  readonly count: number;
  readonly value: number;
}

const NOTHING: Kept = { count: 0, value: 0 };

/** How values lie in a bucket: evenly, or evenly on a logarithmic scale on either side of zero. */
type Scale = "linear" | "positive" | "negative";

export function trimHistogram(h: FloatHistogram, keep: Keep, at: number): FloatHistogram {
  const total = { count: 0, sum: 0, changed: false };
  const note = (before: number, { count, value }: Kept): number => {
    if (count !== 0) total.sum += value * count;
    total.count += count;
    total.changed ||= count !== before;
    return count;
  };
  const custom = usesCustomBuckets(h);
  const positive = trimSide(h.positive, (index, count) => {
    const interval = { lower: upperBound(h, index - 1), upper: upperBound(h, index), count };
    return note(count, trimInterval(interval, keep, at, custom ? "linear" : "positive"));
  });
  const negative = trimSide(h.negative, (index, count) => {
    const lower = -exponentialBound(index, h.schema);
    const upper = -exponentialBound(index - 1, h.schema);
    return note(count, trimInterval({ lower, upper, count }, keep, at, "negative"));
  });
  const zeroCount = h.zeroCount > 0 ? note(h.zeroCount, trimZero(h, keep, at)) : h.zeroCount;
  if (!total.changed) return h;
  return compact({ ...h, count: total.count, sum: total.sum, zeroCount, positive, negative });
}

function trimSide({ indexes, counts }: Buckets, trimmed: (index: number, count: number) => number): Buckets {
  return { indexes, counts: counts.map((count, i) => count === 0 ? 0 : trimmed(indexes[i]!, count)) };
}

function trimInterval(interval: Interval, keep: Keep, at: number, scale: Scale): Kept {
  const { lower, upper, count } = interval;
  const whole = keep === "below" ? upper <= at : lower >= at;
  if (whole) return { count, value: middle(lower, upper, scale) };
  if (keep === "below" ? !(lower < at) : !(upper > at)) return NOTHING;
  if (lower === -Infinity) return trimFromInfinity(interval, keep, at);
  // Of a bucket up to +Inf nobody knows how much lies below; from above, it is all taken to lie at the value.
  if (upper === Infinity) return keep === "above" ? { count, value: at } : NOTHING;
  const below = count * share(lower, upper, at, scale);
  return keep === "below"
    ? { count: below, value: middle(lower, at, scale) }
    : { count: count - below, value: middle(at, upper, scale) };
}

/** Of a bucket from −Inf that the value lies in. It begins at 0 if it ends above, as for `histogram_quantile`. */
function trimFromInfinity({ upper, count }: Interval, keep: Keep, at: number): Kept {
  const finite = upper !== Infinity;
  if (keep === "below") {
    if (at > 0 && upper > 0 && finite) return { count: count * at / upper, value: at / 2 };
    return upper <= 0 ? { count, value: at } : NOTHING;
  }
  return at >= 0 && finite ? { count: count * (1 - at / upper), value: (at + upper) / 2 } : NOTHING;
}

/** The share of a bucket that lies below a value within it. */
function share(lower: number, upper: number, at: number, scale: Scale): number {
  if (scale === "linear") return (at - lower) / (upper - lower);
  const logLower = Math.log2(Math.abs(lower));
  const logUpper = Math.log2(Math.abs(upper));
  const logAt = Math.log2(Math.abs(at));
  if (scale === "positive") return (logAt - logLower) / (logUpper - logLower);
  return 1 - (logAt - logUpper) / (logLower - logUpper);
}

function middle(lower: number, upper: number, scale: Scale): number {
  if (!Number.isFinite(lower)) {
    if (!Number.isFinite(upper)) return 0;
    return upper > 0 ? upper / 2 : upper;
  }
  if (!Number.isFinite(upper)) return lower;
  if (scale === "linear") return (lower + upper) / 2;
  const mean = Math.sqrt(Math.abs(lower * upper));
  return scale === "positive" ? mean : -mean;
}

/** The zero bucket is taken to lie on one side of zero if all other observations do. */
function trimZero(h: FloatHistogram, keep: Keep, at: number): Kept {
  const hasPositive = h.positive.counts.some(isNotZero);
  const hasNegative = h.negative.counts.some(isNotZero);
  const lower = hasPositive && !hasNegative ? 0 : -h.zeroThreshold;
  const upper = hasNegative && !hasPositive ? 0 : h.zeroThreshold;
  const count = h.zeroCount;
  if (keep === "below") {
    if (at <= lower) return NOTHING;
    if (at >= upper) return { count, value: (lower + upper) / 2 };
    return { count: count * ((at - lower) / (upper - lower)), value: (lower + at) / 2 };
  }
  if (at <= lower) return { count, value: (lower + upper) / 2 };
  if (at >= upper) return NOTHING;
  return { count: count * ((upper - at) / (upper - lower)), value: (at + upper) / 2 };
}

function isNotZero(count: number): boolean {
  return count !== 0;
}
