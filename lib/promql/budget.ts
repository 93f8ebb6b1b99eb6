/** Counts the samples that a query holds, and those it has read. One budget a query. */
import { UserError } from "../core/errors.ts";

export function tooManySamples(): UserError {
  return new UserError(
    "execution",
    "query processing would load too many samples into memory in query execution",
  );
}

export class SampleBudget {
  readonly samplesMax: number;
  #held = 0;
  #peak = 0;
  #read = 0;

  constructor(samplesMax: number) {
    this.samplesMax = samplesMax;
  }

  get held(): number {
    return this.#held;
  }

  get peak(): number {
    return this.#peak;
  }

  get read(): number {
    return this.#read;
  }

  /** Fails when `count` more samples would be too many to hold at once. */
  hold(count: number): void {
    this.#held += count;
    if (this.#held > this.#peak) this.#peak = this.#held;
    if (this.#held > this.samplesMax) throw tooManySamples();
  }

  release(count: number): void {
    this.#held -= count;
  }

  addRead(count: number): void {
    this.#read += count;
  }
}
