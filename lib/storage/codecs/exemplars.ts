/**
 * Exemplars as bytes: the body of a journal record, and a chunk of the store. Both name their series in full, so
 * that neither depends on a cohort. docs/formats/exemplars.md describes the bytes.
 */
import { Buffer } from "node:buffer";
import { crc32, zstdCompressSync } from "node:zlib";
import type { SeriesExemplar } from "../../model/exemplar.ts";
import { type Labels, labelsKey } from "../../model/labels.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import { decodeLabelSets, encodeLabelSets } from "./labels_chunk.ts";
import { PAGE_BYTES_MAX, unpack } from "./page.ts";

const MAGIC = 0x3145504e; // "NPE1", little-endian
const VERSION = 1;
/** Of an unpacked chunk: 512 series with the longest labels do not reach it. */
const CHUNK_BODY_BYTES_MAX = 32 * 1024 * 1024;

export function encodeExemplars(out: ByteWriter, exemplars: readonly SeriesExemplar[]): void {
  const sets: Labels[] = [];
  const places = new Map<string, number>();
  const placeOf = (labels: Labels) => {
    const key = labelsKey(labels);
    let place = places.get(key);
    if (place === undefined) {
      places.set(key, place = sets.length);
      sets.push(labels);
    }
    return place;
  };
  const refs = exemplars.map(({ series, labels }) => [placeOf(series), placeOf(labels)] as const);
  encodeLabelSets(out, sets);
  out.varint(exemplars.length);
  exemplars.forEach(({ value, tMs, hasTime }, i) => {
    out.varint(refs[i]![0]);
    out.varint(refs[i]![1]);
    out.zigzag(tMs);
    out.byte(hasTime ? 1 : 0);
    out.float64(value);
  });
}

export function decodeExemplars(input: ByteReader): readonly SeriesExemplar[] {
  const sets = decodeLabelSets(input).unpack();
  const labelsAt = (place: number): Labels =>
    sets[place] ?? input.fail(`label set ${place} of ${sets.length}`);
  const exemplars: SeriesExemplar[] = [];
  const count = input.count(input.left, "exemplars");
  for (let i = 0; i < count; i++) {
    const series = labelsAt(input.varint());
    const labels = labelsAt(input.varint());
    const tMs = input.zigzag();
    const hasTime = input.byte() === 1;
    exemplars.push({ series, labels, tMs, hasTime, value: input.float64() });
  }
  return exemplars;
}

/** A value of the store; undefined when it would be too large, and is to be divided. */
export function encodeExemplarChunk(
  exemplars: readonly SeriesExemplar[],
  baseSeq: number,
): Uint8Array | undefined {
  const body = new ByteWriter(4096);
  body.varint(baseSeq);
  encodeExemplars(body, exemplars);
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
export function decodeExemplarChunk(
  bytes: Uint8Array,
): { readonly baseSeq: number; readonly exemplars: readonly SeriesExemplar[] } {
  const what = "exemplars";
  const outer = new ByteReader(bytes, what);
  if (outer.uint32() !== MAGIC) outer.fail("expected the magic number NPE1");
  const checksum = outer.uint32();
  const actual = crc32(Buffer.from(bytes.buffer, bytes.byteOffset + 8, bytes.length - 8));
  if (checksum !== actual) outer.fail(`checksum is ${actual}, expected ${checksum}`);
  const version = outer.byte();
  if (version !== VERSION) outer.fail(`expected version ${VERSION}, got ${version}`);
  const size = outer.uint32();
  if (size > CHUNK_BODY_BYTES_MAX) outer.fail(`${size} bytes are too many`);
  const input = new ByteReader(unpack(outer.raw(outer.left), size, what), what);
  const baseSeq = input.varint();
  const exemplars = decodeExemplars(input);
  if (input.left !== 0) input.fail(`${input.left} bytes too many`);
  return { baseSeq, exemplars };
}
