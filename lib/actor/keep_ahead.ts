/**
 * Journal, fold, act: for state that must not be acted on before it is kept (a notification, an alert's transition).
 * The actor's commands wait while its events are written. A snapshot every so many events bounds the replay; the
 * records before it are dropped. Both may fail without harm: the next snapshot covers them.
 */
import { assert } from "../core/assert.ts";
import { messageOf } from "../core/errors.ts";
import { appendWithRetry } from "./append_retry.ts";
import type { AnyDecision, AnyEffect, Keeper, KeeperHost } from "./keeper.ts";
import { encodeRecord, recoverAhead } from "./recovery.ts";
import type { Persistence, Tagged } from "./types.ts";

type Ahead = Extract<Persistence<unknown, Tagged>, { readonly kind: "ahead" }>;

/** With pauses that double from 50 ms: about three seconds of an unreachable store before the supervisor decides. */
const APPEND_ATTEMPTS_MAX = 7;

export class AheadKeeper implements Keeper {
  readonly #host: KeeperHost;
  readonly #how: Ahead;
  /** Of the last record in the journal. */
  #seq = 0;
  #snapshotSeq = 0;
  #writing: Promise<void> = Promise.resolve();
  #snapshot: Promise<void> | undefined;

  constructor(host: KeeperHost, how: Ahead) {
    assert(how.snapshotEvery > 0, "snapshotEvery must be positive");
    this.#host = host;
    this.#how = how;
  }

  async recover(): Promise<{ readonly state: unknown }> {
    const { generation } = this.#host;
    await this.settled();
    const { path, runtime, behavior } = this.#host;
    const recovered = await recoverAhead(runtime.journal, path, behavior, this.#how, runtime.clock);
    if (this.#host.generation === generation) {
      this.#seq = recovered.seq;
      this.#snapshotSeq = recovered.snapshotSeq;
    }
    return { state: recovered.state };
  }

  keep(decision: AnyDecision): void {
    const host = this.#host;
    const records: Uint8Array[] = [];
    try {
      for (const event of decision.events) {
        if (this.#how.durable(event)) {
          records.push(encodeRecord(this.#how.events.version, this.#how.events.encode(event)));
        }
      }
    } catch (error) {
      return host.fail(error, true);
    }
    if (records.length === 0) return this.#act(decision);
    host.hold();
    this.#writing = this.#write(records, decision);
  }

  whenDurable(effects: readonly AnyEffect[]): void {
    this.#host.perform(effects); // what has been folded was kept before
  }

  truncate(_throughSeq: number): void {
    throw new TypeError(`Cannot truncate the journal of ${this.#host.path}: its snapshots do`);
  }

  async settled(): Promise<void> {
    await this.#writing;
    await this.#snapshot;
  }

  async flush(): Promise<void> {
    await this.settled();
  }

  async forget(): Promise<void> {
    const { path, runtime } = this.#host;
    await runtime.journal.forget(path).catch((error) => {
      runtime.log.warn("Cannot delete a journal", { path, error: messageOf(error) });
    });
  }

  async salvage(): Promise<void> {
    await this.settled();
  }

  async #write(records: readonly Uint8Array[], decision: AnyDecision): Promise<void> {
    const host = this.#host;
    const { generation } = host;
    let seq: number | undefined;
    try {
      seq = await appendWithRetry(host, { lastSeq: this.#seq, records, attemptsMax: APPEND_ATTEMPTS_MAX });
    } catch (error) {
      // Not intact: the events may have been kept, and only a replay can tell.
      if (host.generation === generation) host.fail(error, false);
      return;
    }
    if (seq === undefined || host.generation !== generation) return;
    this.#seq = seq;
    this.#act(decision);
    host.release();
  }

  #act(decision: AnyDecision): void {
    if (!this.#host.fold(decision.events)) return;
    // Before acting: the state of a snapshot is that of the sequence number and nothing later.
    if (this.#seq - this.#snapshotSeq >= this.#how.snapshotEvery && this.#snapshot === undefined) {
      this.#snapshot = this.#saveSnapshot().finally(() => this.#snapshot = undefined);
    }
    this.#host.perform(decision.effects);
  }

  async #saveSnapshot(): Promise<void> {
    const { path, runtime, state } = this.#host;
    const seq = this.#seq;
    try {
      const bytes = this.#how.state.encode(state); // at once: the state may change in place while we wait
      this.#snapshotSeq = seq; // also when it fails: the next one is due after as many events again
      await runtime.journal.saveSnapshot(path, seq, this.#how.state.version, bytes);
      await runtime.journal.truncate(path, seq);
    } catch (error) {
      runtime.log.warn("Cannot save a snapshot", { path, seq, error: messageOf(error) });
    }
  }
}
