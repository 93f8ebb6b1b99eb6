/**
 * From a range query's series to the columns that the chart draws: one time axis, a column a series with null at
 * gaps, sums for the stacked form. Pure, and without a browser.
 */
import type { MatrixSeries } from "../api.ts";

export interface GraphRange {
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly stepSeconds: number;
}

export type Column = (number | null)[];

export interface GraphData {
  readonly timesSeconds: number[];
  /** Of the series, in their order. */
  readonly values: readonly Column[];
}

/** Points fall on the steps of the range; where a series has none there is a gap. */
export function alignSeries(series: readonly MatrixSeries[], range: GraphRange): GraphData {
  const { startSeconds, endSeconds, stepSeconds } = range;
  const count = Math.max(1, Math.floor((endSeconds - startSeconds) / stepSeconds + 1e-6) + 1);
  const timesSeconds = Array.from({ length: count }, (_, i) => startSeconds + i * stepSeconds);
  const values = series.map(({ values: points, histograms }) => {
    const column: Column = new Array(count).fill(null);
    const put = (seconds: number, value: number) => {
      const i = Math.round((seconds - startSeconds) / stepSeconds);
      if (i >= 0 && i < count) column[i] = Number.isFinite(value) ? value : null;
    };
    for (const [seconds, value] of points ?? []) put(seconds, Number(value));
    // A histogram has no one value; its sum is what Prometheus draws too.
    for (const [seconds, histogram] of histograms ?? []) put(seconds, Number(histogram.sum));
    return column;
  });
  return { timesSeconds, values };
}

/** Each column on top of those before it. A series that is hidden takes no room; a gap stays a gap. */
export function stackColumns(columns: readonly Column[], shown: readonly boolean[]): Column[] {
  const count = columns[0]?.length ?? 0;
  const sums = new Float64Array(count);
  return columns.map((column, k) => {
    if (shown[k] !== true) return column.map(() => null);
    return column.map((value, i) => {
      if (value === null) return null;
      sums[i]! += value;
      return sums[i]!;
    });
  });
}

/** The series whose drawn value at a step lies nearest to `y`; undefined when none has one there. */
export function nearestSeries(
  drawn: readonly Column[],
  shown: readonly boolean[],
  at: { readonly step: number; readonly y: number },
): number | undefined {
  let best: number | undefined;
  let bestDistance = Infinity;
  drawn.forEach((column, k) => {
    const value = column[at.step];
    if (shown[k] !== true || value === null || value === undefined) return;
    const distance = Math.abs(value - at.y);
    if (distance < bestDistance) {
      best = k;
      bestDistance = distance;
    }
  });
  return best;
}

/** A click on a legend entry: alone; alone again brings all back. With a modifier key: just that one on or off. */
export function toggleShown(
  shown: readonly boolean[],
  index: number,
  options: { readonly onlyThis: boolean },
): boolean[] {
  if (!options.onlyThis) return shown.map((on, k) => (k === index ? !on : on));
  const isAlone = shown.every((on, k) => on === (k === index));
  return shown.map((_, k) => isAlone || k === index);
}
