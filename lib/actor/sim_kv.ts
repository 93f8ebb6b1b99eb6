/**
 * A `Kv` in memory with Deno KV's key order and limits, for simulations and tests. It can be slow on the virtual clock,
 * answer out of order, fail a commit before or after keeping it, keep it and never say so, break off a list, and bring
 * a commit of a process that is dead; what was kept survives every crash. Values are copied in, so that a writer that
 * reuses its buffer is found out.
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

/** What becomes of a commit: kept and confirmed, rejected without a trace, kept and rejected, kept and never answered. */
export type CommitFate = "kept" | "lost" | "keptButRejected" | "keptInSilence";

/** Entries that a list fetches in one go: what changes behind them meanwhile is seen. */
const LIST_BATCH = 16;

export interface SimKvOptions {
  /** Waits on the simulation's clock. Without it the store is never slow. */
  readonly delay?: (delayMs: number) => Promise<void>;
}

export class SimKv implements Kv {
  /** Asked at each commit, in order. */
  fate: (commit: KvCommit) => CommitFate = () => "kept";
  /** Rejects reads while it answers true. */
  readFails: () => boolean = () => false;
  /** After this many entries a list breaks off; undefined: never. Asked at each list. */
  listBreaksAfter: () => number | undefined = () => undefined;
  /** Of each read and commit, before it is carried out. 0 answers in a microtask. */
  latencyMs: () => number = () => 0;
  /** Of a commit's answer, after it was kept. */
  answerMs: () => number = () => 0;
  /** Commits that were kept. */
  commits = 0;
  readonly #delay: ((delayMs: number) => Promise<void>) | undefined;
  readonly #entries: KvEntry[] = [];
  /** Commits on their way: of a process that died they may arrive later, or never. */
  readonly #underWay = new Set<() => void>();
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
    const breaksAfter = this.listBreaksAfter();
    let given = 0;
    let last: KvKey | undefined;
    for (;;) {
      await this.#wait();
      this.#checkReadable();
      const batch = this.#after(range, last, options.reverse === true);
      for (const entry of batch) {
        if (given === breaksAfter) throw new Error("The store broke off a list");
        if (given++ === options.limit) return;
        yield entry;
      }
      if (batch.length < LIST_BATCH || given === options.limit) return;
      last = batch[batch.length - 1]!.key;
    }
  }

  async commit(commit: KvCommit): Promise<{ readonly versionstamp: string } | null> {
    checkLimits(commit);
    const sets = (commit.sets ?? []).map(({ key, value }) => ({ key, value: value.slice() }));
    let taken = false;
    const take = () => {
      taken = true;
      return this.#apply({ ...commit, sets });
    };
    this.#underWay.add(take);
    await this.#wait();
    // Taken out of this process's hands: whoever did it decides whether it arrives.
    if (!this.#underWay.delete(take) || taken) return await new Promise(() => {});
    this.#checkOpen();
    const fate = this.fate(commit);
    if (fate === "lost") throw new Error("The store could not be reached");
    const versionstamp = take();
    if (versionstamp === null) return null;
    if (fate === "keptButRejected") throw new Error("The connection was lost after the commit");
    if (fate === "keptInSilence") return await new Promise(() => {});
    await this.#wait(this.answerMs());
    return { versionstamp };
  }

  /** The process that made them is dead: each call lets one of its commits arrive after all. */
  takeUnderWay(): readonly (() => void)[] {
    const all = [...this.#underWay];
    this.#underWay.clear();
    return all;
  }

  #apply({ checks = [], sets = [], deletes = [] }: KvCommit): string | null {
    for (const { key, versionstamp } of checks) {
      if ((this.#at(this.#find(key), key)?.versionstamp ?? null) !== versionstamp) return null;
    }
    const versionstamp = (++this.#version).toString(16).padStart(20, "0");
    for (const key of deletes) {
      const index = this.#find(key);
      if (this.#at(index, key) !== undefined) this.#entries.splice(index, 1);
    }
    for (const { key, value } of sets) {
      const index = this.#find(key);
      const replaced = this.#at(index, key) === undefined ? 0 : 1;
      this.#entries.splice(index, replaced, { key: [...key], value, versionstamp });
    }
    this.commits++;
    return versionstamp;
  }

  /** Of what comes after a key in the order of the list, the next batch. */
  #after(range: KvRange, last: KvKey | undefined, reverse: boolean): readonly KvEntry[] {
    const [start, end] = this.#bounds(range);
    if (reverse) {
      const before = last === undefined ? end : Math.min(end, this.#find(last));
      return this.#entries.slice(Math.max(start, before - LIST_BATCH), before).reverse();
    }
    let from = start;
    if (last !== undefined) {
      const at = this.#find(last);
      from = Math.max(start, this.#at(at, last) === undefined ? at : at + 1);
    }
    return this.#entries.slice(from, Math.min(end, from + LIST_BATCH));
  }

  #bounds(range: KvRange): readonly [start: number, end: number] {
    if (!("prefix" in range)) return [this.#find(range.start), this.#find(range.end)];
    let start = this.#find(range.prefix);
    // The prefix itself is no part of its range.
    if (this.#at(start, range.prefix) !== undefined) start++;
    let low = start;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (hasPrefix(this.#entries[middle]!.key, range.prefix)) low = middle + 1;
      else high = middle;
    }
    return [start, low];
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

  async #wait(latencyMs: number = this.latencyMs()): Promise<void> {
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
