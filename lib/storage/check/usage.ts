/** How much each series takes and when it has samples, from every page of a store; one page is in memory at a time. */
import type { Kv } from "../../core/ports.ts";
import type { FloatHistogram } from "../../model/histogram/float_histogram.ts";
import { isAbsent, wordsOf } from "../../model/stale.ts";
import { ByteReader } from "../codecs/bytes.ts";
import { decodePageColumn, openPage } from "../codecs/page.ts";
import { REMOVED_SERIES } from "../cohort.ts";
import { CorruptDataError } from "../errors.ts";
import type { Head } from "../head.ts";
import type { StorageKeys } from "../keys.ts";

/** By the head's numbers of series. */
export interface SeriesUsage {
  readonly firstMs: Float64Array;
  readonly lastMs: Float64Array;
  /** Of the pages, shared out by the size of the columns in them. */
  readonly bytes: Float64Array;
  readonly damagedPages: number;
}

export async function seriesUsage(head: Head, kv: Kv, keys: StorageKeys): Promise<SeriesUsage> {
  const count = head.series.count;
  const firstMs = new Float64Array(count).fill(Infinity);
  const lastMs = new Float64Array(count).fill(-Infinity);
  const bytes = new Float64Array(count);
  let damagedPages = 0;
  for (const cohort of head.cohorts.values()) {
    const { seriesOf } = cohort;
    const named = new Set(cohort.pages.map((page) => page.page));
    for (const row of cohort.rows) {
      const words = wordsOf(row.values);
      for (let column = 0; column < row.values.length; column++) {
        if (!isAbsent(words, column)) note(seriesOf[column]!, row.tMs, row.tMs);
      }
    }
    if (named.size === 0) continue;
    for await (const { key, value } of kv.list({ prefix: [...keys.pages, cohort.id] })) {
      if (!named.has(Number(key.at(-1)))) continue;
      try {
        page(value, seriesOf);
      } catch (error) {
        if (!(error instanceof CorruptDataError)) throw error;
        damagedPages++;
      }
    }
  }
  return { firstMs, lastMs, bytes, damagedPages };

  function note(series: number, fromMs: number, toMs: number): void {
    if (series === REMOVED_SERIES) return;
    if (fromMs < firstMs[series]!) firstMs[series] = fromMs;
    if (toMs > lastMs[series]!) lastMs[series] = toMs;
  }

  function page(value: Uint8Array, seriesOf: Uint32Array): void {
    const opened = openPage(value);
    // Strays are few, and their columns are told by themselves.
    if (opened.kind === "strays") return;
    const cells = new Float64Array(opened.rowsCount);
    const words = wordsOf(cells);
    const input = new ByteReader(opened.payload, "page");
    const histograms: FloatHistogram[] = [];
    const share = value.length / Math.max(1, opened.payload.length);
    for (let i = 0; i < opened.columnsCount; i++) {
      const column = opened.firstColumn + i;
      const series = seriesOf[column]!;
      if (series === REMOVED_SERIES) continue;
      bytes[series]! += (opened.offsets[i + 1]! - opened.offsets[i]!) * share;
      histograms.length = 0;
      decodePageColumn(opened, column, input, cells, words, 0, histograms);
      let first = 0;
      while (first < opened.rowsCount && isAbsent(words, first)) first++;
      if (first === opened.rowsCount) continue;
      let last = opened.rowsCount - 1;
      while (isAbsent(words, last)) last--;
      note(series, opened.tMs[first]!, opened.tMs[last]!);
    }
  }
}
