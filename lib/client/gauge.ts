/** A value that goes up and down, one for each combination of label values. */
import { Children } from "./children.ts";
import type { Collector, MetricFamily } from "./family.ts";
import { checkMetricOptions, type MetricOptions } from "./names.ts";

export class GaugeChild {
  value = 0;

  set(value: number): void {
    this.value = value;
  }

  inc(amount = 1): void {
    this.value += amount;
  }

  dec(amount = 1): void {
    this.value -= amount;
  }
}

export class Gauge implements Collector {
  readonly #options: MetricOptions;
  readonly children: Children<GaugeChild>;

  constructor(options: MetricOptions) {
    checkMetricOptions(options, []);
    this.#options = options;
    this.children = new Children(options, () => new GaugeChild());
  }

  labels(...values: readonly string[]): GaugeChild {
    return this.children.of(values);
  }

  set(value: number): void {
    this.children.of([]).set(value);
  }

  inc(amount = 1): void {
    this.children.of([]).inc(amount);
  }

  dec(amount = 1): void {
    this.children.of([]).dec(amount);
  }

  *collect(): Iterable<MetricFamily> {
    const samples = [];
    for (const { labels, child } of this.children.entries()) {
      samples.push({ suffix: "" as const, labels, value: child.value });
    }
    yield { name: this.#options.name, help: this.#options.help, type: "gauge", samples };
  }
}
