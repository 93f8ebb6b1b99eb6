/**
 * Appending against a journal that may be slow or out of reach: again after a pause that doubles, as long as the same
 * life of the actor wants it. A conflict is final: somebody else writes here. An append that was kept although its
 * commit was rejected is found out by the journal, so trying again never keeps a record twice. The store says
 * itself when it is in trouble (kv_guard.ts): a line for each actor would bury that one.
 */
import { messageOf } from "../core/errors.ts";
import { JournalConflictError } from "./journal_errors.ts";
import type { KeeperHost } from "./keeper.ts";

const PAUSE_MS_MIN = 50;
/** A store that comes back is found within this time. */
const PAUSE_MS_MAX = 5_000;

export interface AppendRequest {
  readonly lastSeq: number;
  readonly records: readonly Uint8Array[];
  /** Then the last error is the answer. */
  readonly attemptsMax: number;
}

/** The new last sequence number, or undefined when the actor has moved on to another life. */
export async function appendWithRetry(host: KeeperHost, request: AppendRequest): Promise<number | undefined> {
  const { generation, runtime, path } = host;
  const { lastSeq, records, attemptsMax } = request;
  const sinceMs = runtime.clock.nowMs();
  for (let attempt = 1;; attempt++) {
    try {
      const seq = await runtime.journal.append(path, lastSeq, records);
      if (attempt > 1) {
        const seconds = Math.round((runtime.clock.nowMs() - sinceMs) / 1000);
        runtime.log.debug("The journal takes records again", { path, attempts: attempt, seconds });
      }
      return seq;
    } catch (error) {
      if (host.generation !== generation) return undefined;
      if (error instanceof JournalConflictError || attempt >= attemptsMax) throw error;
      if (attempt === 1) {
        runtime.log.debug("Journal append failed, trying again until it succeeds", {
          path,
          error: messageOf(error),
        });
      }
      await runtime.timers.delay(Math.min(PAUSE_MS_MAX, PAUSE_MS_MIN * 2 ** Math.min(attempt - 1, 20)));
      if (host.generation !== generation) return undefined;
    }
  }
}
