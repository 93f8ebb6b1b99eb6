/**
 * Groups of pieces in KV, written and read back: what journals and snapshots have in common. A group of several commits
 * becomes visible by its last key only; a group cut short by a crash is passed over.
 */
import type { Kv, KvEntry, KvKey, KvRange } from "../core/ports.ts";
import { CorruptRecordError } from "./journal_errors.ts";
import { afterPieceRange, pieceKey, type PiecePlace, type PieceSpace, placeOf } from "./kv_keys.ts";
import {
  COMMIT_PIECES_BYTES_MAX,
  COMMIT_PIECES_MAX,
  decodePiece,
  type Group,
  joinPieces,
  type Piece,
} from "./kv_pieces.ts";
import { readAhead } from "./read_ahead.ts";

export interface KvCheck {
  readonly key: KvKey;
  readonly versionstamp: string | null;
}

/** Entries of one listing: a few MiB at the most, whatever the length of the stream. */
const LIST_ENTRIES_MAX = 64;

export interface ReadGroup {
  readonly seq: number;
  readonly count: number;
  readonly whole: number;
  readonly bytes: Uint8Array;
}

export interface TornGroup {
  readonly seq: number;
  /** Of its first piece. */
  readonly versionstamp: string;
}

/** False when a check failed: the lease is lost, or another writer was here. */
export async function writeGroup(
  kv: Kv,
  at: { readonly space: PieceSpace; readonly stream: number; readonly seq: number },
  group: Group,
  options: { readonly everyCommit: readonly KvCheck[]; readonly firstCommit: readonly KvCheck[] },
): Promise<boolean> {
  let piece = 0;
  while (piece < group.values.length) {
    const sets: { readonly key: KvKey; readonly value: Uint8Array }[] = [];
    const checks = piece === 0 ? [...options.everyCommit, ...options.firstCommit] : options.everyCommit;
    let bytes = 0;
    while (piece < group.values.length && sets.length < COMMIT_PIECES_MAX) {
      const value = group.values[piece]!;
      if (bytes + value.length > COMMIT_PIECES_BYTES_MAX) break;
      sets.push({ key: pieceKey(at.space, at.stream, at.seq, piece), value });
      bytes += value.length;
      piece++;
    }
    if (await kv.commit({ checks, sets }) === null) return false;
  }
  return true;
}

/**
 * Whole groups of a range in order, and at the end the torn one if the range ends in it. With `damaged` a group whose
 * bytes are not what was written is told of and passed over, perhaps more than once; without, it is an error.
 */
export async function* readGroups(
  kv: Kv,
  space: PieceSpace,
  stream: number,
  range: KvRange,
  damaged?: (seq: number, error: CorruptRecordError) => void,
): AsyncGenerator<ReadGroup, readonly TornGroup[]> {
  let pieces: Piece[] = [];
  let torn: TornGroup | undefined;
  const allTorn: TornGroup[] = [];
  const pass = (seq: number, error: unknown) => {
    if (damaged === undefined || !(error instanceof CorruptRecordError)) throw error;
    damaged(seq, error);
    // The group is over: what follows of it is left over.
    torn = undefined;
    pieces = [];
  };
  const entries = pieceEntries(kv, space, stream, range, undefined);
  for await (const [entry, place] of readAhead(entries, LIST_ENTRIES_MAX)) {
    const where = `Stream ${stream}, group ${space} ${place.seq}`;
    let piece: Piece;
    try {
      piece = decodePiece(entry.value, `${where}, piece ${place.piece}`);
      if (piece.seq !== place.seq || piece.piece !== place.piece) {
        throw new CorruptRecordError(`${where}, piece ${place.piece} is of another place`);
      }
    } catch (error) {
      if (place.piece === 0 && torn !== undefined) allTorn.push(torn);
      pass(place.seq, error);
      continue;
    }
    if (place.piece === 0) {
      if (torn !== undefined) allTorn.push(torn);
      torn = { seq: place.seq, versionstamp: entry.versionstamp };
      pieces = [];
    } else if (torn === undefined || torn.seq !== place.seq || pieces[0]?.whole !== piece.whole) {
      continue; // left over from an attempt that was cut short, or from a truncation
    }
    if (piece.piece !== pieces.length) continue;
    pieces.push(piece);
    if (pieces.length < piece.pieces) continue;
    let bytes: Uint8Array;
    try {
      bytes = joinPieces(pieces, where);
    } catch (error) {
      pass(place.seq, error);
      continue;
    }
    torn = undefined;
    yield { seq: piece.seq, count: piece.count, whole: piece.whole, bytes };
    pieces = [];
  }
  if (torn !== undefined) allTorn.push(torn);
  return allTorn;
}

/** Deletes the pieces of a range that `doomed` picks, in bounded commits. False when a check failed. */
export async function deletePieces(
  kv: Kv,
  at: { readonly space: PieceSpace; readonly stream: number; readonly endSeq?: number },
  range: KvRange,
  checks: readonly KvCheck[],
  doomed: (place: PiecePlace) => boolean = () => true,
): Promise<boolean> {
  let deletes: KvKey[] = [];
  for await (const [entry, place] of pieceEntries(kv, at.space, at.stream, range, at.endSeq)) {
    if (!doomed(place)) continue;
    deletes.push(entry.key);
    if (deletes.length < COMMIT_PIECES_MAX) continue;
    if (await kv.commit({ checks, deletes }) === null) return false;
    deletes = [];
  }
  return deletes.length === 0 || await kv.commit({ checks, deletes }) !== null;
}

async function* pieceEntries(
  kv: Kv,
  space: PieceSpace,
  stream: number,
  range: KvRange,
  endSeq: number | undefined,
): AsyncGenerator<readonly [entry: KvEntry, place: PiecePlace]> {
  for (let rest: KvRange | undefined = range; rest !== undefined;) {
    let listed = 0;
    let last: PiecePlace | undefined;
    for await (const entry of kv.list(rest, { limit: LIST_ENTRIES_MAX })) {
      listed++;
      const place = placeOf(entry.key);
      if (place === undefined) throw new CorruptRecordError(`Stream ${stream} has a key of another kind`);
      last = place;
      yield [entry, place];
    }
    rest = listed < LIST_ENTRIES_MAX || last === undefined
      ? undefined
      : afterPieceRange(space, stream, last, endSeq);
  }
}
