/**
 * Judges a batch before anything changes: which samples are kept (judge_row.ts), which of those go to rows and which
 * to strays, and what becomes of the batch as a whole.
 */
import type { EpochMs } from "../core/time.ts";
import {
  type AppendCounts,
  type AppendOutcome,
  type BatchExemplar,
  COHORT_NAME_BYTES_MAX,
  NEW_SERIES_BIT,
  type SampleBatch,
  type SampleRow,
} from "../model/batch.ts";
import type { FloatHistogram } from "../model/histogram/float_histogram.ts";
import { HistogramError, validateHistogram } from "../model/histogram/validate.ts";
import { histogramAt, type HistogramTable, isHistogram, putHistogram } from "../model/histogram_cell.ts";
import type { SeriesExemplar } from "../model/exemplar.ts";
import type { Labels } from "../model/labels.ts";
import { wordsOf } from "../model/stale.ts";
import { areFirstColumns, firstColumns, isSharedColumns } from "../model/first_columns.ts";
import { type Cohort, REMOVED_SERIES } from "./cohort.ts";
import { DefinedSets } from "./defined_sets.ts";
import { SPARSE_ROW_COLUMNS } from "./fold_strays.ts";
import { HISTOGRAM_BUCKETS_MAX } from "./codecs/histogram.ts";
import { COHORT_COLUMNS_MAX } from "./codecs/labels_chunk.ts";
import { boundsOf, countsOf, judgeRow, newTally, overlayOf, plainMemory, withoutTaken } from "./judge_row.ts";
import { type NewestOf, withoutOvertaken } from "./overtaken.ts";
import { LABELS_PER_SERIES_MAX, type SeriesTable } from "./series_table.ts";

/** A label set fits a value of the catalogue even where each character takes three bytes and nothing compresses. */
const LABEL_SET_UNITS_MAX = 16_384;

/** Samples at one time, all acceptable, by column. */
export interface AcceptedRow {
  readonly tMs: EpochMs;
  readonly columns: Uint32Array;
  readonly values: Float64Array;
  /** What histogram cells of `values` point into; undefined: there are none. */
  readonly histograms?: HistogramTable | undefined;
}

/** One batch, as a fact: everything in it is resolved and in order. */
export interface AppendEvent {
  readonly kind: "batchAppended";
  readonly cohort: number;
  readonly name: string;
  /** Their columns follow the cohort's last. */
  readonly defined: readonly Labels[];
  /** Ascending. */
  readonly rows: readonly AcceptedRow[];
  readonly strays: readonly AcceptedRow[];
  readonly exemplars?: readonly SeriesExemplar[] | undefined;
  readonly counts: AppendCounts;
  /** The first sample that was refused as a duplicate, in words: its time and both values. */
  readonly duplicate?: string | undefined;
  /** The row that the sender's next batches add to. */
  readonly openMs: EpochMs | undefined;
  readonly nowMs: EpochMs;
}

export interface AppendContext {
  readonly cohort: Cohort | undefined;
  /** The number a new cohort would get. */
  readonly cohortNext: number;
  readonly epochOf: (cohort: number) => number;
  readonly series: SeriesTable;
  readonly newestOf: NewestOf;
  readonly seriesMax: number;
  /** The newest sample of the head; −Infinity while there is none. */
  readonly headMaxMs: number;
  /** Samples may be so much older than that and still come out of order; 0: none may. */
  readonly lateWindowMs: number;
  readonly nowMs: EpochMs;
}

export type Verdict =
  | {
    readonly kind: "accepted";
    readonly event: AppendEvent;
    readonly refs: Uint32Array;
    readonly epoch: number;
  }
  | { readonly kind: "answered"; readonly outcome: AppendOutcome };

export function judge(batch: SampleBatch, context: AppendContext): Verdict {
  const { cohort } = context;
  const epoch = cohort === undefined ? 0 : context.epochOf(cohort.id);
  if (batch.epoch !== 0 && batch.epoch !== epoch) {
    return { kind: "answered", outcome: { kind: "wrongEpoch", epoch } };
  }
  const refused = limitOf(batch, context);
  if (refused !== undefined) return { kind: "answered", outcome: refused };
  const { refs, defined, areNew } = resolveDefined(batch, context);
  if (!refsKnown(batch, batch.epoch === 0 ? undefined : cohort)) {
    return { kind: "answered", outcome: { kind: "wrongEpoch", epoch } };
  }
  const width = (cohort?.width ?? 0) + defined.length;
  const tally = newTally();
  const rows: AcceptedRow[] = [];
  const strays: AcceptedRow[] = [];
  // No column twice: the columns of one row are distinct, and those of new series are beyond all others.
  const simple = batch.rows.length === 1 && batch.strays.length === 0 && areNew;
  const memory = simple ? plainMemory(cohort) : overlayOf(cohort, width);
  const bounds = boundsOf(context.headMaxMs, context.lateWindowMs, batch.late);
  const late: AcceptedRow[] = [];
  let rowsMs = NaN;
  let lastRefs: Uint32Array | undefined;
  let columns = refs;
  let openMs = batch.rows.length === 0 ? cohort?.openMs : undefined;
  for (const row of ascending(batch.rows)) {
    const { cellsToCome = 0 } = row;
    if (cellsToCome > 0) openMs = row.tMs;
    if (row.refs.length === 0) continue;
    // The rows of a remote write mostly share one array of references.
    if (row.refs !== lastRefs) columns = columnsOf(row.refs, refs);
    if (areFirstColumns(columns)) columns = firstColumns(columns.length);
    lastRefs = row.refs;
    const asked = { tMs: row.tMs, columns, values: row.values, histograms: row.histograms };
    const wanted = cohort === undefined
      ? asked
      : withoutOvertaken(asked, cohort, context.series, context.newestOf);
    if (wanted === undefined) continue;
    const kept = judgeRow(wanted, memory, bounds, tally, late);
    const isSealed = cohort !== undefined && row.tMs <= cohort.sealedMaxMs;
    const isRow = (cells: number) =>
      !isSealed && (cells * SPARSE_ROW_COLUMNS >= width || (cohort?.hasRow(row.tMs) ?? false));
    if (kept !== undefined) (isRow(kept.columns.length + cellsToCome) ? rows : strays).push(kept);
    for (const part of late.splice(0)) {
      const fresh = cohort === undefined ? part : withoutTaken(part, cohort);
      tally.late += fresh?.columns.length ?? 0;
      // Of several rows at one time, a late sample may be in each: only strays may be there twice.
      if (fresh !== undefined) {
        (isRow(fresh.columns.length) && row.tMs !== rowsMs ? rows : strays).push(fresh);
      }
    }
    rowsMs = row.tMs;
  }
  for (const row of ascending(batch.strays)) {
    if (row.refs.length === 0) continue;
    const columns = columnsOf(row.refs, refs);
    const { tMs, values, histograms } = row;
    const kept = judgeRow({ tMs, columns, values, histograms }, memory, bounds, tally, late);
    if (kept !== undefined) strays.push(kept);
    for (const part of late.splice(0)) {
      const fresh = cohort === undefined ? part : withoutTaken(part, cohort);
      tally.late += fresh?.columns.length ?? 0;
      if (fresh !== undefined) strays.push(fresh);
    }
  }
  tally.appended += tally.late;
  const id = cohort?.id ?? context.cohortNext;
  return {
    kind: "accepted",
    epoch: context.epochOf(id),
    refs,
    event: {
      kind: "batchAppended",
      cohort: id,
      name: batch.cohort,
      defined,
      rows: mergeEqualTimes(rows),
      strays,
      exemplars: batch.exemplars === undefined ? undefined : exemplarsOf(batch, batch.exemplars, context),
      counts: countsOf(tally),
      duplicate: tally.firstDuplicate,
      openMs,
      nowMs: context.nowMs,
    },
  };
}

/** The answer to an append that keeps all or nothing; undefined when nothing was refused. As Prometheus's texts. */
export function refusalOf({ counts, duplicate }: AppendEvent): AppendOutcome | undefined {
  const reason = counts.outOfOrder > 0
    ? "out of order sample"
    : counts.duplicate > 0
    ? `duplicate sample for timestamp${duplicate === undefined ? "" : ` ${duplicate}`}`
    : counts.outOfBounds > 0
    ? "out of bounds"
    : counts.tooOld > 0
    ? "too old sample"
    : undefined;
  return reason === undefined
    ? undefined
    : { kind: "refused", counts: { ...counts, appended: 0, late: 0 }, reason };
}

function limitOf(batch: SampleBatch, context: AppendContext): AppendOutcome | undefined {
  // A UTF-16 unit is at most three bytes of UTF-8.
  if (batch.cohort.length * 3 > COHORT_NAME_BYTES_MAX) {
    const bytes = new TextEncoder().encode(batch.cohort).length;
    if (bytes > COHORT_NAME_BYTES_MAX) {
      const reason = `the name of a cohort has ${bytes} bytes, expected at most ${COHORT_NAME_BYTES_MAX}`;
      return { kind: "limited", limit: "COHORT_NAME_BYTES_MAX", reason };
    }
  }
  if ((context.cohort?.width ?? 0) + batch.defined.length > COHORT_COLUMNS_MAX) {
    const reason = `cohort ${batch.cohort} would have more than ${COHORT_COLUMNS_MAX} series`;
    return { kind: "limited", limit: "COHORT_COLUMNS_MAX", reason };
  }
  if (context.series.live + batch.defined.length > context.seriesMax) {
    const reason = `storage holds ${context.series.live} series, expected at most ${context.seriesMax}`;
    return { kind: "limited", limit: "seriesMax", reason };
  }
  for (const labels of batch.defined) {
    if (labels.length === 0) {
      return { kind: "limited", limit: "labels", reason: "a series has no labels, expected at least one" };
    }
    if (labels.length > 2 * LABELS_PER_SERIES_MAX) {
      const reason = `a series has ${labels.length / 2} labels, expected at most ${LABELS_PER_SERIES_MAX}`;
      return { kind: "limited", limit: "LABELS_PER_SERIES_MAX", reason };
    }
    let units = 0;
    for (const text of labels) units += text.length;
    if (units > LABEL_SET_UNITS_MAX) {
      const reason =
        `the labels of a series have ${units} characters, expected at most ${LABEL_SET_UNITS_MAX}`;
      return { kind: "limited", limit: "LABEL_SET_UNITS_MAX", reason };
    }
  }
  for (const row of [...batch.rows, ...batch.strays]) {
    if (row.refs.length !== row.values.length || !Number.isSafeInteger(row.tMs)) {
      const reason = `a row at ${row.tMs} has ${row.refs.length} references and ${row.values.length} values`;
      return { kind: "limited", limit: "row", reason };
    }
    const fault = row.histograms === undefined ? undefined : histogramFault(row, row.histograms);
    if (fault !== undefined) return { kind: "limited", limit: "histogram", reason: fault };
  }
  return undefined;
}

/** What is wrong with the first bad histogram of a row. */
function histogramFault({ values }: SampleRow, table: HistogramTable): string | undefined {
  const words = wordsOf(values);
  for (let i = 0; i < values.length; i++) {
    if (!isHistogram(words, i)) continue;
    const histogram = table[words[2 * i]!];
    if (histogram === undefined) return `a cell points to histogram ${words[2 * i]} of ${table.length}`;
    const { positive, negative, customValues } = histogram;
    const size = positive.counts.length + negative.counts.length + customValues.length;
    if (size > HISTOGRAM_BUCKETS_MAX) {
      return `histogram has ${size} buckets and bounds, expected at most ${HISTOGRAM_BUCKETS_MAX}`;
    }
    try {
      validateHistogram(histogram);
    } catch (error) {
      if (error instanceof HistogramError) return error.message;
      throw error;
    }
  }
  return undefined;
}

/** Columns of `defined`: known ones keep theirs, the others get the next, equal ones the same. */
function resolveDefined(
  batch: SampleBatch,
  context: AppendContext,
): {
  readonly refs: Uint32Array;
  readonly defined: readonly Labels[];
  /** All of the batch's, and no two of them equal. */
  readonly areNew: boolean;
} {
  const refs = new Uint32Array(batch.defined.length);
  if (refs.length === 0) return { refs, defined: [], areNew: true };
  const { cohort, series } = context;
  const fresh = new DefinedSets(refs.length);
  const { sets: defined } = fresh;
  const width = cohort?.width ?? 0;
  for (let i = 0; i < refs.length; i++) {
    const labels = batch.defined[i]!;
    const found = cohort === undefined ? -1 : series.find(cohort.id, labels);
    if (found >= 0) {
      refs[i] = series.columnOf(found);
      continue;
    }
    refs[i] = width + fresh.place(labels);
  }
  return { refs, defined, areNew: defined.length === refs.length };
}

/** A column whose series retention has removed is as unknown as one beyond the end. */
function refsKnown(batch: SampleBatch, cohort: Cohort | undefined): boolean {
  const width = cohort?.width ?? 0;
  for (const list of [batch.rows, batch.strays]) {
    for (const { refs } of list) {
      if (isSharedColumns(refs) && refs.length <= width && cohort?.hasRemoved === false) continue;
      for (let i = 0; i < refs.length; i++) {
        const ref = refs[i]!;
        if (ref >= NEW_SERIES_BIT ? ref - NEW_SERIES_BIT >= batch.defined.length : ref >= width) return false;
        if (cohort?.hasRemoved && ref < NEW_SERIES_BIT && cohort.seriesOf[ref] === REMOVED_SERIES) {
          return false;
        }
      }
    }
  }
  return true;
}

/** With their series by labels. */
function exemplarsOf(
  { defined }: SampleBatch,
  exemplars: readonly BatchExemplar[],
  { cohort, series }: AppendContext,
): readonly SeriesExemplar[] {
  const found: SeriesExemplar[] = [];
  for (const { ref, ...exemplar } of exemplars) {
    if (ref >= NEW_SERIES_BIT) {
      const labels = defined[ref - NEW_SERIES_BIT];
      if (labels !== undefined) found.push({ ...exemplar, series: labels });
    } else if (cohort !== undefined && ref < cohort.width && cohort.seriesOf[ref] !== REMOVED_SERIES) {
      found.push({ ...exemplar, series: series.labelsOf(cohort.seriesOf[ref]!) });
    }
  }
  return found;
}

function columnsOf(refs: Uint32Array, defined: Uint32Array): Uint32Array {
  if (defined.length === 0) return refs;
  const columns = new Uint32Array(refs.length);
  for (let i = 0; i < refs.length; i++) {
    const ref = refs[i]!;
    columns[i] = ref >= NEW_SERIES_BIT ? defined[ref - NEW_SERIES_BIT]! : ref;
  }
  return columns;
}

function ascending(rows: readonly SampleRow[]): readonly SampleRow[] {
  return rows.length < 2 ? rows : [...rows].sort((a, b) => a.tMs - b.tMs);
}

/** Rows of one time become one: their columns differ, since the second of two was judged against the first. */
function mergeEqualTimes(rows: readonly AcceptedRow[]): readonly AcceptedRow[] {
  const merged: AcceptedRow[] = [];
  for (const row of rows) {
    const last = merged[merged.length - 1];
    if (last === undefined || last.tMs !== row.tMs) {
      merged.push(row);
      continue;
    }
    const columns = new Uint32Array(last.columns.length + row.columns.length);
    columns.set(last.columns);
    columns.set(row.columns, last.columns.length);
    const values = new Float64Array(columns.length);
    values.set(last.values);
    values.set(row.values, last.columns.length);
    merged[merged.length - 1] = {
      tMs: row.tMs,
      columns,
      values,
      histograms: joinTables(last, row, values),
    };
  }
  return merged;
}

/** One table for the cells of both rows, which stand one after the other in `values`. */
function joinTables(
  first: AcceptedRow,
  second: AcceptedRow,
  values: Float64Array,
): HistogramTable | undefined {
  if (second.histograms === undefined) return first.histograms;
  const table: FloatHistogram[] = [...first.histograms ?? []];
  const words = wordsOf(values);
  for (let i = first.values.length; i < values.length; i++) {
    const histogram = histogramAt(words, i, second.histograms);
    if (histogram !== undefined) putHistogram(words, i, table, histogram);
  }
  return table;
}
