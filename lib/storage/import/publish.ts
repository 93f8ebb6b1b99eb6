/**
 * How an import becomes visible all at once. Its pages and labels lie under numbers that no cohort has yet; its
 * manifests are written aside; one commit then says that it has ended, and only after it are the manifests put in
 * their places. A crash before that commit leaves nothing that anybody sees; after it, the next opening goes on.
 */
import type { Kv, KvCommit, KvKey } from "../../core/ports.ts";
import { type StorageKeys, storageKeys } from "../keys.ts";
import { Commits } from "../maintenance_run.ts";

type Checks = NonNullable<KvCommit["checks"]>;

/** Where the manifests of an import lie until its end: keys as elsewhere, under a prefix of their own. */
export function importKeys(keys: StorageKeys): StorageKeys {
  return storageKeys(keys.imported);
}

export async function publishImport(kv: Kv, keys: StorageKeys, checks: Checks): Promise<void> {
  const commits = new Commits({ kv, checks: () => checks });
  await commits.set(keys.importEnded, new Uint8Array([1]));
  await commits.flush();
  await finishImport(kv, keys, checks);
}

/** Does nothing where no import has ended. May be repeated at any point. */
export async function finishImport(kv: Kv, keys: StorageKeys, checks: Checks): Promise<void> {
  if (await kv.get(keys.importEnded) === null) return;
  const commits = new Commits({ kv, checks: () => checks });
  const aside = importKeys(keys).manifests;
  const moved: KvKey[] = [];
  for await (const { key, value } of kv.list({ prefix: aside })) {
    await commits.set([...keys.manifests, ...key.slice(aside.length)], value);
    moved.push(key);
  }
  await commits.flush();
  for (const key of moved) await commits.delete(key);
  await commits.flush();
  await commits.delete(keys.importEnded);
  await commits.flush();
}

/**
 * Deletes what an import has left that never ended: manifests aside, and pages and labels of cohorts that have no
 * manifest. Only for who has the store for himself. How many keys went.
 */
export async function sweepUnfinished(kv: Kv, keys: StorageKeys): Promise<number> {
  const commits = new Commits({ kv, checks: () => [] });
  let swept = 0;
  const drop = async (key: KvKey) => {
    await commits.delete(key);
    swept++;
  };
  for await (const { key } of kv.list({ prefix: keys.imported })) await drop(key);
  const visible = new Set<number>();
  for await (const { key } of kv.list({ prefix: keys.manifests })) {
    visible.add(Number(key[keys.manifests.length]));
  }
  const catalogue = keys.labels(0).slice(0, -1);
  for (const prefix of [keys.pages, catalogue]) {
    for await (const { key } of kv.list({ prefix })) {
      if (!visible.has(Number(key[prefix.length]))) await drop(key);
    }
  }
  await commits.flush();
  return swept;
}
