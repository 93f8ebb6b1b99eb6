/**
 * Questions that wait for an answer, from actors and from outside, in one table by token. A question ends once: by
 * its answer, by its deadline on the injected clock, or because the actor that took it restarted or ended. An answer
 * that comes later is a dead letter. Tokens are never used twice in a process.
 */
import { UserError } from "../core/errors.ts";
import type { Rng, TimerHandle } from "../core/ports.ts";
import type { Runtime } from "./runtime.ts";
import type { ActorPath, ReplyTo, Tagged } from "./types.ts";

export interface QuestionOptions {
  readonly from: ActorPath;
  readonly to: ActorPath;
  readonly question: Tagged;
  readonly timeoutMs: number;
  readonly answered: (reply: unknown) => void;
  readonly failed: (error: unknown) => void;
}

interface Waiting {
  readonly options: QuestionOptions;
  readonly deadline: TimerHandle;
  /** The open questions of the actor that took this one. */
  holder: Set<number> | undefined;
}

export class Asks {
  readonly #runtime: Runtime;
  readonly #waiting = new Map<number, Waiting>();
  #token: number;

  constructor(runtime: Runtime, rng: Rng | undefined) {
    this.#runtime = runtime;
    // An address from an earlier process, kept in a journal, should hit no question of this one.
    this.#token = rng === undefined ? 0 : rng.uint32() * 2 ** 20;
  }

  ask(options: QuestionOptions): void {
    const { from, to, question, timeoutMs } = options;
    const token = ++this.#token;
    const deadline = this.#runtime.timers.at(this.#runtime.clock.nowMs() + timeoutMs, () => {
      this.fail(
        token,
        new UserError("timeout", `No answer from ${to} to ${question.kind} in ${timeoutMs}ms`),
      );
    });
    this.#waiting.set(token, { options, deadline, holder: undefined });
    const replyTo: ReplyTo<never> = { path: from, token };
    if (this.#runtime.deliver(to, { ...question, replyTo } as Tagged, from, token) === "refused") {
      const missing = !this.#runtime.cells.has(to);
      const reason = missing ? "there is no such actor" : "its mailbox refused the question";
      this.fail(token, new UserError("unavailable", `Cannot ask ${to} for ${question.kind}: ${reason}`));
    }
  }

  /** The actor that holds `questions` has taken this one from its mailbox. */
  taken(token: number, questions: Set<number>): void {
    const waiting = this.#waiting.get(token);
    if (waiting === undefined) return;
    waiting.holder = questions;
    questions.add(token);
  }

  answer(to: ReplyTo<never>, reply: unknown, from: ActorPath): void {
    const waiting = this.#waiting.get(to.token);
    if (waiting === undefined || waiting.options.from !== to.path) {
      this.#runtime.deadLetters.add(to.path, from, "reply", "late or repeated reply");
      return;
    }
    this.#end(to.token, waiting);
    waiting.options.answered(reply);
  }

  fail(token: number, error: unknown): void {
    const waiting = this.#waiting.get(token);
    if (waiting === undefined) return;
    this.#end(token, waiting);
    waiting.options.failed(error);
  }

  failAll(error: unknown): void {
    for (const token of [...this.#waiting.keys()]) this.fail(token, error);
  }

  #end(token: number, waiting: Waiting): void {
    this.#waiting.delete(token);
    waiting.deadline.cancel();
    waiting.holder?.delete(token);
  }
}
