/**
 * What `delete_series` has hidden: closed intervals of time by columns of a cohort. A deletion hides what the cohort
 * held when it was made; pages keep the samples until they are cleaned (clean_deletions.ts). Each lies under a key
 * of its own. docs/formats/keys.md describes the bytes.
 */
import type { Kv, KvCommit, Log } from "../core/ports.ts";
import type { EpochMs } from "../core/time.ts";
import type { Matcher } from "../model/matchers.ts";
import { ByteReader, ByteWriter } from "./codecs/bytes.ts";
import { COHORT_COLUMNS_MAX } from "./codecs/labels_chunk.ts";
import { CorruptDataError } from "./errors.ts";
import type { Head } from "./head.ts";
import { eachCohort } from "./head_view.ts";
import type { StorageKeys } from "./keys.ts";
import { Commits } from "./maintenance_run.ts";
import type { TimeRange } from "./source.ts";

const VERSION = 1;
/** Of one entry: each takes three bytes at the most. */
const COLUMNS_MAX = 16_384;

export interface Deletion {
  readonly cohort: number;
  /** Unique within the shard. */
  readonly number: number;
  /** Both inside. */
  readonly startMs: EpochMs;
  readonly endMs: EpochMs;
  /** Ascending. */
  readonly columns: Uint32Array;
}

/** Changes nothing. Only as far as there are samples: what comes later is not hidden. */
export function planDeletions(
  head: Head,
  matcherSets: readonly (readonly Matcher[])[],
  range: TimeRange,
): readonly Deletion[] {
  const deletions: Deletion[] = [];
  let number = head.nextDeletion;
  eachCohort(head, matcherSets, range, 0, (cohort, columns) => {
    const startMs = Math.max(range.startMs, cohort.minMs);
    const endMs = Math.min(range.endMs, cohort.maxMs);
    if (startMs > endMs) return true;
    for (let at = 0; at < columns.length; at += COLUMNS_MAX) {
      const part = columns.slice(at, at + COLUMNS_MAX);
      deletions.push({ cohort: cohort.id, number: number++, startMs, endMs, columns: part });
    }
    return true;
  });
  return deletions;
}

export async function keepDeletions(
  deletions: readonly Deletion[],
  { kv, keys, checks }: {
    readonly kv: Kv;
    readonly keys: StorageKeys;
    readonly checks: () => NonNullable<KvCommit["checks"]>;
  },
): Promise<void> {
  const commits = new Commits({ kv, checks });
  for (const deletion of deletions) {
    await commits.set(keys.deletion(deletion.cohort, deletion.number), encodeDeletion(deletion));
  }
  await commits.flush();
}

/** Hides from now on. */
export function applyDeletions(head: Head, deletions: readonly Deletion[]): void {
  for (const deletion of deletions) {
    const known = head.deletions.get(deletion.cohort);
    if (known === undefined) head.deletions.set(deletion.cohort, [deletion]);
    else known.push(deletion);
    head.nextDeletion = Math.max(head.nextDeletion, deletion.number + 1);
  }
}

/** One that is damaged is told and left out: what it hid is seen again. */
export async function loadDeletions(kv: Kv, keys: StorageKeys, log: Log): Promise<readonly Deletion[]> {
  const deletions: Deletion[] = [];
  for await (const { key, value } of kv.list({ prefix: keys.deletions })) {
    try {
      deletions.push(decodeDeletion(Number(key.at(-2)), Number(key.at(-1)), value));
    } catch (error) {
      if (!(error instanceof CorruptDataError)) throw error;
      log.error("A deletion cannot be read, and what it hid is seen again", { error: error.message });
    }
  }
  return deletions;
}

export function encodeDeletion({ startMs, endMs, columns }: Deletion): Uint8Array {
  const out = new ByteWriter(64);
  out.byte(VERSION);
  out.zigzag(startMs);
  out.varint(endMs - startMs);
  out.varint(columns.length);
  let last = 0;
  for (const column of columns) {
    out.varint(column - last);
    last = column;
  }
  return out.take();
}

export function decodeDeletion(cohort: number, number: number, bytes: Uint8Array): Deletion {
  const input = new ByteReader(bytes, `deletion ${number} of cohort ${cohort}`);
  const version = input.byte();
  if (version !== VERSION) input.fail(`expected version ${VERSION}, got ${version}`);
  const startMs = input.zigzag();
  const endMs = startMs + input.varint();
  const columns = new Uint32Array(input.count(Math.min(COLUMNS_MAX, input.left - 1), "columns"));
  let last = 0;
  for (let i = 0; i < columns.length; i++) {
    last += input.varint();
    if (last >= COHORT_COLUMNS_MAX) input.fail(`there is no column ${last}`);
    columns[i] = last;
  }
  if (input.left !== 0) input.fail(`${input.left} bytes too many`);
  return { cohort, number, startMs, endMs, columns };
}
