/**
 * A cohort's manifest: all that a restart needs besides the labels (catalogue), the pages and the journal after
 * `baseSeq`. It is replaced as a whole by each seal, and so decides which pages exist. docs/formats/catalogue.md
 * describes the bytes.
 */
import { Buffer } from "node:buffer";
import { crc32, zstdCompressSync } from "node:zlib";
import type { EpochMs } from "../../core/time.ts";
import type { FloatHistogram } from "../../model/histogram/float_histogram.ts";
import type { HistogramTable } from "../../model/histogram_cell.ts";
import { wordsOf } from "../../model/stale.ts";
import type { PageRef } from "../view.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import { PAGE_ROWS_MAX } from "./column.ts";
import { decodeCells, encodeCells } from "./histogram_column.ts";
import { COHORT_COLUMNS_MAX } from "./labels_chunk.ts";
import { unpack } from "./page.ts";

const MAGIC = 0x314d504e; // "NPM1", little-endian
const VERSION = 1;
/** Added to the version for cohorts with histograms; all others stay readable for every version. */
const WITH_HISTOGRAMS = 1;
/** Added to the version where pages are marked; likewise. */
const WITH_MARKS = 2;
const MANIFEST_BYTES_MAX = 512 * 1024 * 1024;
const MANIFEST_ROWS_MAX = 1_000_000;
const MANIFEST_STRAYS_MAX = 16_000_000;

export interface ManifestRow {
  readonly tMs: EpochMs;
  readonly values: Float64Array;
}

export interface Manifest {
  readonly cohort: number;
  readonly name: string;
  readonly baseSeq: number;
  readonly nextPage: number;
  readonly sealedMaxMs: number;
  readonly minMs: number;
  readonly lastChunkColumn: number;
  readonly lateSeen: boolean;
  readonly released: boolean;
  /** Of each column. */
  readonly lastMs: Float64Array<ArrayBuffer>;
  readonly lastValues: Float64Array<ArrayBuffer>;
  /** What stays in the window. */
  readonly rows: readonly ManifestRow[];
  readonly strayColumns: Uint32Array;
  readonly strayMs: Float64Array;
  readonly strayValues: Float64Array;
  /** What cells of all values point into. */
  readonly histograms?: HistogramTable | undefined;
  readonly pages: readonly PageRef[];
  /** Pages that are no longer part of the cohort but may lie in the store. */
  readonly garbage: readonly number[];
}

function writeValues(out: ByteWriter, values: Float64Array, histograms?: HistogramTable): void {
  for (let at = 0; at < values.length; at += PAGE_ROWS_MAX) {
    const part = values.subarray(at, Math.min(at + PAGE_ROWS_MAX, values.length));
    encodeCells(out, wordsOf(part), part.length, histograms);
  }
}

function readValues(
  input: ByteReader,
  count: number,
  histograms?: FloatHistogram[],
): Float64Array<ArrayBuffer> {
  const parts = new Float64Array(count);
  const words = new Uint32Array(parts.buffer);
  for (let at = 0; at < count; at += PAGE_ROWS_MAX) {
    decodeCells(input, parts, words, at, Math.min(PAGE_ROWS_MAX, count - at), histograms);
  }
  return parts;
}

export function encodeManifest(manifest: Manifest): Uint8Array {
  const { histograms } = manifest;
  const out = new ByteWriter(4096);
  out.varint(manifest.cohort);
  out.text(manifest.name);
  out.varint(manifest.baseSeq);
  out.varint(manifest.nextPage);
  out.float64(manifest.sealedMaxMs);
  out.float64(manifest.minMs);
  out.varint(manifest.lastChunkColumn);
  out.byte((manifest.lateSeen ? 1 : 0) | (manifest.released ? 2 : 0));
  out.varint(manifest.lastMs.length);
  writeValues(out, manifest.lastMs);
  writeValues(out, manifest.lastValues, histograms);
  out.varint(manifest.rows.length);
  for (const row of manifest.rows) {
    out.zigzag(row.tMs);
    out.varint(row.values.length);
    writeValues(out, row.values, histograms);
  }
  out.varint(manifest.strayMs.length);
  writeValues(out, Float64Array.from(manifest.strayColumns));
  writeValues(out, manifest.strayMs);
  writeValues(out, manifest.strayValues, histograms);
  const marked = manifest.pages.some((page) => (page.mark ?? 0) > 0);
  out.varint(manifest.pages.length);
  let lastMs = 0;
  for (const page of manifest.pages) {
    out.varint(page.page);
    out.byte((page.kind === "rows" ? 0 : 1) | (page.level << 1));
    out.zigzag(page.startMs - lastMs);
    out.varint(page.endMs - page.startMs);
    out.varint(page.rowsCount);
    out.varint(page.firstColumn);
    out.varint(page.columnsCount);
    out.varint(page.bytes);
    if (marked) out.varint(page.mark ?? 0);
    lastMs = page.endMs;
  }
  out.varint(manifest.garbage.length);
  for (const page of manifest.garbage) out.varint(page);
  const body = out.peek();
  const packed = zstdCompressSync(body);
  const whole = new ByteWriter(packed.length + 32);
  whole.uint32(MAGIC);
  whole.uint32(0);
  whole.byte(VERSION + (histograms === undefined ? 0 : WITH_HISTOGRAMS) + (marked ? WITH_MARKS : 0));
  whole.varint(body.length);
  whole.raw(packed);
  const bytes = whole.take();
  new DataView(bytes.buffer).setUint32(4, crc32(Buffer.from(bytes.buffer, 8)), true);
  return bytes;
}

/** Throws a `CorruptDataError` that says what is wrong. */
export function decodeManifest(bytes: Uint8Array): Manifest {
  const what = "manifest";
  const outer = new ByteReader(bytes, what);
  if (outer.uint32() !== MAGIC) outer.fail("expected the magic number NPM1");
  const checksum = outer.uint32();
  const actual = crc32(Buffer.from(bytes.buffer, bytes.byteOffset + 8, bytes.length - 8));
  if (checksum !== actual) outer.fail(`checksum is ${actual}, expected ${checksum}`);
  const version = outer.byte();
  const extras = version - VERSION;
  if (extras < 0 || extras > WITH_HISTOGRAMS + WITH_MARKS) {
    outer.fail(`expected version ${VERSION} to ${VERSION + WITH_HISTOGRAMS + WITH_MARKS}, got ${version}`);
  }
  const histograms: FloatHistogram[] | undefined = (extras & WITH_HISTOGRAMS) === 0 ? undefined : [];
  const marked = (extras & WITH_MARKS) !== 0;
  const size = outer.count(MANIFEST_BYTES_MAX, "bytes");
  const input = new ByteReader(unpack(outer.raw(outer.left), size, what), what);
  const cohort = input.varint();
  const name = input.text();
  const baseSeq = input.varint();
  const nextPage = input.varint();
  const sealedMaxMs = input.float64();
  const minMs = input.float64();
  const lastChunkColumn = input.varint();
  const flags = input.byte();
  const width = input.count(Math.min(COHORT_COLUMNS_MAX, input.left * PAGE_ROWS_MAX), "columns");
  const lastMs = readValues(input, width);
  const lastValues = readValues(input, width, histograms);
  const rows: ManifestRow[] = [];
  const rowsCount = input.count(MANIFEST_ROWS_MAX, "rows");
  for (let i = 0; i < rowsCount; i++) {
    const tMs = input.zigzag();
    rows.push({ tMs, values: readValues(input, input.count(width, "cells of a row"), histograms) });
  }
  // A constant column of strays takes a few bytes for thousands of them.
  const straysCount = input.count(Math.min(MANIFEST_STRAYS_MAX, input.left * PAGE_ROWS_MAX), "strays");
  const strayColumns = Uint32Array.from(readValues(input, straysCount));
  const strayMs = readValues(input, straysCount);
  const strayValues = readValues(input, straysCount, histograms);
  const pages: PageRef[] = [];
  const pagesCount = input.count(input.left, "pages");
  let endMs = 0;
  for (let i = 0; i < pagesCount; i++) {
    const page = input.varint();
    const kind = input.byte();
    const startMs = endMs + input.zigzag();
    endMs = startMs + input.varint();
    const ref = {
      page,
      kind: (kind & 1) === 0 ? "rows" as const : "strays" as const,
      level: kind >> 1,
      startMs,
      endMs,
      rowsCount: input.count(PAGE_ROWS_MAX, "rows of a page"),
      firstColumn: input.varint(),
      columnsCount: input.varint(),
      bytes: input.varint(),
    };
    const mark = marked ? input.varint() : 0;
    pages.push(mark === 0 ? ref : { ...ref, mark });
  }
  const garbage: number[] = [];
  const garbageCount = input.count(input.left, "pages to delete");
  for (let i = 0; i < garbageCount; i++) garbage.push(input.varint());
  if (input.left !== 0) input.fail(`${input.left} bytes too many`);
  const lateSeen = (flags & 1) !== 0;
  const released = (flags & 2) !== 0;
  return {
    ...{ cohort, name, baseSeq, nextPage, sealedMaxMs, minMs, lastChunkColumn, lateSeen, released },
    ...{ lastMs, lastValues, rows, strayColumns, strayMs, strayValues, pages, garbage },
    ...(histograms === undefined ? {} : { histograms }),
  };
}
