/**
 * A remote-write 1.0 request as columns: the series, and every sample as three numbers in typed arrays (series, row,
 * value). A row is one timestamp of one cohort. No object a sample. Known series are found by the bytes of their
 * labels (series_cache.ts). Wire format: prompb/remote.proto and types.proto.
 */
import { PbfReader } from "pbf";
import { messageOf, UserError } from "../core/errors.ts";
import { COHORT_NAME_BYTES_MAX } from "../model/batch.ts";
import type { Exemplar } from "../model/exemplar.ts";
import type { FloatHistogram } from "../model/histogram/float_histogram.ts";
import { HistogramError } from "../model/histogram/validate.ts";
import { HISTOGRAM_HIGH, type HistogramTable } from "../model/histogram_cell.ts";
import { type Labels, labelValue } from "../model/labels.ts";
import { NAN_HIGH, NAN_LOW, STALE_HIGH, STALE_LOW } from "../model/stale.ts";
import { readExemplar } from "./exemplar_message.ts";
import { readHistogram } from "./histogram_message.ts";
import { SeriesCache, type WriteCohort, type WriteSeriesEntry } from "./series_cache.ts";
import { LabelDecoder } from "./series_labels.ts";

/** Scratch arrays that have grown beyond this are dropped after the request. */
const SCRATCH_SAMPLES_KEPT = 1 << 17;

/** Rows of one request: each has arrays of its own, so a body of nothing but timestamps would cost a gigabyte. */
export const WRITE_ROWS_MAX = 200_000;

/** Series between two places where decoding may pause: a new one costs some microseconds. */
const SERIES_PER_STEP = 512;

export interface DecodedRow {
  readonly tMs: number;
  count: number;
  hasHistograms: boolean;
}

export interface DecodedCohort {
  readonly cohort: WriteCohort;
  /** Numbers of rows, in the order in which their times were met. */
  readonly rows: number[];
  /** Made when times do not come in the order of the first series. */
  rowByTime: Map<number, number> | undefined;
}

export interface DecodedExemplar {
  /** Number of the series. */
  readonly series: number;
  readonly exemplar: Exemplar;
}

/** `sampleSeries`, `sampleRow` and `sampleWords` are valid until the next decode; only `sampleCount` of them count. */
export interface DecodedWrite {
  readonly series: readonly WriteSeriesEntry[];
  readonly cohorts: readonly DecodedCohort[];
  readonly rows: readonly DecodedRow[];
  readonly sampleCount: number;
  readonly sampleSeries: Uint32Array;
  readonly sampleRow: Uint32Array;
  readonly sampleWords: Uint32Array;
  /** A series came twice, or its times do not rise: a row may hold a series twice. */
  readonly mayRepeat: boolean;
  readonly maxMs: number;
  readonly invalidSamples: number;
  /** Of the first invalid series. */
  readonly invalidReason: string | undefined;
  /** Of series that are known, or have samples in the request. */
  readonly exemplars: readonly DecodedExemplar[];
  /** What samples that are histograms point into. */
  readonly histograms: HistogramTable;
  readonly metadata: number;
}

export class WriteDecoder {
  readonly #cache = new SeriesCache();
  readonly #labels = new LabelDecoder();
  #request = 0;
  #sampleSeries = new Uint32Array(1024);
  #sampleRow = new Uint32Array(1024);
  #sampleWords = new Uint32Array(2048);
  #sampleCount = 0;
  #series: WriteSeriesEntry[] = [];
  #cohorts: DecodedCohort[] = [];
  #rows: DecodedRow[] = [];
  #mayRepeat = false;
  #maxMs = -Infinity;
  #invalidSamples = 0;
  #invalidReason: string | undefined;
  #exemplars: DecodedExemplar[] = [];
  #histograms: FloatHistogram[] = [];

  get cachedSeries(): number {
    return this.#cache.size;
  }

  /** Throws a `UserError` (`bad_data`) for bytes that are no WriteRequest. */
  decode(bytes: Uint8Array): DecodedWrite {
    const steps = this.decodeInSteps(bytes);
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
    }
  }

  /** Yields where the work may pause. No other request may be decoded before it ends. */
  *decodeInSteps(bytes: Uint8Array): Generator<undefined, DecodedWrite> {
    this.#reset();
    let seriesCount = 0;
    let metadata = 0;
    const reader = new PbfReader(bytes);
    try {
      while (reader.pos < bytes.length) {
        const tag = reader.readVarint();
        if (tag === 0x0a) {
          this.#timeSeries(reader, checkedEnd(reader, bytes.length));
          if (++seriesCount % SERIES_PER_STEP === 0) yield;
        } else {
          if (tag === 0x1a) metadata++;
          skipField(reader, tag, bytes.length);
        }
      }
    } catch (error) {
      if (error instanceof HistogramError) throw new UserError("bad_data", error.message);
      throw new UserError(
        "bad_data",
        `proto: cannot parse WriteRequest at byte ${reader.pos}: ${messageOf(error)}`,
      );
    }
    return {
      series: this.#series,
      cohorts: this.#cohorts,
      rows: this.#rows,
      sampleCount: this.#sampleCount,
      sampleSeries: this.#sampleSeries,
      sampleRow: this.#sampleRow,
      sampleWords: this.#sampleWords,
      mayRepeat: this.#mayRepeat,
      maxMs: this.#maxMs,
      invalidSamples: this.#invalidSamples,
      invalidReason: this.#invalidReason,
      exemplars: this.#exemplars,
      histograms: this.#histograms,
      metadata,
    };
  }

  #reset(): void {
    if (this.#sampleSeries.length > SCRATCH_SAMPLES_KEPT) {
      this.#sampleSeries = new Uint32Array(1024);
      this.#sampleRow = new Uint32Array(1024);
      this.#sampleWords = new Uint32Array(2048);
    }
    this.#cache.beginRequest();
    this.#request++;
    this.#sampleCount = 0;
    this.#series = [];
    this.#cohorts = [];
    this.#rows = [];
    this.#mayRepeat = false;
    this.#maxMs = -Infinity;
    this.#invalidSamples = 0;
    this.#invalidReason = undefined;
    this.#exemplars = [];
    this.#histograms = [];
  }

  #timeSeries(reader: PbfReader, end: number): void {
    const start = reader.pos;
    const bytes = reader.buf;
    // Senders write all labels first: their bytes, in one piece, are the key.
    while (reader.pos < end && bytes[reader.pos] === 0x0a) {
      reader.pos++;
      reader.pos = checkedEnd(reader, end);
    }
    const labelsEnd = reader.pos;
    const entry = this.#hasLabelField(reader, labelsEnd, end)
      ? this.#entryOf(reader, start, end) // scattered among the samples: decoded anew each time
      : this.#cachedEntry(reader, start, labelsEnd);
    reader.pos = labelsEnd;
    if (entry.cohort === undefined) {
      this.#skipSamples(reader, end);
      this.#invalidReason ??= entry.invalidReason;
      return;
    }
    this.#samples(reader, end, entry, entry.cohort);
  }

  /** Called at the first sample: a series without one is not made. */
  #enter(entry: WriteSeriesEntry): void {
    if (entry.request === this.#request) {
      this.#mayRepeat = true;
      return;
    }
    entry.request = this.#request;
    entry.indexInRequest = this.#series.length;
    entry.lastMs = -Infinity;
    this.#series.push(entry);
  }

  #samples(reader: PbfReader, end: number, entry: WriteSeriesEntry, writeCohort: WriteCohort): void {
    const bytes = reader.buf;
    const view = reader.dataView;
    let cohort: DecodedCohort | undefined;
    let exemplars: Exemplar[] | undefined;
    let cursor = 0;
    while (reader.pos < end) {
      if (bytes[reader.pos] === 0x1a) {
        reader.pos++;
        (exemplars ??= []).push(readExemplar(reader, checkedEnd(reader, end)));
        continue;
      }
      const isHistogram = bytes[reader.pos] === 0x22;
      if (bytes[reader.pos] !== 0x12 && !isHistogram) {
        this.#otherField(reader, end);
        continue;
      }
      reader.pos++;
      if (cohort === undefined) {
        this.#enter(entry);
        cohort = this.#cohortOf(writeCohort);
      }
      const { rows } = cohort;
      const sampleEnd = checkedEnd(reader, end);
      if (isHistogram) {
        this.#histogram(reader, sampleEnd, entry, cohort);
        continue;
      }
      let low = 0;
      let high = 0;
      let tMs = 0;
      while (reader.pos < sampleEnd) {
        const tag = bytes[reader.pos]!;
        if (tag === 0x09 && reader.pos + 9 <= sampleEnd) {
          low = view.getInt32(reader.pos + 1, true);
          high = view.getInt32(reader.pos + 5, true);
          reader.pos += 9;
        } else if (tag === 0x10) {
          reader.pos++;
          tMs = reader.readVarint(true);
        } else skipField(reader, reader.readVarint(), sampleEnd);
      }
      if (reader.pos !== sampleEnd) throw new RangeError("sample reaches beyond its end");
      if ((high & 0x7ff00000) === 0x7ff00000 && !isStaleOrInfinite(low, high)) {
        low = NAN_LOW;
        high = NAN_HIGH;
      }
      this.#noteTime(entry, tMs);
      let row = cursor < rows.length ? rows[cursor]! : -1;
      if (row < 0 || this.#rows[row]!.tMs !== tMs) {
        row = this.#rowAt(cohort, tMs);
        cursor = cohort.rowByTime === undefined ? rows.length : cursor + 1;
      } else cursor++;
      this.#rows[row]!.count++;
      this.#push(entry.indexInRequest, row, low, high);
    }
    if (exemplars !== undefined) this.#takeExemplars(exemplars, entry, writeCohort);
  }

  /** As Prometheus: exemplars make no series. */
  #takeExemplars(exemplars: readonly Exemplar[], entry: WriteSeriesEntry, cohort: WriteCohort): void {
    if (entry.request !== this.#request) {
      if (entry.refEpoch === 0 || entry.refEpoch !== cohort.epoch) return;
      this.#enter(entry);
      this.#cohortOf(cohort);
    }
    for (const exemplar of exemplars) this.#exemplars.push({ series: entry.indexInRequest, exemplar });
  }

  #noteTime(entry: WriteSeriesEntry, tMs: number): void {
    if (tMs <= entry.lastMs) this.#mayRepeat = true;
    entry.lastMs = tMs;
    if (tMs > this.#maxMs) this.#maxMs = tMs;
  }

  #histogram(reader: PbfReader, end: number, entry: WriteSeriesEntry, cohort: DecodedCohort): void {
    const { tMs, histogram } = readHistogram(reader, end);
    this.#noteTime(entry, tMs);
    const row = this.#rowAt(cohort, tMs);
    this.#rows[row]!.count++;
    if (histogram === undefined) return this.#push(entry.indexInRequest, row, STALE_LOW, STALE_HIGH);
    this.#rows[row]!.hasHistograms = true;
    this.#push(entry.indexInRequest, row, this.#histograms.length, HISTOGRAM_HIGH);
    this.#histograms.push(histogram);
  }

  #push(series: number, row: number, low: number, high: number): void {
    const at = this.#sampleCount++;
    if (at === this.#sampleSeries.length) {
      this.#sampleSeries = grown(this.#sampleSeries);
      this.#sampleRow = grown(this.#sampleRow);
      this.#sampleWords = grown(this.#sampleWords);
    }
    this.#sampleSeries[at] = series;
    this.#sampleRow[at] = row;
    this.#sampleWords[2 * at] = low;
    this.#sampleWords[2 * at + 1] = high;
  }

  /** The row of this time; times that rise beyond the last row need no map. */
  #rowAt(cohort: DecodedCohort, tMs: number): number {
    const { rows } = cohort;
    if (rows.length > 0) {
      const last = this.#rows[rows[rows.length - 1]!]!.tMs;
      if (cohort.rowByTime !== undefined || tMs <= last) {
        cohort.rowByTime ??= new Map(rows.map((row) => [this.#rows[row]!.tMs, row]));
        const found = cohort.rowByTime.get(tMs);
        if (found !== undefined) return found;
      }
    }
    const row = this.#rows.length;
    if (row >= WRITE_ROWS_MAX) throw new RangeError(`more than ${WRITE_ROWS_MAX} distinct timestamps`);
    this.#rows.push({ tMs, count: 0, hasHistograms: false });
    rows.push(row);
    cohort.rowByTime?.set(tMs, row);
    return row;
  }

  #cohortOf(cohort: WriteCohort): DecodedCohort {
    if (cohort.request === this.#request) return this.#cohorts[cohort.indexInRequest]!;
    cohort.request = this.#request;
    cohort.indexInRequest = this.#cohorts.length;
    const decoded: DecodedCohort = { cohort, rows: [], rowByTime: undefined };
    this.#cohorts.push(decoded);
    return decoded;
  }

  #otherField(reader: PbfReader, end: number): void {
    skipField(reader, reader.readVarint(), end);
  }

  #skipSamples(reader: PbfReader, end: number): void {
    while (reader.pos < end) {
      const tag = reader.buf[reader.pos];
      if (tag === 0x12 || tag === 0x22) this.#invalidSamples++;
      this.#otherField(reader, end);
    }
  }

  #hasLabelField(reader: PbfReader, start: number, end: number): boolean {
    const bytes = reader.buf;
    reader.pos = start;
    while (reader.pos < end) {
      // the usual case: samples of less than 128 bytes, one after the other
      if (bytes[reader.pos] === 0x12 && bytes[reader.pos + 1]! < 0x80) {
        reader.pos += 2 + bytes[reader.pos + 1]!;
        continue;
      }
      const tag = reader.readVarint();
      if (tag === 0x0a) return true;
      skipField(reader, tag, end);
    }
    return false;
  }

  #cachedEntry(reader: PbfReader, start: number, end: number): WriteSeriesEntry {
    const found = this.#cache.find(reader.buf, reader.dataView, start, end);
    if (found !== undefined) return found;
    const entry = this.#entryOf(reader, start, end);
    this.#cache.add(reader.buf, reader.dataView, start, end, entry);
    return entry;
  }

  #entryOf(reader: PbfReader, start: number, end: number): WriteSeriesEntry {
    const decoded = this.#labels.decode(reader, start, end);
    const valid = decoded.kind === "valid";
    return {
      labels: valid ? decoded.labels : undefined,
      invalidReason: valid ? "" : decoded.reason,
      cohort: valid ? this.#cache.cohort(cohortNameOf(decoded.labels)) : undefined,
      ref: 0,
      refEpoch: 0,
      request: -1,
      indexInRequest: -1,
      lastMs: -Infinity,
    };
  }
}

/** `write/<job>/<instance>`. A name that would be too long keeps its head and a hash of the whole. */
export function cohortNameOf(labels: Labels): string {
  const name = `write/${labelValue(labels, "job")}/${labelValue(labels, "instance")}`;
  if (3 * name.length <= COHORT_NAME_BYTES_MAX) return name;
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return `${name.slice(0, 150)}~${(hash >>> 0).toString(16)}`;
}

/** Reads a length and returns where it ends. */
function checkedEnd(reader: PbfReader, outerEnd: number): number {
  const end = reader.readVarint() + reader.pos;
  if (end > outerEnd) throw new RangeError("field reaches beyond its message");
  return end;
}

function skipField(reader: PbfReader, tag: number, end: number): void {
  if (tag >>> 3 === 0) throw new RangeError("field number 0");
  reader.skip(tag);
  if (reader.pos > end) throw new RangeError("field reaches beyond its message");
}

function isStaleOrInfinite(low: number, high: number): boolean {
  return (high === STALE_HIGH && low === STALE_LOW) || (low === 0 && (high & 0xfffff) === 0);
}

function grown(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(2 * array.length);
  larger.set(array);
  return larger;
}
