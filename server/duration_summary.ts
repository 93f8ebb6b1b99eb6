/** Durations of many small pieces of work as a summary: count, sum, and quantiles of the latest. */
import type { SummarySnapshot } from "../lib/http/deps.ts";

/** Enough for the 1 % tail, and small. */
const OBSERVATIONS_KEPT = 1_024;

export class DurationSummary {
  #count = 0;
  #sumMs = 0;
  readonly #latestMs = new Float64Array(OBSERVATIONS_KEPT);
  readonly #quantiles: readonly number[];

  constructor(quantiles: readonly number[]) {
    this.#quantiles = quantiles;
  }

  observe(tookMs: number): void {
    this.#latestMs[this.#count % OBSERVATIONS_KEPT] = tookMs;
    this.#count++;
    this.#sumMs += tookMs;
  }

  snapshot(): SummarySnapshot {
    const sorted = this.#latestMs.slice(0, Math.min(this.#count, OBSERVATIONS_KEPT)).sort();
    const at = (quantile: number) =>
      sorted.length === 0
        ? NaN
        : sorted[Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))]! / 1000;
    return {
      count: this.#count,
      sumSeconds: this.#sumMs / 1000,
      quantiles: this.#quantiles.map((quantile) => [quantile, at(quantile)] as const),
    };
  }
}
