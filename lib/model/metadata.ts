/** What an exposition says about a metric family. */
export type MetricType =
  | "counter"
  | "gauge"
  | "histogram"
  | "gaugehistogram"
  | "summary"
  | "info"
  | "stateset"
  | "unknown";

export interface MetricMetadata {
  readonly type: MetricType;
  readonly unit: string;
  readonly help: string;
}
