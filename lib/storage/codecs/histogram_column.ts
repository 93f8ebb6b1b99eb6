/**
 * Columns that may hold histograms. Runs of histograms with the same buckets keep the layout once; then each bucket,
 * like the count and the sum, is a column of numbers over the run, encoded as every other column is. What lies
 * between them (floats, stale and absent cells) is a column as well. docs/formats/page.md describes the bytes.
 */
import { type FloatHistogram, sameLayout } from "../../model/histogram/float_histogram.ts";
import {
  HISTOGRAM_HIGH,
  type HistogramTable,
  holdsHistograms,
  putHistogram,
} from "../../model/histogram_cell.ts";
import { isGap, setAbsent, setNan, wordsOf } from "../../model/stale.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { decodeColumn, encodeColumn, PAGE_ROWS_MAX } from "./column.ts";
import { decodeLayout, encodeLayout, hintCode, histogramOf } from "./histogram.ts";

/** Beside the kinds of column.ts. */
const KIND_HISTOGRAMS = 4;
const CODE_MAX = 7;

const plainCells = new Float64Array(PAGE_ROWS_MAX);
const plainWords = wordsOf(plainCells);
const numbers = new Float64Array(PAGE_ROWS_MAX);
const numberWords = wordsOf(numbers);

/** As `encodeColumn`, for cells that may point into `table`. */
export function encodeCells(
  out: ByteWriter,
  words: Uint32Array,
  count: number,
  table: HistogramTable | undefined,
): void {
  if (table === undefined || !holdsHistograms(words, 0, count)) return encodeColumn(out, words, count);
  out.byte(KIND_HISTOGRAMS);
  const bitmap = new Uint8Array((count + 7) >> 3);
  const histograms: FloatHistogram[] = [];
  plainWords.set(words.subarray(0, 2 * count));
  for (let i = 0; i < count; i++) {
    if (words[2 * i + 1] !== HISTOGRAM_HIGH) continue;
    bitmap[i >> 3]! |= 1 << (i & 7);
    histograms.push(table[words[2 * i]!]!);
    setAbsent(plainWords, i);
  }
  out.raw(bitmap);
  encodeColumn(out, plainWords, count);
  for (let from = 0; from < histograms.length;) {
    let to = from + 1;
    while (to < histograms.length && sameLayout(histograms[from]!, histograms[to]!)) to++;
    encodeRun(out, histograms, from, to);
    from = to;
  }
}

function encodeRun(out: ByteWriter, histograms: readonly FloatHistogram[], from: number, to: number): void {
  const count = to - from;
  const first = histograms[from]!;
  out.varint(count);
  encodeLayout(out, first);
  for (let i = 0; i < count; i++) numbers[i] = hintCode(histograms[from + i]!);
  encodeColumn(out, numberWords, count);
  for (let i = 0; i < count; i++) put(i, histograms[from + i]!.count);
  encodeColumn(out, numberWords, count);
  for (let i = 0; i < count; i++) put(i, histograms[from + i]!.zeroCount);
  encodeColumn(out, numberWords, count);
  for (let i = 0; i < count; i++) put(i, histograms[from + i]!.sum);
  encodeColumn(out, numberWords, count);
  for (let b = 0; b < first.positive.indexes.length; b++) {
    for (let i = 0; i < count; i++) put(i, histograms[from + i]!.positive.counts[b]!);
    encodeColumn(out, numberWords, count);
  }
  for (let b = 0; b < first.negative.indexes.length; b++) {
    for (let i = 0; i < count; i++) put(i, histograms[from + i]!.negative.counts[b]!);
    encodeColumn(out, numberWords, count);
  }
}

/** One NaN only, so that none is taken for a gap. */
function put(at: number, value: number): void {
  if (value !== value) setNan(numberWords, at);
  else numbers[at] = value;
}

/**
 * As `decodeColumn`; histograms are added to `table`. A page that has none is never asked for one: without a table
 * a histogram is an error.
 */
export function decodeCells(
  input: ByteReader,
  out: Float64Array,
  outWords: Uint32Array,
  at: number,
  count: number,
  table: FloatHistogram[] | undefined,
): boolean {
  if (input.bytes[input.at] !== KIND_HISTOGRAMS) return decodeColumn(input, out, outWords, at, count);
  if (table === undefined) return input.fail("histograms in a version that has none");
  input.at++;
  const bitmap = input.raw((count + 7) >> 3);
  decodeColumn(input, out, outWords, at, count);
  const found: FloatHistogram[] = [];
  const total = bitsIn(bitmap, count);
  while (found.length < total) decodeRun(input, found, total - found.length);
  let next = 0;
  for (let i = 0; i < count; i++) {
    if ((bitmap[i >> 3]! & (1 << (i & 7))) !== 0) putHistogram(outWords, at + i, table, found[next++]!);
  }
  return hasGaps(outWords, at, at + count);
}

function decodeRun(input: ByteReader, found: FloatHistogram[], countMax: number): void {
  const count = input.count(countMax, "histograms of a run");
  if (count === 0) input.fail("an empty run of histograms");
  const layout = decodeLayout(input);
  const codes = new Uint8Array(count);
  readNumbers(input, count);
  for (let i = 0; i < count; i++) {
    const code = numbers[i]!;
    if (!(code >= 0 && code <= CODE_MAX)) input.fail(`unknown histogram head ${code}`);
    codes[i] = code;
  }
  const counts = readNumbers(input, count).slice(0, count);
  const zeroCounts = readNumbers(input, count).slice(0, count);
  const sums = readNumbers(input, count).slice(0, count);
  const positive = readSide(input, count, layout.positive.length);
  const negative = readSide(input, count, layout.negative.length);
  for (let i = 0; i < count; i++) {
    found.push(histogramOf(layout, codes[i]!, {
      count: counts[i]!,
      zeroCount: zeroCounts[i]!,
      sum: sums[i]!,
      positive: positive[i]!,
      negative: negative[i]!,
    }));
  }
}

function readNumbers(input: ByteReader, count: number): Float64Array {
  decodeColumn(input, numbers, numberWords, 0, count);
  return numbers;
}

/** Counts of each histogram of the run; one buffer holds them all. */
function readSide(input: ByteReader, count: number, buckets: number): readonly Float64Array[] {
  // A column takes a byte at least: what is not there is not allocated for.
  input.need(buckets);
  const all = new Float64Array(count * buckets);
  for (let b = 0; b < buckets; b++) {
    readNumbers(input, count);
    for (let i = 0; i < count; i++) all[i * buckets + b] = numbers[i]!;
  }
  return Array.from({ length: count }, (_, i) => all.subarray(i * buckets, (i + 1) * buckets));
}

function bitsIn(bitmap: Uint8Array, count: number): number {
  let bits = 0;
  for (let i = 0; i < count; i++) if ((bitmap[i >> 3]! & (1 << (i & 7))) !== 0) bits++;
  return bits;
}

function hasGaps(words: Uint32Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (isGap(words, i)) return true;
  return false;
}
