/**
 * A number of places for work that would otherwise run all at once: who finds none waits in order. Shared by the groups
 * of a server, whose evaluations are tasks of their actors.
 */

export class EvaluationSlots {
  readonly #max: number;
  #taken = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  get taken(): number {
    return this.#taken;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Rejects with the signal's reason when it is aborted while waiting. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#take(signal);
    try {
      return await work();
    } finally {
      this.#giveBack();
    }
  }

  /** Each in a place of its own where there is one now, else one after the other in the caller's. In order. */
  async spread<T>(works: readonly (() => Promise<T>)[]): Promise<readonly T[]> {
    const results: Promise<T>[] = [];
    for (const work of works) {
      if (this.#taken < this.#max) {
        this.#taken++;
        const placed = work().finally(() => this.#giveBack());
        placed.catch(() => {}); // told of below
        results.push(placed);
      } else {
        const own = work();
        results.push(own);
        await own.catch(() => {}); // told of below
      }
    }
    return await Promise.all(results);
  }

  async #take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#taken < this.#max) {
      this.#taken++;
      return;
    }
    const turn = Promise.withResolvers<void>();
    const enter = () => turn.resolve();
    const leave = () => {
      const place = this.#waiting.indexOf(enter);
      if (place < 0) return; // it has the place already, and gives it back
      this.#waiting.splice(place, 1);
      turn.reject(signal.reason);
    };
    this.#waiting.push(enter);
    signal.addEventListener("abort", leave, { once: true });
    try {
      await turn.promise;
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  /** To the one who waits longest, if any. */
  #giveBack(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#taken--;
    else next();
  }
}
