/** Which samples a reader must not give out: the deletions of a cohort, by positions of a view or by columns. */
import { type FloatHistogram, withHint } from "../model/histogram/float_histogram.ts";
import { histogramAt, putHistogram } from "../model/histogram_cell.ts";
import { fillAbsent, isAbsent, wordsOf } from "../model/stale.ts";
import type { ColumnGroup } from "./source.ts";

/** Closed. */
export interface HiddenInterval {
  readonly startMs: number;
  readonly endMs: number;
}

/** `at`: positions in the view's columns, or columns, ascending. */
export interface HiddenPart extends HiddenInterval {
  readonly at: Uint32Array;
}

export class Hidden {
  readonly #byPosition = new Map<number, HiddenInterval[]>();

  constructor(parts: readonly HiddenPart[]) {
    for (const { at, startMs, endMs } of parts) {
      for (const position of at) {
        const found = this.#byPosition.get(position);
        if (found === undefined) this.#byPosition.set(position, [{ startMs, endMs }]);
        else found.push({ startMs, endMs });
      }
    }
  }

  get isEmpty(): boolean {
    return this.#byPosition.size === 0;
  }

  hides(position: number, tMs: number): boolean {
    for (const { startMs, endMs } of this.#byPosition.get(position) ?? []) {
      if (tMs >= startMs && tMs <= endMs) return true;
    }
    return false;
  }

  /**
   * Makes hidden cells of a column absent; whether there were any rows to hide. A histogram that followed one of them
   * no longer tells how it compares to the one before it: its hint is unknown then, in `histograms`.
   */
  blank(position: number, tMs: Float64Array, words: Uint32Array, histograms?: FloatHistogram[]): boolean {
    let blanked = false;
    for (const { startMs, endMs } of this.#byPosition.get(position) ?? []) {
      const from = lowerBound(tMs, startMs);
      const to = lowerBound(tMs, endMs + 1);
      if (from >= to) continue;
      fillAbsent(words, from, to);
      if (histograms !== undefined) forgetHint(words, to, tMs.length, histograms);
      blanked = true;
    }
    return blanked;
  }

  /** A group that was decoded for this one reader: its cells are changed. `first` is the position of its first column. */
  blankGroup(group: ColumnGroup, first: number): ColumnGroup {
    if (this.isEmpty) return group;
    const histograms = group.histograms === undefined ? undefined : [...group.histograms];
    const blanked = group.columns.map((column, i) =>
      this.blank(first + i, group.tMs, wordsOf(column), histograms)
    );
    const gaps = group.gaps.map((gap, i) => gap || blanked[i]!);
    const rising = group.columns.map((_, i) => group.rising?.[i] === true && !blanked[i]!);
    return { ...group, gaps, rising, ...(histograms === undefined ? {} : { histograms }) };
  }
}

/** Of the first sample from `from` on, if it is a histogram of a counter. */
function forgetHint(words: Uint32Array, from: number, end: number, histograms: FloatHistogram[]): void {
  let at = from;
  while (at < end && isAbsent(words, at)) at++;
  const next = at < end ? histogramAt(words, at, histograms) : undefined;
  if (next === undefined || next.counterResetHint === "gauge") return;
  putHistogram(words, at, histograms, withHint(next, "unknown"));
}

function lowerBound(tMs: Float64Array, at: number): number {
  let low = 0;
  let high = tMs.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (tMs[mid]! < at) low = mid + 1;
    else high = mid;
  }
  return low;
}
