/**
 * One per target: turns the answer to a scrape into a batch for storage, and remembers what the next scrape
 * needs: the raw body, where its lines are, and the column of each series. Does no I/O and reads no clock. One
 * scrape is in flight at a time: `digest`, then `answered` with what storage said, until nothing more is to be sent.
 * A digest of very many new series can be done in slices. No label set is kept: storage owns them, and the last body
 * has them still.
 */
import { assert, assertNever } from "../core/assert.ts";
import type { HttpOutcome } from "../core/ports.ts";
import type { EpochMs } from "../core/time.ts";
import type { Body } from "../exposition/body_reader.ts";
import { LineTable } from "../exposition/line_table.ts";
import type { AppendOutcome, SampleBatch } from "../model/batch.ts";
import type { HistogramTable } from "../model/histogram_cell.ts";
import type { Labels } from "../model/labels.ts";
import type { MetricMetadata } from "../model/metadata.ts";
import { decideFormat } from "./accept.ts";
import { BatchPieces } from "./batch_pieces.ts";
import { BodyLabels } from "./body_labels.ts";
import { type EmissionCounts, emit, NOTHING_EMITTED } from "./emission.ts";
import { exemplarsOf, protoExemplarsOf } from "./exemplars.ts";
import { type EndedSeries, labelsOfEnded, NONE_ENDED } from "./ended_series.ts";
import type { ScrapeCounts, ScrapeEnding } from "./ending.ts";
import { type Ending, endingOf, NO_COUNTS, plain, SampleRefused } from "./faults.ts";
import { putMarkers, putMarkersAgain, putVanished } from "./markers.ts";
import { MetadataCache, metadataOf } from "./metadata_cache.ts";
import { completeLines } from "./proto_lines.ts";
import { prepareBody, type PreparedBody } from "./prepare_body.ts";
import { reportValues } from "./report.ts";
import { OWNED_BY_NOBODY, type Owners } from "./row_builder.ts";
import { attachedLabels } from "./sample_labels.ts";
import { SERIES_DROPPED, SERIES_KNOWN, SERIES_PENDING, SERIES_WAS_TRACKED } from "./series_table.ts";
import type { ScrapeSettings } from "./settings.ts";
import { type Pacing, runInSlices, runThrough, SLICE_LINES, type Steps } from "./slices.ts";
import { TargetSeries } from "./target_series.ts";
import { borrowWorkspace, returnWorkspace, type Workspace } from "./workspace.ts";

/**
 * Work between two places where a digest may pause, in the reader's units: a millisecond or two. A body that brings
 * less than some 2,000 new series, and is not of megabytes, is digested without a pause.
 */
const SLICE_WORK = 64 * 2_000;

export interface ScrapeSessionOptions {
  readonly cohort: string;
  /** After relabelling; labels that start with two underscores are left out by the session. */
  readonly targetLabels: Labels;
  readonly settings: ScrapeSettings;
  /**
   * An earlier session of the target has scraped, and was lost: its report series are still to be ended.
   * @default false
   */
  readonly scraped?: boolean;
}

export interface ScrapeSessionStats {
  readonly series: number;
  readonly lastBodyBytes: number;
  /** Approximate resident bytes: the last body and the tables. */
  readonly bytes: number;
}

export interface Digest {
  readonly batch: SampleBatch;
  readonly ending: ScrapeEnding;
}

/** What the batches in flight hold, to say it again to a storage that lost the cohort. */
interface InFlight {
  readonly content: "body" | "markers" | "endMarkers";
  readonly tMs: EpochMs;
  readonly report: Float64Array;
  /** Whom each defined series belongs to: a slot, or −1 − index of a report series. */
  readonly owners: Owners;
  /** Series that got their last marker and left the tables. */
  readonly ended: EndedSeries;
  readonly pieces: BatchPieces;
  /** What histogram cells of the last lines point into. */
  readonly histograms?: HistogramTable | undefined;
}

interface Running {
  readonly steps: Steps<Digest>;
  /** Takes back what it has begun; undefined once it must go on to its end. */
  undo: (() => void) | undefined;
}

export class ScrapeSession {
  readonly #cohort: string;
  readonly #settings: ScrapeSettings;
  #epoch = 0;
  #lastBodyBytes = 0;
  readonly #known: TargetSeries;
  readonly #metadata = new MetadataCache();
  #scraped: boolean;
  #inFlight: InFlight | undefined;
  #running: Running | undefined;

  constructor({ cohort, targetLabels, settings, scraped = false }: ScrapeSessionOptions) {
    this.#cohort = cohort;
    this.#settings = settings;
    this.#scraped = scraped;
    this.#known = new TargetSeries(attachedLabels(targetLabels), settings);
  }

  /** `tookMs`: the scrape's duration. The batch is the caller's. Gives up a digest in slices that has not ended. */
  digest(outcome: HttpOutcome, scrapeMs: EpochMs, tookMs: number): Digest {
    return runThrough(this.#begin(outcome, scrapeMs, tookMs));
  }

  /** As `digest`, with turns of the event loop in between. Rejects with the signal's reason when it is aborted. */
  digestInSlices(outcome: HttpOutcome, scrapeMs: EpochMs, tookMs: number, pacing: Pacing): Promise<Digest> {
    const steps = this.#begin(outcome, scrapeMs, tookMs);
    return runInSlices(steps, pacing, () => {
      assert(
        this.#running?.steps === steps || pacing.signal.aborted,
        "a session digests one scrape at a time",
      );
      if (pacing.signal.aborted && this.#running?.steps === steps) this.#abandon();
      pacing.signal.throwIfAborted();
    });
  }

  #begin(outcome: HttpOutcome, scrapeMs: EpochMs, tookMs: number): Steps<Digest> {
    this.#abandon();
    const steps = this.#steps(outcome, scrapeMs, tookMs);
    this.#running = { steps, undo: undefined };
    return steps;
  }

  #abandon(): void {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    if (running.undo === undefined) runThrough(running.steps);
    else running.undo();
  }

  *#steps(outcome: HttpOutcome, scrapeMs: EpochMs, tookMs: number): Steps<Digest> {
    const running = this.#running;
    const work = borrowWorkspace();
    try {
      const digest = yield* this.#outcome(work, outcome, scrapeMs, tookMs);
      returnWorkspace(work);
      return digest;
    } finally {
      if (this.#running === running) this.#running = undefined;
    }
  }

  *#outcome(work: Workspace, outcome: HttpOutcome, scrapeMs: EpochMs, tookMs: number): Steps<Digest> {
    this.#settle();
    this.#scraped = true;
    switch (outcome.kind) {
      case "timedOut":
        return this.#failed(work, { kind: "timedOut" }, NO_COUNTS, scrapeMs, tookMs);
      case "failed":
        return this.#failed(
          work,
          { kind: "unreachable", reason: outcome.reason },
          NO_COUNTS,
          scrapeMs,
          tookMs,
        );
      case "tooLarge":
        return this.#tooLarge(work, outcome.bytesMax, scrapeMs, tookMs);
      case "response": {
        const { status, statusText, body } = outcome;
        if (status !== 200) {
          return this.#failed(work, { kind: "refused", status, statusText }, NO_COUNTS, scrapeMs, tookMs);
        }
        const limit = this.#settings.bodySizeLimit;
        if (limit > 0 && body.length >= limit) return this.#tooLarge(work, limit, scrapeMs, tookMs);
        return yield* this.#response(work, outcome.contentType, body, scrapeMs, tookMs);
      }
      default:
        return assertNever(outcome);
    }
  }

  /** What storage said to the last batch. A batch comes back when there is one more to be sent. */
  answered(outcome: AppendOutcome): SampleBatch | undefined {
    const inFlight = this.#inFlight;
    if (inFlight === undefined) return undefined;
    if (outcome.kind === "appended") {
      this.#epoch = outcome.epoch;
      this.#learn(inFlight, outcome.refs);
      return this.#nextPiece(inFlight.pieces);
    }
    if (outcome.kind !== "wrongEpoch") {
      // What is there of the scrape stays; the rest would fare no better.
      this.#settle();
      return undefined;
    }
    this.#epoch = 0;
    this.#known.reportRefs = undefined;
    this.#known.table.clearFlags(SERIES_KNOWN | SERIES_PENDING);
    return this.#again(inFlight);
  }

  /** Staleness markers for everything, the report series too. Nothing where no scrape ever ran. */
  endOfRun(tMs: EpochMs): SampleBatch {
    this.#abandon();
    this.#settle();
    if (!this.#scraped) {
      return { cohort: this.#cohort, epoch: this.#epoch, defined: [], rows: [], strays: [] };
    }
    const work = borrowWorkspace();
    work.rows.begin(tMs, this.#known.mayAlias);
    putMarkers(this.#known, work.rows);
    const report = new Float64Array(this.#known.report.length);
    this.#putReport(work, report, "stale");
    const batch = this.#launch(work, { content: "endMarkers", tMs, report, ended: NONE_ENDED });
    returnWorkspace(work);
    return batch;
  }

  metadata(): ReadonlyMap<string, MetricMetadata> {
    return this.#metadata.with(this.#ownMetadata());
  }

  stats(): ScrapeSessionStats {
    const body = this.#known.body?.bytes.length ?? 0;
    return {
      series: this.#known.table.count,
      lastBodyBytes: this.#lastBodyBytes,
      bytes: body + this.#known.lines.bytes + this.#known.table.bytes,
    };
  }

  #ownMetadata(): ReadonlyMap<string, MetricMetadata> {
    if (this.#known.body === undefined) return new Map();
    const work = borrowWorkspace();
    const found = metadataOf(work.reader, this.#known.body, this.#known.lines);
    returnWorkspace(work);
    return found;
  }

  #tooLarge(work: Workspace, bytesMax: number, scrapeMs: EpochMs, tookMs: number): Digest {
    return this.#failed(
      work,
      { kind: "tooLarge", bytesMax },
      { ...NO_COUNTS, bodyBytes: -1 },
      scrapeMs,
      tookMs,
    );
  }

  *#response(
    work: Workspace,
    contentType: string,
    body: Uint8Array,
    scrapeMs: EpochMs,
    tookMs: number,
  ): Steps<Digest> {
    this.#lastBodyBytes = body.length;
    // As Prometheus: an empty body is a good scrape without samples, whatever its type, and is not remembered.
    if (body.length === 0) {
      return this.#markers(work, { kind: "parsed" }, NO_COUNTS, 1, scrapeMs, tookMs);
    }
    const decision = decideFormat(contentType, this.#settings.fallbackScrapeProtocol);
    const base = { ...NO_COUNTS, bodyBytes: body.length };
    if (decision.kind === "refused") {
      return this.#failed(work, { kind: "badContentType", reason: decision.reason }, base, scrapeMs, tookMs);
    }
    const { reader, rows } = work;
    const running = this.#running;
    let prepared: PreparedBody;
    try {
      prepared = prepareBody(work, decision.format, body, this.#settings);
    } catch (error) {
      const ending = endingOf(error);
      if (ending === undefined) throw error;
      return this.#failed(work, ending, base, scrapeMs, tookMs);
    }
    const { next, beside } = prepared;
    const newFrom = this.#known.table.count;
    this.#known.fresh.begin(newFrom);
    if (running !== undefined) running.undo = () => this.#known.forget(newFrom);
    try {
      reader.begin(next, this.#known.previous(), this.#known);
      while (!reader.advance(SLICE_WORK)) yield;
    } catch (error) {
      const ending = endingOf(error);
      if (ending === undefined) throw error;
      const counts = this.#partialCounts(reader.lines, newFrom, error instanceof SampleRefused ? 1 : 0);
      this.#known.forget(newFrom);
      return this.#failed(work, ending, { ...base, ...counts }, scrapeMs, tookMs);
    }
    rows.begin(scrapeMs, this.#known.mayAlias);
    if (beside !== undefined) completeLines(reader.lines, beside);
    rows.histograms = beside?.histograms;
    const counts = yield* this.#emitBody(work, next, reader.lines, newFrom, scrapeMs);
    if (counts.limitMet) {
      this.#known.forget(newFrom);
      const ending = { kind: "limited", limit: "sample_limit", reason: "sample limit exceeded" } as const;
      return this.#failed(work, ending, { ...base, ...plain(counts) }, scrapeMs, tookMs);
    }
    if (this.#settings.keepsExemplars) {
      const { table } = this.#known;
      rows.exemplars = beside === undefined
        ? exemplarsOf(reader, next, table, scrapeMs)
        : protoExemplarsOf(beside, reader.lines, table, scrapeMs);
    }
    // From here on the session is what this body makes it: there is no way back.
    if (running !== undefined) running.undo = undefined;
    const { ended, staleMarkers } = yield* putVanished(this.#known, work);
    this.#keep(work, next, ended);
    const all = { ...base, ...plain(counts), staleMarkers };
    const report = reportValues({ up: 1, tookMs, counts: all, settings: this.#settings });
    this.#putReport(work, report, "values");
    const batch = this.#launch(work, {
      ...{ content: "body", tMs: scrapeMs, report, ended },
      histograms: beside?.histograms,
    });
    const warning = decision.warning === undefined ? {} : { warning: decision.warning };
    return { batch, ending: { kind: "parsed", counts: all, ...warning } };
  }

  /** The body at hand becomes the last one. Slots that it has not are given up. */
  #keep(work: Workspace, next: Body, ended: EndedSeries): void {
    const { reader } = work;
    const hadBody = this.#known.body !== undefined;
    const changed = reader.metadataChanged && hadBody;
    const before = changed ? this.#ownMetadata() : undefined;
    if (reader.structureChanged) {
      this.#compact(work);
      this.#known.table.trim();
    }
    const keepsLast = ended.kind === "body";
    if (keepsLast) this.#known.lines = new LineTable(0);
    this.#known.lines.copyFrom(reader.lines);
    if (!keepsLast && this.#known.body !== undefined) work.spare = this.#known.body.bytes;
    this.#known.body = next;
    this.#known.fresh.begin(this.#known.table.count);
    this.#metadata.scraped();
    if (before !== undefined) this.#metadata.replaced(before, this.#ownMetadata());
  }

  #compact({ marks, reader, rows }: Workspace): void {
    const series = this.#known.table;
    let seen = 0;
    for (let slot = 0; slot < series.count; slot++) if (marks.wasSeen(slot)) seen++;
    if (seen === series.count) return;
    const moved = series.compact((slot) => marks.wasSeen(slot));
    const { slot: slots, count } = reader.lines;
    for (let line = 0; line < count; line++) if (slots[line]! >= 0) slots[line] = moved[slots[line]!]!;
    rows.renumber(moved);
  }

  #partialCounts(lines: LineTable, newFrom: number, unread: number): Partial<ScrapeCounts> {
    const { slot: slots, count } = lines;
    const { flags } = this.#known.table;
    let scraped = unread;
    let postRelabel = 0;
    for (let line = 0; line < count; line++) {
      const slot = slots[line]!;
      if (slot < 0) continue;
      scraped++;
      if ((flags[slot]! & SERIES_DROPPED) === 0) postRelabel++;
    }
    let seriesAdded = 0;
    for (let slot = newFrom; slot < this.#known.table.count; slot++) {
      if ((flags[slot]! & SERIES_DROPPED) === 0) seriesAdded++;
    }
    return { scraped, postRelabel, seriesAdded };
  }

  *#emitBody(
    { rows, marks }: Workspace,
    body: Body,
    lines: LineTable,
    newFrom: number,
    tMs: EpochMs,
  ): Steps<EmissionCounts> {
    let again: BodyLabels | undefined;
    const define = (slot: number, line: number): number => {
      let labels = this.#known.fresh.labelsOf(slot);
      if (labels === undefined) {
        again ??= new BodyLabels(body, lines, this.#known.typed);
        labels = this.#known.labelsOf(again.pairsAt(line));
      }
      if (!this.#known.mayAlias) return rows.define(labels, slot);
      const ref = this.#known.knownTwin(labels, slot);
      return ref ?? rows.define(labels, slot);
    };
    const settings = this.#settings;
    const counts = { ...NOTHING_EMITTED };
    marks.begin(this.#known.table.count);
    const emission = { lines, series: this.#known.table, marks, newFrom, tMs, settings, rows, define };
    for (let from = 0; from < lines.count; from += SLICE_LINES) {
      if (from > 0) yield;
      emit(emission, counts, from, Math.min(lines.count, from + SLICE_LINES));
      rows.cutWhenLarge();
    }
    rows.cutLast();
    return counts;
  }

  #failed(
    work: Workspace,
    ending: Ending,
    counts: ScrapeCounts,
    scrapeMs: EpochMs,
    tookMs: number,
  ): Digest {
    return this.#markers(work, ending, counts, 0, scrapeMs, tookMs);
  }

  #markers(
    work: Workspace,
    ending: Ending,
    counts: ScrapeCounts,
    up: 0 | 1,
    tMs: EpochMs,
    tookMs: number,
  ): Digest {
    work.rows.begin(tMs, this.#known.mayAlias);
    const all = { ...counts, staleMarkers: putMarkers(this.#known, work.rows) };
    const report = reportValues({ up, tookMs, counts: all, settings: this.#settings });
    this.#putReport(work, report, "values");
    const batch = this.#launch(work, { content: "markers", tMs, report, ended: NONE_ENDED });
    return { batch, ending: { ...ending, counts: all } };
  }

  #putReport({ rows }: Workspace, values: Float64Array, content: "values" | "stale"): void {
    for (let i = 0; i < values.length; i++) {
      const ref = this.#known.reportRefs?.[i] ?? rows.define(this.#known.report[i]!, -1 - i);
      if (content === "stale") rows.putStale(ref);
      else rows.put(ref, values[i]!);
    }
  }

  #launch({ rows }: Workspace, what: Omit<InFlight, "owners" | "pieces">): SampleBatch {
    const collected = rows.take();
    const pieces = new BatchPieces(collected);
    this.#inFlight = { ...what, owners: collected.owners, pieces };
    const batch = this.#nextPiece(pieces);
    assert(batch !== undefined, "a scrape makes one batch at least");
    return batch;
  }

  #nextPiece(pieces: BatchPieces): SampleBatch | undefined {
    const parts = pieces.next();
    if (parts !== undefined) return { cohort: this.#cohort, epoch: this.#epoch, late: "noMarkers", ...parts };
    this.#settle();
    return undefined;
  }

  /** The scrape in flight once more, every series defined in full. */
  #again({ content, tMs, report, ended, histograms }: InFlight): SampleBatch {
    const body = this.#known.body;
    const work = borrowWorkspace();
    const { rows } = work;
    rows.begin(tMs, this.#known.mayAlias);
    rows.histograms = histograms;
    work.marks.begin(this.#known.table.count);
    if (body !== undefined) {
      if (content === "body") runThrough(this.#emitBody(work, body, this.#known.lines, Infinity, tMs));
      putMarkersAgain(this.#known, work.rows, body);
    }
    for (const labels of labelsOfEnded(ended, this.#known)) {
      rows.putStale(rows.define(labels, OWNED_BY_NOBODY));
    }
    rows.cutLast();
    this.#putReport(work, report, content === "endMarkers" ? "stale" : "values");
    const batch = this.#launch(work, { content, tMs, report, ended, histograms });
    returnWorkspace(work);
    return batch;
  }

  #learn({ owners: { owners, indices }, pieces }: InFlight, refs: Uint32Array): void {
    const { ref, flags } = this.#known.table;
    const { from, to, columns } = pieces.answered(refs);
    for (let i = from; i < to; i++) {
      const owner = owners[i]!;
      const column = columns[indices[i]!];
      assert(column !== undefined, "storage answers a column for each defined series");
      if (owner >= 0) {
        ref[owner] = column;
        flags[owner] = flags[owner]! | SERIES_KNOWN;
      } else if (owner !== OWNED_BY_NOBODY) {
        this.#known.reportRefs ??= new Uint32Array(this.#known.report.length);
        this.#known.reportRefs[-1 - owner] = column;
      }
    }
  }

  /** Ends the flight of the last batch, answered or not. */
  #settle(): void {
    if (this.#inFlight === undefined) return;
    this.#inFlight = undefined;
    this.#known.table.clearFlags(SERIES_PENDING | SERIES_WAS_TRACKED);
  }
}
