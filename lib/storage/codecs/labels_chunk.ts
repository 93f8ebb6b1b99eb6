/**
 * Label sets of successive columns: a table of distinct strings, then each set as indices into it. Used by the
 * catalogue and by the journal. Decoded sets stay in that form: a start has half a million of them to intern, and
 * their pairs repeat within a chunk. docs/formats/catalogue.md describes the bytes.
 */
import { Buffer } from "node:buffer";
import { crc32, zstdCompressSync } from "node:zlib";
import type { Labels } from "../../model/labels.ts";
import { LABELS_PER_SERIES_MAX } from "../series_table.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import { PAGE_BYTES_MAX, unpack } from "./page.ts";
import { isRest, passTexts, type SetsBefore } from "./sets_before.ts";
import type { TextPool } from "./text_pool.ts";

const MAGIC = 0x314c504e; // "NPL1", little-endian
const VERSION = 1;
/** Of an unpacked chunk. */
const CHUNK_TEXT_BYTES_MAX = 4 * 1024 * 1024;
/** Label sets of one chunk of the catalogue. */
export const CHUNK_SERIES_MAX = 2_048;

/** Columns of a cohort: bounds what a damaged count can ask for. */
export const COHORT_COLUMNS_MAX = 4_000_000;

export function encodeLabelSets(out: ByteWriter, sets: readonly Labels[]): void {
  const ids = new Map<string, number>();
  for (const labels of sets) {
    for (const text of labels) if (!ids.has(text)) ids.set(text, ids.size);
  }
  out.varint(ids.size);
  for (const text of ids.keys()) out.text(text);
  out.varint(sets.length);
  for (const labels of sets) {
    out.varint(labels.length >> 1);
    for (const text of labels) out.varint(ids.get(text)!);
  }
}

/** Label sets as they lie in the bytes: positions of strings, name and value in turn. */
export class PackedLabels {
  readonly #ends: Uint32Array;

  /** Set i ends at `ends[i]` in `refs`; the next begins there. */
  constructor(readonly texts: readonly string[], readonly refs: Uint32Array, ends: Uint32Array) {
    this.#ends = ends;
  }

  get count(): number {
    return this.#ends.length;
  }

  startOf(set: number): number {
    return set === 0 ? 0 : this.#ends[set - 1]!;
  }

  endOf(set: number): number {
    return this.#ends[set]!;
  }

  labelsAt(set: number): Labels {
    const flat: string[] = [];
    for (let i = this.startOf(set); i < this.endOf(set); i++) flat.push(this.texts[this.refs[i]!]!);
    return flat;
  }

  /** The same sets over other texts. */
  withTexts(texts: readonly string[]): PackedLabels {
    return new PackedLabels(texts, this.refs, this.#ends);
  }

  unpack(): Labels[] {
    return Array.from({ length: this.count }, (_, set) => this.labelsAt(set));
  }
}

export function decodeLabelSets(input: ByteReader, pool?: TextPool): PackedLabels {
  const textsCount = input.count(input.left, "strings");
  const textsAt = input.at;
  const before = pool?.before;
  // What fails half way leaves none behind.
  if (pool !== undefined) pool.before = undefined;
  const textEnds = new Uint32Array(textsCount);
  const texts = readTexts(input, textEnds, pool, before);
  const { bytes } = input;
  if (pool !== undefined && before?.textEnds.length === textsCount && isRest(before, input)) {
    const labels = before.labels.withTexts(texts);
    pool.before = { bytes, textsAt, textEnds, labels };
    input.at = bytes.length;
    return labels;
  }
  const setsCount = input.count(Math.min(COHORT_COLUMNS_MAX, input.left), "label sets");
  const ends = new Uint32Array(setsCount);
  // Each takes a byte at least.
  const refs = new Uint32Array(input.left);
  let at = 0;
  for (let i = 0; i < setsCount; i++) {
    const end = at + 2 * input.count(LABELS_PER_SERIES_MAX, "labels of a series");
    while (at < end) {
      const text = input.varint();
      if (text >= textsCount) input.fail("a label names a string that is not in the table");
      refs[at++] = text;
    }
    ends[i] = end;
  }
  const labels = new PackedLabels(texts, refs.subarray(0, at), ends);
  if (pool !== undefined && input.left === 0) pool.before = { bytes, textsAt, textEnds, labels };
  return labels;
}

function readTexts(
  input: ByteReader,
  ends: Uint32Array,
  pool: TextPool | undefined,
  before: SetsBefore | undefined,
): readonly string[] {
  const texts: string[] = [];
  while (texts.length < ends.length) {
    const passed = before === undefined ? 0 : passTexts(before, texts.length, input, ends);
    for (let i = 0; i < passed; i++) texts.push(before!.labels.texts[texts.length]!);
    if (texts.length === ends.length) break;
    texts.push(input.text(pool));
    ends[texts.length - 1] = input.at;
  }
  return texts;
}

/** A chunk of the catalogue; undefined when it would be too large, and is to be divided. */
export function encodeChunk(sets: readonly Labels[]): Uint8Array | undefined {
  const body = new ByteWriter(4096);
  encodeLabelSets(body, sets);
  if (body.length > CHUNK_TEXT_BYTES_MAX) return undefined;
  const packed = zstdCompressSync(body.peek());
  const out = new ByteWriter(packed.length + 16);
  out.uint32(MAGIC);
  out.uint32(0);
  out.byte(VERSION);
  out.uint32(body.length);
  out.raw(packed);
  if (out.length > PAGE_BYTES_MAX) return undefined;
  const bytes = out.take();
  new DataView(bytes.buffer).setUint32(4, crc32(Buffer.from(bytes.buffer, 8)), true);
  return bytes;
}

/** Throws a `CorruptDataError` that says what is wrong. */
export function decodeChunk(bytes: Uint8Array, pool?: TextPool): PackedLabels {
  const what = "catalogue chunk";
  const outer = new ByteReader(bytes, what);
  if (outer.uint32() !== MAGIC) outer.fail("expected the magic number NPL1");
  const checksum = outer.uint32();
  const actual = crc32(Buffer.from(bytes.buffer, bytes.byteOffset + 8, bytes.length - 8));
  if (checksum !== actual) outer.fail(`checksum is ${actual}, expected ${checksum}`);
  const version = outer.byte();
  if (version !== VERSION) outer.fail(`expected version ${VERSION}, got ${version}`);
  const size = outer.uint32();
  if (size > CHUNK_TEXT_BYTES_MAX) outer.fail(`${size} bytes of text are too many`);
  const input = new ByteReader(unpack(outer.raw(outer.left), size, what), what);
  const sets = decodeLabelSets(input, pool);
  if (input.left !== 0) input.fail(`${input.left} bytes too many`);
  return sets;
}
