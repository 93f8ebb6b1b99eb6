/**
 * Fold, act, journal in groups: for state whose events are too many to wait for each (the storage shard). One flush is
 * in flight at a time and the actor goes on meanwhile. A flush that fails is tried again with the same records for as
 * long as the actor lives; when too much waits, commands from others are refused. A crash loses what was not flushed,
 * and never what a `whenDurable` has confirmed.
 */
import type { TimerHandle } from "../core/ports.ts";
import { appendWithRetry } from "./append_retry.ts";
import type { AnyDecision, AnyEffect, Keeper, KeeperHost } from "./keeper.ts";
import { recoverBehind } from "./recovery.ts";
import type { Persistence, Tagged } from "./types.ts";
import { messageOf } from "../core/errors.ts";

type Behind = Extract<Persistence<unknown, Tagged>, { readonly kind: "behind" }>;

/**
 * Bytes that may wait for a journal that does not answer: a minute and more of the largest installation's scrapes,
 * and an eighth of a small machine's memory. Beyond it new commands are refused until a flush succeeds.
 */
export const UNFLUSHED_BYTES_MAX = 64 * 1024 * 1024;

export class BehindKeeper implements Keeper {
  readonly #host: KeeperHost;
  readonly #how: Behind;
  #seq = 0;
  #timer: TimerHandle | undefined;
  #flushing: Promise<void> | undefined;
  #flushingBytes = 0;
  /** Effects that wait for the flush in flight, and for the one after it. */
  #waitingNow: (readonly AnyEffect[])[] = [];
  #waitingNext: (readonly AnyEffect[])[] = [];
  #truncating: Promise<void> = Promise.resolve();

  constructor(host: KeeperHost, how: Behind) {
    this.#host = host;
    this.#how = how;
  }

  async recover(): Promise<{ readonly state: unknown }> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#waitingNow = [];
    this.#waitingNext = [];
    const { generation } = this.#host;
    await this.settled();
    if (this.#host.generation === generation) {
      this.#flushing = undefined;
      this.#flushingBytes = 0;
      this.#host.overload("ready");
    }
    const { path, runtime } = this.#host;
    const recovered = await recoverBehind(runtime.journal, path, this.#how, runtime.clock);
    if (this.#host.generation === generation) this.#seq = recovered.seq;
    return { state: recovered.state };
  }

  keep(decision: AnyDecision): void {
    const host = this.#host;
    if (!host.fold(decision.events)) return;
    const pendingBytes = this.#pendingBytes();
    if (pendingBytes === undefined) return;
    if (pendingBytes + this.#flushingBytes > UNFLUSHED_BYTES_MAX) host.overload("overloaded");
    if (pendingBytes >= this.#how.flushBytesMax) this.#startFlush();
    else if (pendingBytes > 0) this.#armFlush();
    host.perform(decision.effects);
  }

  whenDurable(effects: readonly AnyEffect[]): void {
    const pendingBytes = this.#pendingBytes();
    if (pendingBytes === undefined) return;
    if (pendingBytes > 0) {
      this.#waitingNext.push(effects);
      this.#startFlush();
    } else if (this.#flushing !== undefined) {
      this.#waitingNow.push(effects);
    } else {
      this.#host.perform(effects);
    }
  }

  truncate(throughSeq: number): void {
    const { path, runtime } = this.#host;
    this.#truncating = this.#truncating.then(() => runtime.journal.truncate(path, throughSeq)).catch(
      // Without harm: replay begins after what `open` says, and the next truncation takes these along.
      (error) => runtime.log.warn("Cannot truncate a journal", { path, throughSeq, error: messageOf(error) }),
    );
  }

  async settled(): Promise<void> {
    await this.#flushing;
    await this.#truncating;
  }

  async flush(): Promise<void> {
    const { generation } = this.#host;
    this.#startFlush();
    while (this.#flushing !== undefined && this.#host.generation === generation) await this.#flushing;
    await this.#truncating;
  }

  async forget(): Promise<void> {
    const { path, runtime } = this.#host;
    await runtime.journal.forget(path).catch((error) => {
      runtime.log.warn("Cannot delete a journal", { path, error: messageOf(error) });
    });
  }

  async salvage(): Promise<void> {
    try {
      await this.flush();
    } catch {
      // A state that cannot hand its records over loses them, as in a crash: the replay has what was flushed before.
      this.#host.runtime.log.warn("Records were lost in a restart", { path: this.#host.path });
    }
  }

  #pendingBytes(): number | undefined {
    try {
      return this.#how.pendingBytes(this.#host.state);
    } catch (error) {
      this.#host.fail(error, false);
      return undefined;
    }
  }

  #armFlush(): void {
    if (this.#timer !== undefined || this.#flushing !== undefined) return;
    const { runtime, generation } = this.#host;
    this.#timer = runtime.timers.at(runtime.clock.nowMs() + this.#how.flushMs, () => {
      this.#timer = undefined;
      if (this.#host.generation === generation) this.#startFlush();
    });
  }

  /** Begins a flush unless one is in flight, after which the next begins if it is due. */
  #startFlush(): void {
    if (this.#flushing !== undefined || !this.#host.intact) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    const host = this.#host;
    let records: readonly Uint8Array[];
    try {
      records = this.#how.drain(host.state, this.#seq + 1);
    } catch (error) {
      return host.fail(error, false);
    }
    this.#waitingNow = this.#waitingNext;
    this.#waitingNext = [];
    if (records.length === 0) return this.#confirm();
    this.#flushingBytes = records.reduce((bytes, record) => bytes + record.length, 0);
    this.#flushing = this.#flush(records, host.generation);
  }

  async #flush(records: readonly Uint8Array[], generation: number): Promise<void> {
    const host = this.#host;
    let seq: number | undefined;
    try {
      const attemptsMax = Number.POSITIVE_INFINITY;
      seq = await appendWithRetry(host, { lastSeq: this.#seq, records, attemptsMax });
    } catch (error) {
      if (host.generation === generation) host.fail(error, false);
    }
    if (host.generation !== generation) return; // recovery has reset the rest
    this.#flushing = undefined;
    this.#flushingBytes = 0;
    if (seq === undefined) return;
    this.#seq = seq;
    host.overload("ready");
    this.#confirm();
    const pendingBytes = this.#pendingBytes();
    if (pendingBytes === undefined) return;
    if (this.#waitingNext.length > 0 || pendingBytes >= this.#how.flushBytesMax) this.#startFlush();
    else if (pendingBytes > 0) this.#armFlush();
  }

  #confirm(): void {
    const waiting = this.#waitingNow;
    this.#waitingNow = [];
    for (const effects of waiting) this.#host.perform(effects);
  }
}
