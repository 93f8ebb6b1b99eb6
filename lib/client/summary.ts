/**
 * Quantiles over the last minutes, with the count and the sum of everything. The window is made of parts that
 * expire one by one. A part keeps a bounded, evenly spaced choice of its observations: when it is full, every
 * other one goes and from then on only every second (fourth, eighth, …) is kept. So quantiles of quiet metrics are
 * exact and those of busy ones close.
 */
import type { Clock } from "../core/ports.ts";
import { Children } from "./children.ts";
import type { Collector, FamilySample, MetricFamily } from "./family.ts";
import { checkMetricOptions, type MetricOptions } from "./names.ts";

/** As the Prometheus clients. */
export const SUMMARY_MAX_AGE_MS = 600_000;
export const SUMMARY_PARTS = 5;
/** Of one part: 512 values are within two hundredths of any quantile, and 4 kB. */
export const SUMMARY_PART_VALUES_MAX = 512;

export interface SummaryOptions extends MetricOptions {
  readonly quantiles: readonly number[];
  readonly maxAgeMs?: number;
}

interface Part {
  readonly values: Float64Array;
  kept: number;
  seen: number;
  stride: number;
}

export class SummaryChild {
  readonly #clock: Clock;
  readonly #partMs: number;
  readonly #parts: (Part | undefined)[] = [];
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
    const part = this.#parts[this.#current] ??= newPart();
    if (part.seen++ % part.stride !== 0) return;
    if (part.kept === part.values.length) halve(part); // this one is the next of the wider spacing
    part.values[part.kept++] = value;
  }

  /** In the order of `quantiles`; NaN when nothing was observed within the window. */
  quantiles(quantiles: readonly number[]): readonly number[] {
    this.#rotate();
    const weighted: { value: number; weight: number }[] = [];
    let weightTotal = 0;
    for (const part of this.#parts) {
      if (part === undefined) continue;
      for (let i = 0; i < part.kept; i++) weighted.push({ value: part.values[i]!, weight: part.stride });
      weightTotal += part.kept * part.stride;
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
      this.#parts[this.#current] = newPart();
      this.#rotateAtMs += this.#partMs;
    }
  }
}

function newPart(): Part {
  return { values: new Float64Array(SUMMARY_PART_VALUES_MAX), kept: 0, seen: 0, stride: 1 };
}

function halve(part: Part): void {
  const half = part.values.length / 2;
  for (let i = 0; i < half; i++) part.values[i] = part.values[2 * i]!;
  part.kept = half;
  part.stride *= 2;
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
