/** Which names metrics and labels may have, and how many series one metric may grow to. */
import { isLegacyLabelName, isLegacyMetricName } from "../model/labels.ts";

/** A metric with more label values than this is a leak of memory here and of series in every scraper. */
export const SERIES_PER_METRIC_MAX = 10_000;

export const LABELS_PER_METRIC_MAX = 32;

export interface MetricOptions {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
  /** Default `SERIES_PER_METRIC_MAX`. */
  readonly seriesMax?: number;
}

/** Throws a `TypeError` that names the metric and what is wrong with it. */
export function checkMetricOptions(options: MetricOptions, reservedLabels: readonly string[]): void {
  const { name, labelNames = [] } = options;
  if (!isLegacyMetricName(name)) {
    throw new TypeError(`Cannot register metric "${name}": expected a name like [a-zA-Z_:][a-zA-Z0-9_:]*`);
  }
  if (labelNames.length > LABELS_PER_METRIC_MAX) {
    throw new TypeError(
      `Cannot register metric "${name}": has ${labelNames.length} labels, at most ${LABELS_PER_METRIC_MAX} are allowed`,
    );
  }
  const seen = new Set<string>();
  for (const label of labelNames) {
    if (!isLegacyLabelName(label) || label.startsWith("__")) {
      throw new TypeError(
        `Cannot register metric "${name}": label "${label}" is not like [a-zA-Z_][a-zA-Z0-9_]* or begins with "__"`,
      );
    }
    if (reservedLabels.includes(label)) {
      throw new TypeError(
        `Cannot register metric "${name}": label "${label}" is written by this kind of metric`,
      );
    }
    if (seen.has(label)) {
      throw new TypeError(`Cannot register metric "${name}": label "${label}" occurs twice`);
    }
    seen.add(label);
  }
}
