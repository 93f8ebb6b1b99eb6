/**
 * The newest exemplars of all series, as many as are allowed: a new one pushes the oldest out. Knows which of them
 * the store has and which only the journal. Rules and counters as Prometheus's circular storage of exemplars.
 */
import { assert } from "../core/assert.ts";
import type { EpochMs } from "../core/time.ts";
import type { Exemplar, ExemplarSeries, ExemplarStats, SeriesExemplar } from "../model/exemplar.ts";
import { compareLabels, type Labels, labelsKey } from "../model/labels.ts";
import { type Matcher, matchesLabels } from "../model/matchers.ts";
import { encodeExemplarsRecord } from "./journal_record.ts";
import type { TimeRange } from "./source.ts";

/** Of names and values together, in characters. As Prometheus and OpenMetrics. */
export const EXEMPLAR_LABEL_CHARACTERS_MAX = 128;
/** As Prometheus, where the configuration says nothing. */
export const EXEMPLARS_MAX_DEFAULT = 100_000;
/** As many as one value of the store takes together. */
export const EXEMPLARS_CHUNK = 512;

interface Series {
  readonly labels: Labels;
  newest: Exemplar;
  count: number;
}

interface Entry {
  readonly series: Series;
  readonly exemplar: Exemplar;
}

/** A value of the store that holds some of the exemplars. */
export interface ExemplarChunk {
  readonly number: number;
  readonly count: number;
}

/** What a maintenance run is to write. */
export interface ExemplarsPlan {
  readonly firstChunk: number;
  readonly entries: readonly SeriesExemplar[];
  /** The chunks hold everything up to this record. */
  readonly seq: number;
  readonly dropped: readonly number[];
}

export interface ExemplarsDone {
  readonly chunks: readonly ExemplarChunk[];
  readonly count: number;
  readonly seq: number;
  readonly dropped: readonly number[];
}

export class ExemplarStore {
  #max: number;
  readonly #series = new Map<string, Series>();
  /** From `#first` on, oldest first; what is before it is gone. */
  #entries: Entry[] = [];
  #first = 0;
  /** The newest of the entries that the store does not have. */
  #unkept = 0;
  #chunks: ExemplarChunk[] = [];
  #nextChunk = 0;
  #appended = 0;
  #outOfOrder = 0;
  /** First record that the store's chunks do not hold; 0 when there is none. */
  firstDirtySeq = 0;
  dirtySinceMs: EpochMs = 0;
  /** The chunks hold everything up to this record. */
  baseSeq = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get max(): number {
    return this.#max;
  }

  get unkept(): number {
    return this.#unkept;
  }

  /** 0 keeps none. */
  limit(max: number): void {
    this.#max = max;
    this.#evict();
  }

  /** Whether it was taken; else it is counted, or is the newest one of its series once more. */
  add(given: SeriesExemplar): boolean {
    if (this.#max === 0 || charactersOf(given.labels) > EXEMPLAR_LABEL_CHARACTERS_MAX) return false;
    const key = labelsKey(given.series);
    const known = this.#series.get(key);
    if (known !== undefined) {
      if (isSame(given, known.newest)) return false;
      const { tMs, value } = known.newest;
      if (given.tMs < tMs || (given.tMs === tMs && given.value < value)) {
        this.#outOfOrder++;
        return false;
      }
    }
    const { labels, value, tMs, hasTime } = given;
    const exemplar = { labels, value, tMs, hasTime };
    const series = known ?? { labels: given.series, newest: exemplar, count: 0 };
    if (known === undefined) this.#series.set(key, series);
    series.newest = exemplar;
    series.count++;
    this.#entries.push({ series, exemplar });
    this.#unkept++;
    this.#appended++;
    this.#evict();
    return true;
  }

  /** What is kept of a batch's, as records of the journal from number `seq` on; the rest is counted. */
  keep(given: readonly SeriesExemplar[], seq: number, nowMs: EpochMs): readonly Uint8Array[] {
    const kept = given.filter((exemplar) => this.add(exemplar));
    const records: Uint8Array[] = [];
    for (let at = 0; at < kept.length; at += EXEMPLARS_CHUNK) {
      records.push(encodeExemplarsRecord(kept.slice(at, at + EXEMPLARS_CHUNK)));
    }
    if (records.length > 0 && this.firstDirtySeq === 0) {
      this.firstDirtySeq = seq;
      this.dirtySinceMs = nowMs;
    }
    return records;
  }

  /** Of a record of the journal. What the chunks hold already is passed over. */
  replay(given: readonly SeriesExemplar[], seq: number): void {
    if (seq <= this.baseSeq) return;
    for (const exemplar of given) this.add(exemplar);
    if (this.firstDirtySeq === 0) this.firstDirtySeq = seq;
  }

  #evict(): void {
    while (this.#entries.length - this.#first > this.#max) {
      const { series } = this.#entries[this.#first++]!;
      if (--series.count === 0) this.#series.delete(labelsKey(series.labels));
    }
    this.#unkept = Math.min(this.#unkept, this.#entries.length - this.#first);
    if (this.#first > this.#entries.length / 2) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
  }

  /** By series, sorted; exemplars by rising time. A series that none of the sets accepts is left out. */
  select(
    matcherSets: readonly (readonly Matcher[])[],
    { startMs, endMs }: TimeRange,
  ): readonly ExemplarSeries[] {
    const found = new Map<Series, Exemplar[] | undefined>();
    for (let i = this.#first; i < this.#entries.length; i++) {
      const { series, exemplar } = this.#entries[i]!;
      if (exemplar.tMs < startMs || exemplar.tMs > endMs) continue;
      if (!found.has(series)) {
        const wanted = matcherSets.some((matchers) => matchesLabels(matchers, series.labels));
        found.set(series, wanted ? [] : undefined);
      }
      found.get(series)?.push(exemplar);
    }
    return [...found]
      .flatMap(([{ labels }, exemplars]) => exemplars === undefined ? [] : [{ labels, exemplars }])
      .sort((a, b) => compareLabels(a.labels, b.labels));
  }

  stats(): ExemplarStats {
    return {
      appended: this.#appended,
      outOfOrder: this.#outOfOrder,
      inStorage: this.#entries.length - this.#first,
      series: this.#series.size,
      max: this.#max,
      oldestMs: this.#entries[this.#first]?.exemplar.tMs,
    };
  }

  /** What the store lacks, and chunks of which the ring holds nothing any more. */
  plan(seq: number): ExemplarsPlan {
    const entries = this.#entries.slice(this.#entries.length - this.#unkept).map(({ series, exemplar }) => ({
      series: series.labels,
      ...exemplar,
    }));
    let kept = this.#chunks.reduce((sum, { count }) => sum + count, 0);
    const dropped: number[] = [];
    for (const { number, count } of this.#chunks) {
      kept -= count;
      if (kept + entries.length < this.#max) break;
      dropped.push(number);
    }
    return { firstChunk: this.#nextChunk, entries, seq, dropped };
  }

  /** `dirtySeq`: the first record after `done.seq`, 0 when there is none. */
  complete(done: ExemplarsDone, lastSeq: number): void {
    const dropped = new Set(done.dropped);
    this.#chunks = [...this.#chunks.filter(({ number }) => !dropped.has(number)), ...done.chunks];
    this.#nextChunk = (this.#chunks.at(-1)?.number ?? this.#nextChunk - 1) + 1;
    this.#unkept = Math.max(0, this.#unkept - done.count);
    this.baseSeq = done.seq;
    this.firstDirtySeq = this.#unkept > 0 && lastSeq > done.seq ? done.seq + 1 : 0;
  }

  /** A chunk of the store, oldest first, before anything is added. */
  load(number: number, entries: readonly SeriesExemplar[], baseSeq: number): void {
    assert(number >= this.#nextChunk, "chunks come in order");
    for (const entry of entries) this.add(entry);
    this.#chunks.push({ number, count: entries.length });
    this.#nextChunk = number + 1;
    this.#unkept = 0;
    this.baseSeq = Math.max(this.baseSeq, baseSeq);
    this.#appended = this.#outOfOrder = 0;
  }
}

/** As Prometheus: times are compared only where a client gave one. */
function isSame(a: Exemplar, b: Exemplar): boolean {
  return Object.is(a.value, b.value) && (!(a.hasTime || b.hasTime) || a.tMs === b.tMs) &&
    compareLabels(a.labels, b.labels) === 0;
}

function charactersOf(labels: Labels): number {
  let count = 0;
  for (const text of labels) for (const _ of text) count++;
  return count;
}
