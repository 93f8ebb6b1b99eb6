/**
 * From journal to state: the snapshot, then every record after it, each number exactly one more than the last. Any
 * doubt is an error: the actor does not start, since there is no state in which it could answer.
 */
import { assert } from "../core/assert.ts";
import type { Clock } from "../core/ports.ts";
import { CorruptRecordError, JournalGapError } from "./journal_errors.ts";
import { Pace } from "./pace.ts";
import type {
  ActorPath,
  Behavior,
  Journal,
  JournalGap,
  JournalRecord,
  Persistence,
  Tagged,
} from "./types.ts";

type Ahead = Extract<Persistence<unknown, Tagged>, { readonly kind: "ahead" }>;
type Behind = Extract<Persistence<unknown, Tagged>, { readonly kind: "behind" }>;

/** A record of `ahead` begins with the version of its codec, two bytes, low byte first. */
const VERSION_BYTES = 2;
const VERSION_MAX = 0xffff;

export interface Recovered {
  readonly state: unknown;
  readonly seq: number;
}

export function encodeRecord(version: number, payload: Uint8Array): Uint8Array {
  assert(Number.isInteger(version) && version >= 0 && version <= VERSION_MAX, `codec version ${version}`);
  const record = new Uint8Array(VERSION_BYTES + payload.length);
  record[0] = version & 0xff;
  record[1] = version >> 8;
  record.set(payload, VERSION_BYTES);
  return record;
}

export async function recoverAhead(
  journal: Journal,
  path: ActorPath,
  behavior: Behavior<unknown, Tagged, Tagged>,
  how: Ahead,
  clock: Clock,
): Promise<Recovered & { readonly snapshotSeq: number }> {
  const snapshot = await journal.loadSnapshot(path);
  const snapshotSeq = snapshot?.seq ?? 0;
  let state = snapshot === null ? behavior.initial() : how.state.decode(snapshot.bytes, snapshot.version);
  let seq = snapshotSeq;
  const pace = new Pace(clock);
  for await (const record of contiguous(journal, path, snapshotSeq)) {
    if (pace.due) await pace.pause();
    const { bytes } = record;
    if (bytes.length < VERSION_BYTES) {
      throw new CorruptRecordError(`Record ${record.seq} of ${path} has ${bytes.length} bytes`);
    }
    const version = bytes[0]! | (bytes[1]! << 8);
    state = behavior.evolve(state, how.events.decode(bytes.subarray(VERSION_BYTES), version));
    seq = record.seq;
  }
  return { state, seq, snapshotSeq };
}

export async function recoverBehind(
  journal: Journal,
  path: ActorPath,
  how: Behind,
  clock: Clock,
): Promise<Recovered> {
  const opened = await how.open();
  let { state } = opened;
  let seq = opened.afterSeq;
  const pace = new Pace(clock);
  const { damaged } = how;
  const passOver = damaged === undefined ? undefined : (gap: JournalGap) => {
    if (gap.fromSeq !== seq + 1) throw new JournalGapError(path, seq + 1, `the gap begins at ${gap.fromSeq}`);
    state = damaged(state, gap);
    seq = gap.throughSeq;
  };
  for await (const record of journal.read(path, opened.afterSeq, passOver)) {
    checkNext(path, seq, record.seq);
    if (pace.due) await pace.pause();
    state = how.replay(state, record.bytes, record.seq);
    seq = record.seq;
  }
  return { state, seq };
}

/** Checks what the journal promises: the cost is nothing beside a hole in a history. */
async function* contiguous(
  journal: Journal,
  path: ActorPath,
  afterSeq: number,
): AsyncGenerator<JournalRecord> {
  let lastSeq = afterSeq;
  for await (const record of journal.read(path, afterSeq)) {
    checkNext(path, lastSeq, record.seq);
    lastSeq = record.seq;
    yield record;
  }
}

function checkNext(path: ActorPath, lastSeq: number, seq: number): void {
  if (seq !== lastSeq + 1) throw new JournalGapError(path, lastSeq + 1, `found record ${seq}`);
}
