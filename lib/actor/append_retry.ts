/**
 * Appending against a journal that may be slow or out of reach: again after a pause that doubles, as long as the same
 * life of the actor wants it. A conflict is final: somebody else writes here. An append that was kept although its
 * commit was rejected is found out by the journal, so trying again never keeps a record twice.
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
  for (let attempt = 1;; attempt++) {
    try {
      return await runtime.journal.append(path, lastSeq, records);
    } catch (error) {
      if (host.generation !== generation) return undefined;
      if (error instanceof JournalConflictError || attempt >= attemptsMax) throw error;
      runtime.log.warn("Journal append failed, trying again", { path, attempt, error: messageOf(error) });
      await runtime.timers.delay(Math.min(PAUSE_MS_MAX, PAUSE_MS_MIN * 2 ** Math.min(attempt - 1, 20)));
      if (host.generation !== generation) return undefined;
    }
  }
}
