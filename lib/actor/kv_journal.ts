/**
 * Journals over the `Kv` port: streams of records in groups, one group an append, and snapshots beside them. Every
 * commit checks the lease and the first of a group also that nobody else wrote there, so a second writer is a
 * `JournalConflictError` and never a mixture. An append is kept whole or not at all; after a rejected commit the stream
 * is read again, and an append repeated with the same records is not kept twice. Calls for one stream run one after
 * the other, reads beside them.
 */
import { assert } from "../core/assert.ts";
import { messageOf } from "../core/errors.ts";
import type { Kv } from "../core/ports.ts";
import { CorruptRecordError, JournalConflictError, JournalGapError } from "./journal_errors.ts";
import { deletePieces, type KvCheck, readGroups, type TornGroup, writeGroup } from "./kv_groups.ts";
import { groupsRange, pieceKey, RECORD_SPACE, SNAPSHOT_SPACE, streamsRange } from "./kv_keys.ts";
import { barrierPiece, encodeGroup, packRecords, unpackRecords } from "./kv_pieces.ts";
import { StreamCatalogue, type StreamEntry } from "./kv_streams.ts";
import type { ActorPath, Journal, JournalGap, JournalRecord, JournalSnapshot } from "./types.ts";

export interface KvJournalOptions {
  readonly kv: Kv;
  /** Of the lease (lease.ts); without it nothing keeps a second process out but the conflict check. */
  readonly lease?: KvCheck;
}

/** More than the records of any group: a group of as many bytes would not fit into memory. */
const GROUP_RECORDS_MAX = 2 ** 24;

/** Of an append in doubt: it can come in between once for each commit of its group. */
const SETTLE_ATTEMPTS_MAX = 4;

/** Where a stream ends, as far as this writer knows. */
interface Tail {
  readonly entry: StreamEntry;
  readonly seq: number;
  /** Of the last group, for telling whether an append in doubt was kept. */
  readonly lastGroup: { readonly seq: number; readonly whole: number } | undefined;
  /** Of the key at which the next group begins: null, or that of a group that was cut short. */
  readonly nextVersionstamp: string | null;
}

interface Stream {
  /** Undefined when it must be read again. */
  tail: Tail | undefined;
  /** An append whose commit was rejected, and which may have been kept nevertheless. */
  doubt: { readonly seq: number; readonly whole: number } | undefined;
  busy: Promise<unknown>;
  /** Calls that run or wait. */
  waiting: number;
}

export class KvJournal implements Journal {
  readonly #kv: Kv;
  readonly #checks: readonly KvCheck[];
  readonly #catalogue: StreamCatalogue;
  readonly #streams = new Map<ActorPath, Stream>();

  constructor(options: KvJournalOptions) {
    this.#kv = options.kv;
    this.#checks = options.lease === undefined ? [] : [options.lease];
    this.#catalogue = new StreamCatalogue(this.#kv, this.#checks);
  }

  append(path: ActorPath, lastSeq: number, records: readonly Uint8Array[]): Promise<number> {
    return this.#exclusive(path, (stream) => this.#append(path, stream, lastSeq, records));
  }

  async *read(
    path: ActorPath,
    afterSeq: number,
    damaged?: (gap: JournalGap) => void,
  ): AsyncGenerator<JournalRecord> {
    await this.#settleDoubt(path);
    const entry = await this.#catalogue.find(path);
    let expectedSeq = afterSeq + 1;
    if (entry === null) {
      if (afterSeq > 0) throw new JournalGapError(path, expectedSeq, "the stream is empty");
      return;
    }
    const { stream, truncatedSeq } = entry;
    if (afterSeq < truncatedSeq) {
      throw new JournalGapError(path, expectedSeq, `records through ${truncatedSeq} have been truncated`);
    }
    const firstSeq = await this.#groupSeqAtOrBefore(stream, expectedSeq) ?? expectedSeq;
    let endSeq = Math.max(truncatedSeq, firstSeq - 1);
    let lastDamaged: { readonly seq: number; readonly reason: string } | undefined;
    const noteDamaged = (seq: number, error: CorruptRecordError) =>
      lastDamaged = { seq, reason: error.message };
    const groups = readGroups(
      this.#kv,
      RECORD_SPACE,
      stream,
      groupsRange(RECORD_SPACE, stream, firstSeq),
      damaged === undefined ? undefined : noteDamaged,
    );
    let next = await groups.next();
    for (; next.done !== true; next = await groups.next()) {
      const group = next.value;
      let records: readonly Uint8Array[];
      try {
        records = unpackRecords(group.bytes, group.count, `Stream ${path}, group ${group.seq}`);
      } catch (error) {
        if (damaged === undefined || !(error instanceof CorruptRecordError)) throw error;
        noteDamaged(group.seq, error);
        continue;
      }
      if (group.seq > expectedSeq) {
        const reason = lastDamaged?.reason ?? `the next record is ${group.seq}`;
        if (damaged === undefined) throw new JournalGapError(path, expectedSeq, reason);
        damaged({ fromSeq: expectedSeq, throughSeq: group.seq - 1, reason });
        expectedSeq = group.seq;
      }
      endSeq = group.seq + records.length - 1;
      for (let i = expectedSeq - group.seq; i < records.length; i++) {
        yield { seq: group.seq + i, bytes: records[i]! };
      }
      expectedSeq = Math.max(expectedSeq, endSeq + 1);
    }
    if (damaged !== undefined && lastDamaged !== undefined && lastDamaged.seq >= expectedSeq) {
      const torn = next.value.find(({ seq }) => seq > lastDamaged!.seq);
      const throughSeq = torn === undefined ? afterDamaged(lastDamaged.seq) : torn.seq - 1;
      damaged({ fromSeq: expectedSeq, throughSeq, reason: lastDamaged.reason });
      return;
    }
    for (const torn of damaged === undefined ? next.value : []) {
      if (torn.seq < expectedSeq && torn.seq > truncatedSeq) {
        throw new JournalGapError(path, torn.seq, "its group is incomplete, but others follow");
      }
    }
    if (endSeq < afterSeq) throw new JournalGapError(path, expectedSeq, `the stream ends at ${endSeq}`);
  }

  /** The number of the last record; 0 for a stream that never had one. */
  end(path: ActorPath): Promise<number> {
    return this.#exclusive(path, async (stream) => (await this.#tail(path, stream)).seq);
  }

  saveSnapshot(path: ActorPath, seq: number, version: number, bytes: Uint8Array): Promise<void> {
    return this.#exclusive(path, async (stream) => {
      const tail = await this.#tail(path, stream);
      assert(seq <= tail.seq, `a snapshot of ${path} at ${seq}, beyond its end at ${tail.seq}`);
      const entry = await this.#entry(path, tail);
      const group = encodeGroup(seq, version, bytes);
      const at = { space: SNAPSHOT_SPACE, stream: entry.stream, seq };
      const options = { everyCommit: this.#checks, firstCommit: [] };
      if (!await writeGroup(this.#kv, at, group, options)) throw this.#conflict(path);
      const older = groupsRange(SNAPSHOT_SPACE, entry.stream, 0);
      const piecesCount = group.values.length;
      const deleted = await deletePieces(
        this.#kv,
        at,
        older,
        this.#checks,
        (place) => place.seq !== seq || place.piece >= piecesCount,
      );
      if (!deleted) throw this.#conflict(path);
    });
  }

  async loadSnapshot(path: ActorPath): Promise<JournalSnapshot | null> {
    const entry = await this.#catalogue.find(path);
    if (entry === null) return null;
    let newest: JournalSnapshot | null = null;
    const range = groupsRange(SNAPSHOT_SPACE, entry.stream, 0);
    for await (const { seq, count, bytes } of readGroups(this.#kv, SNAPSHOT_SPACE, entry.stream, range)) {
      newest = { seq, version: count, bytes };
    }
    return newest;
  }

  truncate(path: ActorPath, throughSeq: number): Promise<void> {
    return this.#exclusive(path, async (stream) => {
      const tail = await this.#tail(path, stream);
      assert(throughSeq <= tail.seq, `cannot truncate ${path} through ${throughSeq}: it ends at ${tail.seq}`);
      if (throughSeq <= tail.entry.truncatedSeq) return;
      const entry = await this.#entry(path, tail);
      // First the mark, then the records: a crash in between leaves records that no read will ask for.
      stream.tail = undefined;
      const marked = await this.#catalogue.mark(path, entry, throughSeq);
      if (marked === null) throw await this.#holdsLease() ? this.#overtaken(path) : this.#conflict(path);
      stream.tail = { ...tail, entry: marked };
      // A group that begins at or before `throughSeq` and ends after it stays whole.
      const endSeq = throughSeq === tail.seq
        ? throughSeq + 1
        : await this.#groupSeqAtOrBefore(entry.stream, throughSeq + 1) ?? 0;
      const at = { space: RECORD_SPACE, stream: entry.stream, endSeq };
      const range = groupsRange(RECORD_SPACE, entry.stream, 0, endSeq);
      if (!await deletePieces(this.#kv, at, range, this.#checks)) throw this.#conflict(path);
    });
  }

  /** Every stream there is, in no promised order. */
  async *streams(): AsyncGenerator<ActorPath> {
    for await (const { key } of this.#kv.list(streamsRange)) {
      const [, path] = key;
      if (typeof path === "string" && path.startsWith("/")) yield path as ActorPath;
    }
  }

  async forget(path: ActorPath): Promise<void> {
    await this.#exclusive(path, async (stream) => {
      stream.tail = undefined;
      stream.doubt = undefined;
      const entry = await this.#catalogue.find(path);
      if (entry === null) return;
      // First the entry: a crash in between leaves pieces that nobody can reach, since numbers are not used twice.
      if (!await this.#catalogue.drop(path)) throw this.#conflict(path);
      for (const space of [RECORD_SPACE, SNAPSHOT_SPACE]) {
        const at = { space, stream: entry.stream };
        const range = groupsRange(space, entry.stream, 0);
        if (!await deletePieces(this.#kv, at, range, this.#checks)) throw this.#conflict(path);
      }
    });
    const stream = this.#streams.get(path);
    if (stream?.waiting === 0) this.#streams.delete(path);
  }

  async #append(
    path: ActorPath,
    stream: Stream,
    lastSeq: number,
    records: readonly Uint8Array[],
  ): Promise<number> {
    const seq = lastSeq + 1;
    const endSeq = lastSeq + records.length;
    const tail = await this.#tail(path, stream);
    if (records.length === 0 && tail.seq === lastSeq) return lastSeq;
    const group = encodeGroup(seq, records.length, packRecords(records));
    const doubt = { seq, whole: group.whole };
    if (same(stream.doubt, doubt) && same(tail.lastGroup, doubt) && tail.seq === endSeq) {
      stream.doubt = undefined;
      return endSeq;
    }
    if (tail.seq !== lastSeq) {
      throw new JournalConflictError(path, `the stream ends at ${tail.seq}, expected ${lastSeq}`);
    }
    const entry = await this.#entry(path, tail);
    const firstKey = pieceKey(RECORD_SPACE, entry.stream, seq, 0);
    const isRetry = same(stream.doubt, doubt);
    stream.doubt = doubt;
    stream.tail = undefined;
    try {
      const kept = await writeGroup(this.#kv, { space: RECORD_SPACE, stream: entry.stream, seq }, group, {
        everyCommit: this.#checks,
        firstCommit: [{ key: firstKey, versionstamp: tail.nextVersionstamp }],
      });
      if (!kept && isRetry && await this.#holdsLease()) {
        // The attempt before landed after all, between our reading and our writing. Whole, it is kept; else the next
        // attempt goes on from what it left.
        throw new Error(`Cannot append to stream ${path}: an earlier attempt came in between`);
      }
      if (!kept) throw this.#conflict(path);
    } catch (error) {
      if (error instanceof JournalConflictError) throw error;
      if (await this.#wasKept(path, stream, doubt, error)) return endSeq;
      throw error;
    }
    stream.doubt = undefined;
    stream.tail = { entry, seq: endSeq, lastGroup: doubt, nextVersionstamp: null };
    return endSeq;
  }

  /**
   * An earlier life of the reader may have an append on its way still. Before the stream is read as it is, that append
   * has either arrived, or finds its place taken by a group that is torn, and will never arrive.
   */
  async #settleDoubt(path: ActorPath): Promise<void> {
    if (this.#streams.get(path)?.doubt === undefined) return;
    await this.#exclusive(path, async (stream) => {
      for (let attempt = 1; stream.doubt !== undefined && attempt <= SETTLE_ATTEMPTS_MAX; attempt++) {
        if (await this.#tookPlaceOf(path, stream, stream.doubt.seq)) stream.doubt = undefined;
      }
      // A store that fails each time leaves it open: should it arrive later, the next append is a conflict.
    });
  }

  /** False where it came in between, or the store could not be asked. */
  async #tookPlaceOf(path: ActorPath, stream: Stream, seq: number): Promise<boolean> {
    try {
      stream.tail = undefined;
      const tail = await this.#tail(path, stream);
      if (tail.entry.stream === 0 || tail.seq >= seq) return true;
      stream.tail = undefined;
      const key = pieceKey(RECORD_SPACE, tail.entry.stream, seq, 0);
      const checks = [...this.#checks, { key, versionstamp: tail.nextVersionstamp }];
      return await this.#kv.commit({ checks, sets: [{ key, value: barrierPiece(seq) }] }) !== null;
    } catch (error) {
      if (error instanceof CorruptRecordError) throw error;
      return false;
    }
  }

  /** A check of the lease that failed would fail for good. */
  async #holdsLease(): Promise<boolean> {
    for (const { key, versionstamp } of this.#checks) {
      if (((await this.#kv.get(key))?.versionstamp ?? null) !== versionstamp) return false;
    }
    return true;
  }

  /** A rejection says nothing about what was kept: only reading does. */
  async #wasKept(
    path: ActorPath,
    stream: Stream,
    doubt: { readonly seq: number; readonly whole: number },
    cause: unknown,
  ): Promise<boolean> {
    let tail: Tail;
    try {
      tail = await this.#tail(path, stream);
    } catch (error) {
      // Still in doubt; the next append reads again. The first error is the one that says what happened.
      const message = `Cannot append to stream ${path}: ${messageOf(cause)}; nor read it: ${
        messageOf(error)
      }`;
      throw new Error(message, { cause });
    }
    const kept = same(tail.lastGroup, doubt);
    if (kept) stream.doubt = undefined;
    return kept;
  }

  async #tail(path: ActorPath, stream: Stream): Promise<Tail> {
    return stream.tail ??= await this.#readTail(path);
  }

  async #readTail(path: ActorPath): Promise<Tail> {
    const entry = await this.#catalogue.find(path);
    if (entry === null) {
      const none = { stream: 0, truncatedSeq: 0, versionstamp: null };
      return { entry: none, seq: 0, lastGroup: undefined, nextVersionstamp: null };
    }
    const seq = await this.#groupSeqAtOrBefore(entry.stream, Number.MAX_SAFE_INTEGER - 1);
    if (seq === undefined) {
      return { entry, seq: entry.truncatedSeq, lastGroup: undefined, nextVersionstamp: null };
    }
    const range = groupsRange(RECORD_SPACE, entry.stream, seq);
    let isDamaged = false;
    const groups = readGroups(this.#kv, RECORD_SPACE, entry.stream, range, () => isDamaged = true);
    const first = await groups.next();
    if (isDamaged && seq > entry.truncatedSeq) {
      return { entry, seq: afterDamaged(seq), lastGroup: undefined, nextVersionstamp: null };
    }
    if (first.done !== true) {
      const lastSeq = seq + first.value.count - 1;
      const lastGroup = { seq, whole: first.value.whole };
      if (lastSeq >= entry.truncatedSeq) return { entry, seq: lastSeq, lastGroup, nextVersionstamp: null };
      // What a truncation through the end has not deleted yet.
      return { entry, seq: entry.truncatedSeq, lastGroup: undefined, nextVersionstamp: null };
    }
    const torn: TornGroup | undefined = first.value[0];
    if (torn === undefined || seq <= entry.truncatedSeq) {
      if (seq > entry.truncatedSeq) {
        throw new CorruptRecordError(`Stream ${path} has no beginning of group ${seq}`);
      }
      return { entry, seq: entry.truncatedSeq, lastGroup: undefined, nextVersionstamp: null };
    }
    return { entry, seq: seq - 1, lastGroup: undefined, nextVersionstamp: torn.versionstamp };
  }

  async #groupSeqAtOrBefore(stream: number, seq: number): Promise<number | undefined> {
    const range = groupsRange(RECORD_SPACE, stream, 0, seq + 1);
    for await (const { key } of this.#kv.list(range, { reverse: true, limit: 1 })) {
      const [, , found] = key;
      if (typeof found === "number") return found;
    }
    return undefined;
  }

  async #entry(path: ActorPath, tail: Tail): Promise<StreamEntry> {
    return tail.entry.stream === 0 ? await this.#catalogue.create(path) : tail.entry;
  }

  #overtaken(path: ActorPath): Error {
    return new Error(`Cannot truncate stream ${path}: an earlier attempt came in between`);
  }

  #conflict(path: ActorPath): JournalConflictError {
    const stream = this.#streams.get(path);
    if (stream !== undefined) stream.tail = undefined;
    return new JournalConflictError(path, "another writer holds the lease or has written here");
  }

  #exclusive<T>(path: ActorPath, run: (stream: Stream) => Promise<T>): Promise<T> {
    let stream = this.#streams.get(path);
    if (stream === undefined) {
      stream = { tail: undefined, doubt: undefined, busy: Promise.resolve(), waiting: 0 };
      this.#streams.set(path, stream);
    }
    const mine = stream;
    mine.waiting++;
    const result = mine.busy.then(() => run(mine)).finally(() => mine.waiting--);
    mine.busy = result.catch(() => {}); // its caller hears of it
    return result;
  }
}

/** What comes after a last group whose records cannot be counted: none of their numbers is given out again. */
function afterDamaged(seq: number): number {
  return seq - 1 + GROUP_RECORDS_MAX;
}

function same(
  a: { readonly seq: number; readonly whole: number } | undefined,
  b: { readonly seq: number; readonly whole: number },
): boolean {
  return a !== undefined && a.seq === b.seq && a.whole === b.whole;
}
