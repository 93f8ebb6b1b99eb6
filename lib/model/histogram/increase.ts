/**
 * What was observed between the first and the last of some histograms of one series: the part of rate(), increase(),
 * delta(), irate() and idelta() before any extrapolation. As Prometheus: histogramRate and instantValue.
 */
import { assert } from "../../core/assert.ts";
import { addHistograms, subtractHistograms } from "./arithmetic.ts";
import {
  compact,
  EMPTY_HISTOGRAM,
  type FloatHistogram,
  reduceResolution,
  usesCustomBuckets,
} from "./float_histogram.ts";
import { detectReset } from "./reset.ts";

/** A counter may reset and its resets are made up for; a gauge just differs. */
export type SeriesKind = "counter" | "gauge";

export interface HistogramIncrease {
  /** A gauge, compacted. Undefined for a mix of exponential and custom buckets, which is worth a warning. */
  readonly histogram: FloatHistogram | undefined;
  /** Taken for a counter or gauge though a hint says otherwise: worth a warning. */
  readonly kindMismatch: boolean;
  /** Custom bounds were reduced to those in common while subtracting, while adding resets: worth an info each. */
  readonly boundsReconciledSubtracting: boolean;
  readonly boundsReconciledAdding: boolean;
}

/** At least two points, in order of time. */
export function histogramIncrease(points: readonly FloatHistogram[], kind: SeriesKind): HistogramIncrease {
  assert(points.length >= 2, "an increase needs two points");
  const kindMismatch = mismatches(points, kind);
  const first = baseline(points, kind);
  const last = points.at(-1)!;
  const custom = usesCustomBuckets(first);
  const between = kind === "counter" ? points.slice(1, -1) : [];
  if ([last, ...between].some((h) => usesCustomBuckets(h) !== custom)) return mixed(kindMismatch);
  const schema = between.reduce((least, h) => Math.min(least, h.schema), Math.min(first.schema, last.schema));
  const difference = subtractHistograms(reduceResolution(last, schema), first)!;
  let total = difference.histogram;
  let boundsReconciledAdding = false;
  for (let i = 1, previous = first; kind === "counter" && i < points.length; i++) {
    const current = points[i]!;
    if (detectReset(current, previous)) {
      const sum = addHistograms(total, previous)!;
      total = sum.histogram;
      boundsReconciledAdding ||= sum.boundsReconciled;
    }
    previous = current;
  }
  return {
    histogram: compact({ ...total, counterResetHint: "gauge" }),
    kindMismatch,
    boundsReconciledSubtracting: difference.boundsReconciled,
    boundsReconciledAdding,
  };
}

/** From one point to the next, as irate() (of a counter) and idelta() (of a gauge) take it. */
export function histogramStep(
  previous: FloatHistogram,
  current: FloatHistogram,
  kind: SeriesKind,
): HistogramIncrease {
  const kindMismatch = mismatches([previous, current], kind);
  const fromZero = kind === "counter" && detectReset(current, previous);
  const difference = fromZero
    ? { histogram: current, boundsReconciled: false }
    : subtractHistograms(current, previous);
  if (difference === undefined) return mixed(kindMismatch);
  return {
    histogram: compact({ ...difference.histogram, counterResetHint: "gauge" }),
    kindMismatch,
    boundsReconciledSubtracting: difference.boundsReconciled,
    boundsReconciledAdding: false,
  };
}

/** A counter must never be called a gauge; a gauge must be called one where it begins and ends. */
function mismatches(points: readonly FloatHistogram[], kind: SeriesKind): boolean {
  if (kind === "counter") return points.some((h) => h.counterResetHint === "gauge");
  return points[0]!.counterResetHint !== "gauge" || points.at(-1)!.counterResetHint !== "gauge";
}

/** The first point; an empty one if the counter resets right behind it, so that its layout does not matter. */
function baseline(points: readonly FloatHistogram[], kind: SeriesKind): FloatHistogram {
  const [first, second] = [points[0]!, points[1]!];
  if (kind === "gauge" || !detectReset(second, first)) return first;
  return { ...EMPTY_HISTOGRAM, schema: second.schema, customValues: second.customValues };
}

function mixed(kindMismatch: boolean): HistogramIncrease {
  return {
    histogram: undefined,
    kindMismatch,
    boundsReconciledSubtracting: false,
    boundsReconciledAdding: false,
  };
}
