/**
 * From the records of a body to samples: what Prometheus's scrape loop does for each sample, over columns.
 * Counts as it counts: duplicates and samples beyond the sample limit are still "post relabelling". A body may be
 * gone through in several stretches.
 */
import type { EpochMs } from "../core/time.ts";
import type { LineTable } from "../exposition/line_table.ts";
import { isHistogram } from "../model/histogram_cell.ts";
import { wordsOf } from "../model/stale.ts";
import type { RowBuilder } from "./row_builder.ts";
import { SERIES_DROPPED, SERIES_KNOWN, SERIES_PENDING, type SeriesTable } from "./series_table.ts";
import type { ScrapeSettings } from "./settings.ts";
import type { SlotMarks } from "./slot_marks.ts";

/** As Prometheus: a sample further ahead of the scrape is out of bounds. */
const AHEAD_MS_MAX = 10 * 60_000;

export interface EmissionCounts {
  scraped: number;
  postRelabel: number;
  seriesAdded: number;
  duplicates: number;
  outOfBounds: number;
  /** Samples that count against the sample limit. */
  attempts: number;
  limitMet: boolean;
}

export const NOTHING_EMITTED: EmissionCounts = {
  scraped: 0,
  postRelabel: 0,
  seriesAdded: 0,
  duplicates: 0,
  outOfBounds: 0,
  attempts: 0,
  limitMet: false,
};

export interface Emission {
  readonly lines: LineTable;
  readonly series: SeriesTable;
  /** Begun for this body. */
  readonly marks: SlotMarks;
  /** Slots from here on are new in this body. */
  readonly newFrom: number;
  readonly tMs: EpochMs;
  readonly settings: ScrapeSettings;
  readonly rows: RowBuilder;
  /** Defines a series that storage does not know by this session; lines come in order. */
  readonly define: (slot: number, line: number) => number;
}

/** Emits lines `from … to` and adds to `counts`. */
export function emit(
  { lines, series, marks, newFrom, tMs, settings, rows, define }: Emission,
  counts: EmissionCounts,
  from: number,
  to: number,
): void {
  const { slot: slots, values, times } = lines;
  const words = wordsOf(values);
  const { ref: refs, flags } = series;
  const { seen, tracked, mark } = marks;
  const ownTimes = lines.hasTimes && settings.honorTimestamps;
  const tMax = tMs + AHEAD_MS_MAX;
  const limit = settings.sampleLimit > 0 ? settings.sampleLimit : Infinity;
  let scraped = 0;
  let postRelabel = 0;
  let seriesAdded = 0;
  let duplicates = 0;
  let outOfBounds = 0;
  let attempts = counts.attempts;
  for (let line = from; line < to; line++) {
    const slot = slots[line]!;
    if (slot < 0) continue;
    scraped++;
    const again = seen[slot] === mark;
    seen[slot] = mark;
    const flag = flags[slot]!;
    if ((flag & SERIES_DROPPED) !== 0) continue;
    postRelabel++;
    const sampleMs = ownTimes ? times[line]! : NaN;
    const isOwn = sampleMs === sampleMs;
    if (again && !isOwn) {
      duplicates++;
      continue;
    }
    if (++attempts > limit) continue;
    if (isOwn && sampleMs > tMax) {
      outOfBounds++;
      continue;
    }
    let ref = refs[slot]!;
    if ((flag & (SERIES_KNOWN | SERIES_PENDING)) === 0) {
      ref = define(slot, line);
      refs[slot] = ref;
      flags[slot] = flags[slot]! | SERIES_PENDING;
      if (slot >= newFrom) seriesAdded++;
    } else if (slot >= newFrom && !again) seriesAdded++;
    const value = values[line]!;
    // Histograms are patterns of NaN: only those are looked at closely.
    if (value !== value && isHistogram(words, line)) {
      const index = words[2 * line]!;
      const isNew = isOwn ? rows.putStrayHistogram(ref, sampleMs, index) : rows.putHistogram(ref, index);
      if (!isNew) duplicates++;
      if (!isOwn || settings.trackTimestampsStaleness) tracked[slot] = mark;
    } else if (isOwn) {
      if (!rows.putStray(ref, sampleMs, value)) duplicates++;
      if (settings.trackTimestampsStaleness) tracked[slot] = mark;
    } else {
      if (!rows.put(ref, value)) duplicates++;
      tracked[slot] = mark;
    }
  }
  counts.scraped += scraped;
  counts.postRelabel += postRelabel;
  counts.seriesAdded += seriesAdded;
  counts.duplicates += duplicates;
  counts.outOfBounds += outOfBounds;
  counts.attempts = attempts;
  counts.limitMet = attempts > limit;
}
