/**
 * Copies a store to an empty one that a server can be started from. The shard's keys must not change meanwhile; its
 * journal may grow, and is copied as far as it reaches when it is come to. Without the head only what is in pages
 * comes along.
 */
import { SHARD_ACTOR, type StorageKeys } from "./keys.ts";
import { RECORD_SPACE, streamKey } from "../actor/kv_keys.ts";
import { nextStreamKey } from "../actor/kv_keys.ts";
import { StreamCatalogue } from "../actor/kv_streams.ts";
import type { Kv, KvEntry, KvKey } from "../core/ports.ts";
import { decodeManifest, encodeManifest } from "./codecs/manifest.ts";
import { manifestOf, manifestValues } from "./manifest_store.ts";
import { Commits } from "./maintenance_run.ts";

export async function copyStore(
  from: Kv,
  to: Kv,
  keys: StorageKeys,
  { skipHead }: { readonly skipHead: boolean },
): Promise<void> {
  const commits = new Commits({ kv: to, checks: () => [] });
  const copy = async (prefix: KvKey) => {
    for await (const { key, value } of from.list({ prefix })) await commits.set(key, value);
  };
  await copy(keys.labels(0).slice(0, -1));
  await copy(keys.pages);
  await copy(keys.deletions);
  if (skipHead) {
    await copyManifestsWithoutHead(from, to, keys, commits);
  } else {
    await copy(keys.manifests);
    await copy(keys.exemplars);
    for (const key of [keys.boots, keys.truncatedThrough]) {
      const entry = await from.get(key);
      if (entry !== null) await commits.set(key, entry.value);
    }
    const stream = await new StreamCatalogue(from, []).find(SHARD_ACTOR);
    if (stream !== null) {
      for (const key of [nextStreamKey, streamKey(SHARD_ACTOR)]) {
        const entry = await from.get(key);
        if (entry !== null) await commits.set(key, entry.value);
      }
      await copy([RECORD_SPACE, stream.stream]);
    }
  }
  await commits.flush();
}

/** Windows are left out; records are counted from the beginning again. */
async function copyManifestsWithoutHead(
  from: Kv,
  to: Kv,
  keys: StorageKeys,
  commits: Commits,
): Promise<void> {
  let entries: KvEntry[] = [];
  const write = async () => {
    const bytes = manifestOf(entries, keys.manifests.length + 1);
    if (bytes === undefined) return;
    const manifest = decodeManifest(bytes);
    const without = {
      ...{ ...manifest, baseSeq: 0, rows: [], garbage: [] },
      strayColumns: new Uint32Array(0),
      strayMs: new Float64Array(0),
      strayValues: new Float64Array(0),
    };
    await manifestValues(encodeManifest(without), manifest.cohort, 0, keys, {
      set: (key, value) => commits.set(key, value),
      delete: (key) => commits.delete(key),
      flush: () => commits.flush(),
      list: (prefix) => to.list({ prefix }),
    });
  };
  for await (const entry of from.list({ prefix: keys.manifests })) {
    const at = keys.manifests.length;
    if (entries.length > 0 && entries[0]!.key[at] !== entry.key[at]) {
      await write();
      entries = [];
    }
    entries.push(entry);
  }
  if (entries.length > 0) await write();
}
