/**
 * What `load_with_nhcb` adds to a load: the classic histograms among the series (`_bucket` by `le`, `_count`, `_sum`)
 * once more, as histograms with custom buckets under the name without the suffix.
 */
import { parseGoFloat } from "../../model/float.ts";
import { ClassicHistogramBuilder } from "../../model/histogram/classic.ts";
import {
  type Labels,
  labelsKey,
  labelValue,
  METRIC_NAME,
  withLabel,
  withoutLabel,
} from "../../model/labels.ts";
import { loadSeries } from "./load_series.ts";
import type { ScriptSource } from "./memory_source.ts";
import type { SequenceValue } from "./sequence.ts";
import type { SeriesLine } from "./series_line.ts";

interface Classic {
  readonly labels: Labels;
  readonly buckets: { readonly bound: number; readonly line: SeriesLine }[];
  count: SeriesLine | undefined;
  sum: SeriesLine | undefined;
}

export function loadCustomHistograms(
  source: ScriptSource,
  series: readonly SeriesLine[],
  stepMs: number,
): void {
  for (const classic of classicHistograms(series)) {
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

/** The histogram of one instant. Throws a `HistogramError` for counts that are none. */
function converted({ buckets, count, sum }: Classic, i: number): SequenceValue {
  const builder = new ClassicHistogramBuilder();
  let isGap = true;
  const each = (line: SeriesLine | undefined, set: (value: number) => void): void => {
    const value = line?.values[i];
    if (value?.kind !== "float") return;
    isGap = false;
    set(value.value);
  };
  for (const { bound, line } of buckets) each(line, (value) => builder.setBucket(bound, value));
  each(count, (value) => builder.setCount(value));
  each(sum, (value) => builder.setSum(value));
  return isGap ? { kind: "gap" } : { kind: "histogram", histogram: builder.build(), namesHint: false };
}
