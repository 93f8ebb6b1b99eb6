/** What a system of actors is made of: ports, and the two knobs that the simulation turns. */
import type { Clock, Log, Rng } from "../core/ports.ts";
import type { ActorPath, Journal, Supervision } from "./types.ts";

/**
 * Calls `run` once, soon and never synchronously, in the order of the calls. Lets waiting I/O have its turn after a
 * few milliseconds of work at the latest.
 */
export interface Scheduler {
  soon(run: () => void): void;
}

export interface SystemOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly journal: Journal;
  /** Spreads back-offs and the first question's token. Default: no jitter, tokens from 1. */
  readonly rng?: Rng;
  /** Default: the clock at its present time, which on real clocks is a millisecond slower than a message port. */
  readonly schedule?: Scheduler;
  /** Of the top-level actors. Default `ROOT_SUPERVISION`. */
  readonly supervision?: Supervision;
  /** A top-level failure that nobody above can handle. The actor at `path` has ended. */
  readonly onFatal?: (error: unknown, path: ActorPath) => void;
  /** Picks the next ready actor by index below `count`. Default: first come, first served. */
  readonly pick?: (count: number) => number;
  /** Commands between two turns of the event loop. Default `TURN_COMMANDS_MAX`. */
  readonly turnCommandsMax?: number;
  /** Told of everything that happens, one line each: the simulation's trace. */
  readonly observe?: (line: string) => void;
}

/** A top-level actor is a subsystem: it gets more patience than a target, but not for ever. */
export const ROOT_SUPERVISION: Supervision = {
  scope: "oneForOne",
  restartsMax: 10,
  windowMs: 60_000,
  backoffMs: { min: 100, max: 10_000 },
  directive: () => "restart",
};

/** Commands run in tens of microseconds; 512 are a few milliseconds, after which sockets and timers have their turn. */
export const TURN_COMMANDS_MAX = 512;
/** Where commands are heavier (a batch append), time ends the turn before their count does. */
export const TURN_MS_MAX = 8;
/** Of one actor before the next ready one: amortises the switch, and no actor keeps the others waiting. */
export const ACTOR_COMMANDS_MAX = 32;
