/** Reads the pages of successive spans and puts their columns end to end, as one larger span. */
import type { Kv } from "../core/ports.ts";
import type { FloatHistogram } from "../model/histogram/float_histogram.ts";
import type { HistogramTable } from "../model/histogram_cell.ts";
import { fillAbsent, wordsOf } from "../model/stale.ts";
import { ByteReader } from "./codecs/bytes.ts";
import { decodePageColumn, type OpenPage, openPage } from "./codecs/page.ts";
import { CorruptDataError } from "./errors.ts";
import type { StorageKeys } from "./keys.ts";
import type { PageRef } from "./view.ts";

export interface MergedRows {
  readonly tMs: Float64Array;
  readonly columnsCount: number;
  readonly columns: readonly Float64Array[];
  /** What histogram cells of the columns point into; undefined: there are none. */
  readonly histograms: HistogramTable | undefined;
}

export interface MergePorts {
  readonly kv: Kv;
  readonly keys: StorageKeys;
  /** After each page. Default: no pauses. */
  readonly yieldToLoop?: (() => Promise<void>) | undefined;
}

/** `pages` are ascending; those of one span stand together. */
export async function mergedRows(
  cohort: number,
  pages: readonly PageRef[],
  { kv, keys, yieldToLoop }: MergePorts,
): Promise<MergedRows> {
  const opened: { readonly page: OpenPage; readonly at: number }[] = [];
  let rows = 0;
  let last: OpenPage | undefined;
  let columnsCount = 0;
  for (const ref of pages) {
    const entry = await kv.get(keys.page(cohort, ref.page));
    if (entry === null) {
      throw new CorruptDataError(`Cannot merge page ${ref.page} of cohort ${cohort}: it is missing`);
    }
    const page = openPage(entry.value);
    if (last === undefined || page.startMs !== last.startMs) rows += page.rowsCount;
    opened.push({ page, at: rows - page.rowsCount });
    columnsCount = Math.max(columnsCount, page.firstColumn + page.columnsCount);
    last = page;
  }
  const tMs = new Float64Array(rows);
  const columns = Array.from({ length: columnsCount }, () => {
    const column = new Float64Array(rows);
    fillAbsent(wordsOf(column), 0, rows);
    return column;
  });
  const words = columns.map(wordsOf);
  const histograms: FloatHistogram[] = [];
  for (const { page, at } of opened) {
    tMs.set(page.tMs, at);
    const input = new ByteReader(page.payload, "page");
    for (let i = 0; i < page.columnsCount; i++) {
      const column = page.firstColumn + i;
      decodePageColumn(page, column, input, columns[column]!, words[column]!, at, histograms);
    }
    await yieldToLoop?.();
  }
  return { tMs, columnsCount, columns, histograms: histograms.length === 0 ? undefined : histograms };
}
