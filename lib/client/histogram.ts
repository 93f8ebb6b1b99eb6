/** A classic histogram: counts of observations by upper bounds, with their sum. */
import { Children } from "./children.ts";
import type { Collector, FamilySample, MetricFamily } from "./family.ts";
import { checkMetricOptions, type MetricOptions } from "./names.ts";

/** As the Prometheus clients: meant for seconds that a request takes. */
export const DEFAULT_BUCKETS: readonly number[] = [
  0.005,
  0.01,
  0.025,
  0.05,
  0.1,
  0.25,
  0.5,
  1,
  2.5,
  5,
  10,
];

/** Each bucket is a series. */
export const BUCKETS_MAX = 200;

export interface HistogramOptions extends MetricOptions {
  /** Rising upper bounds without +Inf, which is always there. */
  readonly buckets?: readonly number[];
}

export class HistogramChild {
  readonly bounds: Float64Array;
  /** One more than bounds: the last is what lies above all of them. */
  readonly counts: Float64Array;
  sum = 0;

  constructor(bounds: Float64Array) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let bucket = 0;
    while (bucket < this.bounds.length && !(value <= this.bounds[bucket]!)) bucket++;
    this.counts[bucket]! += 1;
    this.sum += value;
  }
}

export class Histogram implements Collector {
  readonly #options: HistogramOptions;
  readonly children: Children<HistogramChild>;

  constructor(options: HistogramOptions) {
    checkMetricOptions(options, ["le"]);
    const bounds = Float64Array.from(boundsOf(options));
    this.#options = options;
    this.children = new Children(options, () => new HistogramChild(bounds));
  }

  labels(...values: readonly string[]): HistogramChild {
    return this.children.of(values);
  }

  observe(value: number): void {
    this.children.of([]).observe(value);
  }

  *collect(): Iterable<MetricFamily> {
    const samples: FamilySample[] = [];
    for (const { labels, child } of this.children.entries()) {
      let count = 0;
      for (let i = 0; i < child.counts.length; i++) {
        count += child.counts[i]!;
        const value = i < child.bounds.length ? child.bounds[i]! : Infinity;
        samples.push({ suffix: "_bucket", labels, bound: { label: "le", value }, value: count });
      }
      samples.push({ suffix: "_sum", labels, value: child.sum }, { suffix: "_count", labels, value: count });
    }
    yield { name: this.#options.name, help: this.#options.help, type: "histogram", samples };
  }
}

function boundsOf(options: HistogramOptions): readonly number[] {
  const given = options.buckets ?? DEFAULT_BUCKETS;
  const bounds = given.at(-1) === Infinity ? given.slice(0, -1) : given;
  if (bounds.length > BUCKETS_MAX) {
    throw new TypeError(
      `Cannot register metric "${options.name}": has ${bounds.length} buckets, at most ${BUCKETS_MAX} are allowed`,
    );
  }
  for (let i = 0; i < bounds.length; i++) {
    if (!Number.isFinite(bounds[i]!) || (i > 0 && !(bounds[i]! > bounds[i - 1]!))) {
      throw new TypeError(
        `Cannot register metric "${options.name}": bucket ${bounds[i]} does not rise above the one before`,
      );
    }
  }
  return bounds;
}

/** `count` bounds: `start`, `start + width`, … */
export function linearBuckets(
  options: { readonly start: number; readonly width: number; readonly count: number },
): readonly number[] {
  return Array.from({ length: options.count }, (_, i) => options.start + i * options.width);
}

/** `count` bounds: `start`, `start × factor`, … */
export function exponentialBuckets(
  options: { readonly start: number; readonly factor: number; readonly count: number },
): readonly number[] {
  return Array.from({ length: options.count }, (_, i) => options.start * options.factor ** i);
}
