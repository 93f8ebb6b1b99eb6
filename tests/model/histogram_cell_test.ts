import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { EMPTY_HISTOGRAM, type FloatHistogram } from "../../lib/model/histogram/float_histogram.ts";
import {
  histogramAt,
  holdsHistograms,
  isHistogram,
  putHistogram,
  shiftHistograms,
} from "../../lib/model/histogram_cell.ts";
import { absentColumn, isGap, setStale, wordsOf } from "../../lib/model/stale.ts";

function counted(count: number): FloatHistogram {
  return { ...EMPTY_HISTOGRAM, count };
}

Deno.test("a histogram cell is neither a gap nor a float, and no float is a histogram", () => {
  const column = absentColumn(4);
  const words = wordsOf(column);
  const table: FloatHistogram[] = [];
  putHistogram(words, 0, table, counted(7));
  setStale(words, 1);
  column[2] = NaN;
  ok(isHistogram(words, 0) && !isGap(words, 0));
  strictEqual(histogramAt(words, 0, table)?.count, 7);
  for (const at of [1, 2, 3]) strictEqual(histogramAt(words, at, table), undefined);
  ok(holdsHistograms(words, 0, 4) && !holdsHistograms(words, 1, 4));
});

Deno.test("a histogram cell survives copies of the column and of its cells as numbers", () => {
  const column = new Float64Array(2);
  putHistogram(wordsOf(column), 1, [counted(1), counted(2)], counted(3));
  const copy = new Float64Array(4);
  copy.set(column.subarray(1), 2);
  copy[0] = column[1]!;
  for (const at of [0, 2]) ok(isHistogram(wordsOf(copy), at));
  deepStrictEqual(wordsOf(copy)[4], 2);
});

Deno.test("moving indices up leaves other cells alone", () => {
  const column = Float64Array.of(1, 2, 3);
  const words = wordsOf(column);
  putHistogram(words, 1, [], counted(5));
  shiftHistograms(words, 0, 3, 2);
  strictEqual(histogramAt(words, 1, [counted(0), counted(1), counted(5)])?.count, 5);
  deepStrictEqual([column[0], column[2]], [1, 3]);
});
