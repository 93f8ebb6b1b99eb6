/**
 * A group whose journal takes nothing (a full disk, a store that is away) goes on without it: alerts must be told of
 * just then. What its last life knew is carried over, transitions are noted, and from time to time they are offered
 * to the journal again, all at once. Only a crash of the process meanwhile loses them.
 */
import type { EpochMs } from "../core/time.ts";
import { type GroupEvent, type GroupMemory, isDurable } from "./group_memory.ts";
import type { MovedAlerts } from "./moved.ts";
import { TRANSITIONS_MAX } from "./transition_log.ts";

/** Each offer that fails costs the group a restart and some seconds. */
export const OFFER_AFTER_MS = 30_000;

export class OffJournal {
  readonly #journalFailures: () => number;
  #failuresSeen: number;
  #lives = 0;
  /** Of the newest command. */
  #memory: GroupMemory | undefined;
  /** When the journal is offered what it missed; undefined: it misses nothing. */
  #offerMs: EpochMs | undefined;
  #missed: MovedAlerts[] = [];

  /** `journalFailures`: appends that failed in this process so far. */
  constructor(journalFailures: () => number) {
    this.#journalFailures = journalFailures;
    this.#failuresSeen = journalFailures();
  }

  /** Whether the journal is to keep the event. */
  keeps(event: GroupEvent): boolean {
    return isDurable(event) && this.#offerMs === undefined;
  }

  /** At the begin of a life, which replayed `memory`: what is to be known instead, where the journal is in trouble. */
  begin(memory: GroupMemory, nowMs: EpochMs): GroupMemory | undefined {
    const failures = this.#journalFailures();
    const inTrouble = this.#lives++ > 0 && failures > this.#failuresSeen;
    this.#failuresSeen = failures;
    if (!inTrouble) return undefined;
    this.#offerMs = nowMs + OFFER_AFTER_MS;
    const before = this.#memory;
    // An append may have been kept although it was rejected: then the journal knows more.
    if (before === undefined || newestMs(memory) > newestMs(before)) return undefined;
    return before;
  }

  /** After each command: what it made of `memory` is not folded yet. */
  note(memory: GroupMemory, events: readonly GroupEvent[]): void {
    this.#memory = memory;
    if (this.#offerMs === undefined) return;
    for (const event of events) if (event.kind === "alertsMoved") this.#missed.push(event);
    // What the log itself would have dropped by then. Every transition says since when its alert is active.
    if (this.#missed.length > TRANSITIONS_MAX) this.#missed = this.#missed.slice(-TRANSITIONS_MAX);
  }

  /** What the journal missed, to be kept from here on; undefined: nothing, or not yet. */
  offer(memory: GroupMemory, nowMs: EpochMs): readonly GroupEvent[] | undefined {
    if (this.#offerMs === undefined || nowMs < this.#offerMs) return undefined;
    this.#offerMs = undefined;
    this.#failuresSeen = this.#journalFailures();
    return [{ kind: "missedKept", moved: this.#missed, known: [...memory.known] }];
  }

  /** The journal has taken the offer. */
  taken(): void {
    this.#missed = [];
  }
}

function newestMs({ log }: GroupMemory): EpochMs {
  return log.entries.at(-1)?.atMs ?? -Infinity;
}
