/** The catalogue of journal streams in KV: path to number, and through which record a stream was truncated. */
import { assert } from "../core/assert.ts";
import type { Kv } from "../core/ports.ts";
import { CorruptRecordError, JournalConflictError } from "./journal_errors.ts";
import type { KvCheck } from "./kv_groups.ts";
import { nextStreamKey, streamKey } from "./kv_keys.ts";
import type { ActorPath } from "./types.ts";

export interface StreamEntry {
  /** From 1. */
  readonly stream: number;
  readonly truncatedSeq: number;
  /** Of the entry: a late attempt to change it never undoes a later one. */
  readonly versionstamp: string | null;
}

/** stream u32, truncatedSeq f64; little endian. */
const ENTRY_BYTES = 12;
const COUNTER_BYTES = 4;
/** A rejected creation is read back and tried again this often before its caller hears of it. */
const CREATE_ATTEMPTS_MAX = 3;

export class StreamCatalogue {
  readonly #kv: Kv;
  readonly #checks: readonly KvCheck[];
  /** Creations draw from one counter, so they go one after the other. */
  #creating: Promise<unknown> = Promise.resolve();

  constructor(kv: Kv, checks: readonly KvCheck[]) {
    this.#kv = kv;
    this.#checks = checks;
  }

  async find(path: ActorPath): Promise<StreamEntry | null> {
    const found = await this.#kv.get(streamKey(path));
    if (found === null) return null;
    const { value } = found;
    if (value.length !== ENTRY_BYTES) {
      throw new CorruptRecordError(`The entry of ${path} has ${value.length} bytes, expected ${ENTRY_BYTES}`);
    }
    const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
    return {
      stream: view.getUint32(0, true),
      truncatedSeq: view.getFloat64(4, true),
      versionstamp: found.versionstamp,
    };
  }

  create(path: ActorPath): Promise<StreamEntry> {
    const created = this.#creating.then(() => this.#create(path));
    this.#creating = created.catch(() => {}); // its caller hears of it
    return created;
  }

  /** The entry as it is then; null when a check failed. */
  async mark(path: ActorPath, entry: StreamEntry, truncatedSeq: number): Promise<StreamEntry | null> {
    const key = streamKey(path);
    const kept = await this.#kv.commit({
      checks: [...this.#checks, { key, versionstamp: entry.versionstamp }],
      sets: [{ key, value: encodeEntry(entry.stream, truncatedSeq) }],
    });
    return kept === null ? null : { stream: entry.stream, truncatedSeq, versionstamp: kept.versionstamp };
  }

  /** False when a check failed. */
  async drop(path: ActorPath): Promise<boolean> {
    return await this.#kv.commit({ checks: this.#checks, deletes: [streamKey(path)] }) !== null;
  }

  async #create(path: ActorPath): Promise<StreamEntry> {
    for (let attempt = 1;; attempt++) {
      const present = await this.find(path); // an earlier attempt that was rejected may have been kept
      if (present !== null) return present;
      const counter = await this.#kv.get(nextStreamKey);
      const stream = counter === null ? 1 : decodeCounter(counter.value);
      try {
        const kept = await this.#kv.commit({
          checks: [
            ...this.#checks,
            { key: nextStreamKey, versionstamp: counter?.versionstamp ?? null },
            { key: streamKey(path), versionstamp: null },
          ],
          sets: [
            { key: nextStreamKey, value: encodeCounter(stream + 1) },
            { key: streamKey(path), value: encodeEntry(stream, 0) },
          ],
        });
        if (kept !== null) return { stream, truncatedSeq: 0, versionstamp: kept.versionstamp };
      } catch (error) {
        if (attempt >= CREATE_ATTEMPTS_MAX) throw error;
        continue;
      }
      // An attempt before this one, or of an earlier call, may have come in between: look once more.
      if (attempt < CREATE_ATTEMPTS_MAX) continue;
      throw new JournalConflictError(path, "another writer holds the lease or has written here");
    }
  }
}

function encodeEntry(stream: number, truncatedSeq: number): Uint8Array {
  const value = new Uint8Array(ENTRY_BYTES);
  const view = new DataView(value.buffer);
  view.setUint32(0, stream, true);
  view.setFloat64(4, truncatedSeq, true);
  return value;
}

function encodeCounter(next: number): Uint8Array {
  assert(next < 2 ** 32, "stream numbers are used up");
  const value = new Uint8Array(COUNTER_BYTES);
  new DataView(value.buffer).setUint32(0, next, true);
  return value;
}

function decodeCounter(value: Uint8Array): number {
  if (value.length !== COUNTER_BYTES) {
    throw new CorruptRecordError(`The stream counter has ${value.length} bytes, expected ${COUNTER_BYTES}`);
  }
  return new DataView(value.buffer, value.byteOffset, value.byteLength).getUint32(0, true);
}
