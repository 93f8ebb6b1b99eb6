/**
 * From the records of a body to samples: what Prometheus's scrape loop does for each sample, over columns.
 * Counts as it counts: duplicates and samples beyond the sample limit are still "post relabelling".
 */
import type { EpochMs } from "../core/time.ts";
import type { LineTable } from "../exposition/line_table.ts";
import type { RowBuilder } from "./row_builder.ts";
import { SERIES_DROPPED, SERIES_KNOWN, SERIES_PENDING, type SeriesTable } from "./series_table.ts";
import type { ScrapeSettings } from "./settings.ts";

/** As Prometheus: a sample further ahead of the scrape is out of bounds. */
const AHEAD_MS_MAX = 10 * 60_000;

export interface EmissionCounts {
  scraped: number;
  postRelabel: number;
  seriesAdded: number;
  duplicates: number;
  outOfBounds: number;
  limitMet: boolean;
}

/** Which slots the last emission met. Valid until the next: one pair of arrays serves all sessions. */
let seenMarks = new Uint32Array(1024);
let trackedMarks = new Uint32Array(1024);
let mark = 0;

export function wasSeen(slot: number): boolean {
  return seenMarks[slot] === mark;
}

/** Sampled at the scrape's time, or staleness follows the series' own timestamps too. */
export function isTrackedNow(slot: number): boolean {
  return trackedMarks[slot] === mark;
}

function beginMarks(slots: number): void {
  if (slots > seenMarks.length) {
    seenMarks = new Uint32Array(2 * slots);
    trackedMarks = new Uint32Array(2 * slots);
    mark = 0;
  }
  mark++;
  if (mark < 0xffff_ffff) return;
  seenMarks.fill(0);
  trackedMarks.fill(0);
  mark = 1;
}

/** Nothing is seen: as after an empty body. */
export function emitNothing(slots: number): void {
  beginMarks(slots);
}

export interface Emission {
  readonly lines: LineTable;
  readonly series: SeriesTable;
  /** Slots from here on are new in this body. */
  readonly newFrom: number;
  readonly tMs: EpochMs;
  readonly settings: ScrapeSettings;
  readonly rows: RowBuilder;
  /** Defines a series that storage does not know by this session; lines come in order. */
  readonly define: (slot: number, line: number) => number;
}

export function emit({ lines, series, newFrom, tMs, settings, rows, define }: Emission): EmissionCounts {
  beginMarks(series.count);
  const { slot: slots, values, times, count } = lines;
  const { ref: refs, flags } = series;
  const ownTimes = lines.hasTimes && settings.honorTimestamps;
  const tMax = tMs + AHEAD_MS_MAX;
  const limit = settings.sampleLimit > 0 ? settings.sampleLimit : Infinity;
  let scraped = 0;
  let postRelabel = 0;
  let seriesAdded = 0;
  let duplicates = 0;
  let outOfBounds = 0;
  let attempts = 0;
  for (let line = 0; line < count; line++) {
    const slot = slots[line]!;
    if (slot < 0) continue;
    scraped++;
    const again = seenMarks[slot] === mark;
    seenMarks[slot] = mark;
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
    if (isOwn) {
      if (!rows.putStray(ref, sampleMs, value)) duplicates++;
      if (settings.trackTimestampsStaleness) trackedMarks[slot] = mark;
    } else {
      if (!rows.put(ref, value)) duplicates++;
      trackedMarks[slot] = mark;
    }
  }
  return { scraped, postRelabel, seriesAdded, duplicates, outOfBounds, limitMet: attempts > limit };
}
