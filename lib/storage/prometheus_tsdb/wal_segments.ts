/**
 * The records of a write-ahead log: files of pages of 32 KiB, in which a record lies whole or in fragments, each
 * with a checksum, packed by snappy or zstd. A record that a crash cut off at the end of a file is left out; anything
 * else that does not fit is a `CorruptDataError`.
 */
import { zstdDecompressSync } from "node:zlib";
import { uncompress } from "snappyjs";
import type { ByteFile } from "../../core/ports.ts";
import { CorruptDataError } from "../errors.ts";
import { BigEndianReader } from "./big_endian.ts";
import { crc32c } from "./crc32c.ts";

const PAGE_BYTES = 32 * 1024;
const FRAGMENT_HEAD_BYTES = 7;
const TYPE_MASK = 0x07;
const SNAPPY = 0x08;
const ZSTD = 0x10;
const TERM = 0;
const FULL = 1;
const FIRST = 2;
const MIDDLE = 3;
const LAST = 4;
/** Unpacked: as many samples as a scrape may have. */
const RECORD_BYTES_MAX = 512 * 1024 * 1024;

export interface WalRecord {
  readonly bytes: Uint8Array;
  /** Where it begins, for messages. */
  readonly where: string;
}

/** Records never reach into the next file. `torn` is told where a record was cut off by the end of the file. */
export function* readWalSegment(file: ByteFile, torn: (where: string) => void): Iterable<WalRecord> {
  let parts: Uint8Array[] = [];
  let where = "";
  for (let at = 0; at < file.bytesCount; at += PAGE_BYTES) {
    const page = file.read(at, PAGE_BYTES);
    const isLast = at + PAGE_BYTES >= file.bytesCount;
    for (let pos = 0; pos < page.length;) {
      const place = `${file.path} at byte ${at + pos}`;
      const head = page[pos]!;
      const type = head & TYPE_MASK;
      if (type === TERM) {
        if (page.subarray(pos).every((byte) => byte === 0)) break;
        throw new CorruptDataError(`Cannot read ${place}: expected zeros up to the end of the page`);
      }
      const fragment = fragmentAt(page, pos, place, isLast);
      if (fragment === undefined) return torn(place);
      const begins = type === FULL || type === FIRST;
      if (begins !== (parts.length === 0) || type > LAST) {
        throw new CorruptDataError(`Cannot read ${place}: unexpected fragment of type ${type}`);
      }
      if (begins) where = place;
      parts.push(fragment);
      pos += FRAGMENT_HEAD_BYTES + fragment.length;
      if (type === MIDDLE || type === FIRST) continue;
      yield { bytes: unpackWhole(head, parts, where), where };
      parts = [];
    }
  }
  if (parts.length > 0) torn(where);
}

/** Undefined for one that was never written whole, which only the last page of a file may hold. */
function fragmentAt(page: Uint8Array, pos: number, place: string, isLast: boolean): Uint8Array | undefined {
  const fail = (reason: string): undefined => {
    if (isLast) return undefined;
    throw new CorruptDataError(`Cannot read ${place}: ${reason}`);
  };
  if (pos + FRAGMENT_HEAD_BYTES > page.length) return fail("the page ends within a record");
  const input = new BigEndianReader(page.subarray(pos), place);
  input.at = 1;
  const size = input.uint16();
  const sum = input.uint32();
  if (size > input.left) return fail("the page ends within a record");
  const bytes = input.raw(size);
  const actual = crc32c(bytes);
  return sum === actual ? bytes : fail(`checksum is ${actual}, expected ${sum}`);
}

/** A record is packed before it is divided. */
function unpackWhole(head: number, parts: readonly Uint8Array[], where: string): Uint8Array {
  let bytes = parts[0]!;
  if (parts.length > 1) {
    bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
  }
  try {
    if ((head & SNAPPY) !== 0) return uncompress(bytes, RECORD_BYTES_MAX);
    if ((head & ZSTD) !== 0) return zstdDecompressSync(bytes, { maxOutputLength: RECORD_BYTES_MAX });
  } catch (error) {
    throw new CorruptDataError(`Cannot read ${where}: the record does not unpack`, { cause: error });
  }
  return bytes;
}
