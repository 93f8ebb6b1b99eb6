/**
 * All series of a head: for each its labels (numbers of interned pairs), its cohort and its column. No object and
 * no array per series: everything lies in shared typed arrays, found through one open-addressed hash table. A
 * series is a (cohort, column); a label set that two cohorts hold is two series, marked as twins.
 */
import { assert } from "../core/assert.ts";
import type { Labels } from "../model/labels.ts";
import { LabelIndex } from "./label_index.ts";

/** No cohort has this number: a series that retention has removed, until the table is rebuilt. */
const REMOVED = 0xffff_ffff;
const ARENA_CHUNK = 1 << 16;
/** Labels of one series: as many as fit a chunk, and far above any sane limit. */
export const LABELS_PER_SERIES_MAX = 4096;

export class SeriesTable {
  readonly index = new LabelIndex();
  readonly #arena: Uint32Array[] = [];
  #arenaAt = ARENA_CHUNK;
  /** Chunk × ARENA_CHUNK + position; a series never crosses a chunk. */
  #starts = new Uint32Array(64);
  #counts = new Uint16Array(64);
  #cohorts = new Uint32Array(64);
  #columns = new Uint32Array(64);
  #count = 0;
  #removed = 0;
  /** Series + 1; 0 is free. A power of two, at most half full. */
  #slots = new Uint32Array(128);
  readonly #twins = new Set<number>();
  #scratch = new Uint32Array(64);

  /** Ids ever given, removed ones included. */
  get count(): number {
    return this.#count;
  }

  get live(): number {
    return this.#count - this.#removed;
  }

  get twins(): ReadonlySet<number> {
    return this.#twins;
  }

  cohortOf(series: number): number {
    return this.#cohorts[series]!;
  }

  columnOf(series: number): number {
    return this.#columns[series]!;
  }

  isRemoved(series: number): boolean {
    return this.#cohorts[series] === REMOVED;
  }

  pairsOf(series: number): Uint32Array {
    const start = this.#starts[series]!;
    const at = start % ARENA_CHUNK;
    return this.#arena[Math.floor(start / ARENA_CHUNK)]!.subarray(at, at + this.#counts[series]!);
  }

  labelsOf(series: number): Labels {
    return this.index.labelsOf(this.pairsOf(series));
  }

  /** The series with these labels in this cohort, or −1. Interns nothing. */
  find(cohort: number, labels: Labels): number {
    const count = labels.length >> 1;
    if (count > this.#scratch.length) this.#scratch = new Uint32Array(count * 2);
    for (let i = 0; i < count; i++) {
      const pair = this.index.find(labels[2 * i]!, labels[2 * i + 1]!);
      if (pair === undefined) return -1;
      this.#scratch[i] = pair;
    }
    const mask = this.#slots.length - 1;
    for (let slot = hashOf(this.#scratch, count) & mask;; slot = (slot + 1) & mask) {
      const series = this.#slots[slot]! - 1;
      if (series < 0) return -1;
      if (this.#cohorts[series] === cohort && this.#samePairs(series, this.#scratch, count)) return series;
    }
  }

  /** The other living series with the same labels. */
  twinsOf(series: number): readonly number[] {
    const pairs = this.pairsOf(series);
    const mask = this.#slots.length - 1;
    const twins: number[] = [];
    for (let slot = hashOf(pairs, pairs.length) & mask; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const other = this.#slots[slot]! - 1;
      if (other !== series && !this.isRemoved(other) && this.#samePairs(other, pairs, pairs.length)) {
        twins.push(other);
      }
    }
    return twins;
  }

  /** A new series. Ids ascend. */
  add(cohort: number, column: number, labels: Labels): number {
    const count = labels.length >> 1;
    assert(count > 0 && count <= LABELS_PER_SERIES_MAX, "a series has labels, and not too many");
    const series = this.#count;
    if (series === this.#starts.length) this.#grow();
    if (this.#arenaAt + count > ARENA_CHUNK) {
      this.#arena.push(new Uint32Array(ARENA_CHUNK));
      this.#arenaAt = 0;
    }
    const chunk = this.#arena[this.#arena.length - 1]!;
    for (let i = 0; i < count; i++) {
      const pair = this.index.intern(labels[2 * i]!, labels[2 * i + 1]!);
      chunk[this.#arenaAt + i] = pair;
      this.index.postingsOf(pair).add(series);
    }
    this.#starts[series] = (this.#arena.length - 1) * ARENA_CHUNK + this.#arenaAt;
    this.#counts[series] = count;
    this.#cohorts[series] = cohort;
    this.#columns[series] = column;
    this.#arenaAt += count;
    this.#count++;
    if (this.#count * 2 > this.#slots.length) this.#rehash();
    else this.#place(series);
    return series;
  }

  /** Stops finding and matching it; its memory comes back when the head rebuilds the table. */
  remove(series: number): void {
    if (this.#cohorts[series] === REMOVED) return;
    this.#cohorts[series] = REMOVED;
    this.#twins.delete(series);
    this.#removed++;
  }

  /** Removed series may be among postings still. */
  all(): Uint32Array {
    return Uint32Array.from({ length: this.#count }, (_, i) => i);
  }

  #samePairs(series: number, pairs: Uint32Array, count: number): boolean {
    if (this.#counts[series] !== count) return false;
    const start = this.#starts[series]!;
    const chunk = this.#arena[Math.floor(start / ARENA_CHUNK)]!;
    const at = start % ARENA_CHUNK;
    for (let i = 0; i < count; i++) if (chunk[at + i] !== pairs[i]) return false;
    return true;
  }

  #place(series: number): void {
    const pairs = this.pairsOf(series);
    const mask = this.#slots.length - 1;
    let slot = hashOf(pairs, pairs.length) & mask;
    for (; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const other = this.#slots[slot]! - 1;
      if (this.#cohorts[other] !== REMOVED && this.#samePairs(other, pairs, pairs.length)) {
        this.#twins.add(other).add(series);
      }
    }
    this.#slots[slot] = series + 1;
  }

  #rehash(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    for (let series = 0; series < this.#count; series++) if (!this.isRemoved(series)) this.#place(series);
  }

  #grow(): void {
    const capacity = Math.ceil(this.#starts.length * 1.5);
    const grow = (old: Uint32Array<ArrayBuffer>) => {
      const grown = new Uint32Array(capacity);
      grown.set(old);
      return grown;
    };
    this.#starts = grow(this.#starts);
    this.#cohorts = grow(this.#cohorts);
    this.#columns = grow(this.#columns);
    const counts = new Uint16Array(capacity);
    counts.set(this.#counts);
    this.#counts = counts;
  }
}

/** Mixes pair numbers; any order-dependent hash will do, equal label sets have equal lists. */
function hashOf(pairs: Uint32Array, count: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < count; i++) {
    hash = Math.imul(hash ^ pairs[i]!, 0x01000193);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  return (hash ^ (hash >>> 15)) >>> 0;
}
