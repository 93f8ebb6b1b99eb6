/**
 * Follows a store that another process writes: manifests and catalogue as they are now, then the journal's records as
 * they come. Never writes, holds no lease. What the writer has sealed meanwhile stays in memory until the next load,
 * which comes soon after the writer's manifests have moved on; a sample is so seen once, here as there.
 */
import { JournalGapError } from "../actor/journal_errors.ts";
import type { ActorPath, Journal, JournalGap } from "../actor/types.ts";
import type { EpochMs } from "../core/time.ts";
import type { Head } from "./head.ts";
import type { HeadOptions } from "./head_options.ts";
import { type OpenPorts, readHead } from "./open.ts";

/** Between two loads: the writer keeps pages that it replaced for ten times as long. */
const RELOAD_MS_MIN = 60_000;
/** Loading takes at most this share of the time. */
const RELOAD_SHARE_MAX = 0.05;
/** Of one look: what is left over is read at the next. */
const TAIL_BYTES_MAX = 16 * 1024 * 1024;
/** A writer that rewrites a manifest under a load makes it look damaged; a second look tells. */
const LOAD_ATTEMPTS_MAX = 3;

export interface FollowerPorts extends OpenPorts {
  readonly journal: Journal;
  readonly stream: ActorPath;
  readonly headOptions: HeadOptions;
}

export interface FollowedRecord {
  readonly seq: number;
  readonly bytes: Uint8Array;
}

export type Followed =
  | {
    readonly kind: "tail";
    readonly gaps: readonly JournalGap[];
    readonly records: readonly FollowedRecord[];
  }
  | { readonly kind: "loaded"; readonly head: Head };

/** What the follower must know of a head. */
export interface Followable {
  readonly lastSeq: number;
  readonly exemplarsMax: number;
}

export class Follower {
  readonly #ports: FollowerPorts;
  #throughVersion: string | null = null;
  #loadedMs = -Infinity;
  #loadTookMs = 0;

  constructor(ports: FollowerPorts) {
    this.#ports = ports;
  }

  /** The store as it is: the answer of a first look. */
  async load(nowMs: EpochMs, exemplarsMax = this.#ports.headOptions.exemplarsMax): Promise<Head> {
    const { clock, kv, keys } = this.#ports;
    const headOptions = { ...this.#ports.headOptions, exemplarsMax };
    const startMs = clock?.monotonicMs() ?? 0;
    for (let attempt = 1;; attempt++) {
      const through = await kv.get(keys.truncatedThrough);
      const { head, afterSeq } = await readHead(this.#ports, headOptions);
      if (head.lost.size > 0 && attempt < LOAD_ATTEMPTS_MAX) continue;
      try {
        await this.#replay(head, afterSeq);
      } catch (error) {
        // Cut off under the reading: the manifests have it by now.
        if (!(error instanceof JournalGapError) || attempt >= LOAD_ATTEMPTS_MAX) throw error;
        continue;
      }
      head.replayed(nowMs);
      this.#throughVersion = through?.versionstamp ?? null;
      this.#loadedMs = nowMs;
      this.#loadTookMs = (clock?.monotonicMs() ?? 0) - startMs;
      return head;
    }
  }

  /** What came after the head's last record, or everything anew. */
  async look({ lastSeq, exemplarsMax }: Followable, nowMs: EpochMs): Promise<Followed> {
    const { kv, keys } = this.#ports;
    const pauseMs = Math.max(RELOAD_MS_MIN, this.#loadTookMs / RELOAD_SHARE_MAX);
    if (nowMs - this.#loadedMs >= pauseMs || nowMs < this.#loadedMs) {
      const through = await kv.get(keys.truncatedThrough);
      if ((through?.versionstamp ?? null) !== this.#throughVersion) {
        return { kind: "loaded", head: await this.load(nowMs, exemplarsMax) };
      }
    }
    try {
      return { kind: "tail", ...await this.#tail(lastSeq) };
    } catch (error) {
      if (!(error instanceof JournalGapError)) throw error;
      return { kind: "loaded", head: await this.load(nowMs, exemplarsMax) };
    }
  }

  async #tail(
    lastSeq: number,
  ): Promise<{ readonly gaps: readonly JournalGap[]; readonly records: readonly FollowedRecord[] }> {
    const { journal, stream } = this.#ports;
    const gaps: JournalGap[] = [];
    const records: FollowedRecord[] = [];
    let bytes = 0;
    for await (const record of journal.read(stream, lastSeq, (gap) => gaps.push(gap))) {
      records.push(record);
      bytes += record.bytes.length;
      if (bytes > TAIL_BYTES_MAX) break;
    }
    return { gaps, records };
  }

  async #replay(head: Head, afterSeq: number): Promise<void> {
    const { journal, stream } = this.#ports;
    for await (const record of journal.read(stream, afterSeq, (gap) => head.skipGap(gap))) {
      head.replay(record.bytes, record.seq);
    }
  }
}
