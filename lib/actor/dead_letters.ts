/**
 * Commands and replies that reached nobody: counted, the latest kept for a look, and logged at a bounded rate, since
 * what overflows a mailbox would overflow a log as well. Holds no payloads: they may be large and are not ours.
 */
import type { Clock, Log } from "../core/ports.ts";
import type { ActorPath, DeadLetter } from "./types.ts";

/** Enough to see a pattern on a status page. */
const LATEST_MAX = 64;
/** One line an interval, with the count since the last. */
const LOG_INTERVAL_MS = 10_000;

export class DeadLetters {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #ring: DeadLetter[] = [];
  #count = 0;
  #loggedCount = 0;
  #loggedMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  get count(): number {
    return this.#count;
  }

  /** Oldest first. */
  latest(): readonly DeadLetter[] {
    const start = this.#count % LATEST_MAX;
    return this.#count <= LATEST_MAX
      ? [...this.#ring]
      : [...this.#ring.slice(start), ...this.#ring.slice(0, start)];
  }

  add(to: ActorPath, from: ActorPath, kind: string, reason: string): void {
    const atMs = this.#clock.nowMs();
    this.#ring[this.#count % LATEST_MAX] = { atMs, to, from, kind, reason };
    this.#count++;
    const monotonicMs = this.#clock.monotonicMs();
    if (monotonicMs - this.#loggedMs < LOG_INTERVAL_MS) return;
    const count = this.#count - this.#loggedCount;
    this.#loggedMs = monotonicMs;
    this.#loggedCount = this.#count;
    this.#log.warn("Dead letters", { to, from, kind, reason, count });
  }
}
