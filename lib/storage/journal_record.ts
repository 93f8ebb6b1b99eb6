/**
 * The shard's journal records. A batch becomes: its new series, then its rows as changes against the newest value
 * of each column. A decoder therefore needs the state that the encoder had, which replay has: it begins with the
 * cohort's manifest and folds every record after it. Each row is decoded and folded before the next is decoded.
 * docs/formats/journal.md describes the bytes.
 */
import { constants, zstdCompressSync } from "node:zlib";
import type { Labels } from "../model/labels.ts";
import type { SeriesExemplar } from "../model/exemplar.ts";
import type { FloatHistogram } from "../model/histogram/float_histogram.ts";
import { histogramAt, type HistogramTable, isHistogram, setHistogram } from "../model/histogram_cell.ts";
import { wordsOf } from "../model/stale.ts";
import type { AcceptedRow } from "./append.ts";
import { ByteReader, ByteWriter } from "./codecs/bytes.ts";
import { decodeExemplars, encodeExemplars } from "./codecs/exemplars.ts";
import { decodeHistogram, encodeHistogram } from "./codecs/histogram.ts";
import {
  COHORT_COLUMNS_MAX,
  decodeLabelSets,
  encodeLabelSets,
  type PackedLabels,
} from "./codecs/labels_chunk.ts";
import { unpack } from "./codecs/page.ts";
import type { TextPool } from "./codecs/text_pool.ts";
import { areFirstColumns, firstColumns, isSharedColumns } from "../model/first_columns.ts";

const VERSION = 1;
/** Of records whose rows may have more than floats; all others stay readable for every version. */
const VERSION_EXTRAS = 2;
const PACKED = 0x80;
const KIND_DEFINE = 1;
const KIND_SAMPLES = 2;
/** Of version 2. */
const KIND_EXEMPLARS = 3;
/** New series of one record: a record stays far below a journal entry's limit. */
export const DEFINE_RECORD_SERIES_MAX = 2_000;
/** Samples of one record, for the same reason; a wider row is divided. */
export const SAMPLES_RECORD_MAX = 50_000;
const RECORD_BYTES_MAX = 64 * 1024 * 1024;
/** zstd costs 48 µs a call: below this a few minutes of samples are cheaper as they are. */
const PACK_SAMPLES_BYTES_MIN = 32_768;
/** Labels are rare and pack six times smaller. */
const PACK_DEFINE_BYTES_MIN = 2_048;
const PACK_OPTIONS = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
const INTEGER_DELTA_MAX = 2 ** 30;
/** Flags of a row. */
const ROW_STRAYS = 1;
const ROW_HISTOGRAMS = 2;

const delta = new Float64Array(2);
const deltaWords = new Uint32Array(delta.buffer);

/** What encoding and decoding read: the newest value of each column. */
export interface RowBase {
  readonly lastWords: Uint32Array;
  /** What cells of `lastWords` point into. */
  readonly histograms?: HistogramTable | undefined;
}

interface DefineHead {
  readonly cohort: number;
  readonly name: string;
  readonly firstColumn: number;
}

export interface DefineRecord extends DefineHead {
  readonly kind: "define";
  readonly defined: PackedLabels;
}

export interface SamplesRecord {
  readonly kind: "samples";
  readonly cohort: number;
  readonly rowsCount: number;
  /** Behind the head of the record: rows are decoded one by one, each after the one before was folded. */
  readonly input: ByteReader;
}

export interface ExemplarsRecord {
  readonly kind: "exemplars";
  readonly exemplars: readonly SeriesExemplar[];
}

export function encodeDefine(record: DefineHead & { readonly defined: readonly Labels[] }): Uint8Array {
  const out = new ByteWriter(1024);
  out.byte(KIND_DEFINE);
  out.varint(record.cohort);
  out.text(record.name);
  out.varint(record.firstColumn);
  encodeLabelSets(out, record.defined);
  return pack(out, PACK_DEFINE_BYTES_MIN);
}

export function encodeExemplarsRecord(exemplars: readonly SeriesExemplar[]): Uint8Array {
  const out = new ByteWriter(1024);
  out.byte(KIND_EXEMPLARS);
  encodeExemplars(out, exemplars);
  return pack(out, PACK_DEFINE_BYTES_MIN, VERSION_EXTRAS);
}

export function beginSamples(out: ByteWriter, cohort: number, rowsCount: number): void {
  out.byte(KIND_SAMPLES);
  out.varint(cohort);
  out.varint(rowsCount);
}

/** Ends what `beginSamples` began; `hasExtras` where a row has histograms. */
export function finish(out: ByteWriter, hasExtras = false): Uint8Array {
  return pack(out, PACK_SAMPLES_BYTES_MIN, hasExtras ? VERSION_EXTRAS : VERSION);
}

function pack(out: ByteWriter, packBytesMin: number, version = VERSION): Uint8Array {
  const body = out.peek();
  if (body.length >= packBytesMin) {
    const packed = zstdCompressSync(body, PACK_OPTIONS);
    if (packed.length < body.length * 0.9) {
      const head = new ByteWriter(packed.length + 16);
      head.byte(version | PACKED);
      head.varint(body.length);
      head.raw(packed);
      return head.take();
    }
  }
  const record = new Uint8Array(1 + body.length);
  record[0] = version;
  record.set(body, 1);
  return record;
}

/** Appends a row, as changes against `base`. */
export function encodeRow(out: ByteWriter, row: AcceptedRow, stray: boolean, base: RowBase): void {
  const { columns } = row;
  const count = columns.length;
  out.byte((stray ? ROW_STRAYS : 0) | (row.histograms === undefined ? 0 : ROW_HISTOGRAMS));
  out.zigzag(row.tMs);
  out.varint(count);
  let next = 0;
  let i = 0;
  if (count > 0 && isSharedColumns(columns)) {
    out.zigzag(0);
    out.varint(count);
    i = count;
  }
  while (i < count) {
    const start = columns[i]!;
    let end = i + 1;
    while (end < count && columns[end] === start + (end - i)) end++;
    out.zigzag(start - next);
    out.varint(end - i);
    next = start + (end - i);
    i = end;
  }
  const words = wordsOf(row.values);
  const { lastWords } = base;
  const bitmapBytes = (count + 7) >> 3;
  const bitmaps = out.length;
  // Room for all that follows: at most eight bytes a value, so that `bytes` stays the writer's array.
  const bytes = out.reserve(2 * bitmapBytes + 8 * count + 8);
  bytes.fill(0, bitmaps, bitmaps + 2 * bitmapBytes);
  let at = bitmaps + 2 * bitmapBytes;
  for (let i = 0; i < count; i++) {
    const column = columns[i]!;
    const low = words[2 * i]!;
    const high = words[2 * i + 1]!;
    if (low === lastWords[2 * column] && high === lastWords[2 * column + 1]) continue;
    const bit = 1 << (i & 7);
    bytes[bitmaps + (i >> 3)]! |= bit;
    deltaWords[0] = low;
    deltaWords[1] = high;
    deltaWords[2] = lastWords[2 * column]!;
    deltaWords[3] = lastWords[2 * column + 1]!;
    const value = delta[0]!;
    const step = value - delta[1]!;
    if (step === Math.floor(step) && isIntegerDelta(value, step)) {
      bytes[bitmaps + bitmapBytes + (i >> 3)]! |= bit;
      let rest = step < 0 ? -step * 2 - 1 : step * 2;
      while (rest >= 0x80) {
        bytes[at++] = (rest & 0x7f) | 0x80;
        rest = Math.floor(rest / 128);
      }
      bytes[at++] = rest;
    } else {
      bytes[at++] = low;
      bytes[at++] = low >>> 8;
      bytes[at++] = low >>> 16;
      bytes[at++] = low >>> 24;
      bytes[at++] = high;
      bytes[at++] = high >>> 8;
      bytes[at++] = high >>> 16;
      bytes[at++] = high >>> 24;
    }
  }
  out.length = at;
  if (row.histograms !== undefined) encodeHistograms(out, row, row.histograms, base);
}

/** In the order of the row's cells, each as changes against the newest of its column where that is a histogram. */
function encodeHistograms(out: ByteWriter, row: AcceptedRow, table: HistogramTable, base: RowBase): void {
  const words = wordsOf(row.values);
  for (let i = 0; i < row.columns.length; i++) {
    const histogram = histogramAt(words, i, table);
    if (histogram === undefined) continue;
    encodeHistogram(out, histogram, histogramAt(base.lastWords, row.columns[i]!, base.histograms));
  }
}

/** Cells that are histograms get their places in the row's own table. */
function decodeHistograms(
  input: ByteReader,
  columns: Uint32Array,
  values: Float64Array,
  base: RowBase,
): HistogramTable {
  const words = wordsOf(values);
  const table: FloatHistogram[] = [];
  for (let i = 0; i < columns.length; i++) {
    if (!isHistogram(words, i)) continue;
    setHistogram(words, i, table.length);
    table.push(decodeHistogram(input, histogramAt(base.lastWords, columns[i]!, base.histograms)));
  }
  return table;
}

/** Both values are whole then, and the sum of the old one and the step is exactly the new one. */
function isIntegerDelta(value: number, step: number): boolean {
  return Math.abs(step) <= INTEGER_DELTA_MAX && Number.isSafeInteger(value) &&
    Number.isSafeInteger(value - step) &&
    !Object.is(value, -0);
}

/** Throws a `CorruptDataError` for what `finish` did not write. */
export function decodeRecord(
  bytes: Uint8Array,
  pool?: TextPool,
): DefineRecord | SamplesRecord | ExemplarsRecord {
  const what = "journal record";
  const outer = new ByteReader(bytes, what);
  const head = outer.byte();
  const version = head & ~PACKED;
  if (version !== VERSION && version !== VERSION_EXTRAS) {
    outer.fail(`expected version ${VERSION} or ${VERSION_EXTRAS}, got ${version}`);
  }
  let input = outer;
  if ((head & PACKED) !== 0) {
    const size = outer.count(RECORD_BYTES_MAX, "bytes of a record");
    const body = unpack(outer.raw(outer.left), size, what);
    if (body.length !== size) outer.fail(`expected ${size} bytes, got ${body.length}`);
    input = new ByteReader(body, what);
  }
  const kind = input.byte();
  if (kind === KIND_EXEMPLARS) {
    const exemplars = decodeExemplars(input);
    if (input.left !== 0) input.fail(`${input.left} bytes too many`);
    return { kind: "exemplars", exemplars };
  }
  const cohort = input.varint();
  if (kind === KIND_DEFINE) {
    const name = input.text();
    const firstColumn = input.count(COHORT_COLUMNS_MAX, "columns");
    const defined = decodeLabelSets(input, pool);
    if (input.left !== 0) input.fail(`${input.left} bytes too many`);
    return { kind: "define", cohort, name, firstColumn, defined };
  }
  if (kind !== KIND_SAMPLES) input.fail(`unknown record kind ${kind}`);
  return { kind: "samples", cohort, rowsCount: input.count(input.left, "rows"), input };
}

/** The next row of a samples record. `width` bounds its columns. */
export function decodeRow(
  input: ByteReader,
  width: number,
  base: RowBase,
): { readonly row: AcceptedRow; readonly stray: boolean } {
  const flags = input.byte();
  if ((flags & ~(ROW_STRAYS | ROW_HISTOGRAMS)) !== 0) input.fail(`unknown flags ${flags} of a row`);
  const tMs = input.zigzag();
  const count = input.count(width, "samples of a row");
  const columns = decodeColumns(input, count, width);
  const bitmapBytes = (count + 7) >> 3;
  const changed = input.raw(bitmapBytes);
  const integral = input.raw(bitmapBytes);
  const values = new Float64Array(count);
  decodeValues(input, values, columns, base.lastWords, changed, integral);
  const stray = (flags & ROW_STRAYS) !== 0;
  if ((flags & ROW_HISTOGRAMS) === 0) return { row: { tMs, columns, values }, stray };
  const histograms = decodeHistograms(input, columns, values, base);
  return { row: { tMs, columns, values, histograms }, stray };
}

/** As many as there are bits set in `changed`, from `input`; the others are the columns' newest. */
function decodeValues(
  input: ByteReader,
  values: Float64Array,
  columns: Uint32Array,
  lastWords: Uint32Array,
  changed: Uint8Array,
  integral: Uint8Array,
): void {
  const count = columns.length;
  const words = wordsOf(values);
  if (areFirstColumns(columns)) words.set(lastWords.subarray(0, 2 * count));
  else {
    for (let i = 0; i < count; i++) {
      const column = columns[i]!;
      words[2 * i] = lastWords[2 * column]!;
      words[2 * i + 1] = lastWords[2 * column + 1]!;
    }
  }
  const { bytes } = input;
  const end = bytes.length;
  let at = input.at;
  for (let i = 0; i < count; i++) {
    const bits = changed[i >> 3]!;
    if (bits === 0) {
      i |= 7; // none of these eight
      continue;
    }
    const bit = 1 << (i & 7);
    if ((bits & bit) === 0) continue;
    if ((integral[i >> 3]! & bit) !== 0) {
      const first = at + 1 < end ? bytes[at]! : 0x80;
      const second = first < 0x80 ? 0 : at + 1 < end ? bytes[at + 1]! : 0x80;
      if (second < 0x80) {
        const step = (first & 0x7f) | (second << 7);
        // What has not changed yet is the newest value, and whole.
        values[i] = values[i]! + ((step >>> 1) ^ -(step & 1));
        at += first < 0x80 ? 1 : 2;
      } else {
        input.at = at;
        values[i] = values[i]! + input.zigzag();
        at = input.at;
      }
    } else {
      if (at + 8 > end) {
        input.at = at;
        input.need(8);
      }
      words[2 * i] = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
      words[2 * i + 1] = bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) |
        (bytes[at + 7]! << 24);
      at += 8;
    }
  }
  input.at = at;
}

/** Those of a whole row are shared, and not to be written to. */
function decodeColumns(input: ByteReader, count: number, width: number): Uint32Array {
  let columns: Uint32Array | undefined;
  let next = 0;
  for (let i = 0; i < count;) {
    const start = next + input.zigzag();
    const length = input.varint();
    if (start < 0 || length === 0 || length > count - i || start + length > width) {
      input.fail(`columns ${start} to ${start + length} of ${width}`);
    }
    if (start === 0 && length === count) return firstColumns(count);
    columns ??= new Uint32Array(count);
    for (let k = 0; k < length; k++) columns[i + k] = start + k;
    next = start + length;
    i += length;
  }
  return columns ?? firstColumns(0);
}
