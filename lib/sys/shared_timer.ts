/**
 * Many alarms on one timer of the platform. Arming one costs Deno some ten to thirty microseconds, and most alarms are
 * deadlines that are called off long before their time: here those cost two entries of a map. Alarms go off at whole
 * milliseconds of the monotonic clock, never early, in order of time and then of setting.
 */
import { turned } from "./scheduler.ts";

export interface Alarm {
  cancel(): void;
}

interface Entry {
  readonly fire: () => void;
}

export class SharedTimer {
  /** By the millisecond at which they go off. */
  readonly #due = new Map<number, Set<Entry>>();
  readonly #fired: ((dueMs: number) => void) | undefined;
  #armedMs = Infinity;
  #id: ReturnType<typeof setTimeout> | undefined;
  #firing = false;

  /** `fired` is told when the platform's timer fires, and when it should have. */
  constructor(fired?: (dueMs: number) => void) {
    this.#fired = fired;
  }

  /** `atMs` on the clock of `performance`. What is due already goes off in the next turn. */
  at(atMs: number, fire: () => void): Alarm {
    const dueMs = Math.ceil(Math.max(atMs, performance.now()));
    const entry: Entry = { fire };
    let alarms = this.#due.get(dueMs);
    if (alarms === undefined) this.#due.set(dueMs, alarms = new Set());
    alarms.add(entry);
    if (!this.#firing && dueMs < this.#armedMs) this.#arm(dueMs);
    return { cancel: () => this.#cancel(dueMs, entry) };
  }

  #cancel(dueMs: number, entry: Entry): void {
    const alarms = this.#due.get(dueMs);
    // The timer stays armed: it finds nothing then, once, however many were called off.
    if (alarms?.delete(entry) === true && alarms.size === 0) this.#due.delete(dueMs);
  }

  #arm(dueMs: number): void {
    clearTimeout(this.#id);
    this.#armedMs = dueMs;
    this.#id = setTimeout(() => this.#goOff(), Math.max(0, Math.ceil(dueMs - performance.now())));
  }

  #goOff(): void {
    this.#fired?.(this.#armedMs);
    turned();
    this.#firing = true;
    try {
      const nowMs = performance.now();
      const past = [...this.#due.keys()].filter((dueMs) => dueMs <= nowMs).sort((a, b) => a - b);
      for (const dueMs of past) {
        // What one alarm calls off does not go off after it.
        for (const entry of this.#due.get(dueMs) ?? []) {
          this.#cancel(dueMs, entry);
          entry.fire();
        }
      }
    } finally {
      this.#firing = false;
      this.#armedMs = Infinity;
      let next = Infinity;
      for (const dueMs of this.#due.keys()) if (dueMs < next) next = dueMs;
      if (next < Infinity) this.#arm(next);
    }
  }
}

/** For deadlines of single requests. */
export const deadlines: SharedTimer = new SharedTimer();
