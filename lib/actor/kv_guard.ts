/**
 * A store that may be slow, away or full, behind the same port: every read and commit has a deadline, failures are
 * counted, and errors say what became of the store; trouble is one line in the log when it begins and one at its end. A commit that missed its deadline may still be kept, now or later:
 * writers read, and fence, before they write again. When too much hangs, the handle is opened anew.
 */
import { messageOf, UserError } from "../core/errors.ts";
import type { Clock, Kv, KvCommit, KvEntry, KvFigures, KvKey, KvRange, Log } from "../core/ports.ts";

/** A busy disk takes some hundred milliseconds; whoever waits for an append gives up after three of these. */
export const KV_COMMIT_TIMEOUT_MS = 10_000;
/** Of one read, or of the next entries of a list. */
export const KV_READ_TIMEOUT_MS = 10_000;
/** Commits without an answer that may hang in one handle; beyond, new ones fail at once. */
export const KV_HANGING_COMMITS_MAX = 16;
/** Reads without an answer, likewise: some queries' worth. */
export const KV_HANGING_READS_MAX = 256;
/** Between two attempts to open a handle anew. */
const REOPEN_PAUSE_MS = 10_000;

export interface KvGuardOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Another handle on the same store, for when this one hangs. */
  readonly open: () => Promise<Kv>;
  readonly commitTimeoutMs?: number;
  readonly readTimeoutMs?: number;
}

export class GuardedKv implements Kv {
  #kv: Kv;
  readonly #options: KvGuardOptions;
  readonly #commitTimeoutMs: number;
  readonly #readTimeoutMs: number;
  #hanging = 0;
  #hangingReads = 0;
  #reopenAtMs = -Infinity;
  #reopening = false;
  #closed = false;
  #trouble: { readonly sinceMs: number; failures: number } | undefined;
  readonly #figures = {
    commits: 0,
    commitMs: 0,
    commitFailures: 0,
    commitTimeouts: 0,
    readFailures: 0,
    readTimeouts: 0,
    reopened: 0,
  };

  constructor(kv: Kv, options: KvGuardOptions) {
    this.#kv = kv;
    this.#options = options;
    this.#commitTimeoutMs = options.commitTimeoutMs ?? KV_COMMIT_TIMEOUT_MS;
    this.#readTimeoutMs = options.readTimeoutMs ?? KV_READ_TIMEOUT_MS;
  }

  figures(): KvFigures {
    return { ...this.#figures };
  }

  get(key: KvKey): Promise<KvEntry | null> {
    return this.#read(() => this.#kv.get(key));
  }

  async *list(
    range: KvRange,
    options?: { readonly limit?: number; readonly reverse?: boolean },
  ): AsyncIterable<KvEntry> {
    const entries = this.#kv.list(range, options)[Symbol.asyncIterator]();
    for (;;) {
      const next = await this.#read(() => entries.next());
      if (next.done === true) return;
      yield next.value;
    }
  }

  async commit(commit: KvCommit): Promise<{ readonly versionstamp: string } | null> {
    const figures = this.#figures;
    if (this.#hanging >= KV_HANGING_COMMITS_MAX) {
      figures.commitFailures++;
      this.#reopen();
      throw new UserError("timeout", `the store does not answer: ${this.#hanging} commits are under way`);
    }
    const startMs = this.#options.clock.monotonicMs();
    const kv = this.#kv;
    let late = false;
    const running = kv.commit(commit).finally(() => {
      if (late && kv === this.#kv) this.#hanging--;
    });
    try {
      const result = await this.#within(running, this.#commitTimeoutMs);
      if (result === LATE) {
        late = true;
        this.#hanging++;
        figures.commitTimeouts++;
        running.catch(() => {}); // its caller has heard of the deadline
        const message = `the store did not confirm a commit within ${this.#commitTimeoutMs / 1000}s`;
        throw new UserError("timeout", message);
      }
      figures.commits++;
      this.#noteSuccess();
      return result;
    } catch (error) {
      if (!late) figures.commitFailures++;
      this.#noteFailure(error);
      throw error;
    } finally {
      figures.commitMs += this.#options.clock.monotonicMs() - startMs;
    }
  }

  close(): void {
    this.#closed = true;
    this.#kv.close();
  }

  #noteFailure(error: unknown): void {
    const { clock, log } = this.#options;
    if (this.#trouble === undefined && !this.#closed) {
      log.error("The store does not take commits; what comes waits in memory", { error: messageOf(error) });
    }
    this.#trouble ??= { sinceMs: clock.monotonicMs(), failures: 0 };
    this.#trouble.failures++;
  }

  #noteSuccess(): void {
    if (this.#trouble === undefined) return;
    const { clock, log } = this.#options;
    const { sinceMs, failures } = this.#trouble;
    this.#trouble = undefined;
    const seconds = Math.round((clock.monotonicMs() - sinceMs) / 1000);
    log.info("The store takes commits again", { seconds, failures });
  }

  async #read<T>(run: () => Promise<T>): Promise<T> {
    if (this.#hangingReads >= KV_HANGING_READS_MAX) {
      this.#figures.readFailures++;
      this.#reopen();
      throw new UserError("timeout", `the store does not answer: ${this.#hangingReads} reads are under way`);
    }
    const kv = this.#kv;
    const running = run();
    let result: T | typeof LATE;
    try {
      result = await this.#within(running, this.#readTimeoutMs);
    } catch (error) {
      this.#figures.readFailures++;
      if (error instanceof UserError) throw error;
      throw new UserError("unavailable", `the store cannot be read: ${messageOf(error)}`, { cause: error });
    }
    if (result !== LATE) return result;
    this.#figures.readTimeouts++;
    this.#hangingReads++;
    const settled = () => {
      if (kv === this.#kv) this.#hangingReads--;
    };
    running.then(settled, settled); // its caller has heard of the deadline
    throw new UserError("timeout", `the store did not answer a read within ${this.#readTimeoutMs / 1000}s`);
  }

  #within<T>(running: Promise<T>, timeoutMs: number): Promise<T | typeof LATE> {
    const { clock } = this.#options;
    return new Promise((resolve, reject) => {
      const timer = clock.at(clock.nowMs() + timeoutMs, () => resolve(LATE));
      running.then(
        (value) => {
          timer.cancel();
          resolve(value);
        },
        (error) => {
          timer.cancel();
          reject(error);
        },
      );
    });
  }

  /** A connection that is half open never answers: another one may. What hangs in the old one then fails. */
  #reopen(): void {
    const { clock, log, open } = this.#options;
    const nowMs = clock.monotonicMs();
    if (this.#reopening || this.#closed || nowMs < this.#reopenAtMs) return;
    this.#reopening = true;
    this.#reopenAtMs = nowMs + REOPEN_PAUSE_MS;
    open().then(
      (kv) => {
        if (this.#closed) return kv.close();
        const old = this.#kv;
        this.#kv = kv;
        this.#hanging = 0;
        this.#hangingReads = 0;
        this.#figures.reopened++;
        log.warn("Opened the store anew, since it had not answered");
        old.close();
      },
      (error) => log.warn("Cannot open the store anew", { error: messageOf(error) }),
    ).finally(() => this.#reopening = false);
  }
}

const LATE: unique symbol = Symbol("late");
