/**
 * Classic histograms (cumulative counts of `le` buckets, a count, a sum) made histograms with custom buckets, for
 * scrapes and loads that ask for it. As Prometheus: util/convertnhcb. Buckets may come in any order; the first thing
 * that is wrong is what `build` complains of.
 */
import { formatFloatG } from "../float.ts";
import {
  bucketsFrom,
  compact,
  CUSTOM_BUCKETS_SCHEMA,
  EMPTY_HISTOGRAM,
  type FloatHistogram,
} from "./float_histogram.ts";
import { HistogramError } from "./validate.ts";

interface CumulativeBucket {
  readonly le: number;
  readonly count: number;
}

/** As Prometheus: whole counts keep gaps of so many empty buckets, others keep none. */
const WHOLE_EMPTY_MAX = 2;

export class ClassicHistogramBuilder {
  readonly #buckets: CumulativeBucket[] = [];
  #count: number | undefined;
  #sum = 0;
  #error: HistogramError | undefined;

  setBucket(le: number, count: number): void {
    if (count < 0) {
      this.#fail(
        `bucket count must be non-negative: le=${formatFloatG(le)}, count=${formatFloatG(count)}`,
        "negative count",
      );
    }
    const at = this.#positionOf(le);
    const next = this.#buckets[at];
    if (next?.le === le) return;
    const previous = this.#buckets[at - 1];
    if (previous !== undefined && count < previous.count) this.#failOrder(count, "<", previous.count);
    if (next !== undefined && count > next.count) this.#failOrder(count, ">", next.count);
    this.#buckets.splice(at, 0, { le, count });
  }

  setCount(count: number): void {
    if (count < 0) this.#fail(`count must be non-negative: count=${formatFloatG(count)}`, "negative count");
    this.#count = count;
  }

  setSum(sum: number): void {
    this.#sum = sum;
  }

  /** Throws a `HistogramError`. */
  build(): FloatHistogram {
    if (this.#error !== undefined) throw this.#error;
    const buckets = [...this.#buckets];
    const count = this.#count ?? buckets.at(-1)?.count ?? 0;
    if (buckets.at(-1)?.le !== Infinity) buckets.push({ le: Infinity, count });
    const top = buckets.at(-1)!;
    if (count !== top.count) {
      throw new HistogramError(
        "count",
        `count mismatch: count=${formatFloatG(count)} != le=+Inf count=${formatFloatG(top.count)}`,
      );
    }
    const own = buckets.map((bucket, i) => bucket.count - (buckets[i - 1]?.count ?? 0));
    const histogram: FloatHistogram = {
      ...EMPTY_HISTOGRAM,
      schema: CUSTOM_BUCKETS_SCHEMA,
      count,
      sum: this.#sum,
      positive: bucketsFrom(0, own),
      customValues: Float64Array.from(buckets.slice(0, -1), (bucket) => bucket.le),
    };
    return compact(
      histogram,
      buckets.every((bucket) => Number.isInteger(bucket.count)) ? WHOLE_EMPTY_MAX : 0,
    );
  }

  /** Of the first bucket that ends at the bound or above. Buckets mostly come in order, so it looks from the end. */
  #positionOf(le: number): number {
    let at = this.#buckets.length;
    while (at > 0 && this.#buckets[at - 1]!.le >= le) at--;
    return at;
  }

  #failOrder(count: number, relation: "<" | ">", neighbour: number): void {
    this.#fail(
      `count is not cumulative: ${formatFloatG(count)} ${relation} ${formatFloatG(neighbour)}`,
      "count",
    );
  }

  #fail(message: string, fault: "count" | "negative count"): void {
    this.#error ??= new HistogramError(fault, message);
  }
}
