/**
 * How far apart a target's scrapes really were, by configured interval: the summary that Prometheus calls
 * `prometheus_target_interval_length_seconds`.
 */
import type { IntervalSnapshot } from "../lib/http/deps.ts";
import { formatDurationMs } from "../lib/core/time.ts";

/** Quantiles are over the latest observations of an interval: enough for the 1 % tail, and small. */
const OBSERVATIONS_KEPT = 1_024;
const QUANTILES = [0.01, 0.05, 0.5, 0.9, 0.99] as const;

interface Observed {
  count: number;
  sumMs: number;
  readonly latestMs: Float64Array;
}

export class IntervalLengths {
  readonly #observed = new Map<number, Observed>();

  observe(intervalMs: number, actualMs: number): void {
    let observed = this.#observed.get(intervalMs);
    if (observed === undefined) {
      observed = { count: 0, sumMs: 0, latestMs: new Float64Array(OBSERVATIONS_KEPT) };
      this.#observed.set(intervalMs, observed);
    }
    observed.latestMs[observed.count % OBSERVATIONS_KEPT] = actualMs;
    observed.count++;
    observed.sumMs += actualMs;
  }

  snapshot(): readonly IntervalSnapshot[] {
    return [...this.#observed].map(([intervalMs, { count, sumMs, latestMs }]) => {
      const sorted = latestMs.slice(0, Math.min(count, OBSERVATIONS_KEPT)).sort();
      return {
        interval: formatDurationMs(intervalMs),
        count,
        sumSeconds: sumMs / 1000,
        quantiles: QUANTILES.map((quantile) =>
          [
            quantile,
            sorted[Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))]! / 1000,
          ] as const
        ),
      };
    });
  }
}
