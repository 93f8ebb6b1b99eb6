/**
 * The series of one target as its session knows them: the table, the last body that has their labels, and the series
 * that the target's scrapes report about themselves. Finds out which of them stand for the same labels.
 */
import { assert } from "../core/assert.ts";
import type { Body, PreviousBody, SeriesSink } from "../exposition/body_reader.ts";
import { LineTable } from "../exposition/line_table.ts";
import { lineOf, type RecordParser } from "../exposition/record.ts";
import { namesAreUtf8, pairsOf, withTypeAndUnit } from "../exposition/series_labels.ts";
import type { Labels } from "../model/labels.ts";
import type { MetricType } from "../model/metadata.ts";
import { type Labeller, labelsOfSlots } from "./ended_series.ts";
import { SampleRefused } from "./faults.ts";
import { FreshSeries } from "./fresh_series.ts";
import { reportSeries } from "./report.ts";
import { hashLabels, sameLabels, type SampleLabels, sampleLabels } from "./sample_labels.ts";
import { SERIES_DROPPED, SERIES_KNOWN, SERIES_PENDING, SeriesTable } from "./series_table.ts";
import type { ScrapeSettings } from "./settings.ts";

export class TargetSeries implements SeriesSink, Labeller {
  readonly table: SeriesTable = new SeriesTable();
  readonly fresh: FreshSeries = new FreshSeries(this.table);
  readonly report: readonly Labels[];
  reportRefs: Uint32Array | undefined;
  body: Body | undefined;
  lines: LineTable = new LineTable(0);
  /** Two keys, or a key and a report series, stand for one series. Stays on: it only costs time. */
  mayAlias = false;
  readonly #target: Labels;
  readonly #settings: ScrapeSettings;
  readonly #reportHashes: readonly number[];

  /** `target` from `attachedLabels`. */
  constructor(target: Labels, settings: ScrapeSettings) {
    this.#target = target;
    this.#settings = settings;
    this.report = reportSeries(target, settings);
    this.#reportHashes = this.report.map(hashLabels);
  }

  previous(): PreviousBody | undefined {
    const body = this.body;
    return body === undefined ? undefined : { ...body, lines: this.lines, slotsCount: this.table.count };
  }

  /** Takes back what a body that failed had begun: the series from `newFrom` on. */
  forget(newFrom: number): void {
    this.table.truncate(newFrom);
    this.table.clearFlags(SERIES_PENDING);
    this.fresh.begin(newFrom);
  }

  /** Labels of a series that was accepted before, so they are labels. */
  labelsOf(pairs: [string, string][]): Labels {
    const found = sampleLabels(pairs, this.#target, this.#settings);
    assert(found.kind === "labels", "a series that was kept has labels");
    return found.labels;
  }

  /** Labels of slots of the last body. */
  labelsOfLast(slots: readonly number[]): readonly Labels[] {
    if (this.body === undefined) return [];
    return labelsOfSlots(this.body, this.lines, slots, this);
  }

  get typed(): boolean {
    return this.#settings.typeAndUnitLabels;
  }

  defineSlot(parser: RecordParser, type: MetricType, unit: () => string): number {
    const found: SampleLabels = namesAreUtf8(parser)
      ? sampleLabels(this.#pairsOf(parser, type, unit), this.#target, this.#settings)
      : { kind: "invalid", reason: "invalid metric name or label names: not valid UTF-8" };
    if (found.kind === "dropped") return this.table.add(0, SERIES_DROPPED);
    if (found.kind !== "labels") throw new SampleRefused(found, lineOf(parser.bytes, parser.recordStart));
    const hash = hashLabels(found.labels);
    const twin = this.#twinOf(found.labels, hash, -1);
    if (twin !== undefined) this.mayAlias = true;
    const slot = this.table.add(hash, twin?.ref === undefined ? 0 : SERIES_KNOWN);
    if (twin?.ref !== undefined) this.table.ref[slot] = twin.ref;
    this.fresh.add(slot, hash, found.labels);
    return slot;
  }

  #pairsOf(parser: RecordParser, type: MetricType, unit: () => string): [name: string, value: string][] {
    const pairs = pairsOf(parser, type);
    return this.typed ? withTypeAndUnit(pairs, type, unit()) : pairs;
  }

  /** The column of a twin that has one already; it is the slot's own from now on. */
  knownTwin(labels: Labels, slot: number): number | undefined {
    const ref = this.#twinOf(labels, this.table.labelsHash[slot]!, slot)?.ref;
    if (ref !== undefined) this.table.flags[slot] = this.table.flags[slot]! | SERIES_KNOWN;
    return ref;
  }

  /**
   * Another key than that of slot `self`, or a report series, that stands for the same labels; with its column
   * where it has one.
   */
  #twinOf(labels: Labels, hash: number, self: number): { readonly ref: number | undefined } | undefined {
    const report = this.#reportHashes.indexOf(hash);
    if (report !== -1 && sameLabels(this.report[report]!, labels)) {
      return { ref: this.reportRefs?.[report] };
    }
    let found: { readonly ref: undefined } | undefined;
    const fresh = this.fresh;
    for (let slot = fresh.firstOf(hash); slot !== -1; slot = fresh.nextOf(hash, slot)) {
      if (slot === self) continue;
      const twin = fresh.labelsOf(slot) ?? this.labelsOfLast([slot])[0];
      if (twin === undefined || !sameLabels(twin, labels)) continue;
      if ((this.table.flags[slot]! & SERIES_KNOWN) !== 0) return { ref: this.table.ref[slot]! };
      found = { ref: undefined };
    }
    return found;
  }
}
