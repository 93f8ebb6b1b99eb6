/**
 * A protobuf exposition as the lines of an OpenMetrics body, so that all that is made for lines (walking by the last
 * body, labels, limits, markers, metadata) serves it too. What has no form in text stands beside the lines by their
 * number: native histograms, times, exemplars.
 */
import { PbfReader } from "pbf";
import { messageOf } from "../core/errors.ts";
import { compact, type FloatHistogram, NO_CUSTOM_VALUES } from "../model/histogram/float_histogram.ts";
import { floatFromInteger } from "../model/histogram/integer_histogram.ts";
import { atMostSchema, withinBuckets } from "../model/histogram/resolution.ts";
import { bucketsFromSpans, onSide } from "../model/histogram/spans.ts";
import { HistogramError, validateHistogram } from "../model/histogram/validate.ts";
import type { Exemplar } from "../model/exemplar.ts";
import { labelsOf } from "../model/labels.ts";
import {
  type Pairs,
  PROTO_COUNTER,
  PROTO_GAUGE,
  PROTO_GAUGE_HISTOGRAM,
  PROTO_HISTOGRAM,
  PROTO_SUMMARY,
  PROTO_UNTYPED,
  type ProtoExemplar,
  type ProtoFamily,
  type ProtoHistogram,
  type ProtoMetric,
  readFamily,
} from "./proto_messages.ts";
import { ExpositionError } from "./record.ts";

export interface ProtoOptions {
  readonly nativeHistograms: boolean;
  /** Classic buckets of histograms that are native too. */
  readonly alwaysClassic: boolean;
  /** 0: no limit. */
  readonly bucketsMax: number;
  readonly schemaMax: number;
}

/** A histogram cannot be brought below the limit of buckets. */
export class BucketLimitError extends Error {
  override readonly name = "BucketLimitError";
}

export interface LineExemplar extends Omit<Exemplar, "tMs"> {
  readonly line: number;
  readonly tMs: number;
}

export interface ProtoBody {
  /** OpenMetrics. */
  readonly text: Uint8Array<ArrayBuffer>;
  /** `histograms[i]` is the value of line `histogramLines[i]`. */
  readonly histograms: readonly FloatHistogram[];
  readonly histogramLines: readonly number[];
  readonly times: readonly { readonly line: number; readonly tMs: number }[];
  readonly exemplars: readonly LineExemplar[];
}

const TYPE_NAMES: Readonly<Record<number, string>> = {
  [PROTO_COUNTER]: "counter",
  [PROTO_GAUGE]: "gauge",
  [PROTO_SUMMARY]: "summary",
  [PROTO_UNTYPED]: "unknown",
  [PROTO_HISTOGRAM]: "histogram",
  [PROTO_GAUGE_HISTOGRAM]: "gaugehistogram",
};

/** Of lines that stand for histograms: a number, and one that is never written for a float. */
const HISTOGRAM_VALUE = "0e0";

const PLAIN_METRIC = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const PLAIN_LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** Throws an `ExpositionError` (`line`: the number of the family), or a `BucketLimitError`. */
export function readProtoBody(bytes: Uint8Array, options: ProtoOptions): ProtoBody {
  const reader = new PbfReader(bytes);
  const lines = new Lines(options);
  let families = 0;
  while (reader.pos < bytes.length) {
    families++;
    try {
      lines.family(readFamily(reader));
    } catch (error) {
      if (error instanceof BucketLimitError) throw error;
      if (error instanceof HistogramError) throw new ExpositionError(families, error.message);
      throw new ExpositionError(families, `cannot parse MetricFamily: ${messageOf(error)}`);
    }
  }
  return lines.take();
}

class Lines {
  readonly #options: ProtoOptions;
  readonly #lines: string[] = [];
  readonly #histograms: FloatHistogram[] = [];
  readonly #histogramLines: number[] = [];
  readonly #times: { line: number; tMs: number }[] = [];
  readonly #exemplars: LineExemplar[] = [];

  constructor(options: ProtoOptions) {
    this.#options = options;
  }

  family(family: ProtoFamily): void {
    const { name, type } = family;
    if (name === "") throw new RangeError("metric family without a name");
    const typeName = TYPE_NAMES[type];
    if (typeName === undefined) throw new RangeError(`unknown metric type ${type} of ${name}`);
    const written = PLAIN_METRIC.test(name) ? name : quoted(name);
    this.#lines.push(`# TYPE ${written} ${typeName}`);
    if (family.help !== "") this.#lines.push(`# HELP ${written} ${escaped(family.help)}`);
    if (family.unit !== "" && name.endsWith(`_${family.unit}`)) {
      this.#lines.push(`# UNIT ${written} ${family.unit}`);
    }
    for (const metric of family.metrics) this.#metric(family, metric);
  }

  #metric({ name, type }: ProtoFamily, metric: ProtoMetric): void {
    const { pairs, histogram } = metric;
    if (type === PROTO_SUMMARY) {
      this.#sample(`${name}_count`, pairs, metric.count, metric.tMs);
      this.#sample(`${name}_sum`, pairs, metric.sum, metric.tMs);
      for (const { quantile, value } of metric.quantiles) {
        this.#sample(name, [...pairs, ["quantile", formatted(quantile)]], value, metric.tMs);
      }
    } else if (type === PROTO_HISTOGRAM || type === PROTO_GAUGE_HISTOGRAM) {
      if (histogram === undefined) throw new RangeError(`histogram ${name} without its message`);
      const native = this.#options.nativeHistograms && isNative(histogram);
      if (native) this.#native(name, metric, histogram, type === PROTO_GAUGE_HISTOGRAM);
      if (!native || (this.#options.alwaysClassic && histogram.buckets.length > 0)) {
        this.#classic(name, metric, histogram);
      }
    } else {
      const line = this.#sample(name, pairs, metric.value, metric.tMs);
      if (metric.exemplar !== undefined) this.#exemplar(line, metric.exemplar, metric.tMs);
    }
  }

  #native(name: string, metric: ProtoMetric, histogram: ProtoHistogram, isGauge: boolean): void {
    const whole = compact(floatOf(histogram, isGauge), 0);
    const fitting = withinBuckets(atMostSchema(whole, this.#options.schemaMax), this.#options.bucketsMax);
    if (fitting === undefined) throw new BucketLimitError("histogram bucket limit exceeded");
    const line = this.#sample(name, metric.pairs, "histogram", metric.tMs);
    this.#histograms.push(fitting);
    this.#histogramLines.push(line);
    const exemplars = histogram.exemplars.length > 0
      ? histogram.exemplars
      : histogram.buckets.flatMap(({ exemplar }) => exemplar === undefined ? [] : [exemplar]);
    // As Prometheus: those of a native histogram count only with a time.
    const timed = exemplars.filter(({ tMs }) => tMs !== undefined).sort((a, b) => a.tMs! - b.tMs!);
    for (const exemplar of timed) this.#exemplar(line, exemplar, metric.tMs);
  }

  #classic(name: string, { pairs, tMs }: ProtoMetric, { count, sum, buckets }: ProtoHistogram): void {
    this.#sample(`${name}_count`, pairs, count, tMs);
    this.#sample(`${name}_sum`, pairs, sum, tMs);
    for (const { upperBound, cumulativeCount, exemplar } of buckets) {
      const line = this.#sample(
        `${name}_bucket`,
        [...pairs, ["le", formatted(upperBound)]],
        cumulativeCount,
        tMs,
      );
      if (exemplar !== undefined) this.#exemplar(line, exemplar, tMs);
    }
    if (buckets.at(-1)?.upperBound === Infinity) return;
    this.#sample(`${name}_bucket`, [...pairs, ["le", "+Inf"]], count, tMs);
  }

  /** The number of its line. */
  #sample(name: string, pairs: Pairs, value: number | "histogram", tMs: number): number {
    const isPlain = PLAIN_METRIC.test(name);
    const inside = pairs.map(([label, text]) =>
      `${PLAIN_LABEL.test(label) ? label : quoted(label)}=${quoted(text)}`
    );
    if (!isPlain) inside.unshift(quoted(name));
    const braces = inside.length === 0 ? "" : `{${inside.join(",")}}`;
    const line = this.#lines.push(
      `${isPlain ? name : ""}${braces} ${value === "histogram" ? HISTOGRAM_VALUE : formatted(value)}`,
    ) - 1;
    if (tMs !== 0) this.#times.push({ line, tMs });
    return line;
  }

  #exemplar(line: number, { pairs, value, tMs }: ProtoExemplar, sampleMs: number): void {
    const hasTime = tMs !== undefined;
    this.#exemplars.push({ line, labels: labelsOf(pairs), value, tMs: tMs ?? sampleMs, hasTime });
  }

  take(): ProtoBody {
    this.#lines.push("# EOF", "");
    return {
      text: new TextEncoder().encode(this.#lines.join("\n")),
      histograms: this.#histograms,
      histogramLines: this.#histogramLines,
      times: this.#times,
      exemplars: this.#exemplars,
    };
  }
}

/** As Prometheus: without any bucket, and with a zero bucket of nothing, it is a classic one. */
function isNative(h: ProtoHistogram): boolean {
  return h.positiveSpans.length > 0 || h.negativeSpans.length > 0 || h.zeroThreshold > 0 || h.zeroCount > 0;
}

function floatOf(h: ProtoHistogram, isGauge: boolean): FloatHistogram {
  const { schema, zeroThreshold, zeroCount, count, sum, positiveSpans, negativeSpans } = h;
  const counterResetHint = isGauge ? "gauge" : "unknown";
  const plain = { schema, zeroThreshold, zeroCount, count, sum, counterResetHint } as const;
  if (!h.isFloat) {
    const { positiveDeltas, negativeDeltas } = h;
    const customValues: number[] = [];
    return floatFromInteger({
      ...plain,
      ...{ positiveSpans, positiveDeltas, negativeSpans, negativeDeltas, customValues },
    });
  }
  const float: FloatHistogram = {
    ...plain,
    positive: onSide("positive", () => bucketsFromSpans(positiveSpans, h.positiveCounts)),
    negative: onSide("negative", () => bucketsFromSpans(negativeSpans, h.negativeCounts)),
    customValues: NO_CUSTOM_VALUES,
  };
  validateHistogram(float);
  return float;
}

function formatted(value: number): string {
  return value === Infinity
    ? "+Inf"
    : value === -Infinity
    ? "-Inf"
    : Object.is(value, -0)
    ? "-0"
    : String(value);
}

function escaped(text: string): string {
  return text.replace(/[\\"\n]/g, (found) => found === "\n" ? "\\n" : `\\${found}`);
}

function quoted(text: string): string {
  return `"${escaped(text)}"`;
}
