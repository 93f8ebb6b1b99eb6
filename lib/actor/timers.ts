/**
 * Absolute times over the injected clock: one heap, one timer of the clock, so that many thousands of actors cost an
 * entry each. Due entries fire by time, ties in arming order. When wall time jumps, what waits moves along: it fires
 * after the time that it had still to wait. Owns no names: an actor's keys are its cell's.
 */
import type { Clock, TimerHandle } from "../core/ports.ts";
import type { EpochMs } from "../core/time.ts";

/** Cancelled entries stay in the heap until they outnumber the live ones, and this many. */
const CANCELLED_KEPT_MAX = 64;
/** Wall time and monotonic time part by less when a time server merely keeps them in step. */
const JUMP_MS_MIN = 2_000;

interface Entry extends TimerHandle {
  atMs: EpochMs;
  readonly order: number;
  /** Undefined once fired or cancelled. */
  fire: (() => void) | undefined;
}

export class Timers {
  readonly #clock: Clock;
  #heap: Entry[] = [];
  #order = 0;
  #cancelled = 0;
  #armed: { readonly atMs: EpochMs; readonly handle: TimerHandle } | undefined;
  /** Of wall time before monotonic time, as far as entries follow it. */
  #offsetMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offsetMs = clock.nowMs() - clock.monotonicMs();
  }

  get pending(): number {
    return this.#heap.length - this.#cancelled;
  }

  at(atMs: EpochMs, fire: () => void): TimerHandle {
    this.#followClock();
    const entry: Entry = {
      atMs,
      order: this.#order++,
      fire,
      cancel: () => {
        if (entry.fire === undefined) return;
        entry.fire = undefined;
        this.#cancelled++;
        this.#compact();
      },
    };
    this.#heap.push(entry);
    this.#up(this.#heap.length - 1);
    if (this.#heap[0] === entry) this.#arm();
    return entry;
  }

  delay(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.at(this.#clock.nowMs() + delayMs, resolve));
  }

  clear(): void {
    for (const entry of this.#heap) entry.fire = undefined;
    this.#heap = [];
    this.#cancelled = 0;
    this.#armed?.handle.cancel();
    this.#armed = undefined;
  }

  #arm(): void {
    const first = this.#heap[0];
    if (this.#armed !== undefined) {
      if (first !== undefined && this.#armed.atMs === first.atMs) return;
      this.#armed.handle.cancel();
      this.#armed = undefined;
    }
    if (first === undefined) return;
    this.#armed = { atMs: first.atMs, handle: this.#clock.at(first.atMs, () => this.#due()) };
  }

  /** An hour back would else hold up everything for an hour, and an hour forth fire an hour's timers at once. */
  #followClock(): void {
    const offsetMs = this.#clock.nowMs() - this.#clock.monotonicMs();
    const jumpMs = Math.round(offsetMs - this.#offsetMs);
    this.#offsetMs = offsetMs;
    if (Math.abs(jumpMs) < JUMP_MS_MIN) return;
    for (const entry of this.#heap) entry.atMs += jumpMs;
    if (this.#armed === undefined) return;
    this.#armed.handle.cancel();
    this.#armed = undefined;
    this.#arm();
  }

  #due(): void {
    this.#armed = undefined;
    this.#followClock();
    const nowMs = this.#clock.nowMs();
    // An entry armed by what fires now waits for the next turn: a timer that re-arms itself at once starves nobody.
    const orderEnd = this.#order;
    const later: Entry[] = [];
    for (let first = this.#heap[0]; first !== undefined && first.atMs <= nowMs; first = this.#heap[0]) {
      this.#pop();
      if (first.order >= orderEnd) {
        later.push(first);
        continue;
      }
      const fire = first.fire;
      if (fire === undefined) {
        this.#cancelled--;
        continue;
      }
      first.fire = undefined;
      fire();
    }
    for (const entry of later) {
      this.#heap.push(entry);
      this.#up(this.#heap.length - 1);
    }
    this.#arm();
  }

  #compact(): void {
    if (this.#cancelled <= CANCELLED_KEPT_MAX || this.#cancelled * 2 <= this.#heap.length) return;
    this.#heap = this.#heap.filter((entry) => entry.fire !== undefined).sort(compare);
    this.#cancelled = 0;
    this.#arm();
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#down(0);
  }

  #up(from: number): void {
    const heap = this.#heap;
    const entry = heap[from]!;
    let at = from;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (compare(heap[above]!, entry) <= 0) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = entry;
  }

  #down(from: number): void {
    const heap = this.#heap;
    const entry = heap[from]!;
    let at = from;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && compare(heap[below + 1]!, heap[below]!) < 0) below++;
      if (compare(entry, heap[below]!) <= 0) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = entry;
  }
}

function compare(a: Entry, b: Entry): number {
  return a.atMs - b.atMs || a.order - b.order;
}
