/**
 * Keys of journals and the lease in KV. Short, since SQLite keeps each twice; a stream is a number here, and its path is
 * spelled once.
 *
 *   j                          the next stream number
 *   j PATH                     a stream: its number, and through which record it was truncated
 *   j STREAM SEQ PIECE         records: a group that begins with record SEQ
 *   s STREAM SEQ PIECE         a snapshot after record SEQ
 *   l f, l t                   the lease: who holds it, and until when
 */
import type { KvKey, KvRange } from "../core/ports.ts";
import type { ActorPath } from "./types.ts";

const RECORDS = "j";
const SNAPSHOTS = "s";
const LEASE = "l";

export type PieceSpace = typeof RECORDS | typeof SNAPSHOTS;

export const RECORD_SPACE: PieceSpace = RECORDS;
export const SNAPSHOT_SPACE: PieceSpace = SNAPSHOTS;

export const nextStreamKey: KvKey = [RECORDS];
export const leaseFenceKey: KvKey = [LEASE, "f"];
export const leaseTimeKey: KvKey = [LEASE, "t"];

/** An upper bound of `j STREAM SEQ PIECE`, encoded. */
export const PIECE_KEY_BYTES_MAX = 32;

/** Entries of streams: strings come before the numbers of records. */
export const streamsRange: KvRange = { start: [RECORDS, ""], end: [RECORDS, -Infinity] };

export function streamKey(path: ActorPath): KvKey {
  return [RECORDS, path];
}

export function pieceKey(space: PieceSpace, stream: number, seq: number, piece: number): KvKey {
  return [space, stream, seq, piece];
}

/** Groups that begin at `fromSeq` or later, before `endSeq`. */
export function groupsRange(space: PieceSpace, stream: number, fromSeq: number, endSeq?: number): KvRange {
  const end = endSeq === undefined ? [space, stream + 1] : [space, stream, endSeq];
  return { start: [space, stream, fromSeq], end };
}

/** What follows the piece in its stream. */
export function afterPieceRange(space: PieceSpace, stream: number, at: PiecePlace, endSeq?: number): KvRange {
  const end = endSeq === undefined ? [space, stream + 1] : [space, stream, endSeq];
  return { start: [space, stream, at.seq, at.piece + 1], end };
}

export interface PiecePlace {
  readonly seq: number;
  readonly piece: number;
}

/** Undefined for a key that is none of a piece. */
export function placeOf(key: KvKey): PiecePlace | undefined {
  const [, , seq, piece] = key;
  return typeof seq === "number" && typeof piece === "number" && key.length === 4
    ? { seq, piece }
    : undefined;
}
