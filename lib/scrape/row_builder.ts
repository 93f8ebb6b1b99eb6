/**
 * Collects the samples of one batch: a row at the scrape's time, strays by their own time, new series. One builder
 * serves all sessions in turn; what it hands out is copied to arrays of the right size, as a batch gives them away.
 */
import type { EpochMs } from "../core/time.ts";
import { NEW_SERIES_BIT, type SampleRow } from "../model/batch.ts";
import { type Labels, labelsKey } from "../model/labels.ts";
import { isStale, setNan, setStale, wordsOf } from "../model/stale.ts";

/** Owner of a series that leaves no trace once its batch is answered. */
export const OWNED_BY_NOBODY = -1_000_000;

/** Who learns a column from the answer: `owners[i]` learns the column of `defined[indices[i]]`. */
export interface Owners {
  readonly owners: readonly number[];
  readonly indices: readonly number[];
}

interface Stray {
  readonly refs: Set<number>;
  readonly values: number[];
}

export class RowBuilder {
  #refs = new Uint32Array(1024);
  #values = new Float64Array(1024);
  #words = wordsOf(this.#values);
  #count = 0;
  #tMs = 0;
  #strays = new Map<EpochMs, Stray>();
  #defined: Labels[] = [];
  #owners: number[] = [];
  #indices: number[] = [];
  /** Columns already in the row; only kept where several keys may mean one series. */
  #taken: Map<number, number> | undefined;
  #byKey: Map<string, number> | undefined;

  /** `mayAlias`: several keys, or a key and a report series, may stand for one series. */
  begin(tMs: EpochMs, mayAlias: boolean): void {
    this.#tMs = tMs;
    this.#count = 0;
    if (this.#strays.size > 0) this.#strays = new Map();
    this.#defined = [];
    this.#owners = [];
    this.#indices = [];
    this.#taken = mayAlias ? new Map() : undefined;
    this.#byKey = mayAlias ? new Map() : undefined;
  }

  /** The reference under which the batch defines `labels`; `owner` learns the column later. */
  define(labels: Labels, owner: number): number {
    let ref: number | undefined;
    if (this.#byKey !== undefined) {
      const key = labelsKey(labels);
      ref = this.#byKey.get(key);
      if (ref === undefined) this.#byKey.set(key, this.#defined.length + NEW_SERIES_BIT);
    }
    if (ref === undefined) {
      ref = this.#defined.length + NEW_SERIES_BIT;
      this.#defined.push(labels);
    }
    this.#owners.push(owner);
    this.#indices.push(ref - NEW_SERIES_BIT);
    return ref;
  }

  /** False when the row has a value of the series already; a staleness marker gives way. */
  put(ref: number, value: number): boolean {
    let at = this.#place(ref);
    if (at === -1) {
      at = this.#taken?.get(ref) ?? -1;
      if (at === -1 || !isStale(this.#words, at)) return false;
    }
    if (value === value) this.#values[at] = value;
    else setNan(this.#words, at);
    return true;
  }

  putStale(ref: number): boolean {
    const at = this.#place(ref);
    if (at === -1) return false;
    setStale(this.#words, at);
    return true;
  }

  /** A sample with a time of its own. False when that time has a sample of the series already. */
  putStray(ref: number, tMs: EpochMs, value: number): boolean {
    if (tMs === this.#tMs) {
      this.#taken ??= new Map(Array.from(this.#refs.subarray(0, this.#count), (each, i) => [each, i]));
      return this.put(ref, value);
    }
    let stray = this.#strays.get(tMs);
    if (stray === undefined) this.#strays.set(tMs, stray = { refs: new Set(), values: [] });
    if (stray.refs.has(ref)) return false;
    stray.refs.add(ref);
    stray.values.push(value);
    return true;
  }

  get owners(): Owners {
    return { owners: this.#owners, indices: this.#indices };
  }

  /** Slots got new numbers: `moved[slot]`. */
  renumber(moved: Int32Array): void {
    const owners = this.#owners;
    for (let i = 0; i < owners.length; i++) if (owners[i]! >= 0) owners[i] = moved[owners[i]!]!;
  }

  /** Hands the batch's parts over. */
  take(): { readonly defined: readonly Labels[]; readonly rows: SampleRow[]; readonly strays: SampleRow[] } {
    const rows: SampleRow[] = [];
    if (this.#count > 0) {
      const refs = this.#refs.slice(0, this.#count);
      rows.push({ tMs: this.#tMs, refs, values: this.#values.slice(0, this.#count) });
    }
    const strays: SampleRow[] = [];
    for (const [tMs, stray] of this.#strays) {
      const values = Float64Array.from(stray.values);
      const words = wordsOf(values);
      for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) setNan(words, i);
      strays.push({ tMs, refs: Uint32Array.from(stray.refs), values });
    }
    strays.sort((a, b) => a.tMs - b.tMs);
    const defined = this.#defined;
    this.#defined = [];
    return { defined, rows, strays };
  }

  #place(ref: number): number {
    if (this.#taken !== undefined) {
      if (this.#taken.has(ref)) return -1;
      this.#taken.set(ref, this.#count);
    }
    if (this.#count === this.#refs.length) this.#grow();
    this.#refs[this.#count] = ref;
    return this.#count++;
  }

  #grow(): void {
    const refs = new Uint32Array(this.#refs.length * 2);
    refs.set(this.#refs);
    this.#refs = refs;
    const values = new Float64Array(refs.length);
    values.set(this.#values);
    this.#values = values;
    this.#words = wordsOf(values);
  }
}
