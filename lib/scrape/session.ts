/**
 * One per target: turns the answer to a scrape into a batch for storage, and remembers what the next scrape
 * needs: the raw body, where its lines are, and the column of each series. Does no I/O and reads no clock. One
 * scrape is in flight at a time: `digest`, then `answered` with what storage said. No label set is kept: storage
 * owns them, and the last body has them still.
 */
import { assert, assertNever } from "../core/assert.ts";
import type { HttpOutcome } from "../core/ports.ts";
import type { EpochMs } from "../core/time.ts";
import {
  type Body,
  BODY_SEAL_BYTES,
  BodyReader,
  type PreviousBody,
  sealBody,
  type SeriesSink,
} from "../exposition/body_reader.ts";
import { LineTable } from "../exposition/line_table.ts";
import { type ExpositionFormat, lineOf, type RecordParser } from "../exposition/record.ts";
import { namesAreUtf8, pairsOf } from "../exposition/series_labels.ts";
import type { AppendOutcome, SampleBatch } from "../model/batch.ts";
import { type Labels, labelsKey } from "../model/labels.ts";
import type { MetricMetadata, MetricType } from "../model/metadata.ts";
import { decideFormat } from "./accept.ts";
import { BodyLabels } from "./body_labels.ts";
import { type EmissionCounts, emit, emitNothing, isTrackedNow, wasSeen } from "./emission.ts";
import type { ScrapeCounts, ScrapeEnding } from "./ending.ts";
import { type Ending, endingOf, NO_COUNTS, plain, SampleRefused } from "./faults.ts";
import { FreshSeries } from "./fresh_series.ts";
import { MetadataCache, metadataOf } from "./metadata_cache.ts";
import { reportSeries, reportValues } from "./report.ts";
import { OWNED_BY_NOBODY, type Owners, RowBuilder } from "./row_builder.ts";
import { attachedLabels, hashLabels, type SampleLabels, sampleLabels } from "./sample_labels.ts";
import {
  SERIES_DROPPED,
  SERIES_KNOWN,
  SERIES_PENDING,
  SERIES_TRACKED,
  SERIES_WAS_TRACKED,
  SeriesTable,
} from "./series_table.ts";
import type { ScrapeSettings } from "./settings.ts";

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

/** What the batch in flight held, to say it again to a storage that lost the cohort. */
interface InFlight {
  readonly content: "body" | "markers" | "endMarkers";
  readonly tMs: EpochMs;
  readonly report: Float64Array;
  /** Whom each defined series belongs to: a slot, or −1 − index of a report series. */
  readonly owners: Owners;
  /** Series that got their last marker and left the tables. */
  readonly ended: readonly Labels[];
}

/** Digests are synchronous, so one set of scratch space serves all sessions. */
const reader = new BodyReader();
const rows = new RowBuilder();
/** The buffer that the next body is read in; swapped with the session's when they are of a size. */
let spare: Uint8Array = new Uint8Array(0);

export class ScrapeSession {
  readonly #cohort: string;
  readonly #target: Labels;
  readonly #settings: ScrapeSettings;
  readonly #report: readonly Labels[];
  readonly #reportHashes: readonly number[];
  #reportRefs: Uint32Array | undefined;
  #epoch = 0;
  #body: Body | undefined;
  #lastBodyBytes = 0;
  #lines = new LineTable(0);
  readonly #series = new SeriesTable();
  readonly #metadata = new MetadataCache();
  /** Two keys, or a key and a report series, stand for one series. Stays on: it only costs time. */
  #mayAlias = false;
  #scraped: boolean;
  #inFlight: InFlight | undefined;
  readonly #fresh = new FreshSeries(this.#series);
  readonly #sink: SeriesSink = { defineSlot: (parser, type) => this.#defineSlot(parser, type) };

  constructor({ cohort, targetLabels, settings, scraped = false }: ScrapeSessionOptions) {
    this.#cohort = cohort;
    this.#target = attachedLabels(targetLabels);
    this.#settings = settings;
    this.#scraped = scraped;
    this.#report = reportSeries(this.#target, settings);
    this.#reportHashes = this.#report.map(hashLabels);
  }

  /** `tookMs`: the scrape's duration. The batch is the caller's. */
  digest(outcome: HttpOutcome, scrapeMs: EpochMs, tookMs: number): Digest {
    this.#settle();
    this.#scraped = true;
    switch (outcome.kind) {
      case "timedOut":
        return this.#failed({ kind: "timedOut" }, NO_COUNTS, scrapeMs, tookMs);
      case "failed":
        return this.#failed({ kind: "unreachable", reason: outcome.reason }, NO_COUNTS, scrapeMs, tookMs);
      case "tooLarge":
        return this.#tooLarge(outcome.bytesMax, scrapeMs, tookMs);
      case "response": {
        const { status, statusText, body } = outcome;
        if (status !== 200) {
          return this.#failed({ kind: "refused", status, statusText }, NO_COUNTS, scrapeMs, tookMs);
        }
        const limit = this.#settings.bodySizeLimit;
        if (limit > 0 && body.length >= limit) return this.#tooLarge(limit, scrapeMs, tookMs);
        return this.#response(outcome.contentType, body, scrapeMs, tookMs);
      }
      default:
        return assertNever(outcome);
    }
  }

  /** What storage said to the last batch. A batch comes back when that one must be sent anew. */
  answered(outcome: AppendOutcome): SampleBatch | undefined {
    const inFlight = this.#inFlight;
    if (inFlight === undefined) return undefined;
    if (outcome.kind === "appended") {
      this.#epoch = outcome.epoch;
      this.#learn(inFlight.owners, outcome.refs);
      this.#settle();
      return undefined;
    }
    if (outcome.kind !== "wrongEpoch") {
      this.#settle();
      return undefined;
    }
    this.#epoch = 0;
    this.#reportRefs = undefined;
    this.#series.clearFlags(SERIES_KNOWN | SERIES_PENDING);
    return this.#again(inFlight);
  }

  /** Staleness markers for everything, the report series too. Nothing where no scrape ever ran. */
  endOfRun(tMs: EpochMs): SampleBatch {
    this.#settle();
    if (!this.#scraped) {
      return { cohort: this.#cohort, epoch: this.#epoch, defined: [], rows: [], strays: [] };
    }
    rows.begin(tMs, this.#mayAlias);
    this.#putMarkers();
    const report = new Float64Array(this.#report.length);
    this.#putReport(report, "stale");
    return this.#launch({ content: "endMarkers", tMs, report, ended: [] });
  }

  metadata(): ReadonlyMap<string, MetricMetadata> {
    return this.#metadata.with(this.#ownMetadata());
  }

  stats(): ScrapeSessionStats {
    const body = this.#body?.bytes.length ?? 0;
    return {
      series: this.#series.count,
      lastBodyBytes: this.#lastBodyBytes,
      bytes: body + this.#lines.bytes + this.#series.bytes,
    };
  }

  #ownMetadata(): ReadonlyMap<string, MetricMetadata> {
    return this.#body === undefined ? new Map() : metadataOf(reader, this.#body, this.#lines);
  }

  #tooLarge(bytesMax: number, scrapeMs: EpochMs, tookMs: number): Digest {
    return this.#failed({ kind: "tooLarge", bytesMax }, { ...NO_COUNTS, bodyBytes: -1 }, scrapeMs, tookMs);
  }

  #response(contentType: string, body: Uint8Array, scrapeMs: EpochMs, tookMs: number): Digest {
    this.#lastBodyBytes = body.length;
    // As Prometheus: an empty body is a good scrape without samples, whatever its type, and is not remembered.
    if (body.length === 0) {
      return this.#markers({ kind: "parsed" }, NO_COUNTS, 1, scrapeMs, tookMs);
    }
    const decision = decideFormat(contentType, this.#settings.fallbackScrapeProtocol);
    const base = { ...NO_COUNTS, bodyBytes: body.length };
    if (decision.kind === "refused") {
      return this.#failed({ kind: "badContentType", reason: decision.reason }, base, scrapeMs, tookMs);
    }
    const next = this.#copied(decision.format, body);
    const newFrom = this.#series.count;
    this.#fresh.clear();
    try {
      reader.read(next, this.#previous(), this.#sink);
    } catch (error) {
      const ending = endingOf(error);
      if (ending === undefined) throw error;
      const counts = this.#partialCounts(newFrom, error instanceof SampleRefused ? 1 : 0);
      this.#forget(newFrom);
      return this.#failed(ending, { ...base, ...counts }, scrapeMs, tookMs);
    }
    rows.begin(scrapeMs, this.#mayAlias);
    const counts = this.#emitBody(next, reader.lines, newFrom, scrapeMs);
    if (counts.limitMet) {
      this.#forget(newFrom);
      const ending = { kind: "limited", limit: "sample_limit", reason: "sample limit exceeded" } as const;
      return this.#failed(ending, { ...base, ...plain(counts) }, scrapeMs, tookMs);
    }
    const { ended, staleMarkers } = this.#putVanished();
    this.#keep(next);
    const all = { ...base, ...plain(counts), staleMarkers };
    const report = reportValues({ up: 1, tookMs, counts: all, settings: this.#settings });
    this.#putReport(report, "values");
    const batch = this.#launch({ content: "body", tMs: scrapeMs, report, ended });
    const warning = decision.warning === undefined ? {} : { warning: decision.warning };
    return { batch, ending: { kind: "parsed", counts: all, ...warning } };
  }

  #previous(): PreviousBody | undefined {
    const body = this.#body;
    return body === undefined ? undefined : { ...body, lines: this.#lines, slotsCount: this.#series.count };
  }

  #copied(format: ExpositionFormat, body: Uint8Array): Body {
    const room = body.length + BODY_SEAL_BYTES;
    // A spare of about this size is taken; one far too large would stay with this session for good.
    if (spare.length < room || spare.length > room + (room >> 3) + 4096) {
      spare = new Uint8Array(room + (room >> 5));
    }
    spare.set(body);
    return sealBody(format, spare, body.length);
  }

  /** The body at hand becomes the last one. Slots that it has not are given up. */
  #keep(next: Body): void {
    const hadBody = this.#body !== undefined;
    const changed = reader.metadataChanged && hadBody;
    const before = changed ? this.#ownMetadata() : undefined;
    if (reader.structureChanged) {
      this.#compact();
      this.#series.trim();
    }
    this.#lines.copyFrom(reader.lines);
    const old = this.#body?.bytes;
    this.#body = next;
    spare = old ?? new Uint8Array(0);
    this.#fresh.clear();
    this.#metadata.scraped();
    if (before !== undefined) this.#metadata.replaced(before, this.#ownMetadata());
  }

  #compact(): void {
    const series = this.#series;
    let seen = 0;
    for (let slot = 0; slot < series.count; slot++) if (wasSeen(slot)) seen++;
    if (seen === series.count) return;
    const moved = series.compact(wasSeen);
    const { slot: slots, count } = reader.lines;
    for (let line = 0; line < count; line++) if (slots[line]! >= 0) slots[line] = moved[slots[line]!]!;
    rows.renumber(moved);
  }

  #partialCounts(newFrom: number, unread: number): Partial<ScrapeCounts> {
    const { slot: slots, count } = reader.lines;
    const { flags } = this.#series;
    let scraped = unread;
    let postRelabel = 0;
    for (let line = 0; line < count; line++) {
      const slot = slots[line]!;
      if (slot < 0) continue;
      scraped++;
      if ((flags[slot]! & SERIES_DROPPED) === 0) postRelabel++;
    }
    let seriesAdded = 0;
    for (let slot = newFrom; slot < this.#series.count; slot++) {
      if ((flags[slot]! & SERIES_DROPPED) === 0) seriesAdded++;
    }
    return { scraped, postRelabel, seriesAdded };
  }

  /** Takes back what a body that failed had begun. */
  #forget(newFrom: number): void {
    this.#series.truncate(newFrom);
    this.#series.clearFlags(SERIES_PENDING);
    this.#fresh.clear();
  }

  #emitBody(body: Body, lines: LineTable, newFrom: number, tMs: EpochMs): EmissionCounts {
    let again: BodyLabels | undefined;
    const define = (slot: number, line: number): number => {
      let labels = this.#fresh.labelsOf(slot);
      if (labels === undefined) {
        again ??= new BodyLabels(body, lines);
        labels = this.#labelsOf(again.pairsAt(line));
      }
      return this.#mayAlias ? this.#defineTwin(labels, slot) : rows.define(labels, slot);
    };
    return emit({ lines, series: this.#series, newFrom, tMs, settings: this.#settings, rows, define });
  }

  /** Labels of a series that was accepted before, so they are labels. */
  #labelsOf(pairs: [string, string][]): Labels {
    const found = sampleLabels(pairs, this.#target, this.#settings);
    assert(found.kind === "labels", "a series that was kept has labels");
    return found.labels;
  }

  /** Markers for what the body at hand no longer tracks; brings the tracking up to date. */
  #putVanished(): { readonly ended: readonly Labels[]; readonly staleMarkers: number } {
    const { flags, ref, count } = this.#series;
    const gone = new Set<number>();
    let staleMarkers = 0;
    for (let slot = 0; slot < count; slot++) {
      const flag = flags[slot]!;
      const isTracked = isTrackedNow(slot);
      if (isTracked === ((flag & SERIES_TRACKED) !== 0)) continue;
      if (isTracked) {
        flags[slot] = flag | SERIES_TRACKED;
        continue;
      }
      flags[slot] = flag & ~SERIES_TRACKED;
      if ((flag & SERIES_KNOWN) === 0 || !rows.putStale(ref[slot]!)) continue;
      staleMarkers++;
      if (wasSeen(slot)) flags[slot] = flags[slot]! | SERIES_WAS_TRACKED;
      else gone.add(slot);
    }
    return { ended: this.#labelsOfLast(gone), staleMarkers };
  }

  /** Labels of slots of the last body. */
  #labelsOfLast(slots: Set<number>): readonly Labels[] {
    if (slots.size === 0 || this.#body === undefined) return [];
    const found: Labels[] = [];
    const last = new BodyLabels(this.#body, this.#lines);
    for (let line = 0; line < this.#lines.count && slots.size > 0; line++) {
      if (slots.delete(this.#lines.slot[line]!)) found.push(this.#labelsOf(last.pairsAt(line)));
    }
    return found;
  }

  #failed(ending: Ending, counts: ScrapeCounts, scrapeMs: EpochMs, tookMs: number): Digest {
    return this.#markers(ending, counts, 0, scrapeMs, tookMs);
  }

  #markers(ending: Ending, counts: ScrapeCounts, up: 0 | 1, tMs: EpochMs, tookMs: number): Digest {
    rows.begin(tMs, this.#mayAlias);
    const all = { ...counts, staleMarkers: this.#putMarkers() };
    const report = reportValues({ up, tookMs, counts: all, settings: this.#settings });
    this.#putReport(report, "values");
    const batch = this.#launch({ content: "markers", tMs, report, ended: [] });
    return { batch, ending: { ...ending, counts: all } };
  }

  #putMarkers(): number {
    const { flags, ref, count } = this.#series;
    let staleMarkers = 0;
    for (let slot = 0; slot < count; slot++) {
      const flag = flags[slot]!;
      if ((flag & SERIES_TRACKED) === 0) continue;
      flags[slot] = flag & ~SERIES_TRACKED;
      if ((flag & SERIES_KNOWN) === 0 || !rows.putStale(ref[slot]!)) continue;
      flags[slot] = flags[slot]! | SERIES_WAS_TRACKED;
      staleMarkers++;
    }
    return staleMarkers;
  }

  #putReport(values: Float64Array, content: "values" | "stale"): void {
    for (let i = 0; i < values.length; i++) {
      const ref = this.#reportRefs?.[i] ?? rows.define(this.#report[i]!, -1 - i);
      if (content === "stale") rows.putStale(ref);
      else rows.put(ref, values[i]!);
    }
  }

  #launch(what: Omit<InFlight, "owners">): SampleBatch {
    this.#inFlight = { ...what, owners: rows.owners };
    return { cohort: this.#cohort, epoch: this.#epoch, ...rows.take() };
  }

  /** The batch in flight once more, every series defined in full. */
  #again(inFlight: InFlight): SampleBatch {
    const { content, tMs, report, ended } = inFlight;
    const body = this.#body;
    rows.begin(tMs, this.#mayAlias);
    emitNothing(this.#series.count);
    if (body !== undefined) {
      if (content === "body") this.#emitBody(body, this.#lines, Infinity, tMs);
      this.#putMarkersAgain(body);
    }
    for (const labels of ended) rows.putStale(rows.define(labels, OWNED_BY_NOBODY));
    this.#putReport(report, content === "endMarkers" ? "stale" : "values");
    return this.#launch({ content, tMs, report, ended });
  }

  #putMarkersAgain(body: Body): void {
    const { flags, ref } = this.#series;
    const again = new BodyLabels(body, this.#lines);
    const { slot: slots, count } = this.#lines;
    const done = new Set<number>();
    for (let line = 0; line < count; line++) {
      const slot = slots[line]!;
      if (slot < 0 || (flags[slot]! & SERIES_WAS_TRACKED) === 0 || done.has(slot)) continue;
      done.add(slot);
      if ((flags[slot]! & SERIES_PENDING) === 0) {
        ref[slot] = rows.define(this.#labelsOf(again.pairsAt(line)), slot);
        flags[slot] = flags[slot]! | SERIES_PENDING;
      }
      rows.putStale(ref[slot]!);
    }
  }

  #learn({ owners, indices }: Owners, columns: Uint32Array): void {
    const { ref, flags } = this.#series;
    for (let i = 0; i < owners.length; i++) {
      const owner = owners[i]!;
      const column = columns[indices[i]!];
      assert(column !== undefined, "storage answers a column for each defined series");
      if (owner >= 0) {
        ref[owner] = column;
        flags[owner] = flags[owner]! | SERIES_KNOWN;
      } else if (owner !== OWNED_BY_NOBODY) {
        this.#reportRefs ??= new Uint32Array(this.#report.length);
        this.#reportRefs[-1 - owner] = column;
      }
    }
  }

  /** Ends the flight of the last batch, answered or not. */
  #settle(): void {
    if (this.#inFlight === undefined) return;
    this.#inFlight = undefined;
    this.#series.clearFlags(SERIES_PENDING | SERIES_WAS_TRACKED);
  }

  #defineSlot(parser: RecordParser, type: MetricType): number {
    const found: SampleLabels = namesAreUtf8(parser)
      ? sampleLabels(pairsOf(parser, type), this.#target, this.#settings)
      : { kind: "invalid", reason: "invalid metric name or label names: not valid UTF-8" };
    if (found.kind === "dropped") return this.#series.add(0, SERIES_DROPPED);
    if (found.kind !== "labels") throw new SampleRefused(found, lineOf(parser.bytes, parser.recordStart));
    const hash = hashLabels(found.labels);
    const twin = this.#twinOf(found.labels, hash, -1);
    if (twin !== undefined) this.#mayAlias = true;
    const slot = this.#series.add(hash, twin?.ref === undefined ? 0 : SERIES_KNOWN);
    if (twin?.ref !== undefined) this.#series.ref[slot] = twin.ref;
    this.#fresh.add(slot, hash, found.labels);
    return slot;
  }

  /** Defines a series unless a twin of it has a column already, which is then its own. */
  #defineTwin(labels: Labels, slot: number): number {
    const ref = this.#twinOf(labels, this.#series.labelsHash[slot]!, slot)?.ref;
    if (ref === undefined) return rows.define(labels, slot);
    this.#series.flags[slot] = this.#series.flags[slot]! | SERIES_KNOWN;
    return ref;
  }

  /**
   * Another key than that of slot `self`, or a report series, that stands for the same labels; with its column
   * where it has one.
   */
  #twinOf(labels: Labels, hash: number, self: number): { readonly ref: number | undefined } | undefined {
    const key = labelsKey(labels);
    const report = this.#reportHashes.indexOf(hash);
    if (report !== -1 && labelsKey(this.#report[report]!) === key) return { ref: this.#reportRefs?.[report] };
    let found: { readonly ref: undefined } | undefined;
    for (const slot of this.#fresh.slotsOf(hash)) {
      if (slot === self) continue;
      const twin = this.#fresh.labelsOf(slot) ?? this.#labelsOfLast(new Set([slot]))[0];
      if (twin === undefined || labelsKey(twin) !== key) continue;
      if ((this.#series.flags[slot]! & SERIES_KNOWN) !== 0) return { ref: this.#series.ref[slot]! };
      found = { ref: undefined };
    }
    return found;
  }
}
