/**
 * The series that the body at hand brought, with their labels until the batch has them, and the search for twins:
 * series of the same labels under another key. Hashes of labels are kept for all series, labels are not.
 */
import type { Labels } from "../model/labels.ts";
import { SERIES_DROPPED, type SeriesTable } from "./series_table.ts";

/** More new series than this in one body are looked up by chains of equal hashes and not by scanning. */
const SCANNED_NEW_MAX = 32;

export class FreshSeries {
  readonly #series: SeriesTable;
  /** Of slots from `#from` on; dropped series have none. */
  #labels: (Labels | undefined)[] = [];
  #from = 0;
  /** Slot + 1 by hash, and the slot + 1 that follows it; 0 ends a chain. Empty while slots are scanned. */
  #heads = new Int32Array(0);
  #next = new Int32Array(0);

  constructor(series: SeriesTable) {
    this.#series = series;
  }

  /** Nothing is fresh; what comes has the slots from `from` on. */
  begin(from: number): void {
    if (this.#labels.length > 0) this.#labels = [];
    this.#from = from;
    if (this.#heads.length === 0) return;
    this.#heads = new Int32Array(0);
    this.#next = new Int32Array(0);
  }

  /** `slot` was added to the table already, as its last. */
  add(slot: number, hash: number, labels: Labels): void {
    const labelsOfFresh = this.#labels;
    while (labelsOfFresh.length < slot - this.#from) labelsOfFresh.push(undefined);
    labelsOfFresh.push(labels);
    if (labelsOfFresh.length <= SCANNED_NEW_MAX) return;
    if (slot >= this.#next.length || slot >= this.#heads.length) this.#chainAll();
    else this.#chain(slot, hash);
  }

  labelsOf(slot: number): Labels | undefined {
    return slot < this.#from ? undefined : this.#labels[slot - this.#from];
  }

  /** The first slot from `from` on, old or new, whose labels have this hash, in no particular order; or −1. */
  firstOf(hash: number): number {
    if (this.#heads.length === 0) return this.#scan(hash, 0);
    return this.#matching(this.#heads[hash & (this.#heads.length - 1)]!, hash);
  }

  /** The slot after `slot` of those that `firstOf` began; or −1. */
  nextOf(hash: number, slot: number): number {
    if (this.#heads.length === 0) return this.#scan(hash, slot + 1);
    return this.#matching(this.#next[slot]!, hash);
  }

  #scan(hash: number, from: number): number {
    const { labelsHash, flags, count } = this.#series;
    for (let at = labelsHash.indexOf(hash, from); at !== -1 && at < count;) {
      if ((flags[at]! & SERIES_DROPPED) === 0) return at;
      at = labelsHash.indexOf(hash, at + 1);
    }
    return -1;
  }

  #matching(from: number, hash: number): number {
    const { labelsHash } = this.#series;
    for (let at = from; at !== 0; at = this.#next[at - 1]!) if (labelsHash[at - 1] === hash) return at - 1;
    return -1;
  }

  #chain(slot: number, hash: number): void {
    const at = hash & (this.#heads.length - 1);
    this.#next[slot] = this.#heads[at]!;
    this.#heads[at] = slot + 1;
  }

  /** Room for four times the slots: chains are built anew rarely, and stay short. */
  #chainAll(): void {
    const { labelsHash, flags, count } = this.#series;
    let size = 64;
    while (size < 4 * count) size *= 2;
    this.#heads = new Int32Array(size);
    this.#next = new Int32Array(size);
    for (let slot = 0; slot < count; slot++) {
      if ((flags[slot]! & SERIES_DROPPED) === 0) this.#chain(slot, labelsHash[slot]!);
    }
  }
}
