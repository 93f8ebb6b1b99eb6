/**
 * One actor's life: it takes commands from its mailbox, lets the behaviour decide, hands the decision to its keeper and
 * carries out effects. Starting, restarting and ending are here; what to do about a failed child is in family.ts. A
 * number, the generation, tells lives apart: what an earlier life began cannot reach a later one.
 */
import { assert } from "../core/assert.ts";
import { messageOf, UserError } from "../core/errors.ts";
import { Family } from "./family.ts";
import {
  type AnyDecision,
  type AnyEffect,
  createKeeper,
  type Keeper,
  type KeeperHost,
  type OverloadState,
} from "./keeper.ts";
import { Mailbox } from "./mailbox.ts";
import { performEffect } from "./perform.ts";
import type { KindCounters, Runtime } from "./runtime.ts";
import type { ActorPath, AnyBehavior, Behavior, Envelope, Tagged } from "./types.ts";
import { Wishes } from "./wishes.ts";

/**
 * unborn → starting → running ⇄ writing (an append ahead); running → failed (its parent decides) or halted (a sibling's
 * failure restarts it too) → starting; anything → stopping → ended.
 */
export type CellStatus =
  | "unborn"
  | "starting"
  | "running"
  | "writing"
  | "failed"
  | "halted"
  | "stopping"
  | "ended";

export type Signal =
  | { readonly kind: "stop" }
  | { readonly kind: "childFailed"; readonly child: Cell; readonly error: unknown }
  | { readonly kind: "childEnded"; readonly name: string; readonly reason: EndReason };

export type EndReason = "stopped" | "failed";

/** A stop waits this long for a journal that does not answer; what is behind is lost then, as in a crash. */
const STOP_FLUSH_MS_MAX = 30_000;
/** A restart waits this long to save what an intact state has not flushed. */
const SALVAGE_MS_MAX = 1_000;
/** Commands that a stopping actor decides between two turns of the event loop. */
const DRAIN_COMMANDS_MAX = 64;

export class Cell implements KeeperHost {
  readonly path: ActorPath;
  readonly behavior: Behavior<unknown, Tagged, Tagged>;
  readonly mailbox: Mailbox<Tagged, Signal>;
  readonly family: Family;
  readonly wishes: Wishes;
  readonly counters: KindCounters;
  status: CellStatus = "unborn";
  state: unknown = undefined;
  generation = 0;
  /** In the run queue. */
  queued = false;
  /** A stop signal is on its way: the name will be free. */
  stopRequested = false;
  /** Whether the state is sound: not half folded. */
  intact = true;
  /** Ends for good: the journal is deleted after the last flush. */
  forgetsJournal = false;
  /** The failure was one of recovery: there is no state to go on with. */
  unrecoverable = false;
  readonly #keeper: Keeper;
  #accepting: "ready" | "overloaded" | "closed" = "ready";
  #starting: Promise<void> = Promise.resolve();
  #halting: Promise<void> | undefined;
  #ending: Promise<void> | undefined;
  #neverRan = true;
  #born: PromiseWithResolvers<void> | undefined;
  #bornError: unknown = undefined;

  constructor(
    readonly runtime: Runtime,
    readonly parent: Cell | undefined,
    readonly name: string,
    behavior: AnyBehavior,
  ) {
    this.path = parent === undefined ? "/" : parent.path === "/" ? `/${name}` : `${parent.path}/${name}`;
    this.behavior = behavior;
    this.mailbox = new Mailbox(behavior.mailboxCapacity);
    this.family = new Family(this);
    this.counters = runtime.counters(behavior.name);
    this.counters.actors++;
    this.wishes = new Wishes(this);
    this.#keeper = createKeeper(this);
  }

  /** Takes signals: it has a state, or soon goes on with it. */
  get live(): boolean {
    return this.status === "running" || this.status === "writing";
  }

  get isStarting(): boolean {
    return this.status === "starting";
  }

  get ready(): boolean {
    return (this.live && this.mailbox.signalsCount > 0) ||
      (this.status === "running" && this.mailbox.depth > 0);
  }

  observe(what: string): void {
    this.runtime.observe?.(`${this.path} ${what}`);
  }

  // Starting

  /** Replays and resumes. Rejects when it could not; the parent has been told then. At once without a journal. */
  start(): Promise<void> {
    assert(this.status !== "ended" && this.status !== "stopping", `${this.path} is ${this.status}`);
    this.generation++;
    this.status = "starting";
    this.#starting = this.#open(this.generation);
    this.#starting.catch(() => {}); // the parent hears of it by a signal
    return this.#starting;
  }

  async #open(generation: number): Promise<void> {
    try {
      const recovered = this.#keeper.recover();
      const { state } = recovered instanceof Promise ? await recovered : recovered;
      if (generation !== this.generation || this.status !== "starting") return;
      this.state = state;
    } catch (error) {
      if (generation === this.generation && this.status === "starting") {
        this.unrecoverable = true;
        this.fail(error, false);
      }
      this.#born?.reject(error);
      throw error;
    }
    this.status = "running";
    this.unrecoverable = false;
    this.intact = true;
    this.observe("started");
    try {
      this.perform(this.behavior.resume(this.state, this.runtime.clock.nowMs()));
    } catch (error) {
      this.unrecoverable = this.#neverRan; // a first start that fails would fail again
      this.fail(error, true);
      this.#bornError = error;
      this.#born?.reject(error);
      throw error;
    }
    this.#neverRan = false;
    this.#born?.resolve();
    this.wake();
  }

  get neverRan(): boolean {
    return this.#neverRan;
  }

  /** The first time that it runs, or its end without that. */
  firstStart(): Promise<void> {
    if (!this.#neverRan) return Promise.resolve();
    if (this.#bornError !== undefined) return Promise.reject(this.#bornError);
    this.#born ??= Promise.withResolvers();
    return this.#born.promise;
  }

  // Working

  wake(): void {
    if (!this.queued && this.ready) this.runtime.ready(this);
  }

  /** A command from outside. */
  accept(command: Tagged, from: ActorPath, token: number): "queued" | "refused" {
    if (
      this.#accepting !== "ready" || this.mailbox.offer(this.#envelope(command, from, 0, token)) === "refused"
    ) {
      this.counters.refused++;
      return "refused";
    }
    this.wake();
    return "queued";
  }

  /** The actor's own timer or answer, never refused. A maker that throws is the actor's failure. */
  acceptOwn(generation: number, make: () => Tagged | undefined): void {
    if (generation !== this.generation || this.status === "ended") return;
    let command: Tagged | undefined;
    try {
      command = make();
    } catch (error) {
      return this.fail(error, true);
    }
    if (command === undefined) return;
    this.mailbox.push(this.#envelope(command, this.path, generation, 0));
    this.wake();
  }

  /** Handles up to `commandsMax` signals and commands; answers how many there were. */
  run(commandsMax: number): number {
    let handled = 0;
    for (; handled < commandsMax; handled++) {
      const signal = this.live ? this.mailbox.takeSignal() : undefined;
      if (signal !== undefined) {
        this.#onSignal(signal);
        continue;
      }
      const envelope = this.status === "running" ? this.mailbox.take() : undefined;
      if (envelope === undefined) break;
      this.#decide(envelope);
    }
    return handled;
  }

  signal(signal: Signal): void {
    if (signal.kind === "stop") this.stopRequested = true;
    this.mailbox.signal(signal);
    this.wake();
  }

  #onSignal(signal: Signal): void {
    switch (signal.kind) {
      case "stop":
        return void this.end("stopped");
      case "childFailed":
        return this.family.onFailure(signal.child, signal.error);
      case "childEnded":
        return this.acceptOwn(
          this.generation,
          () => this.behavior.childEnded?.(signal.name, signal.reason) as Tagged | undefined,
        );
    }
  }

  #decide(envelope: Envelope<Tagged>): void {
    const { command, from, token } = envelope;
    if (envelope.generation !== 0 && envelope.generation !== this.generation) return;
    if (token !== 0) this.wishes.takeQuestion(token);
    this.counters.commands++;
    if (this.runtime.observe !== undefined) this.observe(`< ${command.kind} from ${from}`);
    let decision: AnyDecision;
    try {
      decision = this.behavior.decide(this.state, command, this.runtime.clock.nowMs());
    } catch (error) {
      this.runtime.deadLetters.add(this.path, from, command.kind, `failed: ${messageOf(error)}`);
      return this.fail(error, true);
    }
    this.#keeper.keep(decision);
  }

  fold(events: readonly Tagged[]): boolean {
    try {
      for (const event of events) {
        if (this.runtime.observe !== undefined) this.observe(`+ ${event.kind}`);
        this.state = this.behavior.evolve(this.state, event);
      }
      return true;
    } catch (error) {
      this.fail(error, false);
      return false;
    }
  }

  perform(effects: readonly AnyEffect[]): void {
    for (const effect of effects) {
      try {
        performEffect(this, effect);
      } catch (error) {
        return this.fail(error, true);
      }
    }
  }

  hold(): void {
    if (this.status === "running") this.status = "writing";
  }

  release(): void {
    if (this.status !== "writing") return;
    this.status = "running";
    this.wake();
  }

  overload(on: OverloadState): void {
    if (this.#accepting !== "closed") this.#accepting = on;
  }

  whenDurable(effects: readonly AnyEffect[]): void {
    this.#keeper.whenDurable(effects);
  }

  truncate(throughSeq: number): void {
    this.#keeper.truncate(throughSeq);
  }

  // Failing and coming back

  /** Commands wait from now on; the parent decides. `intact`: the state is as it was before what failed. */
  fail(error: unknown, intact: boolean): void {
    if (this.status === "stopping") {
      this.intact &&= intact;
      this.runtime.log.error("Actor failed while stopping", { path: this.path, error: messageOf(error) });
      return;
    }
    if (this.status === "failed" || this.status === "ended" || this.status === "halted") return;
    this.status = "failed";
    this.intact = intact;
    this.observe(`failed: ${messageOf(error)}`);
    this.parent?.signal({ kind: "childFailed", child: this, error });
  }

  /** The directive `resume`: the state is kept, and so are timers and tasks. */
  resume(): void {
    if (this.status !== "failed") return;
    this.status = "running";
    this.observe("resumed");
    this.wake();
  }

  /** Before a restart: saves what it can of a failed life and makes sure that nothing of it is heard again. */
  async bury(): Promise<void> {
    const { generation } = this;
    if (this.intact) await this.#within(SALVAGE_MS_MAX, this.#keeper.salvage());
    if (generation !== this.generation || this.status !== "failed") return;
    this.#forget("the actor restarted");
    await this.family.endAll();
  }

  /** Nothing of its journal is to be replayed. Never rejects: what cannot be deleted fails the next start too. */
  startOver(): Promise<void> {
    return this.#keeper.forget();
  }

  /** From failed or halted to running. */
  async restart(): Promise<void> {
    if (this.status !== "failed" && this.status !== "halted") return;
    this.counters.restarts++;
    await this.start();
  }

  /** Stops without ending: a sibling's failure restarts this one too. Commands that wait go on waiting. */
  halt(): Promise<void> {
    if (!this.live) return this.#halting ?? Promise.resolve();
    return this.#halting ??= this.#halt().finally(() => this.#halting = undefined);
  }

  async #halt(): Promise<void> {
    this.status = "stopping";
    this.wishes.quieten("the actor restarts");
    await this.family.endAll();
    await this.#within(STOP_FLUSH_MS_MAX, this.#lastWord());
    this.#forget("the actor restarted");
    this.status = "halted";
  }

  /** As a kill of the process: no word, no flush; comes back from the journal. */
  crash(): void {
    if (this.status === "unborn") return this.#clearMailbox("crashed"); // it has no life to lose
    assert(this.status !== "ended" && this.status !== "stopping", `${this.path} is ${this.status}`);
    this.observe("crashed");
    this.family.discardAll();
    this.#forget("the actor crashed");
    this.#clearMailbox("crashed");
    void this.start();
    if (this.stopRequested) this.signal({ kind: "stop" }); // its parent remembers
  }

  // Ending

  /** Children first, last started first; then the commands that wait are decided; then the last word. */
  end(reason: EndReason): Promise<void> {
    return this.#ending ??= this.#end(reason);
  }

  get ending(): boolean {
    return this.#ending !== undefined;
  }

  /** As in a crash: nothing is said, nothing flushed, and the parent is not told. */
  discard(reason: "stopped" | "crashed"): void {
    this.family.discardAll();
    this.#vanish(reason);
  }

  async #end(reason: EndReason): Promise<void> {
    await this.#halting;
    const { live } = this;
    const wasStarting = this.status === "starting";
    const wasFailed = this.status === "failed";
    this.status = "stopping";
    this.wishes.quieten("the actor stops");
    if (wasStarting) {
      this.generation++;
      await this.#within(STOP_FLUSH_MS_MAX, this.#starting.catch(() => {}));
    }
    await this.family.endAll();
    this.#accepting = "closed";
    if (live) {
      this.intact = true;
      await this.#within(STOP_FLUSH_MS_MAX, this.#drain().then(() => this.#lastWord()));
    } else if (wasFailed && this.intact) {
      await this.#within(SALVAGE_MS_MAX, this.#keeper.salvage());
    }
    if (this.status !== "stopping") return; // a crash was faster
    this.#vanish("stopped");
    this.parent?.family.onEnd(this, reason);
  }

  /** What was queued has been accepted, so it is decided. */
  async #drain(): Promise<void> {
    const { generation } = this;
    await this.#keeper.settled();
    for (let left = this.mailbox.depth; left > 0 && this.intact; left--) {
      const envelope = this.mailbox.take();
      if (envelope === undefined || generation !== this.generation) return;
      this.#decide(envelope);
      await this.#keeper.settled();
      if (left % DRAIN_COMMANDS_MAX === 0) await this.runtime.turn();
    }
  }

  async #lastWord(): Promise<void> {
    const { generation } = this;
    await this.#keeper.settled();
    if (generation !== this.generation) return;
    try {
      if (this.behavior.stopping !== undefined && this.intact) {
        this.perform(this.behavior.stopping(this.state, this.runtime.clock.nowMs()));
      }
    } catch (error) {
      this.fail(error, true);
    }
    if (this.intact) await this.#keeper.flush();
    if (this.forgetsJournal && this.ending) await this.#keeper.forget();
  }

  async #within(timeoutMs: number, work: Promise<void>): Promise<void> {
    const { runtime, path } = this;
    await new Promise<void>((resolve) => {
      const deadline = runtime.timers.at(runtime.clock.nowMs() + timeoutMs, () => {
        runtime.log.error("Gave up waiting for the journal", { path, timeoutMs });
        resolve();
      });
      work.catch((error) => this.fail(error, false)).finally(() => {
        deadline.cancel();
        resolve();
      });
    });
  }

  /** Ends the generation. */
  #forget(reason: string): void {
    this.generation++;
    this.wishes.forget(reason);
  }

  #clearMailbox(reason: string): void {
    while (this.mailbox.takeSignal() !== undefined);
    for (let envelope = this.mailbox.take(); envelope !== undefined; envelope = this.mailbox.take()) {
      if (envelope.generation !== 0) continue; // its own wishes die with it
      this.runtime.deadLetters.add(this.path, envelope.from, envelope.command.kind, reason);
      if (envelope.token === 0) continue;
      const message = `No answer from ${this.path}: the actor ${reason}`;
      this.runtime.asks.fail(envelope.token, new UserError("unavailable", message));
    }
  }

  #vanish(reason: string): void {
    if (this.status === "ended") return;
    this.status = "ended";
    this.#accepting = "closed";
    this.#born?.reject(new UserError("unavailable", `${this.path} ended before it ran`));
    this.observe("ended");
    this.counters.actors--;
    if (this.runtime.cells.get(this.path) === this) this.runtime.cells.delete(this.path);
    this.#forget(`the actor ${reason}`);
    this.#clearMailbox(reason);
  }

  #envelope(command: Tagged, from: ActorPath, generation: number, token: number): Envelope<Tagged> {
    const enqueuedMs = this.runtime.clock.nowMs();
    return { seq: this.runtime.nextSeq(), command, from, enqueuedMs, generation, token };
  }
}
