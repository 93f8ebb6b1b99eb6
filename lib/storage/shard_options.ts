/** What a storage shard is given: its part of the store, the world, and its limits. */
import type { Clock, Kv, KvCommit, Log, StoreSpace } from "../core/ports.ts";
import type { HeadOptions } from "./head_options.ts";
import type { StorageKeys } from "./keys.ts";
import type { RetentionPolicy } from "./retention/policy.ts";

export interface ShardOptions {
  readonly kv: Kv;
  readonly keys: StorageKeys;
  readonly log: Log;
  /** Checked in every commit: the lease by which this process may write. Default: none. */
  readonly checks?: () => NonNullable<KvCommit["checks"]>;
  /** For the opening: pauses between attempts and between slices of work. Default: no pauses. */
  readonly clock?: Clock;
  /** For maintenance, between pieces of work. Default: no turns. */
  readonly yieldToLoop?: () => Promise<void>;
  /** Hears of each record that is replayed, and of the first that is. Default: nobody does. */
  readonly replaying?: (seq: number, firstSeq: number) => void;
  /** Until `setRetention`: counted back from the newest sample. Default: Infinity keeps all. */
  readonly retentionMs?: number;
  /** Until `setRetention`, in place of `retentionMs`: nothing may leave at a start that a rule would keep. */
  readonly retention?: RetentionPolicy;
  /** How full the store is, for limits of size. Default: nobody knows, and they are not held. */
  readonly storeSpace?: () => Promise<StoreSpace>;
  readonly head?: Partial<HeadOptions>;
}
