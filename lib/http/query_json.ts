/**
 * The result of a query as chunks of JSON bytes, in Prometheus's exact layout. A generator, so that an answer of
 * any size costs the memory of one chunk and the event loop runs between two.
 */
import { formatFloatF } from "../model/float.ts";
import type { Labels } from "../model/labels.ts";
import { writeApiHistogram } from "../model/histogram/api_form.ts";
import { histogramAt, isHistogram } from "../model/histogram_cell.ts";
import { isGap, setAbsent, wordsOf } from "../model/stale.ts";
import type { MatrixSeries, QueryResult, QueryStats, QueryValue } from "../promql/result.ts";
import { JsonWriter, type PointPrefixes, PREFIX_SLOT_BYTES, quoteJson } from "./json_writer.ts";
import { queryStatsJson } from "./query_stats.ts";

/** A chunk is handed over when it has grown to this. */
export const JSON_CHUNK_BYTES = 128 * 1024;
/** Points written between two looks at the size of the chunk. */
const POINTS_PER_STEP = 1024;
/** Most answers are small; the writer grows to the size of a chunk for the others. */
const FIRST_CAPACITY_BYTES = 4096;

export interface ResultJsonOptions {
  readonly warnings: readonly string[];
  readonly stats: QueryStats | undefined;
  /** From the arrival of the query to its end, for `execTotalTime`. */
  readonly totalMs: number;
}

/** The whole body: `{"status":"success","data":{…}}`. */
export function* writeResultJson(
  result: QueryResult,
  options: ResultJsonOptions,
): Generator<Uint8Array<ArrayBuffer>> {
  const writer = new JsonWriter(FIRST_CAPACITY_BYTES);
  const { value } = result;
  writer.raw(`{"status":"success","data":{"resultType":"${value.kind}","result":`);
  switch (value.kind) {
    case "scalar":
      writer.raw(`[${value.tMs / 1000},"${formatFloatF(value.value)}"]`);
      break;
    case "string":
      writer.raw(`[${value.tMs / 1000},${quoteJson(value.value)}]`);
      break;
    case "vector":
      writer.raw("[");
      for (let i = 0; i < value.labels.length; i++) {
        writer.raw(i === 0 ? '{"metric":' : ',{"metric":');
        writer.raw(labelsJson(value.labels[i]!));
        writeSample(writer, value, i);
        if (writer.length >= JSON_CHUNK_BYTES) yield writer.take();
      }
      writer.raw("]");
      break;
    case "matrix":
      yield* writeMatrix(writer, value.series);
      break;
  }
  if (options.stats !== undefined) writer.raw(`,"stats":${queryStatsJson(options.stats, options.totalMs)}`);
  writer.raw("}");
  if (options.warnings.length > 0) writer.raw(`,"warnings":${stringsJson(options.warnings)}`);
  if (result.infos.length > 0) writer.raw(`,"infos":${stringsJson(result.infos)}`);
  writer.raw("}");
  yield writer.take();
}

type VectorValue = Extract<QueryValue, { kind: "vector" }>;

function writeSample(writer: JsonWriter, { tMs, values, histograms }: VectorValue, i: number): void {
  const histogram = histograms === undefined ? undefined : histogramAt(wordsOf(values), i, histograms);
  writer.raw(histogram === undefined ? ',"value":[' : ',"histogram":[');
  writer.timestamp(tMs);
  writer.raw(",");
  if (histogram === undefined) writer.sampleValue(values[i]!);
  else writer.raw(writeApiHistogram(histogram));
  writer.raw("]}");
}

/** As Prometheus: a series has `values`, `histograms`, or both, each with its own times. */
function* writeMixedPoints(
  writer: JsonWriter,
  { tMs, values, histograms }: MatrixSeries,
  prefixes: Prefixes,
): Generator<Uint8Array<ArrayBuffer>> {
  const floats = values.slice();
  const words = wordsOf(floats);
  const indexes: number[] = [];
  for (let i = 0; i < floats.length; i++) {
    if (!isHistogram(words, i)) continue;
    indexes.push(i);
    setAbsent(words, i);
  }
  if (floats.some((_, i) => !isGap(words, i))) {
    writer.raw(',"values":[');
    writer.points(prefixes, floats, words, 0, floats.length, false);
    writer.raw("]");
  }
  if (indexes.length > 0) writer.raw(',"histograms":[');
  const cells = wordsOf(values);
  for (let n = 0; n < indexes.length; n++) {
    writer.raw(n === 0 ? "[" : ",[");
    writer.timestamp(tMs[indexes[n]!]!);
    writer.raw(",");
    writer.raw(writeApiHistogram(histogramAt(cells, indexes[n]!, histograms)!));
    writer.raw("]");
    if (writer.length >= JSON_CHUNK_BYTES) yield writer.take();
  }
  writer.raw(indexes.length > 0 ? "]}" : "}");
}

function* writeMatrix(
  writer: JsonWriter,
  series: readonly MatrixSeries[],
): Generator<Uint8Array<ArrayBuffer>> {
  let prefixes: Prefixes | undefined;
  writer.raw("[");
  for (let s = 0; s < series.length; s++) {
    const { labels, tMs, values } = series[s]!;
    if (prefixes === undefined || prefixes.tMs !== tMs) prefixes = prefixesOf(tMs);
    const words = wordsOf(values);
    writer.raw(s === 0 ? '{"metric":' : ',{"metric":');
    writer.raw(labelsJson(labels));
    if (series[s]!.histograms !== undefined) {
      yield* writeMixedPoints(writer, series[s]!, prefixes);
      if (writer.length >= JSON_CHUNK_BYTES) yield writer.take();
      continue;
    }
    let written = 0;
    for (let from = 0; from < values.length; from += POINTS_PER_STEP) {
      const to = Math.min(from + POINTS_PER_STEP, values.length);
      if (from === 0) writer.raw(',"values":[');
      written += writer.points(prefixes, values, words, from, to, written > 0);
      if (writer.length >= JSON_CHUNK_BYTES) yield writer.take();
    }
    writer.raw(values.length > 0 ? "]}" : "}");
    if (writer.length >= JSON_CHUNK_BYTES) yield writer.take();
  }
  writer.raw("]");
}

interface Prefixes extends PointPrefixes {
  readonly tMs: Float64Array;
}

/** Times are rendered once for all series that share them. */
function prefixesOf(tMs: Float64Array): Prefixes {
  const slots = new Uint8Array(tMs.length * PREFIX_SLOT_BYTES + 8);
  const lengths = new Uint8Array(tMs.length);
  const writer = new JsonWriter(tMs.length * PREFIX_SLOT_BYTES + 512);
  for (let i = 0; i < tMs.length; i++) {
    const start = writer.length;
    writer.raw(",[");
    writer.timestamp(tMs[i]!);
    writer.raw(',"');
    lengths[i] = writer.length - start;
  }
  const bytes = writer.take();
  for (let i = 0, at = 0; i < tMs.length; i++) {
    for (let k = 0; k < lengths[i]!; k++) slots[i * PREFIX_SLOT_BYTES + k] = bytes[at++]!;
  }
  return { tMs, view: new DataView(slots.buffer), lengths };
}

/** Labels are sorted by name already, as Go sorts the keys of a map. */
export function labelsJson(labels: Labels): string {
  let json = "{";
  for (let i = 0; i < labels.length; i += 2) {
    json += `${i === 0 ? "" : ","}${quoteJson(labels[i]!)}:${quoteJson(labels[i + 1]!)}`;
  }
  return json + "}";
}

export function stringsJson(texts: readonly string[]): string {
  return `[${texts.map(quoteJson).join(",")}]`;
}
