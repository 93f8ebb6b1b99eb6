/** `*_over_time` functions, changes and resets over windows with histograms. */
import { HistogramMean, HistogramSum } from "../../model/histogram/accumulate.ts";
import { type FloatHistogram, histogramsEqual } from "../../model/histogram/float_histogram.ts";
import { detectReset } from "../../model/histogram/reset.ts";
import { compensatedMean, compensatedSum } from "./kahan.ts";
import type { CellValue } from "./mixed_binary.ts";
import {
  floatsOf,
  histogramsOf,
  informReconciled,
  kindOf,
  type MixedWindow,
  warnBuckets,
  warnCollision,
  warnMixed,
} from "./mixed_window.ts";
import { isStartReset } from "./start_times.ts";

export function mixedFirst({ samples, from }: MixedWindow): CellValue | undefined {
  return samples.values[from];
}

export function mixedLast({ samples, to }: MixedWindow): CellValue | undefined {
  return samples.values[to - 1];
}

export function mixedSum(window: MixedWindow): CellValue | undefined {
  return total(window, (first) => new HistogramSum(first), compensatedSum);
}

export function mixedMean(window: MixedWindow): CellValue | undefined {
  return total(window, (first) => new HistogramMean(first), compensatedMean);
}

function total(
  window: MixedWindow,
  accumulate: (first: FloatHistogram) => HistogramSum | HistogramMean,
  ofFloats: (values: Float64Array, from: number, to: number) => number,
): CellValue | undefined {
  const { notes, from, to } = window;
  switch (kindOf(window)) {
    case undefined:
      return undefined;
    case "mixed":
      warnMixed(notes);
      return undefined;
    case "floats":
      return ofFloats(floatsOf(window), 0, to - from);
  }
  const [first, ...others] = histogramsOf(window);
  const result = accumulate(first!);
  for (const histogram of others) {
    if (result.add(histogram)) continue;
    warnBuckets(notes);
    return undefined;
  }
  if (result.counterResetCollision) warnCollision(notes, "aggregation");
  if (result.boundsReconciled) informReconciled(notes, "aggregation");
  return result.value();
}

export function mixedChanges({ samples, from, to }: MixedWindow): number | undefined {
  if (to <= from) return undefined;
  let found = 0;
  for (let i = from + 1; i < to; i++) if (differ(samples.values[i - 1]!, samples.values[i]!)) found++;
  return found;
}

/** A NaN after a NaN is no change; a histogram after a float is one. */
export function differ(before: CellValue, value: CellValue): boolean {
  if (typeof before === "number" && typeof value === "number") {
    return value !== before && (value === value || before === before);
  }
  return typeof before === "number" || typeof value === "number" || !histogramsEqual(value, before);
}

export function mixedResets({ samples, from, to }: MixedWindow): number | undefined {
  if (to <= from) return undefined;
  let found = 0;
  for (let i = from + 1; i < to; i++) {
    if (isStartReset(samples, i) || isReset(samples.values[i - 1]!, samples.values[i]!)) found++;
  }
  return found;
}

/** As Prometheus: a change between floats and histograms is a reset, too. */
export function isReset(before: CellValue, value: CellValue): boolean {
  if (typeof before === "number" && typeof value === "number") return value < before;
  return typeof before === "number" || typeof value === "number" || detectReset(value, before);
}
