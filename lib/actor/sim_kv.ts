/**
 * A `Kv` in memory with Deno KV's key order and limits, for simulations and tests. It can be slow on the virtual clock
 * and can fail a commit before or after keeping it; what was kept survives every crash. Values are copied in, so that
 * a writer that reuses its buffer is found out.
 */
import { assert } from "../core/assert.ts";
import {
  KV_COMMIT_BYTES_MAX,
  KV_COMMIT_CHECKS_MAX,
  KV_COMMIT_KEY_BYTES_MAX,
  KV_COMMIT_MUTATIONS_MAX,
  KV_KEY_BYTES_MAX,
  KV_VALUE_BYTES_MAX,
} from "../core/limits.ts";
import type { Kv, KvCommit, KvEntry, KvKey, KvRange } from "../core/ports.ts";
import { compareKeys, hasPrefix, keyBytes } from "./kv_order.ts";

/** What becomes of a commit: kept and confirmed, rejected without a trace, or kept and rejected all the same. */
export type CommitFate = "kept" | "lost" | "keptButRejected";

export interface SimKvOptions {
  /** Waits on the simulation's clock. Without it the store is never slow. */
  readonly delay?: (delayMs: number) => Promise<void>;
}

export class SimKv implements Kv {
  /** Asked at each commit, in order. */
  fate: (commit: KvCommit) => CommitFate = () => "kept";
  /** Rejects reads while it answers true. */
  readFails: () => boolean = () => false;
  /** Of each read and commit. 0 answers in a microtask. */
  latencyMs: () => number = () => 0;
  /** Commits that were kept. */
  commits = 0;
  readonly #delay: ((delayMs: number) => Promise<void>) | undefined;
  readonly #entries: KvEntry[] = [];
  #version = 0;
  #closed = false;

  constructor(options: SimKvOptions = {}) {
    this.#delay = options.delay;
  }

  async get(key: KvKey): Promise<KvEntry | null> {
    await this.#wait();
    this.#checkReadable();
    const index = this.#find(key);
    return this.#at(index, key) ?? null;
  }

  async *list(
    range: KvRange,
    options: { readonly limit?: number; readonly reverse?: boolean } = {},
  ): AsyncGenerator<KvEntry> {
    await this.#wait();
    this.#checkReadable();
    const found = "prefix" in range
      ? this.#entries.filter((entry) => hasPrefix(entry.key, range.prefix))
      : this.#entries.slice(this.#find(range.start), this.#find(range.end));
    if (options.reverse === true) found.reverse();
    yield* found.slice(0, options.limit);
  }

  async commit(commit: KvCommit): Promise<{ readonly versionstamp: string } | null> {
    checkLimits(commit);
    const sets = (commit.sets ?? []).map(({ key, value }) => ({ key, value: value.slice() }));
    await this.#wait();
    this.#checkOpen();
    const fate = this.fate(commit);
    if (fate === "lost") throw new Error("The store could not be reached");
    for (const { key, versionstamp } of commit.checks ?? []) {
      if ((this.#at(this.#find(key), key)?.versionstamp ?? null) !== versionstamp) return null;
    }
    const versionstamp = (++this.#version).toString(16).padStart(20, "0");
    for (const key of commit.deletes ?? []) {
      const index = this.#find(key);
      if (this.#at(index, key) !== undefined) this.#entries.splice(index, 1);
    }
    for (const { key, value } of sets) {
      const index = this.#find(key);
      const replaced = this.#at(index, key) === undefined ? 0 : 1;
      this.#entries.splice(index, replaced, { key: [...key], value, versionstamp });
    }
    this.commits++;
    if (fate === "keptButRejected") throw new Error("The connection was lost after the commit");
    return { versionstamp };
  }

  close(): void {
    this.#closed = true;
  }

  /** For tests: every entry in order. */
  get entries(): readonly KvEntry[] {
    return this.#entries;
  }

  /** For tests: changes a stored value behind everybody's back. */
  damage(key: KvKey, change: (value: Uint8Array) => void): void {
    const entry = this.#at(this.#find(key), key);
    assert(entry !== undefined, "no such key");
    change(entry.value);
  }

  async #wait(): Promise<void> {
    const latencyMs = this.latencyMs();
    if (latencyMs > 0 && this.#delay !== undefined) await this.#delay(latencyMs);
    else await Promise.resolve();
  }

  #checkOpen(): void {
    if (this.#closed) throw new Error("The store is closed");
  }

  #checkReadable(): void {
    this.#checkOpen();
    if (this.readFails()) throw new Error("The store could not be read");
  }

  /** Of the first entry at or after `key`. */
  #find(key: KvKey): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareKeys(this.#entries[middle]!.key, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #at(index: number, key: KvKey): KvEntry | undefined {
    const entry = this.#entries[index];
    return entry !== undefined && compareKeys(entry.key, key) === 0 ? entry : undefined;
  }
}

function checkLimits({ checks = [], sets = [], deletes = [] }: KvCommit): void {
  const valueBytes = sets.map(({ value }) => value.length);
  const keySizes = [...sets.map(({ key }) => keyBytes(key)), ...deletes.map(keyBytes)];
  const mutations = sets.length + deletes.length;
  const limits: readonly (readonly [what: string, found: number, max: number])[] = [
    ["checks of a commit", checks.length, KV_COMMIT_CHECKS_MAX],
    ["mutations of a commit", mutations, KV_COMMIT_MUTATIONS_MAX],
    ["bytes of a value", Math.max(0, ...valueBytes), KV_VALUE_BYTES_MAX],
    ["bytes of a key", Math.max(0, ...keySizes), KV_KEY_BYTES_MAX],
    ["bytes of a commit's values", valueBytes.reduce((sum, bytes) => sum + bytes, 0), KV_COMMIT_BYTES_MAX],
    ["bytes of a commit's keys", keySizes.reduce((sum, bytes) => sum + bytes, 0), KV_COMMIT_KEY_BYTES_MAX],
  ];
  for (const [what, found, max] of limits) {
    if (found > max) throw new TypeError(`Too many ${what}: ${found}, at most ${max}`);
  }
}
