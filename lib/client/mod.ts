/** The public names of the client library. */
export { Counter, CounterChild } from "./counter.ts";
export { Gauge, GaugeChild } from "./gauge.ts";
export {
  BUCKETS_MAX,
  DEFAULT_BUCKETS,
  exponentialBuckets,
  Histogram,
  HistogramChild,
  type HistogramOptions,
  linearBuckets,
} from "./histogram.ts";
export { Summary, SummaryChild, type SummaryOptions } from "./summary.ts";
export { Registry } from "./registry.ts";
export {
  type Collector,
  type FamilySample,
  type FamilyType,
  labelledFamily,
  type MetricFamily,
  singleFamily,
} from "./family.ts";
export {
  expose,
  type Exposition,
  type ExpositionFormat,
  negotiateFormat,
  OPENMETRICS_CONTENT_TYPE,
  TEXT_CONTENT_TYPE,
  writeOpenMetrics,
  writeText,
} from "./exposition.ts";
export { LABELS_PER_METRIC_MAX, type MetricOptions, SERIES_PER_METRIC_MAX } from "./names.ts";
export {
  type EngineMemory,
  type ProcessFacts,
  processFacts,
  processFamilies,
  type ProcTexts,
} from "./process.ts";
