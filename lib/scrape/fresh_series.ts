/**
 * The series that the body at hand brought, with their labels until the batch has them, and the search for twins:
 * series of the same labels under another key. Hashes of labels are kept for all series, labels are not.
 */
import type { Labels } from "../model/labels.ts";
import { SERIES_DROPPED, type SeriesTable } from "./series_table.ts";

/** More new series than this in one body are looked up by a map and not by scanning. */
const SCANNED_NEW_MAX = 32;

export class FreshSeries {
  readonly #series: SeriesTable;
  #labels = new Map<number, Labels>();
  #byHash: Map<number, number[]> | undefined;

  constructor(series: SeriesTable) {
    this.#series = series;
  }

  clear(): void {
    if (this.#labels.size > 0) this.#labels = new Map();
    this.#byHash = undefined;
  }

  /** `slot` was added to the table already. */
  add(slot: number, hash: number, labels: Labels): void {
    this.#labels.set(slot, labels);
    if (this.#byHash !== undefined) pushTo(this.#byHash, hash, slot);
    else if (this.#labels.size > SCANNED_NEW_MAX) this.#byHash = this.#hashed();
  }

  labelsOf(slot: number): Labels | undefined {
    return this.#labels.get(slot);
  }

  /** Slots, old and new, whose labels have this hash. */
  slotsOf(hash: number): readonly number[] {
    if (this.#byHash !== undefined) return this.#byHash.get(hash) ?? [];
    const { labelsHash, flags, count } = this.#series;
    const found: number[] = [];
    for (let at = labelsHash.indexOf(hash); at !== -1 && at < count; at = labelsHash.indexOf(hash, at + 1)) {
      if ((flags[at]! & SERIES_DROPPED) === 0) found.push(at);
    }
    return found;
  }

  #hashed(): Map<number, number[]> {
    const byHash = new Map<number, number[]>();
    const { labelsHash, flags, count } = this.#series;
    for (let slot = 0; slot < count; slot++) {
      if ((flags[slot]! & SERIES_DROPPED) === 0) pushTo(byHash, labelsHash[slot]!, slot);
    }
    return byHash;
  }
}

function pushTo(byHash: Map<number, number[]>, hash: number, slot: number): void {
  const slots = byHash.get(hash);
  if (slots === undefined) byHash.set(hash, [slot]);
  else slots.push(slot);
}
