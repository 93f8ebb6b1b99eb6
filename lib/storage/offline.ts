/**
 * A store without a server: its head as a start would bring it back, journal included. Writes nothing. Only for who
 * holds the lock of the data directory.
 */
import { KvJournal } from "../actor/kv_journal.ts";
import type { Kv, Log } from "../core/ports.ts";
import type { Head } from "./head.ts";
import { HEAD_DEFAULTS } from "./head_options.ts";
import { SHARD_ACTOR, type StorageKeys } from "./keys.ts";
import { readHead } from "./open.ts";

export async function openOffline(ports: {
  readonly kv: Kv;
  readonly keys: StorageKeys;
  readonly log: Log;
}): Promise<Head> {
  const { head, afterSeq } = await readHead(ports, HEAD_DEFAULTS);
  for await (const { bytes, seq } of new KvJournal({ kv: ports.kv }).read(SHARD_ACTOR, afterSeq)) {
    head.replay(bytes, seq);
  }
  head.replayed(0);
  return head;
}
