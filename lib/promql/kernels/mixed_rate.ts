/**
 * The rate family over windows with histograms or start times. As Prometheus: the increase is that of the bare
 * samples and the resets between them, stretched to the edges of the window; where the first sample began to be
 * counted inside the window, it was zero then and nothing is stretched to the left.
 */
import { divideHistogram, multiplyHistogram } from "../../model/histogram/arithmetic.ts";
import { EMPTY_HISTOGRAM, type FloatHistogram, withHint } from "../../model/histogram/float_histogram.ts";
import {
  type HistogramIncrease,
  histogramIncrease,
  histogramStep,
  type SeriesKind,
} from "../../model/histogram/increase.ts";
import type { CellValue } from "./mixed_binary.ts";
import {
  histogramsOf,
  informReconciled,
  kindOf,
  type MixedNotes,
  type MixedWindow,
  warnBuckets,
  warnMixed,
  warnNotCounter,
  warnNotGauge,
} from "./mixed_window.ts";
import { IS_COUNTER, IS_RATE } from "./rate.ts";
import { isStartReset, warnOverlaps, zeroPointMs } from "./start_times.ts";

export function mixedRate(window: MixedWindow, flags: number): CellValue | undefined {
  const { samples, from, to, endMs, rangeMs, notes } = window;
  const isCounter = (flags & IS_COUNTER) !== 0;
  const kind = kindOf(window);
  if (kind === "mixed") warnMixed(notes);
  if (kind === undefined || kind === "mixed") return undefined;
  const startMs = endMs - rangeMs;
  const zeroMs = isCounter ? zeroPointMs(samples, from, startMs) : undefined;
  if (to - from < 2 && zeroMs === undefined) return undefined;
  if (isCounter) warnOverlaps(samples, from, to, notes);
  const increase = kind === "floats"
    ? floatsIncrease(window, isCounter, zeroMs !== undefined)
    : histogramsIncrease(window, isCounter, zeroMs !== undefined);
  if (increase === undefined) return undefined;
  const firstMs = samples.tMs[from]!;
  const lastMs = samples.tMs[to - 1]!;
  const average = to - from < 2 ? 0 : (lastMs - firstMs) / 1000 / (to - 1 - from);
  const sampled = (lastMs - (zeroMs ?? firstMs)) / 1000;
  let toStart = zeroMs === undefined ? (firstMs - startMs) / 1000 : 0;
  let toEnd = (endMs - lastMs) / 1000;
  if (toStart >= average * 1.1) toStart = average / 2;
  if (toEnd >= average * 1.1) toEnd = average / 2;
  if (zeroMs !== undefined) toStart = 0;
  else if (isCounter) toStart = Math.min(toStart, secondsToZero(samples.values[from]!, increase, sampled));
  let factor = (sampled + toStart + toEnd) / sampled;
  if ((flags & IS_RATE) !== 0) factor /= rangeMs / 1000;
  return typeof increase === "number" ? increase * factor : multiplyHistogram(increase, factor);
}

/** How long before its first sample a counter that rises evenly was zero. */
function secondsToZero(first: CellValue, increase: CellValue, sampled: number): number {
  const start = typeof first === "number" ? first : first.count;
  const rise = typeof increase === "number" ? increase : increase.count;
  return rise > 0 && start >= 0 ? sampled * (start / rise) : Infinity;
}

function floatsIncrease({ samples, from, to }: MixedWindow, isCounter: boolean, fromZero: boolean): number {
  const values = samples.values as readonly number[];
  let result = values[to - 1]! - (fromZero ? 0 : values[from]!);
  if (!isCounter) return result;
  for (let i = from + 1; i < to; i++) {
    if (values[i]! < values[i - 1]! || isStartReset(samples, i)) result += values[i - 1]!;
  }
  return result;
}

function histogramsIncrease(
  window: MixedWindow,
  isCounter: boolean,
  fromZero: boolean,
): FloatHistogram | undefined {
  const { samples, from, notes } = window;
  const points = histogramsOf(window).map((histogram, i) =>
    isCounter && i > 0 && isStartReset(samples, from + i) ? withReset(histogram) : histogram
  );
  if (fromZero) points.unshift(emptyLike(points[0]!));
  const kind = isCounter ? "counter" : "gauge";
  return remarked(histogramIncrease(points, kind), kind, notes);
}

/** A gauge stays one, whose resets nobody counts. */
function withReset(histogram: FloatHistogram): FloatHistogram {
  return histogram.counterResetHint === "gauge" ? histogram : withHint(histogram, "reset");
}

function emptyLike({ schema, customValues }: FloatHistogram): FloatHistogram {
  return { ...EMPTY_HISTOGRAM, schema, customValues };
}

function remarked(
  { histogram, kindMismatch, boundsReconciledSubtracting, boundsReconciledAdding }: HistogramIncrease,
  kind: SeriesKind,
  notes: MixedNotes,
): FloatHistogram | undefined {
  if (kindMismatch && kind === "counter") warnNotCounter(notes);
  if (kindMismatch && kind === "gauge") warnNotGauge(notes);
  if (histogram === undefined) warnBuckets(notes);
  if (boundsReconciledSubtracting) informReconciled(notes, "subtraction");
  if (boundsReconciledAdding) informReconciled(notes, "addition");
  return histogram;
}

/** irate and idelta: from the last two samples. */
export function mixedInstantRate(
  { samples, from, to, notes }: MixedWindow,
  flags: number,
): CellValue | undefined {
  if (to - from < 2) return undefined;
  const isRate = (flags & IS_RATE) !== 0;
  const value = samples.values[to - 1]!;
  const before = samples.values[to - 2]!;
  const seconds = (samples.tMs[to - 1]! - samples.tMs[to - 2]!) / 1000;
  const restarted = isRate && isStartReset(samples, to - 1);
  if (typeof value === "number" && typeof before === "number") {
    const result = restarted || (isRate && value < before) ? value : value - before;
    return isRate ? result / seconds : result;
  }
  if (typeof value === "number" || typeof before === "number") {
    warnMixed(notes);
    return undefined;
  }
  const kind = isRate ? "counter" : "gauge";
  const result = remarked(histogramStep(before, restarted ? withReset(value) : value, kind), kind, notes);
  return result === undefined || !isRate ? result : divideHistogram(result, seconds);
}
