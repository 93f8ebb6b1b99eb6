/** From a decoded write to storage's batches: one a cohort, its rows by rising time, its new series defined. */
import {
  type AppendOutcome,
  type BatchExemplar,
  NEW_SERIES_BIT,
  type SampleBatch,
  type SampleRow,
} from "../model/batch.ts";
import type { Labels } from "../model/labels.ts";
import { wordsOf } from "../model/stale.ts";
import type { WriteCohort, WriteSeriesEntry } from "./series_cache.ts";
import type { DecodedWrite } from "./write_decoder.ts";

export interface WriteBatch {
  readonly cohort: WriteCohort;
  readonly batch: SampleBatch;
  /** The entries of `batch.defined`, to learn their columns from the outcome. */
  readonly defined: readonly WriteSeriesEntry[];
}

/** Copies everything out of the decoder's scratch arrays. */
export function writeBatchesOf(decoded: DecodedWrite): readonly WriteBatch[] {
  const cohortCount = decoded.cohorts.length;
  const defined: WriteSeriesEntry[][] = Array.from({ length: cohortCount }, () => []);
  const refs = new Uint32Array(decoded.series.length);
  for (let i = 0; i < decoded.series.length; i++) {
    const entry = decoded.series[i]!;
    const cohort = entry.cohort!;
    if (cohort.epoch !== 0 && entry.refEpoch === cohort.epoch) {
      refs[i] = entry.ref;
      continue;
    }
    const list = defined[cohort.indexInRequest]!;
    refs[i] = (NEW_SERIES_BIT | list.length) >>> 0;
    list.push(entry);
  }
  const rows = scatter(decoded, refs);
  const exemplars = exemplarsOf(decoded, refs);
  return decoded.cohorts.map(({ cohort, rows: numbers }, i) => {
    const cohortRows = numbers.map((number) => rows[number]!).sort((a, b) => a.tMs - b.tMs);
    const labels: Labels[] = defined[i]!.map((entry) => entry.labels!);
    return {
      cohort,
      defined: defined[i]!,
      batch: {
        ...{ cohort: cohort.name, epoch: cohort.epoch, defined: labels, rows: cohortRows, strays: [] },
        exemplars: exemplars?.[i],
      },
    };
  });
}

/** By number of the cohort; undefined when the request has none. */
function exemplarsOf(
  { series, cohorts, exemplars }: DecodedWrite,
  refs: Uint32Array,
): readonly (readonly BatchExemplar[])[] | undefined {
  if (exemplars.length === 0) return undefined;
  const found: BatchExemplar[][] = cohorts.map(() => []);
  for (const { series: number, exemplar } of exemplars) {
    found[series[number]!.cohort!.indexInRequest]!.push({ ...exemplar, ref: refs[number]! });
  }
  return found.map((list) => list.sort((a, b) => a.tMs - b.tMs));
}

/** Remembers the columns that an append gave to its new series. */
export function learnRefs(write: WriteBatch, outcome: Extract<AppendOutcome, { kind: "appended" }>): void {
  write.cohort.epoch = outcome.epoch;
  for (let i = 0; i < write.defined.length; i++) {
    const entry = write.defined[i]!;
    entry.ref = outcome.refs[i]!;
    entry.refEpoch = outcome.epoch;
  }
}

/** Series that one batch may define: storage takes some ten milliseconds for so many. */
export const DEFINED_PER_BATCH_MAX = 4_096;

/**
 * A write that defines very many series, as writes that define some of them each and have no samples. As in
 * Prometheus, series stay known when the samples are refused.
 */
export function definingParts({ cohort, batch, defined }: WriteBatch): readonly WriteBatch[] {
  const parts: WriteBatch[] = [];
  for (let at = 0; at < defined.length; at += DEFINED_PER_BATCH_MAX) {
    const end = at + DEFINED_PER_BATCH_MAX;
    const part = { ...batch, defined: batch.defined.slice(at, end), rows: [], strays: [] };
    parts.push({ cohort, defined: defined.slice(at, end), batch: part });
  }
  return parts;
}

/** The samples of a write whose series are all defined and learnt. */
export function withKnownSeries({ cohort, batch, defined }: WriteBatch): WriteBatch {
  for (const { refs } of batch.rows) {
    for (let i = 0; i < refs.length; i++) {
      if (refs[i]! >= NEW_SERIES_BIT) refs[i] = defined[refs[i]! - NEW_SERIES_BIT]!.ref;
    }
  }
  const exemplars = batch.exemplars?.map((exemplar) =>
    exemplar.ref < NEW_SERIES_BIT
      ? exemplar
      : { ...exemplar, ref: defined[exemplar.ref - NEW_SERIES_BIT]!.ref }
  );
  return { cohort, defined: [], batch: { ...batch, exemplars, epoch: cohort.epoch, defined: [] } };
}

function scatter(decoded: DecodedWrite, refs: Uint32Array): readonly SampleRow[] {
  const { rows, sampleCount, sampleSeries, sampleRow, sampleWords } = decoded;
  const rowRefs = rows.map(({ count }) => new Uint32Array(count));
  const rowValues = rows.map(({ count }) => new Float64Array(count));
  const rowWords = rowValues.map(wordsOf);
  const filled = new Uint32Array(rows.length);
  for (let i = 0; i < sampleCount; i++) {
    const row = sampleRow[i]!;
    const at = filled[row]!;
    filled[row] = at + 1;
    rowRefs[row]![at] = refs[sampleSeries[i]!]!;
    const words = rowWords[row]!;
    words[2 * at] = sampleWords[2 * i]!;
    words[2 * at + 1] = sampleWords[2 * i + 1]!;
  }
  return rows.map(({ tMs, hasHistograms }, i) => {
    const histograms = hasHistograms ? decoded.histograms : undefined;
    const row = { tMs, refs: rowRefs[i]!, values: rowValues[i]!, histograms };
    return decoded.mayRepeat ? withoutRepeats(row) : row;
  });
}

/** As Prometheus within one request: the first sample of a series at a time is kept. */
function withoutRepeats(row: SampleRow): SampleRow {
  const seen = new Set<number>();
  const words = wordsOf(row.values);
  let kept = 0;
  for (let i = 0; i < row.refs.length; i++) {
    const ref = row.refs[i]!;
    if (seen.has(ref)) continue;
    seen.add(ref);
    row.refs[kept] = ref;
    words[2 * kept] = words[2 * i]!;
    words[2 * kept + 1] = words[2 * i + 1]!;
    kept++;
  }
  return kept === row.refs.length
    ? row
    : { ...row, refs: row.refs.slice(0, kept), values: row.values.slice(0, kept) };
}
