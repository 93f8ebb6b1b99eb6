/** Series with all their samples as Prometheus prints a matrix: `{…} =>`, then a line a sample. */
import { formatFloatG } from "../model/float.ts";
import { formatHistogram } from "../model/histogram/format.ts";
import { histogramAt } from "../model/histogram_cell.ts";
import { wordsOf } from "../model/stale.ts";
import type { QueryValue } from "../promql/result.ts";
import { labelsText } from "./go_texts.ts";

export function dumpText(value: QueryValue): string {
  if (value.kind !== "matrix") return "";
  return value.series.map(({ labels, tMs, values, histograms }) => {
    const words = wordsOf(values.slice());
    const points = Array.from(tMs, (t, i) => {
      const histogram = histogramAt(words, i, histograms);
      return `${histogram === undefined ? formatFloatG(values[i]!) : formatHistogram(histogram)} @[${t}]`;
    });
    return `${labelsText(labels)} =>\n${points.join("\n")}`;
  }).join("\n");
}
