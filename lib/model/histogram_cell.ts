/**
 * A histogram in a column of floats: a NaN pattern of its own whose low word is an index into a table of histograms
 * beside the column. Told apart through the words, like the patterns of stale.ts, before any arithmetic. Whoever
 * holds a column without a table knows that it has no such cell, and need not look.
 */
import type { FloatHistogram } from "./histogram/float_histogram.ts";

/** A quiet NaN, so that a copy as a number keeps it, too. Ours alone: never leaves the process. */
export const HISTOGRAM_HIGH = 0x7ff9a15c;

export type HistogramTable = readonly FloatHistogram[];

export function isHistogram(words: Uint32Array, index: number): boolean {
  return words[2 * index + 1] === HISTOGRAM_HIGH;
}

export function setHistogram(words: Uint32Array, index: number, tableIndex: number): void {
  words[2 * index] = tableIndex;
  words[2 * index + 1] = HISTOGRAM_HIGH;
}

/** Puts a new histogram into a cell and into the table. */
export function putHistogram(
  words: Uint32Array,
  index: number,
  table: FloatHistogram[],
  histogram: FloatHistogram,
): void {
  setHistogram(words, index, table.length);
  table.push(histogram);
}

/** Undefined for every other cell. */
export function histogramAt(
  words: Uint32Array,
  index: number,
  table: HistogramTable | undefined,
): FloatHistogram | undefined {
  return words[2 * index + 1] === HISTOGRAM_HIGH ? table?.[words[2 * index]!] : undefined;
}

export function holdsHistograms(words: Uint32Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (words[2 * i + 1] === HISTOGRAM_HIGH) return true;
  return false;
}

/** Moves the table indices of cells up, as needed where tables are joined. */
export function shiftHistograms(words: Uint32Array, from: number, to: number, by: number): void {
  for (let i = from; i < to; i++) if (words[2 * i + 1] === HISTOGRAM_HIGH) words[2 * i]! += by;
}
