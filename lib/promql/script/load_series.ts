/** The series of a `load` on their way into a source: value i at i steps, histograms with the hints they get stored with. */
import type { FloatHistogram } from "../../model/histogram/float_histogram.ts";
import { asStored } from "../../model/histogram/stored_hint.ts";
import { putHistogram } from "../../model/histogram_cell.ts";
import { absentColumn, setStale, wordsOf } from "../../model/stale.ts";
import type { ScriptSource } from "./memory_source.ts";
import type { SeriesLine } from "./series_line.ts";

export function loadSeries(source: ScriptSource, series: SeriesLine, stepMs: number): void {
  const count = series.values.length;
  const tMs = new Float64Array(count);
  const values = absentColumn(count);
  const words = wordsOf(values);
  const histograms: FloatHistogram[] = [];
  let previous: FloatHistogram | undefined;
  series.values.forEach((value, i) => {
    tMs[i] = i * stepMs;
    switch (value.kind) {
      case "gap":
        return;
      case "float":
        values[i] = value.value;
        break;
      case "stale":
        setStale(words, i);
        break;
      case "histogram":
        previous = asStored(value.histogram, previous);
        putHistogram(words, i, histograms, previous);
        return;
    }
    previous = undefined;
  });
  const startTimesMs = series.startOffsetsMs === undefined
    ? undefined
    : Float64Array.from(series.startOffsetsMs, (offset, i) => offset === undefined ? 0 : i * stepMs + offset);
  source.add(series.labels, tMs, values, {
    ...(histograms.length === 0 ? {} : { histograms }),
    ...(startTimesMs === undefined ? {} : { startTimesMs }),
  });
}
