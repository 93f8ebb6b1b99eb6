/**
 * The metrics of a process. Instruments are made through it, so that no name is taken twice; collectors compute
 * theirs when asked. The exposition is sorted by name, as the Prometheus clients do.
 */
import type { Clock } from "../core/ports.ts";
import { compareUtf8 } from "../model/labels.ts";
import { Counter } from "./counter.ts";
import { type Collector, labelledFamily, type MetricFamily } from "./family.ts";
import { Gauge } from "./gauge.ts";
import { Histogram, type HistogramOptions } from "./histogram.ts";
import type { MetricOptions } from "./names.ts";
import { Summary, type SummaryOptions } from "./summary.ts";

export class Registry {
  readonly #collectors: Collector[] = [];
  readonly #instruments = new Map<string, { readonly children: { readonly refused: number } }>();

  counter(options: MetricOptions): Counter {
    return this.#add(options.name, new Counter(options));
  }

  gauge(options: MetricOptions): Gauge {
    return this.#add(options.name, new Gauge(options));
  }

  histogram(options: HistogramOptions): Histogram {
    return this.#add(options.name, new Histogram(options));
  }

  summary(options: SummaryOptions, clock: Clock): Summary {
    return this.#add(options.name, new Summary(options, clock));
  }

  register(collector: Collector): void {
    this.#collectors.push(collector);
  }

  /** Sorted by name. Throws when two collectors give a family of the same name. */
  collect(): readonly MetricFamily[] {
    const byName = new Map<string, MetricFamily>();
    for (const collector of this.#collectors) {
      for (const family of collector.collect()) {
        if (byName.has(family.name)) {
          throw new TypeError(`Cannot collect metrics: "${family.name}" was given twice`);
        }
        byName.set(family.name, family);
      }
    }
    const refused = this.#refused();
    if (refused !== undefined) byName.set(refused.name, refused);
    return [...byName.values()].sort((a, b) => compareUtf8(a.name, b.name));
  }

  #add<T extends Collector & { readonly children: { readonly refused: number } }>(
    name: string,
    metric: T,
  ): T {
    if (this.#instruments.has(name)) {
      throw new TypeError(`Cannot register metric "${name}": the name is taken`);
    }
    this.#instruments.set(name, metric);
    this.#collectors.push(metric);
    return metric;
  }

  #refused(): MetricFamily | undefined {
    const rows: (readonly [Record<string, string>, number])[] = [];
    for (const [metric, { children }] of this.#instruments) {
      if (children.refused > 0) rows.push([{ metric }, children.refused]);
    }
    if (rows.length === 0) return undefined;
    return labelledFamily(
      "counter",
      "client_series_refused_total",
      "Updates of metrics that were not exposed because the metric has as many series as it may.",
      rows,
    );
  }
}
