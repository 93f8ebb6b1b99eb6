/** A query engine that counts what another one does, under Prometheus's names. */
import type { Counter } from "../client/counter.ts";
import type { Gauge } from "../client/gauge.ts";
import type { Registry } from "../client/registry.ts";
import type { Summary } from "../client/summary.ts";
import type { Clock } from "../core/ports.ts";
import type { QueryEngine, QueryResult } from "../promql/result.ts";

export function meteredEngine(engine: QueryEngine, registry: Registry, clock: Clock): QueryEngine {
  const meter = new EngineMeter(registry, clock);
  return {
    instant: (query, timeMs, options) => meter.measure(() => engine.instant(query, timeMs, options)),
    range: (query, range, options) => meter.measure(() => engine.range(query, range, options)),
  };
}

class EngineMeter {
  readonly #running: Gauge;
  readonly #durations: Summary;
  readonly #samples: Counter;
  readonly #samplesRead: Counter;

  constructor(registry: Registry, clock: Clock) {
    this.#running = registry.gauge({
      name: "prometheus_engine_queries",
      help: "The current number of queries being executed or waiting.",
    });
    this.#durations = registry.summary({
      name: "prometheus_engine_query_duration_seconds",
      help: "Query timings",
      labelNames: ["slice"],
      quantiles: [0.5, 0.9, 0.99],
    }, clock);
    this.#samples = registry.counter({
      name: "prometheus_engine_query_samples_total",
      help: "The total number of samples loaded by all queries.",
    });
    this.#samplesRead = registry.counter({
      name: "prometheus_engine_query_samples_read_total",
      help: "The total number of samples read from storage by all queries.",
    });
    for (const slice of ["queue_time", "prepare_time", "inner_eval", "result_sort"]) {
      this.#durations.labels(slice);
    }
  }

  async measure(run: () => Promise<QueryResult>): Promise<QueryResult> {
    this.#running.inc();
    try {
      const result = await run();
      const { prepareMs, evalMs, samplesTotal, samplesRead, queuedMs = 0, sortMs } = result.stats;
      this.#durations.labels("queue_time").observe(queuedMs / 1000);
      this.#durations.labels("prepare_time").observe(prepareMs / 1000);
      this.#durations.labels("inner_eval").observe(evalMs / 1000);
      if (sortMs !== undefined) this.#durations.labels("result_sort").observe(sortMs / 1000);
      this.#samples.inc(samplesTotal);
      this.#samplesRead.inc(samplesRead);
      return result;
    } finally {
      this.#running.dec();
    }
  }
}
