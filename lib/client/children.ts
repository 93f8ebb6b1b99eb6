/** The series of one metric by their label values. Bounded: series beyond the limit count, but are not shown. */
import { type Labels, labelsOf } from "../model/labels.ts";
import { type MetricOptions, SERIES_PER_METRIC_MAX } from "./names.ts";

interface Entry<T> {
  readonly labels: Labels;
  readonly child: T;
}

export class Children<T> {
  readonly #name: string;
  readonly #labelNames: readonly string[];
  readonly #seriesMax: number;
  readonly #make: () => T;
  readonly #entries = new Map<string, Entry<T>>();
  #overflow: T | undefined;
  #refused = 0;

  constructor(options: MetricOptions, make: () => T) {
    this.#name = options.name;
    this.#labelNames = options.labelNames ?? [];
    this.#seriesMax = options.seriesMax ?? SERIES_PER_METRIC_MAX;
    this.#make = make;
    if (this.#labelNames.length === 0) this.of([]); // a metric without labels shows 0 from the start
  }

  /** Of calls that met the limit. */
  get refused(): number {
    return this.#refused;
  }

  of(values: readonly string[]): T {
    if (values.length !== this.#labelNames.length) {
      throw new TypeError(
        `Cannot use metric "${this.#name}": got ${values.length} label values, expected ${this.#labelNames.length} (${
          this.#labelNames.join(", ")
        })`,
      );
    }
    const key = values.length === 1 ? values[0]! : values.join("\ud800");
    const found = this.#entries.get(key);
    if (found !== undefined) return found.child;
    if (this.#entries.size >= this.#seriesMax) {
      this.#refused++;
      return this.#overflow ??= this.#make();
    }
    const labels = labelsOf(this.#labelNames.map((name, i) => [name, values[i]!] as const));
    const child = this.#make();
    this.#entries.set(key, { labels, child });
    return child;
  }

  remove(values: readonly string[]): boolean {
    return this.#entries.delete(values.length === 1 ? values[0]! : values.join("\ud800"));
  }

  entries(): Iterable<Entry<T>> {
    return this.#entries.values();
  }
}
