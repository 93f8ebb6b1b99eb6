/**
 * All series of a head: for each its labels (numbers of interned pairs), its cohort and its column. No object and
 * no array per series: everything lies in shared typed arrays, found through one open-addressed hash table. A
 * series is a (cohort, column); a label set that two cohorts hold is two series, marked as twins.
 */
import { assert } from "../core/assert.ts";
import type { Labels } from "../model/labels.ts";
import { LabelIndex } from "./label_index.ts";
import type { LabelProjection } from "./label_projection.ts";
import type { PackedPairs } from "./packed_pairs.ts";

/** No cohort has this number: a series that retention has removed, until the table is rebuilt. */
const REMOVED = 0xffff_ffff;
const ARENA_CHUNK = 1 << 16;
const SLOTS_MIN = 64;
const SLOTS_FILLED_MAX = 0.75;
/** Labels of one series: as many as fit a chunk, and far above any sane limit. */
export const LABELS_PER_SERIES_MAX = 4096;

export class SeriesTable {
  readonly index = new LabelIndex();
  /** Another one for each table that a head builds: ids of one mean nothing in the next. */
  readonly generation: number;
  readonly #arena: Uint32Array[] = [];
  #arenaAt = ARENA_CHUNK;
  /** Chunk × ARENA_CHUNK + position; a series never crosses a chunk. */
  #starts = new Uint32Array(64);
  #counts = new Uint16Array(64);
  #cohorts = new Uint32Array(64);
  #columns = new Uint32Array(64);
  #count = 0;
  #removed = 0;
  /** Series before this one are in `#slots`. */
  #placed = 0;
  /** Series + 1 and the hash of its pairs, in turn; series 0 is a free slot. A power of two, three quarters full. */
  #slots = new Uint32Array(2 * SLOTS_MIN);
  readonly #twins = new Set<number>();
  #scratch = new Uint32Array(64);

  constructor(generation = 0) {
    this.generation = generation;
  }

  /** Ids ever given, removed ones included. */
  get count(): number {
    return this.#count;
  }

  get live(): number {
    return this.#count - this.#removed;
  }

  get twins(): ReadonlySet<number> {
    this.#settle();
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
    const start = this.#starts[series]!;
    const at = start % ARENA_CHUNK;
    return this.index.labelsOf(this.#arena[Math.floor(start / ARENA_CHUNK)]!, at, at + this.#counts[series]!);
  }

  projectedLabelsOf(series: number, projection: LabelProjection): Labels {
    const start = this.#starts[series]!;
    const at = start % ARENA_CHUNK;
    return projection.labelsOf(this.#arena[Math.floor(start / ARENA_CHUNK)]!, at, at + this.#counts[series]!);
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
    this.#settle();
    const slots = this.#slots;
    const mask = slots.length - 1;
    const hash = hashOf(this.#scratch, 0, count);
    for (let slot = (hash << 1) & mask;; slot = (slot + 2) & mask) {
      const series = slots[slot]! - 1;
      if (series < 0) return -1;
      if (slots[slot + 1] !== hash || this.#cohorts[series] !== cohort) continue;
      if (this.#samePairs(series, this.#scratch, 0, count)) return series;
    }
  }

  /** The other living series with the same labels. */
  twinsOf(series: number): readonly number[] {
    this.#settle();
    const pairs = this.pairsOf(series);
    const slots = this.#slots;
    const mask = slots.length - 1;
    const hash = hashOf(pairs, 0, pairs.length);
    const twins: number[] = [];
    for (let slot = (hash << 1) & mask; slots[slot] !== 0; slot = (slot + 2) & mask) {
      const other = slots[slot]! - 1;
      if (slots[slot + 1] !== hash || other === series || this.isRemoved(other)) continue;
      if (this.#samePairs(other, pairs, 0, pairs.length)) twins.push(other);
    }
    return twins;
  }

  /** Room for so many series more at once. */
  reserve(count: number): void {
    const series = this.#count + count;
    if (series > this.#starts.length) this.#resize(series);
    let slots = this.#slots.length >> 1;
    while (series > slots * SLOTS_FILLED_MAX) slots *= 2;
    if (slots * 2 > this.#slots.length) this.#rehash(slots);
  }

  /** A new series. Ids ascend. */
  add(cohort: number, column: number, labels: Labels): number {
    const count = labels.length >> 1;
    const chunk = this.#roomFor(count);
    for (let i = 0; i < count; i++) {
      chunk[this.#arenaAt + i] = this.index.intern(labels[2 * i]!, labels[2 * i + 1]!);
    }
    return this.#added(cohort, column, chunk, count);
  }

  /**
   * As `add`, for the first `setsCount` sets that were decoded; `pairs` are those of their chunk. A set without labels
   * takes a column and no id, all others ids in turn. Returns the first.
   */
  addPacked(cohort: number, firstColumn: number, setsCount: number, pairs: PackedPairs): number {
    const { packed } = pairs;
    const flat = pairs.flat(setsCount);
    const first = this.#count;
    for (let set = 0, from = 0; set < setsCount; set++) {
      const to = packed.endOf(set) >> 1;
      const count = to - from;
      if (count > 0) {
        const chunk = this.#roomFor(count);
        for (let i = 0; i < count; i++) chunk[this.#arenaAt + i] = flat[from + i]!;
        this.#added(cohort, firstColumn + set, chunk, count);
      }
      from = to;
    }
    return first;
  }

  /** The chunk of the arena that takes the next series, at `#arenaAt`. */
  #roomFor(count: number): Uint32Array {
    assert(count > 0 && count <= LABELS_PER_SERIES_MAX, "a series has labels, and not too many");
    if (this.#count === this.#starts.length) this.#resize(Math.ceil(this.#count * 1.5));
    if (this.#arenaAt + count > ARENA_CHUNK) {
      this.#arena.push(new Uint32Array(ARENA_CHUNK));
      this.#arenaAt = 0;
    }
    return this.#arena[this.#arena.length - 1]!;
  }

  #added(cohort: number, column: number, chunk: Uint32Array, count: number): number {
    const series = this.#count;
    const at = this.#arenaAt;
    for (let i = 0; i < count; i++) this.index.postingsOf(chunk[at + i]!).add(series);
    this.#starts[series] = (this.#arena.length - 1) * ARENA_CHUNK + at;
    this.#counts[series] = count;
    this.#cohorts[series] = cohort;
    this.#columns[series] = column;
    this.#arenaAt += count;
    this.#count++;
    return series;
  }

  /** Places what was added since in the table, which then has its final size: a start adds half a million series. */
  #settle(): void {
    if (this.#placed === this.#count) return;
    const slots = this.#slots.length >> 1;
    if (this.#count > slots * SLOTS_FILLED_MAX) this.#rehash(slotsFor(this.#count));
    for (; this.#placed < this.#count; this.#placed++) {
      const start = this.#starts[this.#placed]!;
      const chunk = this.#arena[Math.floor(start / ARENA_CHUNK)]!;
      if (this.#cohorts[this.#placed] === REMOVED) continue;
      this.#place(this.#placed, chunk, start % ARENA_CHUNK, this.#counts[this.#placed]!);
    }
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
    const ids = new Uint32Array(this.#count);
    for (let i = 0; i < ids.length; i++) ids[i] = i;
    return ids;
  }

  #samePairs(series: number, pairs: Uint32Array, from: number, count: number): boolean {
    if (this.#counts[series] !== count) return false;
    const start = this.#starts[series]!;
    const chunk = this.#arena[Math.floor(start / ARENA_CHUNK)]!;
    const at = start % ARENA_CHUNK;
    for (let i = 0; i < count; i++) if (chunk[at + i] !== pairs[from + i]) return false;
    return true;
  }

  #place(series: number, pairs: Uint32Array, from: number, count: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    const hash = hashOf(pairs, from, count);
    let slot = (hash << 1) & mask;
    for (; slots[slot] !== 0; slot = (slot + 2) & mask) {
      if (slots[slot + 1] !== hash) continue;
      const other = slots[slot]! - 1;
      if (this.#cohorts[other] !== REMOVED && this.#samePairs(other, pairs, from, count)) {
        this.#twins.add(other).add(series);
      }
    }
    slots[slot] = series + 1;
    slots[slot + 1] = hash;
  }

  /** Twins are known already: nothing is compared, and old and new slots are both gone through in order. */
  #rehash(slotsCount: number): void {
    const old = this.#slots;
    const slots = new Uint32Array(2 * slotsCount);
    const mask = slots.length - 1;
    for (let at = 0; at < old.length; at += 2) {
      const entry = old[at]!;
      if (entry === 0 || this.#cohorts[entry - 1] === REMOVED) continue;
      const hash = old[at + 1]!;
      let slot = (hash << 1) & mask;
      while (slots[slot] !== 0) slot = (slot + 2) & mask;
      slots[slot] = entry;
      slots[slot + 1] = hash;
    }
    this.#slots = slots;
  }

  #resize(capacity: number): void {
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

/** A power of two, so that `count` fill it to the allowed part. */
function slotsFor(count: number): number {
  let slots = SLOTS_MIN;
  while (count > slots * SLOTS_FILLED_MAX) slots *= 2;
  return slots;
}

/** Mixes pair numbers; any order-dependent hash will do, equal label sets have equal lists. */
function hashOf(pairs: Uint32Array, from: number, count: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < count; i++) {
    hash = Math.imul(hash ^ pairs[from + i]!, 0x01000193);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  return (hash ^ (hash >>> 15)) >>> 0;
}
