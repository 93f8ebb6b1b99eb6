/**
 * Where a manifest lies: by itself under its key while it fits one value, else in parts under a generation, which
 * a small value under the key names last. Parts of other generations are invisible and are deleted by the next
 * write.
 */
import type { KvEntry, KvKey } from "../core/ports.ts";
import { ByteReader, ByteWriter } from "./codecs/bytes.ts";
import { PAGE_BYTES_MAX } from "./codecs/page.ts";
import type { StorageKeys } from "./keys.ts";

const WHOLE = 0;
const IN_PARTS = 1;

export interface ManifestWrites {
  set(key: KvKey, value: Uint8Array): Promise<void>;
  delete(key: KvKey): Promise<void>;
  flush(): Promise<void>;
  list(prefix: KvKey): AsyncIterable<KvEntry>;
}

export async function manifestValues(
  bytes: Uint8Array,
  cohort: number,
  generation: number,
  keys: StorageKeys,
  writes: ManifestWrites,
): Promise<void> {
  const out = new ByteWriter(Math.min(bytes.length, PAGE_BYTES_MAX) + 16);
  if (bytes.length < PAGE_BYTES_MAX) {
    out.byte(WHOLE);
    out.raw(bytes);
    await writes.set(keys.manifest(cohort), out.take());
    return;
  }
  const parts = Math.ceil(bytes.length / PAGE_BYTES_MAX);
  for (let part = 0; part < parts; part++) {
    const value = bytes.slice(part * PAGE_BYTES_MAX, (part + 1) * PAGE_BYTES_MAX);
    await writes.set(keys.manifestPart(cohort, generation, part), value);
  }
  out.byte(IN_PARTS);
  out.varint(generation);
  out.varint(parts);
  await writes.set(keys.manifest(cohort), out.take());
  await writes.flush();
  for await (const { key } of writes.list(keys.manifest(cohort))) {
    if (key[key.length - 2] !== generation) await writes.delete(key);
  }
}

/** One cohort's entries, in key order, to its manifest; undefined when there is none (only parts left behind). */
export function manifestOf(entries: readonly KvEntry[], keyLength: number): Uint8Array | undefined {
  const head = entries.find((entry) => entry.key.length === keyLength);
  if (head === undefined) return undefined;
  const input = new ByteReader(head.value, "manifest head");
  const kind = input.byte();
  if (kind === WHOLE) return head.value.subarray(1);
  if (kind !== IN_PARTS) input.fail(`unknown kind ${kind}`);
  const generation = input.varint();
  const count = input.varint();
  const parts = entries.filter((entry) =>
    entry.key.length > keyLength && entry.key[keyLength] === generation
  );
  if (parts.length !== count) {
    input.fail(`expected ${count} parts of generation ${generation}, got ${parts.length}`);
  }
  const whole = new ByteWriter(count * PAGE_BYTES_MAX);
  for (const part of parts) whole.raw(part.value);
  return whole.take();
}
