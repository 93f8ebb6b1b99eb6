/**
 * The head of a shard: every cohort in memory, the series table, and the journal records not yet handed over. It
 * judges appends, folds them in place, and replays what it once encoded. It reads no clock and does no I/O;
 * maintenance.ts plans and carries out what must reach the store.
 */
import { assert, assertNever } from "../core/assert.ts";
import type { EpochMs } from "../core/time.ts";
import type { JournalGap } from "../actor/types.ts";
import type { AppendOutcome, SampleBatch } from "../model/batch.ts";
import type { SeriesExemplar } from "../model/exemplar.ts";
import type { Labels } from "../model/labels.ts";
import { type AcceptedRow, type AppendEvent, judge, refusalOf } from "./append.ts";
import { ByteWriter } from "./codecs/bytes.ts";
import type { PackedLabels } from "./codecs/labels_chunk.ts";
import { TextPool } from "./codecs/text_pool.ts";
import { Cohort, REMOVED_SERIES, STRAYS_SEAL } from "./cohort.ts";
import { adoptHistograms } from "./cohort_histograms.ts";
import type { Deletion } from "./deletions.ts";
import { CorruptDataError } from "./errors.ts";
import { divideRows } from "./divide_rows.ts";
import { ExemplarStore } from "./exemplars.ts";
import type { Check } from "./fence.ts";
import {
  beginSamples,
  decodeRecord,
  decodeRow,
  DEFINE_RECORD_SERIES_MAX,
  type DefineRecord,
  encodeDefine,
  encodeRow,
  finish,
  SAMPLES_RECORD_MAX,
  type SamplesRecord,
} from "./journal_record.ts";
import { follows, linked, unlinked } from "./journal_link.ts";
import { PackedPairs } from "./packed_pairs.ts";
import { countSamples, newCounters } from "./head_counters.ts";
import type { HeadOptions } from "./head_options.ts";
import type { Selections } from "./selection.ts";
import { Retention } from "./retention/state.ts";
import { SeriesTable } from "./series_table.ts";
import { FUTURE_MS, TrustedTime } from "./trusted_time.ts";

/** High part of an epoch: openings of the shard. 2^21 of them, and 2^32 cohorts, stay exact in a number. */
const EPOCH_BOOT = 2 ** 32;
/**
 * Records that may wait for a journal that does not answer, beside as many in a flush that is tried again: some
 * minutes of a large fleet's scrapes. Beyond it appends are refused, while questions are still answered.
 */
export const PENDING_BYTES_MAX = 28 * 1024 * 1024;
/** Of a limit that had stopped ingest. */
const RESUME_SHARE = 0.75;

export interface Judged {
  readonly outcomes: readonly AppendOutcome[];
  readonly events: readonly AppendEvent[];
}

export class Head {
  readonly cohorts = new Map<number, Cohort>();
  readonly byName = new Map<string, number>();
  /** Cohorts whose manifest or catalogue is damaged: left out, their numbers not used again. */
  readonly lost = new Set<number>();
  /** Of the opening and the replay, which meet the same label texts again and again. */
  texts: TextPool | undefined = new TextPool();
  /** Of the label sets that were decoded last. */
  pairs: PackedPairs | undefined;
  /** What is hidden though it is in pages or windows, by cohort. */
  readonly deletions = new Map<number, Deletion[]>();
  nextDeletion = 1;
  readonly selections: Selections = new WeakMap();
  series = new SeriesTable();
  readonly exemplars: ExemplarStore;
  readonly retention = new Retention();
  nextCohort = 1;
  maxMs = -Infinity;
  windowBytes = 0;
  truncatedThrough = 0;
  readonly trustedTime = new TrustedTime();
  /** Cohorts whose window is full. */
  readonly due = new Set<number>();
  /** Since when batches are refused because the store does not keep up. */
  ingestStopped: { readonly sinceMs: EpochMs } | undefined;
  maintenanceRunning = false;
  /** A run was asked for before its tick, for this time. */
  maintenanceAskedMs: EpochMs = Infinity;
  /** About as many cells wait to be sealed. */
  dueCells = 0;
  /** In every commit of this head: another opening of the shard fences off what this one still has under way. */
  fence: Check = { key: [], versionstamp: null };
  /** A maintenance run failed, and a commit of it may still arrive. */
  fenceInDoubt = false;
  readonly counters = newCounters();
  lateWindowMs: number;

  /** The number that the next record will have in the journal. */
  nextSeq = 1;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  /** Records up to here were handed over; those up to `#durableThrough` are known to be in the journal. */
  #drainedThrough = 0;
  #durableThrough = 0;
  readonly #writer = new ByteWriter(64 * 1024);

  constructor(readonly boot: number, readonly options: HeadOptions) {
    this.exemplars = new ExemplarStore(options.exemplarsMax);
    this.lateWindowMs = options.lateWindowMs;
  }

  epochOf(cohort: number): number {
    return this.boot * EPOCH_BOOT + cohort;
  }

  #newestOf(series: number): EpochMs {
    const cohort = this.cohorts.get(this.series.cohortOf(series));
    return cohort?.lastMs[this.series.columnOf(series)] ?? -Infinity;
  }

  /** Changes nothing. With `atomic`, one refused sample refuses all batches. */
  judge(batches: readonly SampleBatch[], atomic: boolean, nowMs: EpochMs): Judged {
    const outcomes: AppendOutcome[] = [];
    const events: AppendEvent[] = [];
    const names = new Set<string>();
    let cohortNext = this.nextCohort;
    let refused = false;
    for (const batch of batches) {
      const overload = this.#limited(batch, names);
      if (overload !== undefined) {
        outcomes.push(overload);
        refused = true;
        continue;
      }
      names.add(batch.cohort);
      const id = this.byName.get(batch.cohort);
      const verdict = judge(batch, {
        cohort: id === undefined ? undefined : this.cohorts.get(id),
        cohortNext,
        epochOf: (cohort) => this.epochOf(cohort),
        series: this.series,
        newestOf: (series) => {
          const newestMs = this.#newestOf(series);
          return newestMs > nowMs + FUTURE_MS ? -Infinity : newestMs;
        },
        seriesMax: this.options.seriesMax,
        headMaxMs: this.maxMs > nowMs + FUTURE_MS ? nowMs : this.maxMs,
        lateWindowMs: this.lateWindowMs,
        nowMs,
      });
      if (verdict.kind === "answered") {
        outcomes.push(verdict.outcome);
        refused = true;
        continue;
      }
      const { event, refs, epoch } = verdict;
      const refusal = atomic ? refusalOf(event) : undefined;
      if (refusal !== undefined) refused = true;
      outcomes.push(refusal ?? { kind: "appended", epoch, refs, counts: event.counts });
      events.push(event);
      if (id === undefined) cohortNext++;
    }
    if (!atomic || !refused) return { outcomes, events };
    const reason = "another part of the request was refused";
    return {
      outcomes: outcomes.map((outcome) =>
        outcome.kind === "appended"
          ? { kind: "refused", counts: { ...outcome.counts, appended: 0, late: 0 }, reason }
          : outcome
      ),
      events: [],
    };
  }

  #limited(batch: SampleBatch, names: ReadonlySet<string>): AppendOutcome | undefined {
    if (names.has(batch.cohort)) {
      const reason = `cohort ${batch.cohort} occurs twice in one append`;
      return { kind: "limited", limit: "cohortsDistinct", reason };
    }
    // Once stopped, ingest goes on when there is room for a while, or it would stop and go by the second.
    const share = this.ingestStopped === undefined ? 1 : RESUME_SHARE;
    if (this.#pendingBytes > PENDING_BYTES_MAX * share) {
      const reason = `the store has not taken ${this.#pendingBytes} bytes of samples, expected at most ` +
        `${PENDING_BYTES_MAX}`;
      return { kind: "limited", limit: "pendingBytesMax", reason };
    }
    if (this.windowBytes <= this.options.windowBytesMax * share) return undefined;
    const reason = `windows hold ${this.windowBytes} bytes that are not sealed yet, expected at most ` +
      `${this.options.windowBytesMax}`;
    return { kind: "limited", limit: "windowBytesMax", reason };
  }

  /** Folds a judged batch in place and keeps its journal records. */
  append(event: AppendEvent): void {
    const known = this.cohorts.get(event.cohort);
    const cohort = known ?? this.#createCohort(event.cohort, event.name);
    cohort.released = false;
    if (known === undefined || event.defined.length > 0) this.#define(cohort, event);
    this.#keepRows(cohort, event.rows, false, event.nowMs);
    this.#keepRows(cohort, event.strays, true, event.nowMs);
    if (event.exemplars !== undefined) this.#keepExemplars(event, event.exemplars);
    cohort.openMs = event.openMs;
    countSamples(this.counters, event.counts);
    this.markDue(cohort);
  }

  markDue(cohort: Cohort): void {
    if (cohort.frozen || !(cohort.sealDue || cohort.straysCount >= STRAYS_SEAL)) return;
    if (this.due.has(cohort.id)) return;
    this.due.add(cohort.id);
    this.dueCells += cohort.rows.length * cohort.width + cohort.straysCount;
  }

  #createCohort(id: number, name: string): Cohort {
    const cohort = new Cohort(id, name);
    this.adopt(cohort);
    return cohort;
  }

  /** Takes a cohort that was loaded. */
  adopt(cohort: Cohort): void {
    assert(!this.cohorts.has(cohort.id), "a cohort's number is unique");
    this.cohorts.set(cohort.id, cohort);
    if (cohort.id > (this.byName.get(cohort.name) ?? 0)) this.byName.set(cohort.name, cohort.id);
    this.nextCohort = Math.max(this.nextCohort, cohort.id + 1);
  }

  /** The cohort takes no more: who writes to its name gets a new one. Both are merged when read. */
  renounce(cohort: Cohort): void {
    cohort.released = true;
    if (this.byName.get(cohort.name) === cohort.id) this.byName.delete(cohort.name);
  }

  /** Leaves a cohort out that cannot be read. What the store holds of it stays there. */
  lose(cohort: number): void {
    this.lost.add(cohort);
    this.nextCohort = Math.max(this.nextCohort, cohort + 1);
  }

  /** Gives columns to label sets: the next ones of the cohort. */
  addColumns(cohort: Cohort, sets: readonly Labels[]): void {
    cohort.reserveColumns(sets.length);
    for (const labels of sets) cohort.addColumn(this.series.add(cohort.id, cohort.width, labels));
  }

  /** As `addColumns`, for label sets that were decoded. */
  #addPacked(cohort: Cohort, packed: PackedLabels): void {
    cohort.reserveColumns(packed.count);
    this.pairs = new PackedPairs(this.series.index, packed, this.pairs);
    const first = this.series.addPacked(cohort.id, cohort.width, packed.count, this.pairs);
    for (let set = 0; set < packed.count; set++) cohort.addColumn(first + set);
  }

  #define(cohort: Cohort, event: AppendEvent): void {
    const { defined } = event;
    for (let at = 0; at === 0 || at < defined.length; at += DEFINE_RECORD_SERIES_MAX) {
      const part = defined.slice(at, at + DEFINE_RECORD_SERIES_MAX);
      this.#keep(
        cohort,
        encodeDefine({ cohort: cohort.id, name: cohort.name, firstColumn: cohort.width + at, defined: part }),
        event.nowMs,
      );
    }
    this.addColumns(cohort, defined);
    this.counters.seriesCreated += defined.length;
  }

  #keepRows(cohort: Cohort, rows: readonly AcceptedRow[], stray: boolean, nowMs: EpochMs): void {
    const parts = divideRows(rows);
    for (let from = 0; from < parts.length;) {
      let samples = 0;
      let to = from;
      while (
        to < parts.length && (to === from || samples + parts[to]!.columns.length <= SAMPLES_RECORD_MAX)
      ) {
        samples += parts[to++]!.columns.length;
      }
      this.#writer.clear();
      beginSamples(this.#writer, cohort.id, to - from);
      let hasExtras = false;
      for (let i = from; i < to; i++) {
        let row = parts[i]!;
        if (row.histograms !== undefined) {
          hasExtras = true;
          const before = cohort.histograms?.length ?? 0;
          row = this.#adopt(cohort, row, true);
          this.counters.histogramsAppended += cohort.histograms!.length - before;
        }
        encodeRow(this.#writer, row, stray, cohort);
        this.#place(cohort, row, stray);
      }
      this.#keep(cohort, finish(this.#writer, hasExtras), nowMs);
      from = to;
    }
  }

  #adopt(cohort: Cohort, row: AcceptedRow, live: boolean): AcceptedRow {
    const before = cohort.histogramBytes;
    const adopted = adoptHistograms(cohort, row, live);
    this.windowBytes += cohort.histogramBytes - before;
    return adopted;
  }

  #place(cohort: Cohort, row: AcceptedRow, stray: boolean): void {
    const { tMs, columns, values } = row;
    const rowsBefore = cohort.rows.length;
    if (cohort.lastSeq <= this.#durableThrough) cohort.freshFromMs = Infinity;
    if (tMs < cohort.freshFromMs) cohort.freshFromMs = tMs;
    cohort.setLast(tMs, columns, values);
    if (tMs > this.maxMs) this.maxMs = tMs;
    if (stray) {
      for (let i = 0; i < columns.length; i++) cohort.addStray(columns[i]!, tMs, values, i);
      this.windowBytes += columns.length * 20;
    } else {
      cohort.addRow(tMs, columns, values);
      if (cohort.rows.length > rowsBefore) this.windowBytes += cohort.width * 8;
    }
  }

  #keepExemplars(event: AppendEvent, given: readonly SeriesExemplar[]): void {
    for (const record of this.exemplars.keep(given, this.nextSeq, event)) {
      this.#journal(linked(record, this.nextSeq++, 0));
    }
  }

  #journal(record: Uint8Array): void {
    this.#pending.push(record);
    this.#pendingBytes += record.length;
  }

  #keep(cohort: Cohort, record: Uint8Array, nowMs: EpochMs): void {
    this.#journal(linked(record, this.nextSeq, cohort.lastSeq));
    if (cohort.firstDirtySeq === 0) {
      cohort.firstDirtySeq = this.nextSeq;
      cohort.dirtySinceMs = nowMs;
    }
    cohort.lastSeq = this.nextSeq++;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  drain(firstSeq: number): readonly Uint8Array[] {
    const records = this.#pending;
    assert(
      records.length === 0 || firstSeq === this.nextSeq - records.length,
      "journal records are numbered as kept",
    );
    this.#pending = [];
    this.#pendingBytes = 0;
    // One flush is in flight at a time: whoever asks for the next one has seen the one before into the journal.
    this.#durableThrough = this.#drainedThrough;
    this.#drainedThrough = this.nextSeq - 1;
    return records;
  }

  /** Whether a crash now could lose none of the cohort's samples up to `endMs`. May say no where it could not. */
  isDurable(cohort: Cohort, endMs: EpochMs): boolean {
    return cohort.lastSeq <= this.#durableThrough || cohort.freshFromMs > endMs;
  }

  /** Folds a record back. What a manifest holds already is passed over. */
  replay(bytes: Uint8Array, seq: number): void {
    assert(this.#pending.length === 0, "replay comes before appends");
    const { record: inner, previousSeq } = unlinked(bytes, seq);
    const record = decodeRecord(inner, this.texts);
    this.nextSeq = seq + 1;
    if (record.kind === "exemplars") return this.exemplars.replay(record.exemplars, seq);
    if (this.lost.has(record.cohort)) return;
    const cohort = this.cohorts.get(record.cohort);
    if (cohort !== undefined && seq <= cohort.baseSeq) return;
    if (this.counters.journalGaps > 0 && !follows(cohort, previousSeq)) {
      this.nextCohort = Math.max(this.nextCohort, record.cohort + 1);
      this.counters.journalRecordsSkipped++;
      return;
    }
    switch (record.kind) {
      case "define":
        return this.#replayDefine(record, seq);
      case "samples":
        return this.#replaySamples(record, seq);
      default:
        return assertNever(record);
    }
  }

  /** Records that cannot be read. What builds on one of them is passed over too. */
  skipGap(gap: JournalGap): void {
    this.nextSeq = gap.throughSeq + 1;
    this.counters.journalGaps++;
  }

  /** Ends a replay. What is dirty counts as dirty from now on, since records carry no time of their own. */
  replayed(nowMs: EpochMs): void {
    this.texts = this.pairs = undefined;
    for (const cohort of this.cohorts.values()) cohort.dirtySinceMs = nowMs;
    this.exemplars.dirtySinceMs = nowMs;
    this.#drainedThrough = this.#durableThrough = this.nextSeq - 1;
    this.measureWindows();
  }

  #replayDefine(record: DefineRecord, seq: number): void {
    const cohort = this.cohorts.get(record.cohort) ?? this.#createCohort(record.cohort, record.name);
    if (record.firstColumn !== cohort.width) {
      throw new CorruptDataError(
        `Cannot replay record ${seq}: expected column ${cohort.width} of cohort ${cohort.id}, got ${record.firstColumn}`,
      );
    }
    const { defined } = record;
    for (let set = 0; set < defined.count; set++) {
      if (defined.endOf(set) > defined.startOf(set)) continue;
      throw new CorruptDataError(`Cannot replay record ${seq}: series ${set} of it has no labels`);
    }
    this.#addPacked(cohort, defined);
    this.#replayed(cohort, seq);
  }

  #replayed(cohort: Cohort, seq: number): void {
    if (cohort.firstDirtySeq === 0) cohort.firstDirtySeq = seq;
    cohort.lastSeq = seq;
  }

  #replaySamples(record: SamplesRecord, seq: number): void {
    const cohort = this.cohorts.get(record.cohort);
    if (cohort === undefined) {
      throw new CorruptDataError(`Cannot replay record ${seq}: cohort ${record.cohort} was never defined`);
    }
    for (let i = 0; i < record.rowsCount; i++) {
      const { row, stray } = decodeRow(record.input, cohort.width, cohort);
      const own = row.histograms === undefined ? row : this.#adopt(cohort, row, false);
      this.#place(cohort, own, stray);
    }
    if (record.input.left !== 0) record.input.fail(`${record.input.left} bytes too many`);
    this.#replayed(cohort, seq);
    this.markDue(cohort);
  }

  /** The journal is not needed up to here, once everything kept so far is durable. */
  truncatableThrough(): number {
    let through = this.nextSeq - 1;
    for (const cohort of this.cohorts.values()) {
      if (cohort.firstDirtySeq > 0) through = Math.min(through, cohort.firstDirtySeq - 1);
    }
    if (this.exemplars.firstDirtySeq > 0) through = Math.min(through, this.exemplars.firstDirtySeq - 1);
    return through;
  }

  forgetCohort(cohort: Cohort): void {
    for (let column = 0; column < cohort.width; column++) {
      const series = cohort.seriesOf[column]!;
      if (series === REMOVED_SERIES) continue;
      this.series.remove(series);
      this.counters.seriesRemoved++;
    }
    this.cohorts.delete(cohort.id);
    this.deletions.delete(cohort.id);
    this.due.delete(cohort.id);
    this.renounce(cohort);
  }

  /** What windows really hold: the running figure drifts where rows grew. */
  measureWindows(): void {
    this.windowBytes = 0;
    for (const cohort of this.cohorts.values()) this.windowBytes += cohort.windowBytes();
  }
}
