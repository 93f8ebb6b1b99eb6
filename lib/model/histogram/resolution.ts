/** Histograms made smaller than they came, as a scrape configuration asks for. As Prometheus. */
import { CUSTOM_BUCKETS_SCHEMA, type FloatHistogram, reduceResolution } from "./float_histogram.ts";

/** What a client may send at the finest, and what is the coarsest that a limit leads to. */
const SCHEMA_MAX = 8;
const SCHEMA_MIN = -4;

/** The finest schema whose buckets grow by `factor` at least. */
export function finestSchema(factor: number): number {
  if (!(factor > 1)) return SCHEMA_MAX;
  return Math.min(SCHEMA_MAX, Math.max(SCHEMA_MIN, Math.floor(-Math.log2(Math.log2(factor)))));
}

export function atMostSchema(h: FloatHistogram, schema: number): FloatHistogram {
  return h.schema === CUSTOM_BUCKETS_SCHEMA || h.schema <= schema ? h : reduceResolution(h, schema);
}

/** Undefined when it cannot have so few buckets; a limit of 0 is none. */
export function withinBuckets(h: FloatHistogram, bucketsMax: number): FloatHistogram | undefined {
  let fitting = h;
  while (bucketsMax > 0 && fitting.positive.counts.length + fitting.negative.counts.length > bucketsMax) {
    if (h.schema === CUSTOM_BUCKETS_SCHEMA || fitting.schema <= SCHEMA_MIN) return undefined;
    fitting = reduceResolution(fitting, fitting.schema - 1);
  }
  return fitting;
}
