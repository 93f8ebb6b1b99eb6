/**
 * What a session knows of each series of its last body, as columns by slot. Labels are not among it: storage
 * owns them, and they can be had again from the body.
 */

/** `ref` is a column of the cohort under the session's epoch. */
export const SERIES_KNOWN = 1;
/** Metric relabelling dropped the series. */
export const SERIES_DROPPED = 2;
/** The last scrape sampled it in a way that asks for a staleness marker when it ends. */
export const SERIES_TRACKED = 4;
/** Tracked until the batch that is not answered yet wrote its staleness marker. */
export const SERIES_WAS_TRACKED = 8;
/** `ref` is an index into the series that the unanswered batch defines. */
export const SERIES_PENDING = 16;

export class SeriesTable {
  count = 0;
  ref: Uint32Array = new Uint32Array(0);
  /** Of the final labels; tells alike series under different keys. */
  labelsHash: Uint32Array = new Uint32Array(0);
  flags: Uint8Array = new Uint8Array(0);

  add(labelsHash: number, flags: number): number {
    if (this.count === this.ref.length) this.#resize(Math.max(16, this.count + (this.count >> 1)));
    const slot = this.count++;
    this.ref[slot] = 0;
    this.labelsHash[slot] = labelsHash;
    this.flags[slot] = flags;
    return slot;
  }

  /** Forgets the slots from `count` on. */
  truncate(count: number): void {
    this.count = count;
  }

  /** Gives back room that a first scrape grew too large. */
  trim(): void {
    if (this.ref.length > this.count + (this.count >> 4) + 16) this.#resize(this.count + (this.count >> 5));
  }

  /** Moves the slots that `kept` marks to the front and answers the new slot of each, −1 for the others. */
  compact(isKept: (slot: number) => boolean): Int32Array {
    const moved = new Int32Array(this.count).fill(-1);
    let next = 0;
    for (let slot = 0; slot < this.count; slot++) {
      if (!isKept(slot)) continue;
      this.ref[next] = this.ref[slot]!;
      this.labelsHash[next] = this.labelsHash[slot]!;
      this.flags[next] = this.flags[slot]!;
      moved[slot] = next++;
    }
    this.count = next;
    return moved;
  }

  clearFlags(mask: number): void {
    for (let slot = 0; slot < this.count; slot++) this.flags[slot] = this.flags[slot]! & ~mask;
  }

  get bytes(): number {
    return this.ref.byteLength + this.labelsHash.byteLength + this.flags.byteLength;
  }

  #resize(capacity: number): void {
    const ref = new Uint32Array(capacity);
    ref.set(this.ref.subarray(0, this.count));
    this.ref = ref;
    const labelsHash = new Uint32Array(capacity);
    labelsHash.set(this.labelsHash.subarray(0, this.count));
    this.labelsHash = labelsHash;
    const flags = new Uint8Array(capacity);
    flags.set(this.flags.subarray(0, this.count));
    this.flags = flags;
  }
}
