/**
 * The fence of one opening of a shard: the entry that counts openings, checked in every commit. A commit that missed
 * its deadline may still arrive; renewing the fence makes sure that it then fails, so that nothing old ever lies over
 * something newer.
 */
import type { Kv, KvCommit } from "../core/ports.ts";
import { ByteReader, ByteWriter } from "./codecs/bytes.ts";
import { LeaseLostError } from "./errors.ts";
import type { StorageKeys } from "./keys.ts";

export type Check = NonNullable<KvCommit["checks"]>[number];

export interface FencePorts {
  readonly kv: Kv;
  readonly keys: StorageKeys;
  /** The lease by which this process may write. */
  readonly checks: () => NonNullable<KvCommit["checks"]>;
}

export function encodeBoot(boot: number): Uint8Array {
  const out = new ByteWriter(8);
  out.varint(boot);
  return out.take();
}

export function decodeBoot(value: Uint8Array): number {
  return new ByteReader(value, "boot counter").varint();
}

/** Throws a `LeaseLostError` when another opening of the shard, or another process, has come since. */
export async function renewFence(ports: FencePorts, fence: Check, boot: number): Promise<Check> {
  const { kv, keys, checks } = ports;
  const sets = [{ key: keys.boots, value: encodeBoot(boot) }];
  const kept = await kv.commit({ checks: [...checks(), fence], sets });
  if (kept !== null) return { key: keys.boots, versionstamp: kept.versionstamp };
  const found = await kv.get(keys.boots);
  const leaseHeld = await Promise.all(
    checks().map(async ({ key, versionstamp }) =>
      ((await kv.get(key))?.versionstamp ?? null) === versionstamp
    ),
  );
  // Of the same number: an attempt of our own that was rejected or late, but kept.
  if (found !== null && decodeBoot(found.value) === boot && leaseHeld.every(Boolean)) {
    return { key: keys.boots, versionstamp: found.versionstamp };
  }
  throw new LeaseLostError("Cannot write to the store: another process has taken it over");
}
