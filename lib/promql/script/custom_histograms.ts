/**
 * What `load_with_nhcb` adds to a load: the classic histograms among the series (`_bucket` by `le`, `_count`, `_sum`)
 * once more, as histograms with custom buckets under the name without the suffix.
 */
import { parseGoFloat } from "../../model/float.ts";
import { type FloatHistogram, NO_BUCKETS } from "../../model/histogram/float_histogram.ts";
import { compact, CUSTOM_BUCKETS_SCHEMA } from "../../model/histogram/float_histogram.ts";
import {
  type Labels,
  labelsKey,
  labelValue,
  METRIC_NAME,
  withLabel,
  withoutLabel,
} from "../../model/labels.ts";
import { loadSeries } from "./load_series.ts";
import type { MemorySource } from "./memory_source.ts";
import type { SequenceValue } from "./sequence.ts";
import type { SeriesLine } from "./series_line.ts";

interface Classic {
  readonly labels: Labels;
  readonly buckets: { readonly bound: number; readonly line: SeriesLine }[];
  count: SeriesLine | undefined;
  sum: SeriesLine | undefined;
}

export function loadCustomHistograms(
  source: MemorySource,
  series: readonly SeriesLine[],
  stepMs: number,
): void {
  for (const classic of classicHistograms(series)) {
    classic.buckets.sort((a, b) => a.bound - b.bound);
    const lines = [...classic.buckets.map(({ line }) => line), classic.count, classic.sum];
    const length = Math.max(...lines.map((line) => line?.values.length ?? 0));
    const values = Array.from({ length }, (_, i) => converted(classic, i));
    loadSeries(source, { labels: classic.labels, values }, stepMs);
  }
}

function classicHistograms(series: readonly SeriesLine[]): Iterable<Classic> {
  const byKey = new Map<string, Classic>();
  for (const line of series) {
    const suffix = /^(.+)_(bucket|count|sum)$/.exec(labelValue(line.labels, METRIC_NAME));
    if (suffix === null) continue;
    const bound = parseGoFloat(labelValue(line.labels, "le"));
    if (suffix[2] === "bucket" && bound === undefined) continue;
    const labels = withLabel(withoutLabel(line.labels, "le"), METRIC_NAME, suffix[1]!);
    const key = labelsKey(labels);
    let classic = byKey.get(key);
    if (classic === undefined) {
      byKey.set(key, classic = { labels, buckets: [], count: undefined, sum: undefined });
    }
    if (suffix[2] === "bucket") classic.buckets.push({ bound: bound!, line });
    else if (suffix[2] === "count") classic.count = line;
    else classic.sum = line;
  }
  return byKey.values();
}

function numberAt(line: SeriesLine | undefined, i: number): number | undefined {
  const value = line?.values[i];
  return value?.kind === "float" ? value.value : undefined;
}

/** The histogram of one instant; a gap where there is no sample, or the counts fall from bucket to bucket. */
function converted({ buckets, count, sum }: Classic, i: number): SequenceValue {
  const bounds: number[] = [];
  const counts: number[] = [];
  let below = 0;
  for (const { bound, line } of buckets) {
    const total = numberAt(line, i);
    if (total === undefined) continue;
    if (total < below) return { kind: "gap" };
    bounds.push(bound);
    counts.push(total - below);
    below = total;
  }
  const all = numberAt(count, i);
  const total = numberAt(sum, i);
  if (bounds.length === 0 && all === undefined && total === undefined) return { kind: "gap" };
  if (bounds.at(-1) === Infinity) bounds.pop();
  else counts.push(Math.max(0, (all ?? below) - below));
  const histogram: FloatHistogram = compact({
    schema: CUSTOM_BUCKETS_SCHEMA,
    zeroThreshold: 0,
    zeroCount: 0,
    count: all ?? below,
    sum: total ?? 0,
    positive: { indexes: Int32Array.from(counts.keys()), counts: Float64Array.from(counts) },
    negative: NO_BUCKETS,
    customValues: Float64Array.from(bounds),
    counterResetHint: "unknown",
  });
  return { kind: "histogram", histogram, namesHint: false };
}
