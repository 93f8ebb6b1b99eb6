/**
 * Quantiles and fractions of classic histograms. As Prometheus: buckets with equal bounds are added up, counts are
 * made monotonic (differences below one part in 10^12 in silence), values are spread evenly within a bucket.
 */

/** Differences of counts up to this are rounding of the sums before, not a broken histogram. */
const SMALL_DELTA = 1e-12;

export interface BucketNotes {
  /** Set when a count had to be raised to that of the bucket below; the others then say where and by how much. */
  forcedMonotonic: boolean;
  minBound: number;
  maxBound: number;
  maxDifference: number;
}

export function bucketNotes(): BucketNotes {
  return { forcedMonotonic: false, minBound: 0, maxBound: 0, maxDifference: 0 };
}

function noteForced(notes: BucketNotes, bound: number, difference: number): void {
  if (!notes.forcedMonotonic) {
    notes.forcedMonotonic = true;
    notes.minBound = bound;
    notes.maxDifference = 0;
  }
  notes.maxBound = bound;
  if (difference > notes.maxDifference) notes.maxDifference = difference;
}

/** The smallest positive normal number: relative distances lose their meaning below it. */
const NORMAL_MIN = 2.2250738585072014e-308;

/** As Prometheus's almost.Equal. */
export function almostEqual(a: number, b: number, epsilon: number): boolean {
  if (a !== a && b !== b) return true;
  if (a === b) return true;
  const sum = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || sum < NORMAL_MIN) return difference < epsilon * NORMAL_MIN;
  return difference / Math.min(sum, Number.MAX_VALUE) < epsilon;
}

/** Adds up buckets of equal bound, in place; answers how many are left. Bounds ascend. */
export function coalesceBuckets(bounds: Float64Array, counts: Float64Array, count: number): number {
  if (count === 0) return 0;
  let last = 0;
  for (let i = 1; i < count; i++) {
    if (bounds[i] === bounds[last]) {
      counts[last]! += counts[i]!;
    } else {
      last++;
      bounds[last] = bounds[i]!;
      counts[last] = counts[i]!;
    }
  }
  return last + 1;
}

function makeMonotonic(
  bounds: Float64Array,
  counts: Float64Array,
  count: number,
  notes: BucketNotes,
): void {
  let previous = counts[0]!;
  for (let i = 1; i < count; i++) {
    const current = counts[i]!;
    if (current === previous) continue;
    if (almostEqual(previous, current, SMALL_DELTA)) {
      counts[i] = previous;
    } else if (current < previous) {
      counts[i] = previous;
      noteForced(notes, bounds[i]!, previous - current);
    } else {
      previous = current;
    }
  }
}

/** Bounds ascend and may repeat; both arrays are worked on in place. */
export function bucketQuantile(
  q: number,
  bounds: Float64Array,
  counts: Float64Array,
  bucketsCount: number,
  notes: BucketNotes,
): number {
  if (q !== q) return NaN;
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  if (bounds[bucketsCount - 1] !== Infinity) return NaN;
  const count = coalesceBuckets(bounds, counts, bucketsCount);
  makeMonotonic(bounds, counts, count, notes);
  if (count < 2) return NaN;
  const observations = counts[count - 1]!;
  if (observations === 0) return NaN;
  let rank = q * observations;
  let b = 0;
  while (b < count - 1 && !(counts[b]! >= rank)) b++;
  if (b === count - 1) return bounds[count - 2]!;
  if (b === 0 && bounds[0]! <= 0) return bounds[0]!;
  let start = 0;
  let inBucket = counts[b]!;
  if (b > 0) {
    start = bounds[b - 1]!;
    inBucket -= counts[b - 1]!;
    rank -= counts[b - 1]!;
  }
  return start + (bounds[b]! - start) * (rank / inBucket);
}

/** The estimated fraction of observations between two values. */
export function bucketFraction(
  lower: number,
  upper: number,
  bounds: Float64Array,
  counts: Float64Array,
  bucketsCount: number,
): number {
  if (bounds[bucketsCount - 1] !== Infinity) return NaN;
  const buckets = coalesceBuckets(bounds, counts, bucketsCount);
  const total = counts[buckets - 1]!;
  if (total === 0 || lower !== lower || upper !== upper) return NaN;
  if (lower >= upper) return 0;
  const lowerRank = rankAt(lower, bounds, counts, buckets);
  const upperRank = rankAt(upper, bounds, counts, buckets);
  return (Math.min(upperRank, total) - Math.min(lowerRank, total)) / total;
}

/** How many observations lie below a value. */
function rankAt(value: number, bounds: Float64Array, counts: Float64Array, buckets: number): number {
  let rank = 0;
  for (let i = 0; i < buckets; i++) {
    const upper = bounds[i]!;
    const lower = i > 0 ? bounds[i - 1]! : upper <= 0 ? -Infinity : 0;
    if (lower >= value) return rank;
    if (upper > value) {
      if (lower === -Infinity) return counts[i]!;
      return upper === Infinity ? rank : rank + (counts[i]! - rank) * (value - lower) / (upper - lower);
    }
    rank = counts[i]!;
  }
  return counts[buckets - 1]!;
}
