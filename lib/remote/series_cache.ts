/**
 * Known series by the bytes of their labels as senders write them, so that a series seen before costs a hash and a
 * comparison and no text. Bounded: when it is full it forgets everything before the next request, and series are
 * decoded once more. Never within a request, since what a request refers to must stay one thing to its end.
 */
import type { Labels } from "../model/labels.ts";

/** Some 500 B each with their labels: 32 MB. One request, itself bounded, may go beyond it. */
export const CACHED_SERIES_MAX = 65_536;
/** Of the label bytes together. */
export const CACHED_BYTES_MAX = 16 * 1024 * 1024;

/** A cohort as its sender side knows it. */
export interface WriteCohort {
  readonly name: string;
  /** Of the references below; 0 while none is held. */
  epoch: number;
  /** The request that last used it, and its number within that request. */
  request: number;
  indexInRequest: number;
}

export interface WriteSeriesEntry {
  /** Undefined when the labels are invalid. */
  readonly labels: Labels | undefined;
  readonly invalidReason: string;
  readonly cohort: WriteCohort | undefined;
  /** A column of the cohort while `refEpoch` is the cohort's epoch. */
  ref: number;
  refEpoch: number;
  request: number;
  indexInRequest: number;
  lastMs: number;
}

interface Slot {
  readonly start: number;
  readonly length: number;
  readonly entry: WriteSeriesEntry;
  readonly next: Slot | undefined;
}

export class SeriesCache {
  #slots = new Map<number, Slot>();
  #count = 0;
  #arena = new Uint8Array(64 * 1024);
  #arenaLength = 0;
  /** Of the series whose bytes are known. Cohorts are forgotten with them. */
  #cohorts = new Map<string, WriteCohort>();

  get size(): number {
    return this.#count;
  }

  find(bytes: Uint8Array, view: DataView, start: number, end: number): WriteSeriesEntry | undefined {
    const length = end - start;
    for (let slot = this.#slots.get(hashOf(view, start, end)); slot !== undefined; slot = slot.next) {
      if (slot.length === length && equalBytes(this.#arena, slot.start, bytes, start, length)) {
        return slot.entry;
      }
    }
    return undefined;
  }

  /** Only for bytes that `find` does not know. */
  add(bytes: Uint8Array, view: DataView, start: number, end: number, entry: WriteSeriesEntry): void {
    const length = end - start;
    if (length > CACHED_BYTES_MAX) return;
    this.#reserve(length);
    const hash = hashOf(view, start, end);
    this.#arena.set(bytes.subarray(start, end), this.#arenaLength);
    this.#slots.set(hash, { start: this.#arenaLength, length, entry, next: this.#slots.get(hash) });
    this.#arenaLength += length;
    this.#count++;
  }

  /** Before anything of a request is looked up. */
  beginRequest(): void {
    if (this.#count < CACHED_SERIES_MAX && this.#arenaLength < CACHED_BYTES_MAX) return;
    this.#slots = new Map();
    this.#cohorts = new Map();
    this.#count = 0;
    this.#arena = new Uint8Array(64 * 1024);
    this.#arenaLength = 0;
  }

  cohort(name: string): WriteCohort {
    let cohort = this.#cohorts.get(name);
    if (cohort === undefined) {
      cohort = { name, epoch: 0, request: -1, indexInRequest: -1 };
      this.#cohorts.set(name, cohort);
    }
    return cohort;
  }

  #reserve(length: number): void {
    if (this.#arenaLength + length > this.#arena.length) {
      const grown = new Uint8Array(Math.max(2 * this.#arena.length, this.#arenaLength + length));
      grown.set(this.#arena.subarray(0, this.#arenaLength));
      this.#arena = grown;
    }
  }
}

/** Four bytes at a time; multiplication and shift mix well enough for a table with full comparison. */
function hashOf(view: DataView, start: number, end: number): number {
  let hash = end - start;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    hash = Math.imul(hash ^ view.getInt32(at, true), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  for (; at < end; at++) hash = Math.imul(hash ^ view.getUint8(at), 0x85ebca6b);
  hash ^= hash >>> 13;
  return hash | 0;
}

function equalBytes(a: Uint8Array, aStart: number, b: Uint8Array, bStart: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (a[aStart + i] !== b[bStart + i]) return false;
  return true;
}
