/** A `Kv` in memory with Deno KV's order, checks and limits; can be told to fail. For tests of storage alone. */
import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import {
  KV_COMMIT_BYTES_MAX,
  KV_COMMIT_CHECKS_MAX,
  KV_COMMIT_MUTATIONS_MAX,
  KV_VALUE_BYTES_MAX,
} from "../../lib/core/limits.ts";
import type { Kv, KvCommit, KvEntry, KvKey, KvRange } from "../../lib/core/ports.ts";

export class MemoryKv implements Kv {
  readonly entries = new Map<string, KvEntry>();
  #version = 0;
  commits = 0;
  /** Decides the fate of each commit: "lost" rejects without keeping, "kept" rejects after keeping. */
  fate: (commit: KvCommit) => "ok" | "lost" | "kept" = () => "ok";

  get(key: KvKey): Promise<KvEntry | null> {
    return Promise.resolve(this.entries.get(encodeKey(key)) ?? null);
  }

  async *list(range: KvRange, options?: { readonly limit?: number; readonly reverse?: boolean }) {
    await Promise.resolve();
    const found = [...this.entries.entries()].filter(([, { key }]) => inRange(key, range));
    found.sort((a, b) => compareKeys(a[1].key, b[1].key));
    if (options?.reverse === true) found.reverse();
    for (const [, entry] of found.slice(0, options?.limit ?? found.length)) yield entry;
  }

  async commit(commit: KvCommit): Promise<{ readonly versionstamp: string } | null> {
    await Promise.resolve();
    const { checks = [], sets = [], deletes = [] } = commit;
    assert(checks.length <= KV_COMMIT_CHECKS_MAX);
    assert(sets.length + deletes.length <= KV_COMMIT_MUTATIONS_MAX, "mutations of a commit");
    let bytes = 0;
    for (const { value } of sets) {
      assert(value.length <= KV_VALUE_BYTES_MAX, "a value's size");
      bytes += value.length;
    }
    assert(bytes <= KV_COMMIT_BYTES_MAX, "a commit's size");
    for (const { key, versionstamp } of checks) {
      if ((this.entries.get(encodeKey(key))?.versionstamp ?? null) !== versionstamp) return null;
    }
    const fate = this.fate(commit);
    if (fate === "lost") throw new Error("the store is away");
    this.commits++;
    const versionstamp = String(++this.#version).padStart(20, "0");
    for (const { key, value } of sets) {
      this.entries.set(encodeKey(key), { key, value: value.slice(), versionstamp });
    }
    for (const key of deletes) this.entries.delete(encodeKey(key));
    if (fate === "kept") throw new Error("the answer was lost");
    return { versionstamp };
  }

  close(): void {}
}

function encodeKey(key: KvKey): string {
  return key.map((part) =>
    part instanceof Uint8Array ? `b${Buffer.from(part).toString("hex")}` : `${typeof part}${part}`
  ).join("\0");
}

function rank(part: KvKey[number]): number {
  return part instanceof Uint8Array ? 0 : typeof part === "string" ? 1 : 2;
}

function compareKeys(a: KvKey, b: KvKey): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [x, y] = [a[i]!, b[i]!];
    if (rank(x) !== rank(y)) return rank(x) - rank(y);
    if (x instanceof Uint8Array && y instanceof Uint8Array) {
      const order = Buffer.compare(x, y);
      if (order !== 0) return order;
    } else if (x !== y) return x < y ? -1 : 1;
  }
  return a.length - b.length;
}

function inRange(key: KvKey, range: KvRange): boolean {
  if ("prefix" in range) {
    return key.length > range.prefix.length &&
      compareKeys(key.slice(0, range.prefix.length), range.prefix) === 0;
  }
  return compareKeys(key, range.start) >= 0 && compareKeys(key, range.end) < 0;
}
