/**
 * Journals of actors that will not come back: targets that left the configuration while the process was down. Nobody
 * spawns them, so nobody deletes what they kept. Some minutes after a start, when every target there is has been found.
 */
import type { KvJournal } from "../lib/actor/kv_journal.ts";
import type { ActorPath } from "../lib/actor/types.ts";
import { messageOf } from "../lib/core/errors.ts";
import type { Clock, Log } from "../lib/core/ports.ts";

/** Longer than any discovery takes for its first answer. */
export const STALE_STREAMS_AFTER_MS = 10 * 60_000;
const PREFIX = "/scrape/";

export interface StaleStreamsDeps {
  readonly journal: KvJournal;
  readonly clock: Clock;
  readonly log: Log;
  readonly isAlive: (path: ActorPath) => boolean;
}

export function forgetStaleStreamsLater(deps: StaleStreamsDeps): { cancel(): void } {
  const { clock, log } = deps;
  return clock.at(clock.nowMs() + STALE_STREAMS_AFTER_MS, () => {
    forgetStaleStreams(deps).then(
      (count) => count > 0 ? log.info("Deleted journals of targets that are gone", { count }) : undefined,
      // Without harm: the next start looks again.
      (error) => log.warn("Cannot delete journals of targets that are gone", { error: messageOf(error) }),
    );
  });
}

/** Answers how many there were. */
export async function forgetStaleStreams({ journal, isAlive }: StaleStreamsDeps): Promise<number> {
  const stale: ActorPath[] = [];
  for await (const path of journal.streams()) {
    if (path.startsWith(PREFIX) && !isAlive(path)) stale.push(path);
  }
  let count = 0;
  for (const path of stale) {
    if (isAlive(path)) continue; // come back meanwhile
    await journal.forget(path);
    count++;
  }
  return count;
}
