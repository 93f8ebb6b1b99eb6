/** A metric family as it was collected: what the exposition writers take. */
import { EMPTY_LABELS, type Labels, labelsOf } from "../model/labels.ts";

export type FamilyType = "counter" | "gauge" | "histogram" | "summary" | "unknown";

export interface FamilySample {
  /** `_bucket`, `_sum`, `_count`, or "" for the metric itself. */
  readonly suffix: "" | "_bucket" | "_sum" | "_count";
  readonly labels: Labels;
  /** `le` or `quantile`: formats write it differently, so it stays a number. */
  readonly bound?: { readonly label: "le" | "quantile"; readonly value: number };
  readonly value: number;
}

export interface MetricFamily {
  /** As in the text format: a counter's ends in `_total`. */
  readonly name: string;
  readonly help: string;
  readonly type: FamilyType;
  readonly samples: readonly FamilySample[];
}

export interface Collector {
  /** Called at each scrape; what it returns is read at once. */
  collect(): Iterable<MetricFamily>;
}

/** A family with one sample without labels; undefined values give no sample. */
export function singleFamily(
  type: "counter" | "gauge",
  name: string,
  help: string,
  value: number | undefined,
): MetricFamily {
  const samples = value === undefined ? [] : [{ suffix: "" as const, labels: EMPTY_LABELS, value }];
  return { name, help, type, samples };
}

export function labelledFamily(
  type: "counter" | "gauge",
  name: string,
  help: string,
  rows: Iterable<readonly [labels: Readonly<Record<string, string>>, value: number]>,
): MetricFamily {
  const samples: FamilySample[] = [];
  for (const [labels, value] of rows) {
    samples.push({ suffix: "", labels: labelsOf(Object.entries(labels)), value });
  }
  return { name, help, type, samples };
}
