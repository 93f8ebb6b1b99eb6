/**
 * A body whose classic histograms (`_bucket` by `le`, `_count`, `_sum`) became one line each that stands for a
 * histogram with custom buckets. What such a line means stands beside the lines by their number, as for a protobuf
 * body. As Prometheus: only series that follow the TYPE line of their own histogram, and only where none is native.
 */
import { parseGoFloat } from "../model/float.ts";
import { ClassicHistogramBuilder } from "../model/histogram/classic.ts";
import type { FloatHistogram } from "../model/histogram/float_histogram.ts";
import { HistogramError, validateHistogram } from "../model/histogram/validate.ts";
import { METRIC_NAME } from "../model/labels.ts";
import type { MetricType } from "../model/metadata.ts";
import type { Body } from "./body_reader.ts";
import {
  BucketLimitError,
  HISTOGRAM_VALUE,
  type LineExemplar,
  type ProtoBody,
  seriesText,
} from "./proto_body.ts";
import {
  RECORD_END,
  RECORD_HELP,
  RECORD_SAMPLE,
  RECORD_TYPE,
  RECORD_UNIT,
  type RecordParser,
} from "./record.ts";
import { exemplarLabelsOf, pairsOf, textOf, unescapeLabel } from "./series_labels.ts";

/** Beside the lines of a protobuf body. */
type Extras = Omit<ProtoBody, "text">;

export interface CustomBucketsOptions {
  /** The classic series stay as well. */
  readonly keepClassic: boolean;
  /** 0: no limit. */
  readonly bucketsMax: number;
}

interface Pending {
  readonly key: string;
  readonly name: string;
  readonly pairs: readonly [string, string][];
  readonly builder: ClassicHistogramBuilder;
  tMs: number | undefined;
  readonly exemplars: Omit<LineExemplar, "line">[];
}

interface ClassicSample {
  readonly base: string;
  readonly key: string;
  readonly pairs: readonly [string, string][];
  readonly put: (builder: ClassicHistogramBuilder, value: number) => void;
}

const SUFFIX = /^(.+)_(bucket|count|sum)$/s;

/** Throws an `ExpositionError`, or a `BucketLimitError`. `extras`: of a body that was protobuf. */
export function withCustomBuckets(
  parser: RecordParser,
  body: Body,
  extras: Extras | undefined,
  options: CustomBucketsOptions,
): ProtoBody {
  const conversion = new Conversion(parser, extras, options, body.end);
  parser.load(body.bytes, body.end);
  for (let at = 0; at < body.end || !parser.endIsOptional; at = parser.recordEnd) {
    if (conversion.take(parser.parse(at))) break;
  }
  return conversion.end();
}

class Conversion {
  readonly #parser: RecordParser;
  readonly #options: CustomBucketsOptions;
  readonly #native: ReadonlyMap<number, FloatHistogram>;
  readonly #givenTimes: ReadonlyMap<number, number> | undefined;
  readonly #givenExemplars: ReadonlyMap<number, readonly LineExemplar[]> | undefined;
  #out: Uint8Array<ArrayBuffer>;
  #length = 0;
  #line = 0;
  #lineBefore = 0;
  #type: MetricType = "unknown";
  #family = "";
  #pending: Pending | undefined;
  /** Of the native histogram whose classic series may follow. */
  #nativeKey: string | undefined;
  readonly #histograms: FloatHistogram[] = [];
  readonly #histogramLines: number[] = [];
  readonly #times: { line: number; tMs: number }[] = [];
  readonly #exemplars: LineExemplar[] = [];

  constructor(
    parser: RecordParser,
    extras: Extras | undefined,
    options: CustomBucketsOptions,
    bytesCount: number,
  ) {
    this.#parser = parser;
    this.#options = options;
    this.#out = new Uint8Array(bytesCount + 4_096);
    this.#native = new Map(extras?.histogramLines.map((line, i) => [line, extras.histograms[i]!]));
    if (extras === undefined) return;
    this.#givenTimes = new Map(extras.times.map(({ line, tMs }) => [line, tMs]));
    const exemplars = new Map<number, LineExemplar[]>();
    for (const exemplar of extras.exemplars) {
      const known = exemplars.get(exemplar.line);
      if (known === undefined) exemplars.set(exemplar.line, [exemplar]);
      else known.push(exemplar);
    }
    this.#givenExemplars = exemplars;
  }

  /** The record that was just parsed; true for the last one. */
  take(kind: number): boolean {
    const parser = this.#parser;
    const before = this.#lineBefore++;
    if (kind === RECORD_SAMPLE) {
      this.#sample(before);
      return false;
    }
    if (kind === RECORD_TYPE || kind === RECORD_HELP || kind === RECORD_UNIT || kind === RECORD_END) {
      this.#flush();
    }
    if (kind === RECORD_TYPE) {
      this.#type = parser.type;
      this.#family = unescapeLabel(textOf(parser.bytes, parser.nameStart, parser.nameEnd));
    }
    this.#copy();
    return kind === RECORD_END;
  }

  #sample(before: number): void {
    const parser = this.#parser;
    const native = this.#native.get(before);
    const classic = native === undefined ? this.#classic() : undefined;
    if (classic === undefined || classic.key === this.#nativeKey) {
      this.#flush();
      if (native !== undefined) this.#nativeKey = keyOf(this.#family, pairsOf(parser, this.#type));
      this.#keep(before, native);
      return;
    }
    if (this.#pending?.key !== classic.key) this.#flush();
    const { base: name, key, pairs } = classic;
    const pending = this.#pending ??= {
      ...{ key, name, pairs, builder: new ClassicHistogramBuilder(), exemplars: [], tMs: undefined },
    };
    classic.put(pending.builder, parser.value[0]!);
    pending.tMs = this.#timeOf(before) ?? pending.tMs;
    // As Prometheus: those of a histogram count only with a time.
    for (const exemplar of this.#exemplarsOf(before)) if (exemplar.hasTime) pending.exemplars.push(exemplar);
    if (this.#options.keepClassic) this.#keep(before, undefined);
  }

  /** Undefined for a series that is no part of the classic histogram that the last TYPE line named. */
  #classic(): ClassicSample | undefined {
    if (this.#type !== "histogram") return undefined;
    const all = pairsOf(this.#parser, "histogram");
    const [, base, suffix] = SUFFIX.exec(all[0]![1]) ?? [];
    if (base === undefined || base !== this.#family) return undefined;
    const pairs = all.slice(1).filter(([name]) => name !== "le");
    const key = keyOf(base, all);
    if (suffix === "count") return { base, key, pairs, put: (builder, value) => builder.setCount(value) };
    if (suffix === "sum") return { base, key, pairs, put: (builder, value) => builder.setSum(value) };
    const le = all.find(([name]) => name === "le");
    const bound = le === undefined ? undefined : parseGoFloat(le[1]);
    if (bound === undefined || Number.isNaN(bound)) return undefined;
    return { base, key, pairs, put: (builder, value) => builder.setBucket(bound, value) };
  }

  #timeOf(before: number): number | undefined {
    if (this.#givenTimes !== undefined) return this.#givenTimes.get(before);
    return this.#parser.hasTimestamp ? this.#parser.timestampMs : undefined;
  }

  #exemplarsOf(before: number): readonly Omit<LineExemplar, "line">[] {
    if (this.#givenExemplars !== undefined) return this.#givenExemplars.get(before) ?? [];
    const parser = this.#parser;
    if (!parser.hasExemplar) return [];
    const hasTime = !Number.isNaN(parser.exemplarMs);
    const labels = exemplarLabelsOf(parser);
    return [{ labels, value: parser.exemplarValue[0]!, hasTime, tMs: hasTime ? parser.exemplarMs : 0 }];
  }

  /** The sample as it stands, with what belongs to it. */
  #keep(before: number, native: FloatHistogram | undefined): void {
    const line = this.#line;
    this.#beside(line, this.#timeOf(before), this.#exemplarsOf(before));
    if (native !== undefined) {
      this.#histograms.push(native);
      this.#histogramLines.push(line);
    }
    this.#copy();
  }

  #beside(line: number, tMs: number | undefined, exemplars: readonly Omit<LineExemplar, "line">[]): void {
    if (tMs !== undefined) this.#times.push({ line, tMs });
    for (const exemplar of exemplars) this.#exemplars.push({ ...exemplar, line });
  }

  #copy(): void {
    const { bytes, recordStart, recordEnd } = this.#parser;
    this.#write(bytes.subarray(recordStart, recordEnd));
    this.#line++;
  }

  /** As Prometheus: counts that make no histogram are left out, and nothing is said. */
  #flush(): void {
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending === undefined) return;
    const histogram = built(pending.builder);
    if (histogram === undefined) return;
    const { bucketsMax } = this.#options;
    if (bucketsMax > 0 && histogram.positive.counts.length > bucketsMax) {
      throw new BucketLimitError("histogram bucket limit exceeded");
    }
    pending.exemplars.sort((a, b) => a.tMs - b.tMs);
    this.#beside(this.#line, pending.tMs, pending.exemplars);
    this.#histograms.push(histogram);
    this.#histogramLines.push(this.#line++);
    this.#write(encoder.encode(`${seriesText(pending.name, pending.pairs)} ${HISTOGRAM_VALUE}\n`));
  }

  #write(bytes: Uint8Array): void {
    if (this.#length + bytes.length > this.#out.length) {
      const grown = new Uint8Array(2 * this.#out.length + bytes.length);
      grown.set(this.#out.subarray(0, this.#length));
      this.#out = grown;
    }
    this.#out.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  end(): ProtoBody {
    this.#flush();
    return {
      text: this.#out.subarray(0, this.#length),
      histograms: this.#histograms,
      histogramLines: this.#histogramLines,
      times: this.#times,
      exemplars: this.#exemplars,
    };
  }
}

const encoder = new TextEncoder();

/** One for all series of a histogram, whatever the order of their labels. */
function keyOf(base: string, pairs: readonly (readonly [string, string])[]): string {
  const own = pairs.filter(([name]) => name !== "le" && name !== METRIC_NAME)
    .map(([name, value]) => `${name}\xff${value}`);
  return [base, ...own.sort()].join("\xfe");
}

function built(builder: ClassicHistogramBuilder): FloatHistogram | undefined {
  try {
    const histogram = builder.build();
    validateHistogram(histogram);
    const isWhole = Number.isInteger(histogram.count) && histogram.positive.counts.every(Number.isInteger);
    return isWhole ? { ...histogram, fromIntegers: true } : histogram;
  } catch (error) {
    if (error instanceof HistogramError) return undefined;
    throw error;
  }
}
