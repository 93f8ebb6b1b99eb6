/** A count that only grows, one for each combination of label values. */
import { Children } from "./children.ts";
import type { Collector, MetricFamily } from "./family.ts";
import { checkMetricOptions, type MetricOptions } from "./names.ts";

export class CounterChild {
  #value = 0;

  get value(): number {
    return this.#value;
  }

  /** Throws a `RangeError` for a negative amount or NaN: a counter never falls. */
  inc(amount = 1): void {
    if (!(amount >= 0)) throw new RangeError(`Cannot add ${amount} to a counter: expected 0 or more`);
    this.#value += amount;
  }
}

export class Counter implements Collector {
  readonly #options: MetricOptions;
  readonly children: Children<CounterChild>;

  constructor(options: MetricOptions) {
    checkMetricOptions(options, []);
    this.#options = options;
    this.children = new Children(options, () => new CounterChild());
  }

  labels(...values: readonly string[]): CounterChild {
    return this.children.of(values);
  }

  /** For a counter without labels. */
  inc(amount = 1): void {
    this.children.of([]).inc(amount);
  }

  *collect(): Iterable<MetricFamily> {
    const samples = [];
    for (const { labels, child } of this.children.entries()) {
      samples.push({ suffix: "" as const, labels, value: child.value });
    }
    yield { name: this.#options.name, help: this.#options.help, type: "counter", samples };
  }
}
