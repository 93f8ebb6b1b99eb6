/**
 * The `Kv` port on Deno KV: SQLite inside the process for a path, a `denokv` server or Deno Deploy for a URL. Each
 * handle is one thread and one connection, so a reader that must not wait behind commits opens its own.
 */
import type { Kv, KvCommit, KvEntry, KvKey, KvRange } from "../core/ports.ts";
import { KV_COMMIT_MUTATIONS_MAX } from "../core/limits.ts";
import { assert } from "../core/assert.ts";
import { messageOf, UserError } from "../core/errors.ts";

/** Entries fetched in one go by `list`; 1,000 is the most that KV gives. */
const LIST_BATCH = 500;
/** Behind a URL an answer is one message: 8 MB of the largest values. */
const LIST_BATCH_REMOTE = 128;

/** Rejects with a `UserError` that names the store. All reads are of strong consistency: a reader must see its journal. */
export async function openKv(pathOrUrl: string): Promise<Kv> {
  const isRemote = /^https?:\/\//.test(pathOrUrl);
  try {
    return new DenoKv(await Deno.openKv(pathOrUrl), isRemote ? LIST_BATCH_REMOTE : LIST_BATCH);
  } catch (error) {
    throw new UserError("unavailable", `Cannot open the store ${pathOrUrl}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

class DenoKv implements Kv {
  readonly #kv: Deno.Kv;
  readonly #listBatch: number;

  constructor(kv: Deno.Kv, listBatch: number) {
    this.#kv = kv;
    this.#listBatch = listBatch;
  }

  async get(key: KvKey): Promise<KvEntry | null> {
    const entry = await this.#kv.get(key as Deno.KvKey);
    return entry.versionstamp === null ? null : toEntry(entry);
  }

  async *list(
    range: KvRange,
    options: { readonly limit?: number; readonly reverse?: boolean } = {},
  ): AsyncIterable<KvEntry> {
    const selector = "prefix" in range
      ? { prefix: range.prefix as Deno.KvKey }
      : { start: range.start as Deno.KvKey, end: range.end as Deno.KvKey };
    const batchSize = Math.min(options.limit ?? this.#listBatch, this.#listBatch);
    for await (const entry of this.#kv.list(selector, { ...options, batchSize })) yield toEntry(entry);
  }

  async commit(commit: KvCommit): Promise<{ readonly versionstamp: string } | null> {
    const mutations = (commit.sets?.length ?? 0) + (commit.deletes?.length ?? 0);
    assert(mutations <= KV_COMMIT_MUTATIONS_MAX, `a commit of ${mutations} mutations`);
    let operation = this.#kv.atomic();
    for (const check of commit.checks ?? []) {
      operation = operation.check({ key: check.key as Deno.KvKey, versionstamp: check.versionstamp });
    }
    for (const { key, value } of commit.sets ?? []) operation = operation.set(key as Deno.KvKey, value);
    for (const key of commit.deletes ?? []) operation = operation.delete(key as Deno.KvKey);
    const result = await operation.commit();
    return result.ok ? { versionstamp: result.versionstamp } : null;
  }

  close(): void {
    this.#kv.close();
  }
}

function toEntry(entry: Deno.KvEntry<unknown>): KvEntry {
  assert(entry.value instanceof Uint8Array, "a value in KV that Narthex did not write");
  return { key: entry.key as KvKey, value: entry.value, versionstamp: entry.versionstamp };
}
