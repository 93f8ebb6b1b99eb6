/** What the handler counts of its own requests, under Prometheus's names. */
import type { Counter } from "../client/counter.ts";
import { exponentialBuckets, type Histogram } from "../client/histogram.ts";
import type { Registry } from "../client/registry.ts";

export class HttpMetrics {
  readonly #requests: Counter;
  readonly #durations: Histogram;
  readonly #sizes: Histogram;

  constructor(registry: Registry) {
    this.#requests = registry.counter({
      name: "prometheus_http_requests_total",
      help: "Counter of HTTP requests.",
      labelNames: ["handler", "code"],
    });
    this.#durations = registry.histogram({
      name: "prometheus_http_request_duration_seconds",
      help: "Histogram of latencies for HTTP requests.",
      labelNames: ["handler"],
      buckets: [0.1, 0.2, 0.4, 1, 3, 8, 20, 60, 120],
    });
    this.#sizes = registry.histogram({
      name: "prometheus_http_response_size_bytes",
      help: "Histogram of response size for HTTP requests.",
      labelNames: ["handler"],
      buckets: exponentialBuckets({ start: 100, factor: 10, count: 8 }),
    });
  }

  answered(handler: string, status: number, durationMs: number): void {
    this.#requests.labels(handler, String(status)).inc();
    this.#durations.labels(handler).observe(durationMs / 1000);
  }

  sent(handler: string, bytes: number): void {
    this.#sizes.labels(handler).observe(bytes);
  }
}
