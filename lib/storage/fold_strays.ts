/**
 * Brings sealed strays home. Where many columns of a cohort have strays at one time (a sender that came hours late),
 * they become rows: of the span that they lie in, which is written anew, or of a span of their own. The others are
 * written once more as pages that each hold few columns, so that a query opens few of them. A sample that a row has
 * already stays as it is there.
 */
import { messageOf } from "../core/errors.ts";
import type { Kv, Log } from "../core/ports.ts";
import type { FloatHistogram } from "../model/histogram/float_histogram.ts";
import { histogramAt, type HistogramTable, putHistogram } from "../model/histogram_cell.ts";
import { fillAbsent, isAbsent, wordsOf } from "../model/stale.ts";
import { decodeStrays, openPage, type Strays } from "./codecs/page.ts";
import { type MergedRows, mergedRows } from "./compaction.ts";
import { CorruptDataError } from "./errors.ts";
import type { StorageKeys } from "./keys.ts";
import { type NewPage, rowsPages, SPAN_ROWS_MAX, straysPages } from "./new_pages.ts";
import { rowsThatFit } from "./span_rows.ts";
import type { PageRef } from "./view.ts";

/** Pages of strays that are folded at once, and are worth it: some 30,000 samples. */
export const FOLD_PAGES = 16;
/** A row that would hold fewer than one in this many of the cohort's columns is kept as strays: it would be air. */
export const SPARSE_ROW_COLUMNS = 64;
/** Cells of all spans that one fold writes: 16 MB unpacked, and as much again for the span that is put together. */
export const FOLD_CELLS_MAX = 2_097_152;

/** Sealed strays that were never folded, the oldest first; empty when they are too few. */
export function foldable(pages: readonly PageRef[]): readonly PageRef[] {
  const found: PageRef[] = [];
  for (const page of pages) {
    if (page.kind === "strays" && page.level === 0 && found.push(page) === FOLD_PAGES) return found;
  }
  return [];
}

export interface FoldInput {
  readonly cohort: number;
  readonly name: string;
  /** Columns of the cohort. */
  readonly width: number;
  /** All of the cohort's, ascending. */
  readonly pages: readonly PageRef[];
  readonly fold: readonly PageRef[];
  readonly expired: readonly PageRef[];
}

export interface FoldPorts {
  readonly kv: Kv;
  readonly keys: StorageKeys;
  readonly log: Log;
  readonly yieldToLoop?: (() => Promise<void>) | undefined;
}

/** Numbers of the pages that were replaced. Where one is damaged, all stay as they are and are not tried again. */
export async function foldStrays(
  input: FoldInput,
  ports: FoldPorts,
  keep: (page: Omit<PageRef, "page" | "bytes">, bytes: Uint8Array) => Promise<void>,
  added: PageRef[],
): Promise<readonly number[]> {
  if (input.fold.length === 0) return [];
  let made: Made;
  try {
    made = await makePages(input, ports);
  } catch (error) {
    if (!(error instanceof CorruptDataError)) throw error;
    ports.log.warn("Cannot fold strays", { cohort: input.name, error: messageOf(error) });
    for (const page of input.fold) added.push({ ...page, level: 1 });
    return input.fold.map((page) => page.page);
  }
  for (const { ref, bytes, level } of made.pages) await keep({ ...ref, level }, bytes);
  return made.replaced;
}

interface Made {
  readonly pages: readonly (NewPage & { readonly level: number })[];
  readonly replaced: readonly number[];
}

async function makePages(input: FoldInput, ports: FoldPorts): Promise<Made> {
  const { cohort, width } = input;
  const strays = await readStrays(input, ports);
  await ports.yieldToLoop?.();
  const spans = spansOf(input);
  const pages: (NewPage & { readonly level: number })[] = [];
  const replaced = input.fold.map((page) => page.page);
  const plan = divide(strays, spans, width);
  for (const segment of plan.segments) {
    const base = segment.span === undefined ? undefined : await mergedRows(cohort, segment.span.pages, ports);
    const rows = withStrays(base, strays, segment.at);
    const spanLevel = segment.span?.pages[0]?.level ?? 0;
    for (const page of spanPages(cohort, rows)) {
      pages.push({ ...page, level: spanLevel });
      await ports.yieldToLoop?.();
    }
    for (const page of segment.span?.pages ?? []) replaced.push(page.page);
  }
  // What is left for want of room is tried again, but not where there never will be room.
  const level = plan.isWhole || plan.segments.length === 0 ? 1 : 0;
  for (const page of straysPages(cohort, pick(strays, plan.rest))) {
    pages.push({ ...page, level });
    await ports.yieldToLoop?.();
  }
  return { pages, replaced };
}

/** One after the other, pages in the order in which they were sealed. */
async function readStrays({ cohort, fold }: FoldInput, { kv, keys }: FoldPorts): Promise<Strays> {
  const count = fold.reduce((sum, page) => sum + page.rowsCount, 0);
  const columns = new Uint32Array(count);
  const tMs = new Float64Array(count);
  const values = new Float64Array(count);
  const words = wordsOf(values);
  const histograms: FloatHistogram[] = [];
  let at = 0;
  for (const ref of [...fold].sort((a, b) => a.page - b.page)) {
    const entry = await kv.get(keys.page(cohort, ref.page));
    if (entry === null) {
      throw new CorruptDataError(`Cannot fold page ${ref.page} of cohort ${cohort}: it is missing`);
    }
    const part = decodeStrays(openPage(entry.value));
    if (part.tMs.length !== ref.rowsCount) {
      throw new CorruptDataError(`Page ${ref.page} has ${part.tMs.length} strays, expected ${ref.rowsCount}`);
    }
    columns.set(part.columns, at);
    tMs.set(part.tMs, at);
    words.set(wordsOf(part.values), 2 * at);
    moveHistograms(words, at, at + part.tMs.length, part.histograms, histograms);
    at += part.tMs.length;
  }
  return { columns, tMs, values, histograms: histograms.length === 0 ? undefined : histograms };
}

function moveHistograms(
  words: Uint32Array,
  start: number,
  end: number,
  from: HistogramTable | undefined,
  to: FloatHistogram[],
): void {
  if (from === undefined) return;
  for (let i = start; i < end; i++) {
    const histogram = histogramAt(words, i, from);
    if (histogram !== undefined) putHistogram(words, i, to, histogram);
  }
}

interface Span {
  readonly startMs: number;
  readonly endMs: number;
  readonly pages: readonly PageRef[];
  readonly rowsCount: number;
}

function spansOf({ pages, expired }: FoldInput): readonly Span[] {
  const gone = new Set(expired.map((page) => page.page));
  const spans: { startMs: number; endMs: number; pages: PageRef[]; rowsCount: number }[] = [];
  for (const page of pages) {
    if (page.kind !== "rows" || gone.has(page.page)) continue;
    const last = spans[spans.length - 1];
    if (last !== undefined && last.startMs === page.startMs) last.pages.push(page);
    else {
      spans.push({ startMs: page.startMs, endMs: page.endMs, pages: [page], rowsCount: page.rowsCount });
    }
  }
  return spans;
}

/** Strays, by their numbers, that become rows together. */
interface Segment {
  /** Undefined: they lie between spans. */
  readonly span: Span | undefined;
  readonly at: number[];
}

function divide(
  { tMs }: Strays,
  spans: readonly Span[],
  width: number,
): { readonly segments: readonly Segment[]; readonly rest: readonly number[]; readonly isWhole: boolean } {
  const order = Uint32Array.from(tMs.keys()).sort((a, b) => tMs[a]! - tMs[b]! || a - b);
  const segments: Segment[] = [];
  const rest: number[] = [];
  // Later ones would stand among the rows of the window.
  const endMs = spans[spans.length - 1]?.endMs ?? -Infinity;
  let span = 0;
  let segment: Segment | undefined;
  let segmentPlace = -1;
  let cells = 0;
  let isWhole = true;
  for (let from = 0; from < order.length;) {
    const timeMs = tMs[order[from]!]!;
    let to = from + 1;
    while (to < order.length && tMs[order[to]!] === timeMs) to++;
    while (span < spans.length && spans[span]!.endMs < timeMs) span++;
    const found = spans[span];
    const isInside = found !== undefined && timeMs >= found.startMs;
    const place = 2 * span + (isInside ? 1 : 0);
    const isDense = (to - from) * SPARSE_ROW_COLUMNS >= width && timeMs <= endMs;
    const isNew = place !== segmentPlace;
    const more = width * (1 + (isNew && isInside ? found.rowsCount : 0));
    const fits = cells + more <= FOLD_CELLS_MAX;
    if (isDense && fits) {
      if (segment === undefined || isNew) {
        segment = { span: isInside ? found : undefined, at: [] };
        segmentPlace = place;
        segments.push(segment);
      }
      cells += more;
      for (let i = from; i < to; i++) segment.at.push(order[i]!);
    } else {
      if (isDense) isWhole = false;
      for (let i = from; i < to; i++) rest.push(order[i]!);
    }
    from = to;
  }
  return { segments, rest: rest.sort((a, b) => a - b), isWhole };
}

/** `at` is ascending by time. Of two samples of one cell the first stays. */
function withStrays(base: MergedRows | undefined, strays: Strays, at: readonly number[]): MergedRows {
  const tMs = unionOfTimes(base?.tMs ?? new Float64Array(0), strays.tMs, at);
  let columnsCount = base?.columnsCount ?? 0;
  for (const i of at) columnsCount = Math.max(columnsCount, strays.columns[i]! + 1);
  const histograms: FloatHistogram[] = [...base?.histograms ?? []];
  const rowOfBase = base === undefined ? new Uint32Array(0) : rowsAmong(base.tMs, tMs);
  const columns: Float64Array[] = [];
  const words: Uint32Array[] = [];
  for (let column = 0; column < columnsCount; column++) {
    const cells = new Float64Array(tMs.length);
    const to = wordsOf(cells);
    fillAbsent(to, 0, tMs.length);
    const old = base?.columns[column];
    if (old !== undefined) {
      const from = wordsOf(old);
      for (let r = 0; r < rowOfBase.length; r++) {
        to[2 * rowOfBase[r]!] = from[2 * r]!;
        to[2 * rowOfBase[r]! + 1] = from[2 * r + 1]!;
      }
    }
    columns.push(cells);
    words.push(to);
  }
  const from = wordsOf(strays.values);
  let row = 0;
  for (const i of at) {
    while (tMs[row]! < strays.tMs[i]!) row++;
    const to = words[strays.columns[i]!]!;
    if (!isAbsent(to, row)) continue;
    to[2 * row] = from[2 * i]!;
    to[2 * row + 1] = from[2 * i + 1]!;
    const histogram = histogramAt(from, i, strays.histograms);
    if (histogram !== undefined) putHistogram(to, row, histograms, histogram);
  }
  return { tMs, columnsCount, columns, histograms: histograms.length === 0 ? undefined : histograms };
}

function unionOfTimes(a: Float64Array, strayMs: Float64Array, at: readonly number[]): Float64Array {
  const times = new Float64Array(a.length + at.length);
  let count = 0;
  let i = 0;
  let k = 0;
  while (i < a.length || k < at.length) {
    const strayTime = k < at.length ? strayMs[at[k]!]! : Infinity;
    const next = i < a.length && a[i]! <= strayTime ? a[i++]! : strayTime;
    if (next === strayTime) k++;
    if (count === 0 || times[count - 1] !== next) times[count++] = next;
  }
  return times.slice(0, count);
}

/** Where each of the times stands among all. */
function rowsAmong(times: Float64Array, all: Float64Array): Uint32Array {
  const rows = new Uint32Array(times.length);
  let at = 0;
  for (let i = 0; i < times.length; i++) {
    while (all[at]! < times[i]!) at++;
    rows[i] = at;
  }
  return rows;
}

function* spanPages(cohort: number, rows: MergedRows): Iterable<NewPage> {
  const { columns, columnsCount, histograms } = rows;
  const parts = Math.ceil(rows.tMs.length / SPAN_ROWS_MAX);
  const rowsMax = Math.ceil(rows.tMs.length / parts);
  for (let at = 0; at < rows.tMs.length;) {
    const start = at;
    const columnWords = (column: number) => wordsOf(columns[column]!.subarray(start));
    const wanted = Math.min(rowsMax, rows.tMs.length - at);
    const count = rowsThatFit(wanted, columnsCount, columnWords, histograms);
    const tMs = rows.tMs.slice(at, at + count);
    yield* rowsPages(cohort, { tMs, columnsCount, columnWords, histograms });
    at += count;
  }
}

function pick(strays: Strays, at: readonly number[]): Strays {
  const values = new Float64Array(at.length);
  const to = wordsOf(values);
  const from = wordsOf(strays.values);
  for (let i = 0; i < at.length; i++) {
    to[2 * i] = from[2 * at[i]!]!;
    to[2 * i + 1] = from[2 * at[i]! + 1]!;
  }
  return {
    columns: Uint32Array.from(at, (i) => strays.columns[i]!),
    tMs: Float64Array.from(at, (i) => strays.tMs[i]!),
    values,
    histograms: strays.histograms,
  };
}
