/** What all cells of one system share. system.ts makes it; cells and keepers are handed it. */
import type { Clock, Log, Rng } from "../core/ports.ts";
import type { Asks } from "./asks.ts";
import type { Cell } from "./cell.ts";
import type { DeadLetters } from "./dead_letters.ts";
import type { Timers } from "./timers.ts";
import type { ActorPath, Journal, Tagged } from "./types.ts";

export interface KindCounters {
  actors: number;
  commands: number;
  restarts: number;
  refused: number;
}

export interface Runtime {
  readonly clock: Clock;
  readonly log: Log;
  readonly rng: Rng | undefined;
  /** Counts what passes. */
  readonly journal: Journal;
  readonly timers: Timers;
  readonly asks: Asks;
  readonly deadLetters: DeadLetters;
  readonly cells: Map<ActorPath, Cell>;
  readonly observe: ((line: string) => void) | undefined;
  /** Puts a cell in the run queue. */
  ready(cell: Cell): void;
  /** One turn of the event loop. */
  turn(): Promise<void>;
  nextSeq(): number;
  counters(kind: string): KindCounters;
  /** `token` is the question's, 0 for none. A refusal has been counted when this returns. */
  deliver(to: ActorPath, command: Tagged, from: ActorPath, token: number): "queued" | "refused";
}
