/**
 * Puts the samples of single series together where they lie in more than one place: rows and strays of one
 * column, or the same label set in two cohorts. Of two samples at one time the one added last stays; cohorts come
 * oldest first.
 */
import { UserError } from "../core/errors.ts";
import { type FloatHistogram, withHint } from "../model/histogram/float_histogram.ts";
import { histogramAt, type HistogramTable, holdsHistograms, putHistogram } from "../model/histogram_cell.ts";
import { type Labels, labelsKey } from "../model/labels.ts";
import { isAbsent, isStale, wordsOf } from "../model/stale.ts";
import type { ColumnGroup, TimeRange } from "./source.ts";

interface Pile {
  readonly labels: Labels;
  tMs: Float64Array;
  values: Float64Array;
  count: number;
  hasHistograms: boolean;
}

export class SeriesMerge {
  readonly #range: TimeRange;
  readonly #piles = new Map<string, Pile>();
  readonly #histograms: FloatHistogram[] = [];

  constructor(range: TimeRange) {
    this.#range = range;
  }

  addSample(
    labels: Labels,
    tMs: number,
    values: Float64Array,
    at: number,
    histograms?: HistogramTable,
  ): void {
    if (tMs < this.#range.startMs || tMs > this.#range.endMs) return;
    const pile = this.#pile(labels, 1);
    pile.tMs[pile.count] = tMs;
    pile.values.set(values.subarray(at, at + 1), pile.count);
    pile.count++;
    if (histograms !== undefined) this.#take(pile, pile.count - 1, histograms);
  }

  /** Absent cells are left out. */
  addColumn(labels: Labels, tMs: Float64Array, values: Float64Array, histograms?: HistogramTable): void {
    const pile = this.#pile(labels, tMs.length);
    const words = wordsOf(values);
    const out = wordsOf(pile.values);
    const from = pile.count;
    for (let i = 0; i < tMs.length; i++) {
      if (isAbsent(words, i)) continue;
      pile.tMs[pile.count] = tMs[i]!;
      out[2 * pile.count] = words[2 * i]!;
      out[2 * pile.count + 1] = words[2 * i + 1]!;
      pile.count++;
    }
    if (histograms !== undefined) this.#take(pile, from, histograms);
  }

  /**
   * Histograms from `from` on move to the table of this merge. What they follow now is not what they followed when
   * they were kept, so that a hint which says how they compare is unknown again. As Prometheus.
   */
  #take(pile: Pile, from: number, histograms: HistogramTable): void {
    const words = wordsOf(pile.values);
    if (!holdsHistograms(words, from, pile.count)) return;
    pile.hasHistograms = true;
    for (let i = from; i < pile.count; i++) {
      const histogram = histogramAt(words, i, histograms);
      if (histogram === undefined) continue;
      const kept = histogram.counterResetHint === "gauge" ? histogram : withHint(histogram, "unknown");
      putHistogram(words, i, this.#histograms, kept);
    }
  }

  #pile(labels: Labels, room: number): Pile {
    const key = labelsKey(labels);
    let pile = this.#piles.get(key);
    if (pile === undefined) {
      pile = {
        ...{ labels, tMs: new Float64Array(room), values: new Float64Array(room), count: 0 },
        hasHistograms: false,
      };
      this.#piles.set(key, pile);
    } else if (pile.count + room > pile.tMs.length) {
      const capacity = Math.max(pile.count + room, pile.tMs.length * 2);
      const tMs = new Float64Array(capacity);
      tMs.set(pile.tMs.subarray(0, pile.count));
      const values = new Float64Array(capacity);
      values.set(pile.values.subarray(0, pile.count));
      pile.tMs = tMs;
      pile.values = values;
    }
    return pile;
  }

  *groups(samplesMax: number): Iterable<ColumnGroup> {
    for (const pile of this.#piles.values()) {
      if (pile.count === 0) continue;
      if (pile.count > samplesMax) {
        throw new UserError(
          "execution",
          "query processing would load too many samples into memory in query execution",
        );
      }
      yield groupOf(pile, this.#histograms);
    }
  }
}

function groupOf(pile: Pile, histograms: HistogramTable): ColumnGroup {
  const { labels, tMs, values, count } = pile;
  // Stable: among equal times the one added last is last.
  const order = Uint32Array.from({ length: count }, (_, i) => i).sort((a, b) => tMs[a]! - tMs[b]! || a - b);
  const times = new Float64Array(count);
  const column = new Float64Array(count);
  const from = wordsOf(values);
  const to = wordsOf(column);
  let kept = 0;
  let gaps = false;
  for (let i = 0; i < count; i++) {
    const pick = order[i]!;
    if (kept > 0 && times[kept - 1] === tMs[pick]) kept--;
    times[kept] = tMs[pick]!;
    to[2 * kept] = from[2 * pick]!;
    to[2 * kept + 1] = from[2 * pick + 1]!;
    kept++;
  }
  for (let i = 0; i < kept; i++) if (isStale(to, i)) gaps = true;
  return {
    tMs: times.subarray(0, kept),
    series: [labels],
    columns: [column.subarray(0, kept)],
    gaps: [gaps],
    histograms: pile.hasHistograms ? histograms : undefined,
  };
}
