/**
 * A page: encoded columns of one cohort over a span of rows, or strays, as one KV value. The header and a
 * checksum stand before a payload that zstd may have packed. Decoding opens a page once (checksum, unpacking,
 * column offsets) and then decodes the wanted columns only. docs/formats/page.md describes the bytes.
 */
import { Buffer } from "node:buffer";
import { constants, crc32, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import type { EpochMs } from "../../core/time.ts";
import { KV_VALUE_BYTES_MAX } from "../../core/limits.ts";
import { assert } from "../../core/assert.ts";
import type { FloatHistogram } from "../../model/histogram/float_histogram.ts";
import type { HistogramTable } from "../../model/histogram_cell.ts";
import { CorruptDataError } from "../errors.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import { decodeColumn, encodeColumn, PAGE_ROWS_MAX } from "./column.ts";
import { decodeCells, encodeCells } from "./histogram_column.ts";

/** Output buffers of zstd: the least that node takes, and what a damaged size may ask for at once. */
const UNPACK_CHUNK_BYTES_MIN = 64;
const UNPACK_CHUNK_BYTES_MAX = 1024 * 1024;
/** A commit of twelve pages and what goes with them stays below the KV's 800 KiB. */
export const PAGE_BYTES_MAX = 60 * 1024;
assert(PAGE_BYTES_MAX <= KV_VALUE_BYTES_MAX);
/** Of an unpacked payload: eight times a page; more is a damaged page or a bomb. */
export const PAGE_PAYLOAD_BYTES_MAX = 8 * PAGE_BYTES_MAX;
export const PAGE_COLUMNS_MAX = 16_384;

const MAGIC = 0x3147504e; // "NPG1", little-endian
const VERSION = 1;
/** Of pages that hold histograms; all others stay readable for every version. */
const VERSION_HISTOGRAMS = 2;
const KIND_ROWS = 0;
const KIND_STRAYS = 1;
const PACKED = 0x80;
const HEADER_BYTES = 44;
/** zstd costs 48 µs a call whatever the size, and rarely helps below this. */
const PACK_BYTES_MIN = 256;
const PACK_OPTIONS = { params: { [constants.ZSTD_c_compressionLevel]: 3 } };

/** Columns of the page that is being encoded: one at a time, and never awaited. */
const body = new ByteWriter(PAGE_BYTES_MAX);

export interface PageHead {
  readonly kind: "rows" | "strays";
  readonly cohort: number;
  readonly startMs: EpochMs;
  readonly endMs: EpochMs;
  readonly rowsCount: number;
  readonly firstColumn: number;
  readonly columnsCount: number;
  readonly hasHistograms: boolean;
}

/** An opened page. Its payload is shared: read-only. */
export interface OpenPage extends PageHead {
  readonly payload: Uint8Array;
  /** Rows only: ascending. */
  readonly tMs: Float64Array;
  /** Rows only: where column i begins in the payload; one more than there are columns. */
  readonly offsets: Uint32Array;
}

function sealBytes(head: PageHead, payload: Uint8Array): Uint8Array | undefined {
  if (payload.length > PAGE_PAYLOAD_BYTES_MAX) return undefined;
  let packedBody = payload;
  let flags = head.kind === "rows" ? KIND_ROWS : KIND_STRAYS;
  if (payload.length >= PACK_BYTES_MIN) {
    const packed = zstdCompressSync(payload, PACK_OPTIONS);
    if (packed.length < payload.length * 0.95) {
      packedBody = packed;
      flags |= PACKED;
    }
  }
  if (HEADER_BYTES + packedBody.length > PAGE_BYTES_MAX) return undefined;
  const out = new ByteWriter(HEADER_BYTES + packedBody.length);
  out.uint32(MAGIC);
  out.uint32(0);
  out.byte(head.hasHistograms ? VERSION_HISTOGRAMS : VERSION);
  out.byte(flags);
  out.byte(head.rowsCount & 0xff);
  out.byte(head.rowsCount >> 8);
  out.uint32(head.cohort);
  out.float64(head.startMs);
  out.float64(head.endMs);
  out.uint32(head.firstColumn);
  out.uint32(head.columnsCount);
  out.uint32(payload.length);
  out.raw(packedBody);
  const bytes = out.take();
  new DataView(bytes.buffer).setUint32(4, crc32(Buffer.from(bytes.buffer, 8)), true);
  return bytes;
}

/**
 * Encodes columns `firstColumn … firstColumn + columnsCount` over the rows at `tMs`. `columnWords(column)` gives
 * the cells of a column as words, valid until its next call; `histograms` is what they may point into. Undefined
 * when the page would exceed its limit: the caller then divides the columns.
 */
export function encodeRowsPage(
  cohort: number,
  tMs: Float64Array,
  firstColumn: number,
  columnsCount: number,
  columnWords: (column: number) => Uint32Array,
  histograms?: HistogramTable,
): Uint8Array | undefined {
  assert(tMs.length > 0 && tMs.length <= PAGE_ROWS_MAX && columnsCount <= PAGE_COLUMNS_MAX);
  body.clear();
  const sizes = new Uint32Array(columnsCount);
  for (let i = 0; i < columnsCount; i++) {
    const start = body.length;
    if (histograms === undefined) encodeColumn(body, columnWords(firstColumn + i), tMs.length);
    else encodeCells(body, columnWords(firstColumn + i), tMs.length, histograms);
    sizes[i] = body.length - start;
    if (body.length > PAGE_PAYLOAD_BYTES_MAX / 2) return undefined;
  }
  const out = new ByteWriter(body.length + 4 * columnsCount + 64);
  encodeColumn(out, new Uint32Array(tMs.buffer, tMs.byteOffset, tMs.length * 2), tMs.length);
  for (let i = 0; i < columnsCount; i++) out.varint(sizes[i]!);
  out.raw(body.peek());
  return sealBytes({
    kind: "rows",
    cohort,
    startMs: tMs[0]!,
    endMs: tMs[tMs.length - 1]!,
    rowsCount: tMs.length,
    firstColumn,
    columnsCount,
    hasHistograms: histograms !== undefined,
  }, out.peek());
}

/** Samples with times of their own, sorted by column and then by time; at most PAGE_ROWS_MAX. */
export interface Strays {
  readonly columns: Uint32Array;
  readonly tMs: Float64Array;
  readonly values: Float64Array;
  readonly histograms?: HistogramTable | undefined;
}

export function encodeStraysPage(cohort: number, strays: Strays): Uint8Array | undefined {
  const count = strays.tMs.length;
  assert(count > 0 && count <= PAGE_ROWS_MAX);
  let startMs = Infinity;
  let endMs = -Infinity;
  for (let i = 0; i < count; i++) {
    startMs = Math.min(startMs, strays.tMs[i]!);
    endMs = Math.max(endMs, strays.tMs[i]!);
  }
  const out = new ByteWriter(1024);
  for (const part of [Float64Array.from(strays.columns), strays.tMs, strays.values]) {
    const words = new Uint32Array(part.buffer, part.byteOffset, count * 2);
    encodeCells(out, words, count, part === strays.values ? strays.histograms : undefined);
  }
  const head = { kind: "strays", cohort, startMs, endMs, rowsCount: count } as const;
  const hasHistograms = strays.histograms !== undefined;
  return sealBytes({ ...head, ...strayColumnsOf(strays.columns), hasHistograms }, out.peek());
}

/** The columns that a page of strays may have samples of; 0 of them, where they lie too far apart: any. */
export function strayColumnsOf(
  sorted: Uint32Array,
): { readonly firstColumn: number; readonly columnsCount: number } {
  const firstColumn = sorted[0]!;
  const columnsCount = sorted[sorted.length - 1]! + 1 - firstColumn;
  return columnsCount > PAGE_COLUMNS_MAX
    ? { firstColumn: 0, columnsCount: 0 }
    : { firstColumn, columnsCount };
}

/** Throws a `CorruptDataError` that says what is wrong. */
export function openPage(bytes: Uint8Array): OpenPage {
  const what = "page";
  const input = new ByteReader(bytes, what);
  if (bytes.length < HEADER_BYTES) {
    input.fail(`expected a header of ${HEADER_BYTES} bytes, got ${bytes.length}`);
  }
  if (input.uint32() !== MAGIC) input.fail("expected the magic number NPG1");
  const checksum = input.uint32();
  const actual = crc32(Buffer.from(bytes.buffer, bytes.byteOffset + 8, bytes.length - 8));
  if (checksum !== actual) input.fail(`checksum is ${actual}, expected ${checksum}`);
  const version = input.byte();
  if (version !== VERSION && version !== VERSION_HISTOGRAMS) {
    input.fail(`expected version ${VERSION} or ${VERSION_HISTOGRAMS}, got ${version}`);
  }
  const flags = input.byte();
  if ((flags & ~(PACKED | KIND_STRAYS)) !== 0) input.fail(`unknown flags ${flags}`);
  const kind = (flags & KIND_STRAYS) === 0 ? "rows" : "strays";
  const rowsCount = input.byte() + input.byte() * 256;
  if (rowsCount === 0 || rowsCount > PAGE_ROWS_MAX) {
    input.fail(`${rowsCount} rows, expected 1 to ${PAGE_ROWS_MAX}`);
  }
  const cohort = input.uint32();
  const startMs = input.float64();
  const endMs = input.float64();
  const firstColumn = input.uint32();
  const columnsCount = input.uint32();
  if (columnsCount > PAGE_COLUMNS_MAX) {
    input.fail(`${columnsCount} columns, expected at most ${PAGE_COLUMNS_MAX}`);
  }
  const payloadBytes = input.uint32();
  if (payloadBytes > PAGE_PAYLOAD_BYTES_MAX) input.fail(`a payload of ${payloadBytes} bytes is too large`);
  let payload = bytes.subarray(HEADER_BYTES);
  if ((flags & PACKED) !== 0) payload = unpack(payload, payloadBytes, what);
  if (payload.length !== payloadBytes) {
    input.fail(`expected a payload of ${payloadBytes} bytes, got ${payload.length}`);
  }
  const hasHistograms = version === VERSION_HISTOGRAMS;
  const head = { kind, cohort, startMs, endMs, rowsCount, firstColumn, columnsCount, hasHistograms } as const;
  const none = { payload, tMs: new Float64Array(0), offsets: new Uint32Array(0) };
  if (kind === "strays") return { ...head, ...none };
  const columns = new ByteReader(payload, what);
  const tMs = new Float64Array(rowsCount);
  decodeColumn(columns, tMs, new Uint32Array(tMs.buffer), 0, rowsCount);
  if (tMs[0] !== startMs || tMs[rowsCount - 1] !== endMs) columns.fail("times disagree with the header");
  for (let i = 1; i < rowsCount; i++) if (!(tMs[i]! > tMs[i - 1]!)) columns.fail("times are not ascending");
  const offsets = new Uint32Array(columnsCount + 1);
  for (let i = 0; i < columnsCount; i++) offsets[i + 1] = columns.count(payloadBytes, "bytes of a column");
  offsets[0] = columns.at;
  for (let i = 0; i < columnsCount; i++) offsets[i + 1]! += offsets[i]!;
  if (offsets[columnsCount] !== payload.length) columns.fail("column sizes disagree with the payload");
  return { ...head, payload, tMs, offsets };
}

/** `size` is what it should be, and the most that it may be. */
export function unpack(bytes: Uint8Array, size: number, what: string): Uint8Array {
  try {
    // One output buffer with a byte to spare: no second one is begun, and nothing is put together from parts.
    const chunkSize = Math.min(UNPACK_CHUNK_BYTES_MAX, Math.max(UNPACK_CHUNK_BYTES_MIN, size + 1));
    return zstdDecompressSync(bytes, { maxOutputLength: Math.max(1, size), chunkSize });
  } catch (error) {
    throw new CorruptDataError(`Cannot decode ${what}: its payload does not unpack`, { cause: error });
  }
}

/** Decodes one column of an opened page into `out` from `at` on, its histograms into `histograms`; whether it has gaps. */
export function decodePageColumn(
  page: OpenPage,
  column: number,
  input: ByteReader,
  out: Float64Array,
  outWords: Uint32Array,
  at: number,
  histograms?: FloatHistogram[],
): boolean {
  const index = column - page.firstColumn;
  input.at = page.offsets[index]!;
  const gaps = page.hasHistograms
    ? decodeCells(input, out, outWords, at, page.rowsCount, histograms)
    : decodeColumn(input, out, outWords, at, page.rowsCount);
  if (input.at !== page.offsets[index + 1]) input.fail(`column ${column} ends at the wrong place`);
  return gaps;
}

export function decodeStrays(page: OpenPage): Strays {
  const count = page.rowsCount;
  const input = new ByteReader(page.payload, "strays page");
  const parts: Float64Array[] = [];
  const histograms: FloatHistogram[] | undefined = page.hasHistograms ? [] : undefined;
  for (let i = 0; i < 3; i++) {
    const part = new Float64Array(count);
    decodeCells(input, part, new Uint32Array(part.buffer), 0, count, i === 2 ? histograms : undefined);
    parts.push(part);
  }
  if (input.left !== 0) input.fail(`${input.left} bytes too many`);
  const strays = { columns: Uint32Array.from(parts[0]!), tMs: parts[1]!, values: parts[2]! };
  return histograms === undefined ? strays : { ...strays, histograms };
}
