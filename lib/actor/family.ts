/**
 * A cell's children: who they are, in start order, and what happens when one fails or ends. Children start left to
 * right, each after the one before has replayed, and end right to left.
 */
import { assert } from "../core/assert.ts";
import { messageOf } from "../core/errors.ts";
import { Cell, type EndReason } from "./cell.ts";
import { RestartBudget, restartGroup } from "./supervision.ts";
import type { AnyBehavior, Directive, RecoveryDirective } from "./types.ts";

/** The budget is spent: the failure is now the parent's. */
export class RestartsExhaustedError extends Error {
  override readonly name = "RestartsExhaustedError";
}

export class Family {
  readonly #parent: Cell;
  readonly #children = new Map<string, Cell>();
  readonly #budget = new RestartBudget();
  /** For names whose holder is still ending: the next, whose mailbox is open already. */
  #awaited: Map<string, Cell> | undefined;
  /** Not yet started; the first may be starting. */
  #unstarted: Cell[] = [];
  #startingFirst = false;
  /** Group restarts go one after the other: two at once would start what the other halts. */
  #groups: Promise<void> = Promise.resolve();
  /** Told when the top-level actor of that name has ended because nobody above can handle its failure. */
  onFatal: ((error: unknown, child: Cell) => void) | undefined;

  constructor(parent: Cell) {
    this.#parent = parent;
  }

  get children(): readonly Cell[] {
    return [...this.#children.values()];
  }

  spawn(name: string, behavior: AnyBehavior): void {
    const present = this.#children.get(name);
    if (present === undefined) return void this.adopt(name, behavior);
    const path = present.path;
    assert(present.ending || present.stopRequested, `cannot spawn ${path}: the name is in use`);
    assert(!this.#awaited?.has(name), `cannot spawn ${path}: the name is in use by a spawn that waits`);
    this.#awaited ??= new Map();
    const { runtime } = this.#parent;
    const next = new Cell(runtime, this.#parent, name, behavior);
    this.#awaited.set(name, next);
    runtime.cells.set(path, next);
  }

  adopt(name: string, behavior: AnyBehavior): Cell {
    assert(name !== "" && !name.includes("/"), `cannot spawn an actor named ${JSON.stringify(name)}`);
    return this.#enter(new Cell(this.#parent.runtime, this.#parent, name, behavior));
  }

  #enter(child: Cell): Cell {
    this.#children.set(child.name, child);
    this.#parent.runtime.cells.set(child.path, child);
    this.#unstarted.push(child);
    this.#startNext();
    return child;
  }

  stop(name: string): void {
    const child = this.#children.get(name);
    const next = this.#awaited?.get(name);
    if (next !== undefined) {
      this.#awaited?.delete(name);
      next.discard("stopped");
      if (child !== undefined) this.#parent.runtime.cells.set(child.path, child);
      return;
    }
    if (child === undefined || child.ending) return; // it was faster
    if (child.live) child.signal({ kind: "stop" });
    else void child.end("stopped");
  }

  /** Right to left. */
  async endAll(): Promise<void> {
    this.#discardAwaited("stopped");
    for (const child of [...this.#children.values()].reverse()) await child.end("stopped");
  }

  discardAll(): void {
    this.#discardAwaited("crashed");
    for (const child of [...this.#children.values()].reverse()) child.discard("crashed");
    this.#children.clear();
    this.#unstarted = [];
  }

  #discardAwaited(reason: "stopped" | "crashed"): void {
    for (const next of this.#awaited?.values() ?? []) next.discard(reason);
    this.#awaited = undefined;
  }

  onEnd(child: Cell, reason: EndReason): void {
    const { name } = child;
    if (this.#children.get(name) !== child) return;
    this.#children.delete(name);
    const parent = this.#parent;
    if (parent.behavior.childEnded !== undefined && parent.status !== "stopping") {
      parent.signal({ kind: "childEnded", name, reason });
    }
    const next = this.#awaited?.get(name);
    if (next === undefined) return;
    this.#awaited?.delete(name);
    if (parent.live) this.#enter(next);
    else next.discard("stopped");
  }

  onFailure(child: Cell, error: unknown): void {
    if (child.status !== "failed" || child.ending || this.#children.get(child.name) !== child) return;
    if (child.stopRequested) return void child.end("failed");
    const directive = this.#directive(child, error);
    const { log } = this.#parent.runtime;
    log.warn("Actor failed", { path: child.path, error: messageOf(error), directive });
    switch (directive) {
      case "resume":
        return child.resume();
      case "stop":
        return void child.end("failed");
      case "escalate":
        return this.#escalate(child, error);
      case "restart":
      case "startOver":
        return this.#restart(child, error, directive);
    }
  }

  #directive(child: Cell, error: unknown): Directive | RecoveryDirective {
    const { supervision } = this.#parent.behavior;
    try {
      if (child.unrecoverable) return supervision.unrecoverable?.(error, child.name) ?? "escalate";
      const directive = supervision.directive(error, child.name);
      return directive === "resume" && !child.intact ? "restart" : directive;
    } catch (cause) {
      this.#parent.runtime.log.error("A supervisor failed to decide", {
        path: this.#parent.path,
        error: messageOf(cause),
      });
      return "escalate";
    }
  }

  #escalate(child: Cell, error: unknown): void {
    void child.end("failed");
    if (this.#parent.parent === undefined) this.onFatal?.(error, child);
    else this.#parent.fail(error, true);
  }

  #restart(child: Cell, error: unknown, how: "restart" | "startOver"): void {
    const { runtime, behavior } = this.#parent;
    const { supervision } = behavior;
    const delayMs = this.#budget.grant(supervision, runtime.clock.nowMs(), runtime.rng);
    if (delayMs === undefined) {
      const { restartsMax, windowMs } = supervision;
      const message = `${child.path} needed more than ${restartsMax} restarts in ${windowMs}ms: ${
        messageOf(error)
      }`;
      return this.#escalate(child, new RestartsExhaustedError(message, { cause: error }));
    }
    child.observe(`restarts in ${delayMs}ms`);
    if (supervision.scope === "oneForOne") void this.#restartGroup(child, delayMs, how);
    else this.#groups = this.#groups.then(() => this.#restartGroup(child, delayMs, how));
  }

  /** Never rejects: a start that fails is a failure of its own, and has been signalled. */
  async #restartGroup(failed: Cell, delayMs: number, how: "restart" | "startOver"): Promise<void> {
    const parent = this.#parent;
    const { generation, runtime } = parent;
    const scope = parent.behavior.supervision.scope;
    if (failed.status !== "failed") return; // an earlier group restart took it along
    const group = restartGroup(scope, this.children, failed);
    for (const cell of [...group].reverse()) {
      if (cell === failed) await cell.bury();
      else await cell.halt();
    }
    if (how === "startOver" && failed.status === "failed") await failed.startOver();
    await runtime.timers.delay(delayMs);
    for (const cell of group) {
      if (parent.generation !== generation || parent.status === "stopping") return;
      if (!cell.ending) await cell.restart().catch(() => {});
    }
  }

  #startNext(): void {
    if (this.#startingFirst) return;
    for (let child = this.#unstarted[0]; child !== undefined; child = this.#unstarted[0]) {
      this.#unstarted.shift();
      if (child.status !== "unborn") continue;
      const started = child.start();
      if (!child.isStarting) continue; // done at once, or failed and signalled
      this.#startingFirst = true;
      started.catch(() => {}).finally(() => {
        this.#startingFirst = false;
        this.#startNext();
      });
      return;
    }
  }
}
