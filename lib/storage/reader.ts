/**
 * The `SeriesSource` over a head's views: asks for a view, brings in the pages it names, and gives out columns
 * grouped by cohort. Only pages that overlap the range are opened and only wanted columns decoded. A damaged or
 * deleted page is as if its samples were not there: counted, logged, and everything else answers.
 */
import { UserError } from "../core/errors.ts";
import type { Labels } from "../model/labels.ts";
import type { Matcher } from "../model/matchers.ts";
import type { FloatHistogram } from "../model/histogram/float_histogram.ts";
import { histogramAt, type HistogramTable, holdsHistograms, putHistogram } from "../model/histogram_cell.ts";
import { fillAbsent, isGap, wordsOf } from "../model/stale.ts";
import { ByteReader } from "./codecs/bytes.ts";
import { neverFalls } from "./codecs/column.ts";
import { decodePageColumn, decodeStrays, type OpenPage } from "./codecs/page.ts";
import type { ListingCursor, ListingPart } from "./head_listing.ts";
import { Hidden } from "./hidden.ts";
import { SeriesMerge } from "./merge.ts";
import type { PageCache } from "./page_cache.ts";
import { sortedSeries, sortedTexts } from "./sort_series.ts";
import type { ColumnGroup, SelectRequest, SeriesSource, TimeRange } from "./source.ts";
import type { CohortView, HeadView, PageRef } from "./view.ts";

/** The high words of the absent and of the stale pattern, and of all other NaNs, are not below. */
const NAN_HIGH_MIN = 0x7ff0_0000;
/** Cells of one group: 8 MB, and some 5 ms of decoding between two chances to stop. */
const GROUP_CELLS_MAX = 1_048_576;
/** Where groups are used up one at a time: what a second-level cache holds from decoding to use. */
const REUSED_CELLS_MAX = 49_152;

type MatcherSets = readonly (readonly Matcher[])[];

/** How the reader asks the head; each is one question to the shard. */
export interface HeadQuestions {
  /**
   * Cohorts after `after`, in the order of their numbers; 0 for the first part. Label sets may lack all labels but
   * `labelNames`. The parts of one view are asked for with one object of matcher sets.
   */
  view(
    matcherSets: MatcherSets,
    range: TimeRange,
    after: number,
    labelNames?: readonly string[],
  ): Promise<HeadView>;
  /** Resolves when a crash would lose nothing of what views have shown so far, or the journal is in trouble. */
  untilDurable(): Promise<void>;
  /** A part each, from where the part before ended; undefined for the first. */
  series(matcherSets: MatcherSets, range: TimeRange, cursor?: ListingCursor): Promise<ListingPart<Labels>>;
  labelNames(
    matcherSets: MatcherSets,
    range: TimeRange,
    cursor?: ListingCursor,
  ): Promise<ListingPart<string>>;
  labelValues(
    name: string,
    matcherSets: MatcherSets,
    range: TimeRange,
    cursor?: ListingCursor,
  ): Promise<ListingPart<string>>;
}

export interface SeriesSourceOptions {
  readonly head: HeadQuestions;
  readonly cache: PageCache;
  /** Between pieces of long work. Default: no pauses. */
  readonly yieldToLoop?: () => Promise<void>;
}

export function createSeriesSource({ head, cache, yieldToLoop }: SeriesSourceOptions): SeriesSource {
  return {
    select: (request, signal) => select(request, signal, head, cache),
    series: async (matcherSets, range, signal) => {
      const found: Labels[] = [];
      for await (const part of parts((cursor) => head.series(matcherSets, range, cursor), signal)) {
        for (const labels of part) found.push(labels);
      }
      return await sortedSeries(found, yieldToLoop);
    },
    labelNames: async (matcherSets, range, signal) => {
      const names = new Set<string>();
      for await (const part of parts((cursor) => head.labelNames(matcherSets, range, cursor), signal)) {
        for (const name of part) names.add(name);
      }
      return await sortedTexts([...names], yieldToLoop);
    },
    labelValues: async (name, matcherSets, range, signal) => {
      const values = new Set<string>();
      for await (
        const part of parts((cursor) => head.labelValues(name, matcherSets, range, cursor), signal)
      ) {
        for (const value of part) values.add(value);
      }
      return await sortedTexts([...values], yieldToLoop);
    },
  };
}

async function* parts<T>(
  ask: (cursor: ListingCursor | undefined) => Promise<ListingPart<T>>,
  signal: AbortSignal | undefined,
): AsyncIterable<readonly T[]> {
  let cursor: ListingCursor | undefined;
  do {
    signal?.throwIfAborted();
    const part: ListingPart<T> = await ask(cursor);
    yield part.found;
    cursor = part.next;
  } while (cursor !== undefined);
}

async function* select(
  request: SelectRequest,
  signal: AbortSignal,
  head: HeadQuestions,
  cache: PageCache,
): AsyncIterable<ColumnGroup> {
  signal.throwIfAborted();
  const { range, samplesMax, labelNames } = request;
  const matcherSets = [request.matchers];
  // Of two cohorts with a sample of one series at one time, the younger wins: they come oldest first.
  const merge = new SeriesMerge(range);
  let after: number | undefined = 0;
  const room = request.oneAtATime === true ? new Room() : undefined;
  let durable: Promise<void> | undefined;
  try {
    while (after !== undefined) {
      signal.throwIfAborted();
      const view: HeadView = await head.view(matcherSets, range, after, labelNames);
      // A crash must not take back what an answer has shown; the journal is written while the groups are worked on.
      if (!view.durable) durable = head.untilDurable();
      for (const cohort of view.cohorts) yield* groupsOf(cohort, request, signal, merge, { cache, room });
      after = view.next;
    }
    yield* merge.groups(samplesMax);
  } finally {
    if (!signal.aborted) await durable;
  }
}

/** The groups of one cohort; what has to be merged goes to `merge` instead. */
async function* groupsOf(
  cohort: CohortView,
  { range, samplesMax }: SelectRequest,
  signal: AbortSignal,
  merge: SeriesMerge,
  { cache, room }: { readonly cache: PageCache; readonly room: Room | undefined },
): AsyncIterable<ColumnGroup> {
  signal.throwIfAborted();
  const pages = await cache.load(cohort.cohort, cohort.pages);
  const spans = spansOf(cohort.pages, pages);
  const hidden = new Hidden(cohort.hidden);
  const merged = mergedColumns(cohort, pages, merge, cache, hidden);
  const rowsCount = spans.reduce((sum, span) => sum + span.rowsCount, 0) + cohort.window.tMs.length;
  if (rowsCount === 0) return;
  const tMs = timesOf(spans, cohort, rowsCount);
  const from = lowerBound(tMs, range.startMs);
  const to = lowerBound(tMs, range.endMs + 1);
  if (from === to) return;
  const shown = tMs.subarray(from, to);
  const cellsMax = room === undefined ? GROUP_CELLS_MAX : REUSED_CELLS_MAX;
  const blockColumns = Math.max(1, Math.floor(cellsMax / rowsCount));
  for (let first = 0; first < cohort.columns.length; first += blockColumns) {
    signal.throwIfAborted();
    const end = Math.min(first + blockColumns, cohort.columns.length);
    if (rowsCount * (end - first) > samplesMax) {
      throw new UserError(
        "execution",
        "query processing would load too many samples into memory in query execution",
      );
    }
    const group = hidden.blankGroup(
      decodeBlock({ cohort, spans, tMs, shown, from, to, first, end, cache, room }),
      first,
    );
    const plain = takeMerged(group, first, merged, merge);
    if (plain.series.length > 0) yield plain;
  }
}

/** Pages that share their rows; at least one of them could be opened. */
interface Span {
  readonly pages: readonly { readonly ref: PageRef; readonly page: OpenPage }[];
  readonly tMs: Float64Array;
  readonly rowsCount: number;
}

function spansOf(refs: readonly PageRef[], opened: ReadonlyMap<number, OpenPage>): readonly Span[] {
  const spans: Span[] = [];
  let pages: { ref: PageRef; page: OpenPage }[] = [];
  let startMs = NaN;
  for (const ref of refs) {
    if (ref.kind !== "rows") continue;
    const page = opened.get(ref.page);
    if (page === undefined) continue;
    if (ref.startMs !== startMs) {
      pages = [];
      startMs = ref.startMs;
      spans.push({ pages, tMs: page.tMs, rowsCount: page.rowsCount });
    }
    pages.push({ ref, page });
  }
  return spans;
}

function timesOf(spans: readonly Span[], cohort: CohortView, rowsCount: number): Float64Array {
  const tMs = new Float64Array(rowsCount);
  let at = 0;
  for (const span of spans) {
    tMs.set(span.tMs, at);
    at += span.rowsCount;
  }
  tMs.set(cohort.window.tMs, at);
  return tMs;
}

interface Block {
  readonly cohort: CohortView;
  readonly spans: readonly Span[];
  readonly tMs: Float64Array;
  /** Those of the rows inside the range, `from` up to `to`; one array for all blocks of the cohort. */
  readonly shown: Float64Array;
  readonly from: number;
  readonly to: number;
  /** Positions in the view's columns. */
  readonly first: number;
  readonly end: number;
  readonly cache: PageCache;
  readonly room: Room | undefined;
}

/** Memory that the groups of one query share, one after the other: fresh memory is cold, and must be cleared. */
class Room {
  #cells = new Float64Array(0);

  cells(count: number): Float64Array {
    if (this.#cells.length < count) this.#cells = new Float64Array(Math.max(count, 2 * this.#cells.length));
    return this.#cells;
  }
}

function decodeBlock(block: Block): ColumnGroup {
  const { cohort, spans, tMs, first, end, cache, room } = block;
  const rows = tMs.length;
  const count = end - first;
  if (spans.length === 0 && cohort.histograms === undefined) return windowBlock(block);
  const cells = room === undefined ? new Float64Array(rows * count) : room.cells(rows * count);
  const words = wordsOf(cells);
  const gaps = new Uint8Array(count);
  const falls = new Uint8Array(count);
  const histograms: FloatHistogram[] = [];
  let at = 0;
  for (const span of spans) {
    const covered = new Uint8Array(count);
    for (const { ref, page } of span.pages) {
      const input = new ByteReader(page.payload, "page");
      for (let i = 0; i < count; i++) {
        const column = cohort.columns[first + i]!;
        if (column < page.firstColumn || column >= page.firstColumn + page.columnsCount) continue;
        try {
          if (falls[i] === 0 && !neverFalls(input, page.offsets[column - page.firstColumn]!)) falls[i] = 1;
          if (decodePageColumn(page, column, input, cells, words, i * rows + at, histograms)) gaps[i] = 1;
          // Not less: a NaN on either side promises nothing.
          if (at > 0 && !(cells[i * rows + at]! >= cells[i * rows + at - 1]!)) falls[i] = 1;
          covered[i] = 1;
        } catch (error) {
          cache.noteDamaged(cohort.cohort, ref, error);
          break;
        }
      }
    }
    for (let i = 0; i < count; i++) {
      if (covered[i] === 1) continue;
      fillAbsent(words, i * rows + at, i * rows + at + span.rowsCount);
      gaps[i] = 1;
    }
    at += span.rowsCount;
  }
  const windowRows = cohort.window.tMs.length;
  if (windowRows > 0) {
    const windowWords = wordsOf(cohort.window.cells);
    for (let i = 0; i < count; i++) {
      const start = (first + i) * windowRows;
      cells.set(cohort.window.cells.subarray(start, start + windowRows), i * rows + at);
      if (gaps[i] === 0 && hasGap(windowWords, start, start + windowRows)) gaps[i] = 1;
      if (falls[i] === 0 && fallsIn(cells, i * rows + Math.max(0, at - 1), (i + 1) * rows)) falls[i] = 1;
      if (
        cohort.histograms !== undefined &&
        moveHistograms(words, i * rows + at, windowRows, cohort.histograms, histograms)
      ) falls[i] = 1;
    }
  }
  return groupOf(block, cells, 0, gaps, falls, histograms);
}

/** Of a cohort without pages and histograms: the cells of the view are the group's. */
function windowBlock(block: Block): ColumnGroup {
  const { cohort, tMs, first, end } = block;
  const rows = tMs.length;
  const count = end - first;
  const { cells } = cohort.window;
  const words = wordsOf(cells);
  const gaps = new Uint8Array(count);
  const falls = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const start = (first + i) * rows;
    if (hasGap(words, start, start + rows)) gaps[i] = 1;
    else if (fallsIn(cells, start, start + rows)) falls[i] = 1;
  }
  return groupOf(block, cells, first * rows, gaps, falls, []);
}

/** Column i of the group begins at `at` + i × rows in `cells`. */
function groupOf(
  { cohort, tMs, shown, from, to, first, end }: Block,
  cells: Float64Array,
  at: number,
  gaps: Uint8Array,
  falls: Uint8Array,
  histograms: FloatHistogram[],
): ColumnGroup {
  const rows = tMs.length;
  const count = end - first;
  const columns: Float64Array[] = new Array(count);
  const flags: boolean[] = new Array(count);
  const rising: boolean[] = new Array(count);
  for (let i = 0; i < count; i++) {
    columns[i] = cells.subarray(at + i * rows + from, at + i * rows + to);
    flags[i] = gaps[i] === 1;
    rising[i] = gaps[i] === 0 && falls[i] === 0;
  }
  const plain = { tMs: shown, series: cohort.series.slice(first, end), columns, gaps: flags, rising };
  return histograms.length === 0 ? plain : { ...plain, histograms };
}

/** Whether a value is not at least the one before it. */
function fallsIn(values: Float64Array, from: number, to: number): boolean {
  for (let i = from + 1; i < to; i++) if (!(values[i]! >= values[i - 1]!)) return true;
  return false;
}

/** Cells of the window point into the head's table: what they point at goes to the group's. Whether there were any. */
function moveHistograms(
  words: Uint32Array,
  start: number,
  count: number,
  from: HistogramTable,
  to: FloatHistogram[],
): boolean {
  if (!holdsHistograms(words, start, start + count)) return false;
  for (let i = start; i < start + count; i++) {
    const histogram = histogramAt(words, i, from);
    if (histogram !== undefined) putHistogram(words, i, to, histogram);
  }
  return true;
}

function hasGap(words: Uint32Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    // No number has such a high word but NaN and infinity.
    if (words[2 * i + 1]! >= NAN_HIGH_MIN && isGap(words, i)) return true;
  }
  return false;
}

/** Columns that cannot be given out as they are: twins, and those with strays. Strays go to the merge at once. */
function mergedColumns(
  cohort: CohortView,
  opened: ReadonlyMap<number, OpenPage>,
  merge: SeriesMerge,
  cache: PageCache,
  hidden: Hidden,
): ReadonlySet<number> {
  const merged = new Set<number>(cohort.twins);
  const { strays } = cohort;
  // Of several samples at one time the one added last is shown: the first that came, as in a row.
  for (let i = strays.at.length - 1; i >= 0; i--) {
    merged.add(strays.at[i]!);
    if (!hidden.isEmpty && hidden.hides(strays.at[i]!, strays.tMs[i]!)) continue;
    merge.addSample(cohort.series[strays.at[i]!]!, strays.tMs[i]!, strays.values, i, cohort.histograms);
  }
  let positions: Map<number, number> | undefined;
  const sealedStrays = cohort.pages.filter((ref) => ref.kind === "strays").sort((a, b) => b.page - a.page);
  for (const ref of sealedStrays) {
    const page = opened.get(ref.page);
    if (page === undefined) continue;
    if (positions === undefined) {
      positions = new Map();
      for (let i = 0; i < cohort.columns.length; i++) positions.set(cohort.columns[i]!, i);
    }
    try {
      const sealed = decodeStrays(page);
      for (let i = 0; i < sealed.tMs.length; i++) {
        const position = positions.get(sealed.columns[i]!);
        if (position === undefined) continue;
        merged.add(position);
        if (!hidden.isEmpty && hidden.hides(position, sealed.tMs[i]!)) continue;
        merge.addSample(cohort.series[position]!, sealed.tMs[i]!, sealed.values, i, sealed.histograms);
      }
    } catch (error) {
      cache.noteDamaged(cohort.cohort, ref, error);
    }
  }
  return merged;
}

/** The group without its columns that are merged, which go to the merge. */
function takeMerged(
  group: ColumnGroup,
  first: number,
  merged: ReadonlySet<number>,
  merge: SeriesMerge,
): ColumnGroup {
  if (merged.size === 0) return group;
  const keep: number[] = [];
  for (let i = 0; i < group.series.length; i++) {
    if (merged.has(first + i)) {
      merge.addColumn(group.series[i]!, group.tMs, group.columns[i]!, group.histograms);
    } else keep.push(i);
  }
  if (keep.length === group.series.length) return group;
  return {
    tMs: group.tMs,
    series: keep.map((i) => group.series[i]!),
    columns: keep.map((i) => group.columns[i]!),
    gaps: keep.map((i) => group.gaps[i]!),
    ...(group.rising === undefined ? {} : { rising: keep.map((i) => group.rising![i]!) }),
    histograms: group.histograms,
  };
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
