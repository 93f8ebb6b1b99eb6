/**
 * Quantiles over the last minutes, with the count and the sum of everything. The window is made of parts that
 * expire one by one; each is a bounded sketch, exact while few observations came (quantile_sketch.ts).
 */
import type { Clock } from "../core/ports.ts";
import { Children } from "./children.ts";
import type { Collector, FamilySample, MetricFamily } from "./family.ts";
import { checkMetricOptions, type MetricOptions } from "./names.ts";
import { QuantileSketch, type WeightedValue } from "./quantile_sketch.ts";

/** As the Prometheus clients. */
export const SUMMARY_MAX_AGE_MS = 600_000;
export const SUMMARY_PARTS = 5;

export interface SummaryOptions extends MetricOptions {
  readonly quantiles: readonly number[];
  readonly maxAgeMs?: number;
}

export class SummaryChild {
  readonly #clock: Clock;
  readonly #partMs: number;
  readonly #parts: (QuantileSketch | undefined)[] = [];
  #current = 0;
  #rotateAtMs: number;
  count = 0;
  sum = 0;

  constructor(clock: Clock, maxAgeMs: number) {
    this.#clock = clock;
    this.#partMs = maxAgeMs / SUMMARY_PARTS;
    this.#rotateAtMs = clock.monotonicMs() + this.#partMs;
  }

  observe(value: number): void {
    this.#rotate();
    this.count++;
    this.sum += value;
    if (Number.isNaN(value)) return; // NaN has no rank
    (this.#parts[this.#current] ??= new QuantileSketch()).add(value);
  }

  /** In the order of `quantiles`; NaN when nothing was observed within the window. */
  quantiles(quantiles: readonly number[]): readonly number[] {
    this.#rotate();
    const weighted: WeightedValue[] = [];
    let weightTotal = 0;
    for (const part of this.#parts) {
      if (part === undefined) continue;
      part.appendTo(weighted);
      weightTotal += part.count;
    }
    weighted.sort((a, b) => a.value - b.value);
    return quantiles.map((quantile) => {
      const rank = Math.max(1, Math.ceil(quantile * weightTotal));
      let reached = 0;
      for (const { value, weight } of weighted) {
        reached += weight;
        if (reached >= rank) return value;
      }
      return NaN;
    });
  }

  #rotate(): void {
    const nowMs = this.#clock.monotonicMs();
    for (let turned = 0; nowMs >= this.#rotateAtMs; turned++) {
      if (turned >= SUMMARY_PARTS) {
        this.#rotateAtMs = nowMs + this.#partMs; // all parts are empty already
        return;
      }
      this.#current = (this.#current + 1) % SUMMARY_PARTS;
      this.#parts[this.#current] = undefined;
      this.#rotateAtMs += this.#partMs;
    }
  }
}

export class Summary implements Collector {
  readonly #options: SummaryOptions;
  readonly children: Children<SummaryChild>;

  constructor(options: SummaryOptions, clock: Clock) {
    checkMetricOptions(options, ["quantile"]);
    for (const quantile of options.quantiles) {
      if (!(quantile >= 0 && quantile <= 1)) {
        throw new TypeError(
          `Cannot register metric "${options.name}": quantile ${quantile} is not within 0 and 1`,
        );
      }
    }
    this.#options = options;
    this.children = new Children(
      options,
      () => new SummaryChild(clock, options.maxAgeMs ?? SUMMARY_MAX_AGE_MS),
    );
  }

  labels(...values: readonly string[]): SummaryChild {
    return this.children.of(values);
  }

  observe(value: number): void {
    this.children.of([]).observe(value);
  }

  *collect(): Iterable<MetricFamily> {
    const { name, help, quantiles } = this.#options;
    const samples: FamilySample[] = [];
    for (const { labels, child } of this.children.entries()) {
      const values = child.quantiles(quantiles);
      for (let i = 0; i < quantiles.length; i++) {
        const bound = { label: "quantile" as const, value: quantiles[i]! };
        samples.push({ suffix: "", labels, bound, value: values[i]! });
      }
      samples.push({ suffix: "_sum", labels, value: child.sum }, {
        suffix: "_count",
        labels,
        value: child.count,
      });
    }
    yield { name, help, type: "summary", samples };
  }
}
