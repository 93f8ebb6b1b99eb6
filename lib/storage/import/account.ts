/** What an import left, with the reason. */

/** Damages that are told one by one; more are counted only. */
const DAMAGE_MAX = 100;

export class ImportAccount {
  readonly #skipped = new Map<string, number>();
  readonly #damage = new Set<string>();
  #untold = 0;

  /** Things that are whole but not taken. */
  skip(reason: string, count = 1): void {
    if (count > 0) this.#skipped.set(reason, (this.#skipped.get(reason) ?? 0) + count);
  }

  /** Something that cannot be read. The same words twice are one damage. */
  noteDamage(what: string): void {
    if (this.#damage.size < DAMAGE_MAX) this.#damage.add(what);
    else if (!this.#damage.has(what)) this.#untold++;
  }

  get damaged(): number {
    return this.#damage.size + this.#untold;
  }

  damage(): readonly string[] {
    return [...this.#damage];
  }

  skipped(): readonly (readonly [reason: string, count: number])[] {
    return [...this.#skipped].sort(([a], [b]) => a < b ? -1 : 1);
  }
}
