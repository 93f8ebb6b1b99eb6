/**
 * How many rows a span may have. A column of numbers always fits a page; one of histograms may need fewer rows, and
 * the pages of a span share theirs.
 */
import { type HistogramTable, holdsHistograms } from "../model/histogram_cell.ts";
import { ByteWriter } from "./codecs/bytes.ts";
import { encodeCells } from "./codecs/histogram_column.ts";
import { PAGE_BYTES_MAX } from "./codecs/page.ts";

/** Leaves room for the header and the times of a thousand rows; a single histogram of the most buckets is below it. */
const COLUMN_BYTES_MAX = PAGE_BYTES_MAX - 10 * 1024;

const scratch = new ByteWriter(PAGE_BYTES_MAX);

/** Of `rowsCount`, from the first on. `columnWords(column)` is valid until its next call. */
export function rowsThatFit(
  rowsCount: number,
  columnsCount: number,
  columnWords: (column: number) => Uint32Array,
  histograms: HistogramTable | undefined,
): number {
  if (histograms === undefined) return rowsCount;
  let count = rowsCount;
  for (let column = 0; column < columnsCount; column++) {
    const words = columnWords(column);
    while (count > 1 && holdsHistograms(words, 0, count)) {
      scratch.clear();
      encodeCells(scratch, words, count, histograms);
      if (scratch.length <= COLUMN_BYTES_MAX) break;
      count = Math.ceil(count / 2);
    }
  }
  return count;
}
