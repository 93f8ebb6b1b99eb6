/** Series with one value each: what an expression answers and what a rule makes, as columns. */
import { UserError } from "../core/errors.ts";
import { type HistogramTable, shiftHistograms } from "../model/histogram_cell.ts";
import { type Labels, labelsKey } from "../model/labels.ts";
import { wordsOf } from "../model/stale.ts";
import type { QueryValue } from "../promql/result.ts";

export interface RuleVector {
  readonly labels: readonly Labels[];
  /**
   * As many as `labels`. A histogram cell points into `histograms`. In what is to be written a staleness marker ends a
   * series, by its bit pattern (model/stale.ts).
   */
  readonly values: Float64Array;
  readonly histograms?: HistogramTable | undefined;
}

export const NO_VECTOR: RuleVector = { labels: [], values: new Float64Array(0) };

/** Throws a `UserError` for what is neither a vector nor a scalar. */
export function vectorOf(value: QueryValue): RuleVector {
  if (value.kind === "vector") return value;
  if (value.kind === "scalar") return { labels: [[]], values: Float64Array.of(value.value) };
  throw new UserError("execution", "rule result is not a vector or scalar");
}

/** One vector after the other. */
export function joined(vectors: readonly RuleVector[]): RuleVector {
  const filled = vectors.filter(({ labels }) => labels.length > 0);
  if (filled.length <= 1) return filled[0] ?? NO_VECTOR;
  const labels = filled.flatMap((vector) => vector.labels);
  const values = new Float64Array(labels.length);
  const words = wordsOf(values);
  const histograms = [];
  let at = 0;
  for (const vector of filled) {
    values.set(vector.values, at);
    if (vector.histograms !== undefined) {
      shiftHistograms(words, at, at + vector.labels.length, histograms.length);
      histograms.push(...vector.histograms);
    }
    at += vector.labels.length;
  }
  return { labels, values, histograms: histograms.length === 0 ? undefined : histograms };
}

/** Joined, and of each series the first value only. */
export function withoutRepeats(vectors: readonly RuleVector[]): RuleVector {
  const all = joined(vectors);
  const seen = new Set<string>();
  const kept: number[] = [];
  for (let i = 0; i < all.labels.length; i++) {
    const key = labelsKey(all.labels[i]!);
    if (seen.has(key)) continue;
    seen.add(key);
    kept.push(i);
  }
  return kept.length === all.labels.length ? all : picked(all, kept);
}

/** The cells at `places`, in that order. */
export function picked({ labels, values, histograms }: RuleVector, places: readonly number[]): RuleVector {
  const some = new Float64Array(places.length);
  const from = wordsOf(values);
  const to = wordsOf(some);
  for (let i = 0; i < places.length; i++) {
    to[2 * i] = from[2 * places[i]!]!;
    to[2 * i + 1] = from[2 * places[i]! + 1]!;
  }
  return { labels: places.map((place) => labels[place]!), values: some, histograms };
}
