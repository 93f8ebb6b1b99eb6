/**
 * The runtime: a registry of cells by address, one run queue, and the ports that all actors share. It runs ready
 * actors in turns, and lets the event loop go round between two turns. Owns no policy: behaviours and supervisors
 * decide, the journal keeps.
 */
import { messageOf, UserError } from "../core/errors.ts";
import { Asks } from "./asks.ts";
import { Cell } from "./cell.ts";
import { DeadLetters } from "./dead_letters.ts";
import { MeteredJournal } from "./metered_journal.ts";
import {
  ACTOR_COMMANDS_MAX,
  ROOT_SUPERVISION,
  type SystemOptions,
  TURN_COMMANDS_MAX,
  TURN_MS_MAX,
} from "./options.ts";
import { RunQueue } from "./run_queue.ts";
import type { KindCounters, Runtime } from "./runtime.ts";
import { Timers } from "./timers.ts";
import type {
  ActorPath,
  ActorRef,
  ActorSystem,
  Answer,
  Asked,
  Behavior,
  KindStats,
  Question,
  SystemStats,
  Tagged,
} from "./types.ts";

export type { Scheduler, SystemOptions } from "./options.ts";

export function createSystem(options: SystemOptions): LocalSystem {
  return new LocalSystem(options);
}

export class LocalSystem implements ActorSystem {
  readonly #options: SystemOptions;
  readonly #queue: RunQueue;
  readonly #runtime: Runtime;
  readonly #journal: MeteredJournal;
  readonly #root: Cell;
  readonly #kinds = new Map<string, KindCounters>();
  #scheduled = false;
  #seq = 0;
  #stopping: Promise<void> | undefined;

  constructor(options: SystemOptions) {
    const { clock, log, rng, journal } = options;
    this.#options = options;
    this.#queue = new RunQueue(options.pick);
    this.#journal = new MeteredJournal(journal, clock);
    const observe = options.observe;
    const runtime: Runtime = {
      clock,
      log,
      rng,
      journal: this.#journal,
      timers: new Timers(clock),
      deadLetters: new DeadLetters(clock, log),
      cells: new Map<ActorPath, Cell>(),
      observe,
      ready: (cell) => this.#ready(cell),
      turn: () => new Promise((resolve) => this.#soon(resolve)),
      nextSeq: () => ++this.#seq,
      counters: (kind) => this.#counters(kind),
      deliver: (to, command, from, token) => this.#deliver(to, command, from, token),
      get asks(): Asks {
        return asks;
      },
    };
    const asks = new Asks(runtime, rng);
    this.#runtime = runtime;
    this.#root = new Cell(runtime, undefined, "", rootBehavior(options));
    this.#root.family.onFatal = (error, child) => this.#onFatal(error, child);
    void this.#root.start();
  }

  async spawn<S, C extends Tagged, E extends Tagged>(
    name: string,
    behavior: Behavior<S, C, E>,
  ): Promise<ActorRef<C>> {
    if (this.#stopping !== undefined) {
      throw new UserError("unavailable", `Cannot start ${name}: the system stops`);
    }
    const path: ActorPath = `/${name}`;
    if (this.#runtime.cells.has(path)) {
      throw new UserError("unavailable", `Cannot start ${path}: an actor of that name runs`);
    }
    const cell = this.#root.family.adopt(name, behavior);
    try {
      await cell.firstStart();
    } catch (error) {
      await cell.end("failed");
      throw error;
    }
    return { path };
  }

  tell<C>(to: ActorRef<C>, command: NoInfer<C>): "queued" | "refused" {
    return this.#deliver(to.path, command as Tagged, "/", 0);
  }

  ask<C extends Tagged, K extends Question<C>["kind"]>(
    to: ActorRef<C>,
    question: Asked<C, K>,
    timeoutMs: number,
  ): Promise<Answer<Extract<C, { readonly kind: K }>>> {
    return new Promise((resolve, reject) => {
      this.#runtime.asks.ask({
        from: "/",
        to: to.path,
        question,
        timeoutMs,
        answered: (reply) => resolve(reply as Answer<Extract<C, { readonly kind: K }>>),
        failed: reject,
      });
    });
  }

  stop(): Promise<void> {
    return this.#stopping ??= this.#stop();
  }

  stats(): SystemStats {
    const depths = new Map<string, number>();
    for (const cell of this.#runtime.cells.values()) {
      depths.set(cell.behavior.name, (depths.get(cell.behavior.name) ?? 0) + cell.mailbox.depth);
    }
    const kinds: KindStats[] = [];
    for (const [kind, counters] of this.#kinds) {
      if (kind !== ROOT_KIND) kinds.push({ kind, mailboxDepth: depths.get(kind) ?? 0, ...counters });
    }
    return {
      kinds: kinds.sort((a, b) => (a.kind < b.kind ? -1 : 1)),
      deadLetters: this.#runtime.deadLetters.count,
      latestDeadLetters: this.#runtime.deadLetters.latest(),
      journalRecords: this.#journal.records,
      journalBytes: this.#journal.bytes,
      journalAppendSeconds: this.#journal.appendMs / 1000,
      journalFailures: this.#journal.failures,
    };
  }

  /** For the simulation: the actor loses its memory and mailbox and comes back from the journal. */
  crash(path: ActorPath): void {
    const cell = this.#runtime.cells.get(path);
    if (cell === undefined) throw new TypeError(`Cannot crash ${path}: there is no such actor`);
    cell.crash();
  }

  /** For the simulation: the state of a running actor, for comparing a replay with a life. */
  stateOf(path: ActorPath): unknown {
    const cell = this.#runtime.cells.get(path);
    return cell?.live ? cell.state : undefined;
  }

  async #stop(): Promise<void> {
    await this.#root.family.endAll();
    this.#runtime.asks.failAll(new UserError("unavailable", "The system stopped"));
    this.#runtime.timers.clear();
  }

  #onFatal(error: unknown, child: Cell): void {
    // A first start that failed is answered by the rejection of spawn.
    if (child.neverRan) return;
    this.#options.log.error("A top-level actor failed for good", {
      path: child.path,
      error: messageOf(error),
    });
    this.#options.onFatal?.(error, child.path);
  }

  #deliver(to: ActorPath, command: Tagged, from: ActorPath, token: number): "queued" | "refused" {
    const cell = this.#runtime.cells.get(to);
    if (cell === undefined) {
      this.#runtime.deadLetters.add(to, from, command.kind, "no such actor");
      return "refused";
    }
    const outcome = cell.accept(command, from, token);
    if (outcome === "refused") this.#runtime.deadLetters.add(to, from, command.kind, "refused");
    return outcome;
  }

  #counters(kind: string): KindCounters {
    let counters = this.#kinds.get(kind);
    if (counters === undefined) {
      counters = { actors: 0, commands: 0, restarts: 0, refused: 0 };
      this.#kinds.set(kind, counters);
    }
    return counters;
  }

  #ready(cell: Cell): void {
    cell.queued = true;
    this.#queue.push(cell);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#soon(() => this.#turn());
  }

  #soon(run: () => void): void {
    const { schedule, clock } = this.#options;
    if (schedule === undefined) clock.at(clock.nowMs(), run);
    else schedule.soon(run);
  }

  #turn(): void {
    const { clock, turnCommandsMax = TURN_COMMANDS_MAX } = this.#options;
    const endMs = clock.monotonicMs() + TURN_MS_MAX;
    let left = turnCommandsMax;
    while (left > 0) {
      const cell = this.#queue.take();
      if (cell === undefined) break;
      left -= Math.max(1, cell.run(Math.min(left, ACTOR_COMMANDS_MAX)));
      // Only now: a cell that tells itself must not stand in the queue twice.
      cell.queued = false;
      if (cell.ready) {
        cell.queued = true;
        this.#queue.push(cell);
      }
      if (clock.monotonicMs() >= endMs) break;
    }
    this.#scheduled = this.#queue.length > 0;
    if (this.#scheduled) this.#soon(() => this.#turn());
  }
}

const ROOT_KIND = "root";

function rootBehavior(options: SystemOptions): Behavior<null, Tagged, Tagged> {
  return {
    name: ROOT_KIND,
    initial: () => null,
    decide: () => ({ events: [], effects: [] }),
    evolve: (state) => state,
    resume: () => [],
    persistence: { kind: "none" },
    supervision: options.supervision ?? ROOT_SUPERVISION,
  };
}
