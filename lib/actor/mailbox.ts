/**
 * The queue before an actor: a ring of commands and a lane of signals that goes first. Commands from others are
 * bounded and the next is refused. What an actor asked for itself (a timer, a task's answer) is never refused: the
 * actor would wait for it for ever, and it is bounded by what the actor has started. Owns no clock and counts nothing.
 */
import type { Envelope } from "./types.ts";

/**
 * Commands that may wait before an actor. A target or rule group has a handful; a shard gets one a scrape, so this is
 * a second's worth of the largest installation, and small enough that a wedged actor is noticed by its refusals.
 */
export const MAILBOX_CAPACITY = 1_024;

/** Most actors never have more waiting; the ring doubles when they do. */
const RING_SLOTS_MIN = 4;

export class Mailbox<C, Signal> {
  readonly capacity: number;
  #ring: (Envelope<C> | undefined)[] = [];
  #head = 0;
  #depth = 0;
  #signals: Signal[] | undefined;

  constructor(capacity: number = MAILBOX_CAPACITY) {
    this.capacity = capacity;
  }

  /** Commands waiting. */
  get depth(): number {
    return this.#depth;
  }

  get signalsCount(): number {
    return this.#signals?.length ?? 0;
  }

  offer(envelope: Envelope<C>): "queued" | "refused" {
    if (this.#depth >= this.capacity) return "refused";
    this.push(envelope);
    return "queued";
  }

  /** For the actor's own timers and answers: queued whatever the depth. */
  push(envelope: Envelope<C>): void {
    if (this.#depth === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#depth) & (this.#ring.length - 1)] = envelope;
    this.#depth++;
  }

  take(): Envelope<C> | undefined {
    if (this.#depth === 0) return undefined;
    const envelope = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#depth--;
    return envelope;
  }

  signal(signal: Signal): void {
    this.#signals ??= [];
    this.#signals.push(signal);
  }

  /** Signals are few (stop, children's ends), so a shift costs nothing worth a second ring. */
  takeSignal(): Signal | undefined {
    return this.#signals?.shift();
  }

  /** Slots are a power of two, so that an index wraps by a mask. */
  #grow(): void {
    const slots = this.#ring.length;
    const ring = new Array<Envelope<C> | undefined>(Math.max(RING_SLOTS_MIN, slots * 2)).fill(undefined);
    for (let i = 0; i < this.#depth; i++) ring[i] = this.#ring[(this.#head + i) & (slots - 1)];
    this.#ring = ring;
    this.#head = 0;
  }
}
