/**
 * The same runtime on a virtual clock, with a seeded pick of the next ready actor and an in-memory store. Equal seeds
 * give equal traces, so a failing run is a seed. One command a step: every order that the real scheduler could produce
 * between actors has its seeds. Tasks may await only ports of the simulation.
 */
import { setImmediate as soon } from "node:timers";
import { createRng, drawBelow } from "../core/rng.ts";
import type { Clock, Log, Rng } from "../core/ports.ts";
import type { EpochMs } from "../core/time.ts";
import { KvJournal } from "./kv_journal.ts";
import { SimClock } from "./sim_clock.ts";
import { SimKv } from "./sim_kv.ts";
import { SimLog } from "./sim_log.ts";
import { createSystem, type LocalSystem, type SystemOptions } from "./system.ts";
import type {
  ActorPath,
  ActorRef,
  Answer,
  Asked,
  Behavior,
  Journal,
  Question,
  Simulation,
  Supervision,
  SystemStats,
  Tagged,
} from "./types.ts";

/** 2026-01-01T00:00:00Z: as good a time as any, and one that looks like a time. */
const START_MS = 1_767_225_600_000;

export interface SimulationOptions {
  readonly seed: number;
  /** A store that survived an earlier run. Default: an empty one. */
  readonly kv?: SimKv;
  readonly startMs?: EpochMs;
  readonly supervision?: Supervision;
  /** Default: over the store as it is, without a lease. */
  readonly journal?: (clock: Clock, log: Log) => Journal;
}

export interface FatalFailure {
  readonly path: ActorPath;
  readonly error: unknown;
}

export function createSimulation(options: SimulationOptions): Simulated {
  return new Simulated(options);
}

export class Simulated implements Simulation {
  readonly clock: SimClock;
  /** For the simulated world: apart from the scheduler's draws, so that the one does not shift the other. */
  readonly rng: Rng;
  readonly kv: SimKv;
  readonly log: Log & { readonly lines: readonly string[] };
  readonly trace: string[] = [];
  readonly fatal: FatalFailure[] = [];
  readonly #system: LocalSystem;
  #turns: (() => void)[] = [];
  #driving = false;

  constructor(options: SimulationOptions) {
    const { seed, startMs = START_MS, supervision, journal } = options;
    this.clock = new SimClock(startMs);
    this.rng = createRng(seed);
    this.kv = options.kv ?? new SimKv({ delay: (delayMs) => this.clock.delay(delayMs) });
    this.log = new SimLog(this.clock);
    const picks = createRng(seed ^ 0x5eed);
    const systemOptions: SystemOptions = {
      clock: this.clock,
      log: this.log,
      journal: journal?.(this.clock, this.log) ?? new KvJournal({ kv: this.kv }),
      schedule: { soon: (run) => void this.#turns.push(run) },
      pick: (count) => drawBelow(picks, count),
      turnCommandsMax: 1,
      observe: (line) => void this.trace.push(`${this.clock.nowMs() - startMs} ${line}`),
      onFatal: (error, path) => void this.fatal.push({ path, error }),
      ...(supervision === undefined ? {} : { supervision }),
    };
    this.#system = createSystem(systemOptions);
  }

  /** Runs the simulation until the actor has started. */
  spawn<S, C extends Tagged, E extends Tagged>(
    name: string,
    behavior: Behavior<S, C, E>,
  ): Promise<ActorRef<C>> {
    return this.settle(this.#system.spawn(name, behavior));
  }

  tell<C>(to: ActorRef<C>, command: NoInfer<C>): "queued" | "refused" {
    return this.#system.tell(to, command);
  }

  /** Answers as the simulation runs: `run` it, or hand the promise to `settle`. */
  ask<C extends Tagged, K extends Question<C>["kind"]>(
    to: ActorRef<C>,
    question: Asked<C, K>,
    timeoutMs: number,
  ): Promise<Answer<Extract<C, { readonly kind: K }>>> {
    return this.#system.ask(to, question, timeoutMs);
  }

  /** Runs the simulation until all actors have ended. */
  stop(): Promise<void> {
    return this.settle(this.#system.stop());
  }

  stats(): SystemStats {
    return this.#system.stats();
  }

  stateOf(path: ActorPath): unknown {
    return this.#system.stateOf(path);
  }

  crash(path: ActorPath): void {
    this.#system.crash(path);
  }

  async run(untilMs: EpochMs): Promise<void> {
    await this.#drive(untilMs, () => false);
    this.clock.advanceTo(untilMs);
  }

  async runFor(durationMs: number): Promise<void> {
    await this.run(this.clock.nowMs() + durationMs);
  }

  /** At most `stepsMax` steps, within the present moment and beyond it; answers how many there were. */
  async steps(stepsMax: number, untilMs: EpochMs): Promise<number> {
    let steps = 0;
    await this.#drive(untilMs, () => steps++ >= stepsMax);
    return Math.min(steps, stepsMax);
  }

  /** Runs, and lets time pass, until the promise is settled. Rejects when nothing is left that could settle it. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const end = () => settled = true;
    promise.then(end, end);
    if (!this.#driving) {
      await this.#drive(Number.POSITIVE_INFINITY, () => settled);
      if (!settled) throw new Error("Nothing is left to do, and the promise is not settled");
    }
    return await promise;
  }

  async #drive(untilMs: EpochMs, done: () => boolean): Promise<void> {
    if (this.#driving) throw new TypeError("The simulation runs already");
    this.#driving = true;
    try {
      for (;;) {
        await microtasksDone();
        if (done()) return;
        const turn = this.#turns.shift();
        if (turn !== undefined) {
          turn();
          continue;
        }
        const dueMs = this.clock.nextDueMs;
        if (dueMs === undefined || dueMs > untilMs) return;
        this.clock.step();
      }
    } finally {
      this.#driving = false;
    }
  }
}

/** Resolves in a turn of the event loop before which every microtask has run; a message port's turn is not one. */
function microtasksDone(): Promise<void> {
  return new Promise((resolve) => void soon(resolve));
}
