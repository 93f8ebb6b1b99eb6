/** Counts what passes to a journal, for /metrics. */
import type { Clock } from "../core/ports.ts";
import type { ActorPath, Journal, JournalGap, JournalRecord, JournalSnapshot } from "./types.ts";

export class MeteredJournal implements Journal {
  records = 0;
  bytes = 0;
  appendMs = 0;
  failures = 0;
  readonly #journal: Journal;
  readonly #clock: Clock;

  constructor(journal: Journal, clock: Clock) {
    this.#journal = journal;
    this.#clock = clock;
  }

  async append(stream: ActorPath, lastSeq: number, records: readonly Uint8Array[]): Promise<number> {
    const startMs = this.#clock.monotonicMs();
    try {
      const seq = await this.#journal.append(stream, lastSeq, records);
      this.records += records.length;
      for (const record of records) this.bytes += record.length;
      return seq;
    } catch (error) {
      this.failures++;
      throw error;
    } finally {
      this.appendMs += this.#clock.monotonicMs() - startMs;
    }
  }

  read(
    stream: ActorPath,
    afterSeq: number,
    damaged?: (gap: JournalGap) => void,
  ): AsyncIterable<JournalRecord> {
    return this.#journal.read(stream, afterSeq, damaged);
  }

  saveSnapshot(stream: ActorPath, seq: number, version: number, bytes: Uint8Array): Promise<void> {
    return this.#journal.saveSnapshot(stream, seq, version, bytes);
  }

  loadSnapshot(stream: ActorPath): Promise<JournalSnapshot | null> {
    return this.#journal.loadSnapshot(stream);
  }

  truncate(stream: ActorPath, throughSeq: number): Promise<void> {
    return this.#journal.truncate(stream, throughSeq);
  }

  forget(stream: ActorPath): Promise<void> {
    return this.#journal.forget(stream);
  }
}
