/**
 * Sums and means of many histograms, as the aggregations and `*_over_time` need them: compensated, in place where the
 * layout stays, and with the reconciliations of a plain sum where it does not. As Prometheus: KahanAdd, and the mean
 * that goes on incrementally once the sum overflows.
 */
import { combinedHint, divideHistogram } from "./arithmetic.ts";
import {
  addBucketsInto,
  bucketsOf,
  divideSide,
  mergeSides,
  multiplySide,
  overflows,
  sideOf,
} from "./compensated.ts";
import {
  couldOverflow,
  isInfinite,
  mergeAtCommonBounds,
  mergeExponential,
  part,
  type Parts,
  partsOf,
} from "./compensated_parts.ts";
import {
  compact,
  type FloatHistogram,
  hasOverflow,
  isCustomSchema,
  sameIndexes,
  sameNumbers,
  usesCustomBuckets,
} from "./float_histogram.ts";

/** The running sum of histograms of one kind: all exponential or all with custom buckets. */
export class HistogramSum {
  #parts: Parts;
  #resetSeen = false;
  #noResetSeen = false;
  #boundsReconciled = false;

  constructor(first: FloatHistogram) {
    this.#parts = partsOf(first);
    this.#noteHint(first);
  }

  /** One of them said that a counter reset happened, another that none did. */
  get counterResetCollision(): boolean {
    return this.#resetSeen && this.#noResetSeen;
  }

  /** Custom bounds differed, so that the sum has only those that all had. */
  get boundsReconciled(): boolean {
    return this.#boundsReconciled;
  }

  /** False, and nothing changed, for an exponential histogram among those with custom buckets or the reverse. */
  add(h: FloatHistogram): boolean {
    this.#noteHint(h);
    if (isCustomSchema(this.#parts.schema) !== usesCustomBuckets(h)) return false;
    if (this.#fits(h)) this.#addInPlace(h);
    else this.#merge(h);
    return true;
  }

  /** Whether adding it would take any number out of the range of floats. */
  wouldOverflow(h: FloatHistogram): boolean {
    const parts = this.#parts;
    if (isCustomSchema(parts.schema) !== usesCustomBuckets(h)) return false;
    if (this.#fits(h)) {
      return isInfinite(parts.count.sum + h.count) || isInfinite(parts.sum.sum + h.sum) ||
        isInfinite(parts.zeroCount.sum + h.zeroCount) ||
        overflows(parts.positive.counts, h.positive.counts) ||
        overflows(parts.negative.counts, h.negative.counts);
    }
    if (!couldOverflow(parts, h)) return false;
    const trial = new HistogramSum(this.value(1));
    trial.add(h);
    return hasOverflow(trial.value(1));
  }

  /** The sum, compacted, or its `divisor`th part. */
  value(divisor = 1): FloatHistogram {
    const { schema, zeroThreshold, customValues, zeroCount, count, sum, positive, negative, hint } =
      this.#parts;
    return compact({
      schema,
      zeroThreshold,
      zeroCount: part(zeroCount, divisor),
      count: part(count, divisor),
      sum: part(sum, divisor),
      positive: bucketsOf(positive, divisor),
      negative: bucketsOf(negative, divisor),
      customValues,
      counterResetHint: hint,
    });
  }

  multiply(factor: number): void {
    const { zeroCount, count, sum, positive, negative } = this.#parts;
    for (const each of [zeroCount, count, sum]) each.multiply(factor);
    multiplySide(positive, factor);
    multiplySide(negative, factor);
  }

  divide(divisor: number): void {
    const { zeroCount, count, sum, positive, negative } = this.#parts;
    for (const each of [zeroCount, count, sum]) each.divide(divisor);
    divideSide(positive, divisor);
    divideSide(negative, divisor);
  }

  #noteHint(h: FloatHistogram): void {
    if (h.counterResetHint === "reset") this.#resetSeen = true;
    if (h.counterResetHint === "not_reset") this.#noResetSeen = true;
  }

  #fits(h: FloatHistogram): boolean {
    const parts = this.#parts;
    return parts.schema === h.schema && parts.zeroThreshold === h.zeroThreshold &&
      sameIndexes(parts.positive.indexes, h.positive.indexes) &&
      sameIndexes(parts.negative.indexes, h.negative.indexes) &&
      sameNumbers(parts.customValues, h.customValues);
  }

  #addInPlace(h: FloatHistogram): void {
    const parts = this.#parts;
    parts.hint = combinedHint(parts.hint, h.counterResetHint).hint;
    parts.zeroCount.add(h.zeroCount);
    parts.count.add(h.count);
    parts.sum.add(h.sum);
    addBucketsInto(parts.positive, h.positive);
    addBucketsInto(parts.negative, h.negative);
  }

  #merge(h: FloatHistogram): void {
    const parts = this.#parts;
    parts.hint = combinedHint(parts.hint, h.counterResetHint).hint;
    parts.count.add(h.count);
    parts.sum.add(h.sum);
    if (usesCustomBuckets(h)) this.#mergeCustom(h);
    else mergeExponential(parts, h);
  }

  #mergeCustom(h: FloatHistogram): void {
    const parts = this.#parts;
    if (sameNumbers(parts.customValues, h.customValues)) {
      parts.positive = mergeSides(parts.positive, sideOf(h.positive));
      return;
    }
    this.#boundsReconciled = true;
    mergeAtCommonBounds(parts, h);
  }
}

/** The running mean of histograms of one kind. */
export class HistogramMean {
  readonly #sum: HistogramSum;
  #count = 1;
  #incremental = false;

  constructor(first: FloatHistogram) {
    this.#sum = new HistogramSum(first);
  }

  get counterResetCollision(): boolean {
    return this.#sum.counterResetCollision;
  }

  get boundsReconciled(): boolean {
    return this.#sum.boundsReconciled;
  }

  /** As `HistogramSum.add`. */
  add(h: FloatHistogram): boolean {
    if (!this.#incremental && this.#sum.wouldOverflow(h)) {
      this.#incremental = true;
      this.#sum.divide(this.#count);
    }
    this.#count++;
    if (!this.#incremental) return this.#sum.add(h);
    this.#sum.multiply((this.#count - 1) / this.#count);
    return this.#sum.add(divideHistogram(h, this.#count));
  }

  value(): FloatHistogram {
    return this.#sum.value(this.#incremental ? 1 : this.#count);
  }
}
