/**
 * Bytes of any length as values of KV: a group is cut into pieces, each with a checksum, its place and the checksum of
 * the whole. The latter is the group's identity: pieces of an attempt that a crash cut short never pass for pieces of
 * the one that followed. Also records as one run of bytes: a varint length before each.
 */
import { crc32 } from "node:zlib";
import { assert } from "../core/assert.ts";
import {
  KV_COMMIT_BYTES_MAX,
  KV_COMMIT_KEY_BYTES_MAX,
  KV_COMMIT_MUTATIONS_MAX,
  KV_LARGE_VALUE_BYTES_MIN,
  KV_SMALL_VALUE_BYTES_MAX,
  KV_VALUE_BYTES_MAX,
} from "../core/limits.ts";
import { CorruptRecordError } from "./journal_errors.ts";
import { PIECE_KEY_BYTES_MAX } from "./kv_keys.ts";

/** Best for SQLite's pages, and 13 of them go into one commit. */
export const PIECE_BYTES_MAX = 60 * 1024;
export const COMMIT_PIECES_BYTES_MAX = 13 * PIECE_BYTES_MAX;
/** Pieces or deletions of one commit: half of KV's limit, so that checks and other keys never matter. */
export const COMMIT_PIECES_MAX = 500;
assert(PIECE_BYTES_MAX <= KV_VALUE_BYTES_MAX);
assert(COMMIT_PIECES_BYTES_MAX <= KV_COMMIT_BYTES_MAX);
assert(COMMIT_PIECES_MAX < KV_COMMIT_MUTATIONS_MAX);
assert(COMMIT_PIECES_MAX * PIECE_KEY_BYTES_MAX < KV_COMMIT_KEY_BYTES_MAX);

const FORMAT = 1;
/** format u8, crc32 of what follows u32, whole u32, pieces u32, piece u32, count u32, seq f64; little endian. */
const HEADER_BYTES = 29;
const CHECKED_FROM = 5;

export interface Piece {
  /** crc32 of the group's bytes. */
  readonly whole: number;
  readonly pieces: number;
  readonly piece: number;
  /** Of records in the group; of a snapshot, its codec's version. */
  readonly count: number;
  readonly seq: number;
  readonly body: Uint8Array;
}

export interface Group {
  readonly whole: number;
  readonly values: readonly Uint8Array[];
}

export function encodeGroup(seq: number, count: number, bytes: Uint8Array): Group {
  const whole = crc32(bytes);
  const pieces = piecesFor(bytes.length);
  const values: Uint8Array[] = [];
  for (let piece = 0; piece < pieces; piece++) {
    const start = Math.floor((bytes.length * piece) / pieces);
    const end = Math.floor((bytes.length * (piece + 1)) / pieces);
    const value = new Uint8Array(HEADER_BYTES + end - start);
    const view = new DataView(value.buffer);
    value[0] = FORMAT;
    view.setUint32(5, whole, true);
    view.setUint32(9, pieces, true);
    view.setUint32(13, piece, true);
    view.setUint32(17, count, true);
    view.setFloat64(21, seq, true);
    value.set(bytes.subarray(start, end), HEADER_BYTES);
    view.setUint32(1, crc32(value.subarray(CHECKED_FROM)), true);
    values.push(value);
  }
  return { whole, values };
}

/** The beginning of a group that never was: it stands where an append in doubt would still want to begin. */
export function barrierPiece(seq: number): Uint8Array {
  const value = new Uint8Array(HEADER_BYTES);
  const view = new DataView(value.buffer);
  value[0] = FORMAT;
  view.setUint32(9, 2, true);
  view.setFloat64(21, seq, true);
  view.setUint32(1, crc32(value.subarray(CHECKED_FROM)), true);
  return value;
}

/** Throws a `CorruptRecordError` that names `where`. */
export function decodePiece(value: Uint8Array, where: string): Piece {
  if (value.length < HEADER_BYTES) {
    throw new CorruptRecordError(`${where} has ${value.length} bytes, expected at least ${HEADER_BYTES}`);
  }
  if (value[0] !== FORMAT) {
    throw new CorruptRecordError(`${where} has format ${value[0]}, expected ${FORMAT}`);
  }
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const found = crc32(value.subarray(CHECKED_FROM));
  const written = view.getUint32(1, true);
  if (found !== written) {
    throw new CorruptRecordError(
      `${where} has checksum ${found.toString(16)}, expected ${written.toString(16)}`,
    );
  }
  return {
    whole: view.getUint32(5, true),
    pieces: view.getUint32(9, true),
    piece: view.getUint32(13, true),
    count: view.getUint32(17, true),
    seq: view.getFloat64(21, true),
    body: value.subarray(HEADER_BYTES),
  };
}

/** The group's bytes from all of its pieces, in order. */
export function joinPieces(pieces: readonly Piece[], where: string): Uint8Array {
  const bytes = concat(pieces.map((piece) => piece.body));
  const whole = pieces[0]?.whole;
  if (crc32(bytes) !== whole) throw new CorruptRecordError(`${where} does not add up to its checksum`);
  return bytes;
}

/** As few values as can be, none of a size that SQLite stores badly. */
function piecesFor(bytes: number): number {
  if (bytes + HEADER_BYTES >= KV_LARGE_VALUE_BYTES_MIN) {
    // Cut evenly: of two or more, each has at least half of the largest, and none falls below the cliff.
    return Math.ceil(bytes / (PIECE_BYTES_MAX - HEADER_BYTES));
  }
  return Math.max(1, Math.ceil(bytes / (KV_SMALL_VALUE_BYTES_MAX - HEADER_BYTES)));
}

export function packRecords(records: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const record of records) length += varintBytes(record.length) + record.length;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const record of records) {
    let rest = record.length;
    while (rest >= 0x80) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    bytes.set(record, at);
    at += record.length;
  }
  return bytes;
}

/** Views of `bytes`. */
export function unpackRecords(bytes: Uint8Array, count: number, where: string): readonly Uint8Array[] {
  const records: Uint8Array[] = [];
  let at = 0;
  while (records.length < count) {
    let length = 0;
    let shift = 0;
    let byte: number;
    do {
      if (at >= bytes.length || shift > 28) {
        throw new CorruptRecordError(`${where} ends in record ${records.length} of ${count}`);
      }
      byte = bytes[at++]!;
      length += (byte & 0x7f) * 2 ** shift;
      shift += 7;
    } while (byte >= 0x80);
    if (at + length > bytes.length) {
      throw new CorruptRecordError(`${where} ends in record ${records.length} of ${count}`);
    }
    records.push(bytes.subarray(at, at + length));
    at += length;
  }
  if (at !== bytes.length) throw new CorruptRecordError(`${where} has ${bytes.length - at} bytes too many`);
  return records;
}

function varintBytes(length: number): number {
  let bytes = 1;
  for (let rest = length; rest >= 0x80; rest >>>= 7) bytes++;
  return bytes;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
