/**
 * One per target: turns the answer to a scrape into a batch for storage, and remembers what the next scrape
 * needs: the raw body, where its lines are, and the column of each series. Does no I/O and reads no clock. One
 * scrape is in flight at a time: `digest`, then `answered` with what storage said. No label set is kept: storage
 * owns them, and the last body has them still.
 */
import { assert, assertNever } from "../core/assert.ts";
import type { HttpOutcome } from "../core/ports.ts";
import type { EpochMs } from "../core/time.ts";
import { type Body, BODY_SEAL_BYTES, BodyReader, sealBody } from "../exposition/body_reader.ts";
import { LineTable } from "../exposition/line_table.ts";
import { type ExpositionFormat, ExpositionError, lineOf, type RecordParser } from "../exposition/record.ts";
import { namesAreUtf8, pairsOf } from "../exposition/series_labels.ts";
import type { AppendOutcome, SampleBatch } from "../model/batch.ts";
import { type Labels, labelsKey } from "../model/labels.ts";
import type { MetricMetadata, MetricType } from "../model/metadata.ts";
import { decideFormat } from "./accept.ts";
import { BodyLabels } from "./body_labels.ts";
import { emit, type EmissionCounts, emitNothing, isTrackedNow, wasSeen } from "./emission.ts";
import type { ScrapeCounts, ScrapeEnding } from "./ending.ts";
import { MetadataCache, metadataOf } from "./metadata_cache.ts";
import { reportSeries, reportValues } from "./report.ts";
import { DEFINED_FOR_NOBODY, RowBuilder } from "./row_builder.ts";
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
  definedBy: readonly number[];
  /** Series that got their last marker and left the tables. */
  readonly ended: readonly Labels[];
}

type Ending = ScrapeEnding extends infer E ? E extends ScrapeEnding ? Omit<E, "counts"> : never : never;

/** Ends a reading from inside the reader. */
class SampleRefused extends Error {
  constructor(readonly fault: Exclude<SampleLabels, { kind: "labels" | "dropped" }>, readonly line: number) {
    super(fault.reason);
  }
}

/** Digests are synchronous, so one set of scratch space serves all sessions. */
const reader = new BodyReader();
const rows = new RowBuilder();
/** The buffer that the next body is read in; swapped with the session's when they are of a size. */
let spare = new Uint8Array(0);

const NO_COUNTS: ScrapeCounts = {
  scraped: 0,
  postRelabel: 0,
  seriesAdded: 0,
  bodyBytes: 0,
  duplicates: 0,
  outOfBounds: 0,
  staleMarkers: 0,
};

/** More new series than this in one body are looked up by a map and not by scanning. */
const SCANNED_NEW_MAX = 32;

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
  #scraped = false;
  #inFlight: InFlight | undefined;
  /** Labels of the slots that the body at hand added, and slots by hash of labels when there are many. */
  #fresh = new Map<number, Labels>();
  #byHash: Map<number, number[]> | undefined;

  constructor({ cohort, targetLabels, settings }: ScrapeSessionOptions) {
    this.#cohort = cohort;
    this.#target = attachedLabels(targetLabels);
    this.#settings = settings;
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
        if (status !== 200) return this.#failed({ kind: "refused", status, statusText }, NO_COUNTS, scrapeMs, tookMs);
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
      this.#learn(inFlight.definedBy, outcome.refs);
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
    if (!this.#scraped) return { cohort: this.#cohort, epoch: this.#epoch, defined: [], rows: [], strays: [] };
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
    this.#fresh = new Map();
    this.#byHash = undefined;
    try {
      reader.read(next, this.#previous(), this);
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

  #previous() {
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
    this.#fresh = new Map();
    this.#byHash = undefined;
    this.#metadata.scraped();
    if (before !== undefined) this.#metadata.replaced(before, this.#ownMetadata());
  }

  #compact(): void {
    const { series } = this;
    let seen = 0;
    for (let slot = 0; slot < series.count; slot++) if (wasSeen(slot)) seen++;
    if (seen === series.count) return;
    const moved = series.compact(wasSeen);
    const { slot, count } = reader.lines;
    for (let line = 0; line < count; line++) if (slot[line]! >= 0) slot[line] = moved[slot[line]!]!;
    this.#moved = moved;
  }
  #moved: Int32Array | undefined;

  private get series(): SeriesTable {
    return this.#series;
  }
}
