/** Makes pages of spans of rows and of strays: divides them so that each fits a value of the store. */
import { assert } from "../core/assert.ts";
import type { HistogramTable } from "../model/histogram_cell.ts";
import { wordsOf } from "../model/stale.ts";
import {
  encodeRowsPage,
  encodeStraysPage,
  PAGE_BYTES_MAX,
  PAGE_COLUMNS_MAX,
  strayColumnsOf,
  type Strays,
} from "./codecs/page.ts";
import type { PageRef } from "./view.ts";

/** Rows of one span: a single column of them fits a page even when nothing compresses. */
export const SPAN_ROWS_MAX = 1_024;
assert(SPAN_ROWS_MAX * 9 * 2 < PAGE_BYTES_MAX);
/** Columns that a page begins with; halved until it fits. */
const PAGE_COLUMNS_FIRST = 4_096;

export interface NewPage {
  readonly ref: Omit<PageRef, "page" | "bytes" | "level">;
  readonly bytes: Uint8Array;
}

export interface SpanColumns {
  readonly tMs: Float64Array;
  /** Default: 0. */
  readonly firstColumn?: number;
  /** The end of the columns, not counted from `firstColumn`. */
  readonly columnsCount: number;
  /** The cells of a column over the span's rows, valid until the next call. */
  readonly columnWords: (column: number) => Uint32Array;
  readonly histograms: HistogramTable | undefined;
}

/** Divides the columns so that each page fits. */
export function* rowsPages(cohort: number, span: SpanColumns): Iterable<NewPage> {
  const { tMs, columnsCount, columnWords, histograms, firstColumn = 0 } = span;
  let count = Math.min(PAGE_COLUMNS_FIRST, PAGE_COLUMNS_MAX, Math.max(1, columnsCount));
  for (let first = firstColumn; first < columnsCount;) {
    const columns = Math.min(count, columnsCount - first);
    const bytes = encodeRowsPage(cohort, tMs, first, columns, columnWords, histograms);
    if (bytes === undefined) {
      assert(columns > 1, "one column of a page's rows fits a page");
      count = Math.ceil(columns / 2);
      continue;
    }
    const times = { startMs: tMs[0]!, endMs: tMs[tMs.length - 1]!, rowsCount: tMs.length };
    yield { ref: { kind: "rows", ...times, firstColumn: first, columnsCount: columns }, bytes };
    first += columns;
  }
}

/** Strays that are sorted at once: some ten milliseconds. */
const SORTED_STRAYS_MAX = 32_768;

/** In any order; of several of one column at one time the first stays. */
export function* straysPages(cohort: number, strays: Strays): Iterable<NewPage> {
  for (let at = 0; at < strays.tMs.length; at += SORTED_STRAYS_MAX) {
    yield* sortedPages(cohort, strays, at, Math.min(at + SORTED_STRAYS_MAX, strays.tMs.length));
  }
}

function* sortedPages(cohort: number, strays: Strays, from: number, to: number): Iterable<NewPage> {
  const order = straysOrder(strays, from, to);
  const words = wordsOf(strays.values);
  // Raw times and values of this many fit a page even when nothing compresses.
  let countMax = 2_048;
  for (let at = 0; at < order.length;) {
    const part = order.slice(at, at + countMax);
    const values = new Float64Array(part.length);
    const out = wordsOf(values);
    let startMs = Infinity;
    let endMs = -Infinity;
    part.forEach((from, to) => {
      out[2 * to] = words[2 * from]!;
      out[2 * to + 1] = words[2 * from + 1]!;
      startMs = Math.min(startMs, strays.tMs[from]!);
      endMs = Math.max(endMs, strays.tMs[from]!);
    });
    const columns = Uint32Array.from(part, (from) => strays.columns[from]!);
    const bytes = encodeStraysPage(cohort, {
      columns,
      tMs: Float64Array.from(part, (from) => strays.tMs[from]!),
      values,
      histograms: strays.histograms,
    });
    if (bytes === undefined) {
      assert(part.length > 1 && strays.histograms !== undefined, "a page of strays fits");
      countMax = Math.ceil(part.length / 2);
      continue;
    }
    at += part.length;
    const ref = {
      kind: "strays",
      startMs,
      endMs,
      rowsCount: part.length,
      ...strayColumnsOf(columns),
    } as const;
    yield { ref, bytes };
  }
}

/** By column and time, each time of a column once. */
function straysOrder({ columns, tMs }: Strays, from: number, to: number): Uint32Array {
  const order = Uint32Array.from({ length: to - from }, (_, i) => from + i)
    .sort((a, b) => columns[a]! - columns[b]! || tMs[a]! - tMs[b]! || a - b);
  let kept = 0;
  for (let i = 0; i < order.length; i++) {
    const at = order[i]!;
    const last = order[kept - 1];
    if (last !== undefined && columns[last] === columns[at] && tMs[last] === tMs[at]) continue;
    order[kept++] = at;
  }
  return order.subarray(0, kept);
}
