/** Writes the protobuf exposition, for tests. */
import { PbfWriter } from "pbf";
import type { FloatHistogram } from "../../lib/model/histogram/float_histogram.ts";
import { type Span, spansOf } from "../../lib/model/histogram/spans.ts";

export interface MetricText {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value?: number;
  readonly native?: FloatHistogram;
  readonly buckets?: readonly (readonly [upperBound: number, cumulativeCount: number])[];
  readonly count?: number;
  readonly sum?: number;
  readonly quantiles?: readonly (readonly [quantile: number, value: number])[];
  readonly tMs?: number;
  readonly exemplar?: { readonly trace: string; readonly value: number; readonly seconds?: number };
}

export interface FamilyText {
  readonly name: string;
  readonly help?: string;
  readonly unit?: string;
  readonly type: "counter" | "gauge" | "summary" | "untyped" | "histogram" | "gaugehistogram";
  readonly metrics: readonly MetricText[];
}

const TYPES = ["counter", "gauge", "summary", "untyped", "histogram", "gaugehistogram"];

export function protoBody(families: readonly FamilyText[]): Uint8Array<ArrayBuffer> {
  const parts: number[] = [];
  for (const family of families) {
    const inner = new PbfWriter();
    writeFamily(family, inner);
    const head = new PbfWriter();
    const bytes = inner.finish();
    head.writeVarint(bytes.length);
    parts.push(...head.finish(), ...bytes);
  }
  return Uint8Array.from(parts);
}

function writeFamily(family: FamilyText, writer: PbfWriter): void {
  writer.writeStringField(1, family.name);
  if (family.help !== undefined) writer.writeStringField(2, family.help);
  writer.writeVarintField(3, TYPES.indexOf(family.type));
  for (const metric of family.metrics) {
    writer.writeMessage(
      4,
      (one: MetricText, inner: PbfWriter) => writeMetric(one, family.type, inner),
      metric,
    );
  }
  if (family.unit !== undefined) writer.writeStringField(5, family.unit);
}

function writePair([name, value]: readonly [string, string], writer: PbfWriter): void {
  writer.writeStringField(1, name);
  writer.writeStringField(2, value);
}

function writeExemplar(exemplar: NonNullable<MetricText["exemplar"]>, writer: PbfWriter): void {
  writer.writeMessage(1, writePair, ["trace_id", exemplar.trace] as const);
  writer.writeDoubleField(2, exemplar.value);
  if (exemplar.seconds === undefined) return;
  writer.writeMessage(
    3,
    (seconds: number, inner: PbfWriter) => inner.writeVarintField(1, seconds),
    exemplar.seconds,
  );
}

function writeMetric(metric: MetricText, type: FamilyText["type"], writer: PbfWriter): void {
  for (const pair of Object.entries(metric.labels ?? {})) writer.writeMessage(1, writePair, pair);
  if (type === "summary") writer.writeMessage(4, writeSummary, metric);
  else if (type === "histogram" || type === "gaugehistogram") writer.writeMessage(7, writeHistogram, metric);
  else writer.writeMessage({ gauge: 2, counter: 3, untyped: 5 }[type], writeValue, metric);
  if (metric.tMs !== undefined) writer.writeVarintField(6, metric.tMs);
}

function writeValue(metric: MetricText, writer: PbfWriter): void {
  writer.writeDoubleField(1, metric.value ?? 0);
  if (metric.exemplar !== undefined) writer.writeMessage(2, writeExemplar, metric.exemplar);
}

function writeSummary(metric: MetricText, writer: PbfWriter): void {
  writer.writeVarintField(1, metric.count ?? 0);
  writer.writeDoubleField(2, metric.sum ?? 0);
  for (const pair of metric.quantiles ?? []) {
    writer.writeMessage(3, ([quantile, value]: readonly [number, number], inner: PbfWriter) => {
      inner.writeDoubleField(1, quantile);
      inner.writeDoubleField(2, value);
    }, pair);
  }
}

function writeHistogram(metric: MetricText, writer: PbfWriter): void {
  const h = metric.native;
  const whole = h?.fromIntegers === true;
  if (h === undefined || whole) writer.writeVarintField(1, h?.count ?? metric.count ?? 0);
  else writer.writeDoubleField(4, h.count);
  writer.writeDoubleField(2, h?.sum ?? metric.sum ?? 0);
  for (const bucket of metric.buckets ?? []) {
    writer.writeMessage(3, ([upper, count]: readonly [number, number], inner: PbfWriter) => {
      inner.writeVarintField(1, count);
      inner.writeDoubleField(2, upper);
    }, bucket);
  }
  if (h === undefined) return;
  writer.writeSVarintField(5, h.schema);
  writer.writeDoubleField(6, h.zeroThreshold);
  if (whole) writer.writeVarintField(7, h.zeroCount);
  else writer.writeDoubleField(8, h.zeroCount);
  for (const [side, field] of [[h.negative, 9], [h.positive, 12]] as const) {
    for (const span of spansOf(side)) {
      writer.writeMessage(field, ({ offset, length }: Span, inner: PbfWriter) => {
        inner.writeSVarintField(1, offset);
        inner.writeVarintField(2, length);
      }, span);
    }
    const counts = [...side.counts];
    if (whole) writer.writePackedSVarint(field + 1, counts.map((c, i) => i === 0 ? c : c - counts[i - 1]!));
    else writer.writePackedDouble(field + 2, counts);
  }
  if (metric.exemplar !== undefined) writer.writeMessage(16, writeExemplar, metric.exemplar);
}
