/** Counts the samples that a query holds. One budget a query. */
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
  #reclaimable = 0;
  readonly #reclaims: (() => void)[] = [];
  readonly #noted = new Map<object, number>();

  constructor(samplesMax: number) {
    this.samplesMax = samplesMax;
  }

  get held(): number {
    return this.#held;
  }

  get peak(): number {
    return this.#peak;
  }

  /** The part of `held` that is given back as soon as somebody needs the room. */
  get reclaimable(): number {
    return this.#reclaimable;
  }

  /** How many samples may still be held. */
  get room(): number {
    return this.samplesMax - this.#held + this.#reclaimable;
  }

  /** Called before a query fails for want of room: whoever keeps something for later lets it go. */
  onPressure(reclaim: () => void): void {
    this.#reclaims.push(reclaim);
  }

  /** Holds what can be given back; false where there is no room for it. */
  tryKeep(count: number): boolean {
    if (this.#held + count > this.samplesMax) return false;
    this.#reclaimable += count;
    this.hold(count);
    return true;
  }

  unkeep(count: number): void {
    this.#reclaimable -= count;
    this.release(count);
  }

  /** Fails when `count` more samples would be too many to hold at once. */
  hold(count: number): void {
    if (this.#held + count > this.samplesMax && this.#reclaimable > 0) {
      for (const reclaim of this.#reclaims) reclaim();
    }
    this.#held += count;
    if (this.#held > this.#peak) this.#peak = this.#held;
    if (this.#held > this.samplesMax) throw tooManySamples();
  }

  release(count: number): void {
    this.#held -= count;
  }

  /** Remembers what is held for an owner, whose size may change before it lets go. */
  note(owner: object, count: number): void {
    this.#noted.set(owner, count);
  }

  releaseNoted(owner: object): void {
    this.release(this.#noted.get(owner) ?? 0);
    this.#noted.delete(owner);
  }
}
