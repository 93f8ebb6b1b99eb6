/**
 * The end of patience of one request: its timeout and its caller's signal, as one thing that closes whatever is
 * open. Nothing waits beyond it.
 */
import { type Alarm, deadlines } from "./shared_timer.ts";

export type DeadlineState = "running" | "timedOut" | "aborted";

export class Deadline {
  /** Made when somebody asks: an AbortController costs more than a small scrape's parsing. */
  #controller: AbortController | undefined;
  readonly #alarm: Alarm;
  readonly #outer: AbortSignal;
  readonly #onAbort = () => this.#end("aborted");
  #state: DeadlineState = "running";
  /** Called once when the deadline ends, unless that was before it was set. */
  onEnd: (() => void) | undefined;

  constructor(timeoutMs: number, outer: AbortSignal) {
    this.#outer = outer;
    this.#alarm = deadlines.at(performance.now() + timeoutMs, () => this.#end("timedOut"));
    if (outer.aborted) this.#end("aborted");
    else outer.addEventListener("abort", this.#onAbort, { once: true });
  }

  get state(): DeadlineState {
    return this.#state;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#state !== "running") this.#controller.abort();
    }
    return this.#controller.signal;
  }

  /** Must be called when the request is over, however it ended. */
  clear(): void {
    this.#alarm.cancel();
    this.#outer.removeEventListener("abort", this.#onAbort);
  }

  #end(state: DeadlineState): void {
    if (this.#state !== "running") return;
    this.#state = state;
    this.#controller?.abort();
    this.onEnd?.();
  }
}
