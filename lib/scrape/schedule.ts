/**
 * When a target is scraped. Each target has a fixed place in the interval, drawn from its identity and the
 * server's, so that targets spread evenly, two servers of one pair differ, and a restart changes nothing.
 */
import type { EpochMs } from "../core/time.ts";
import type { Labels } from "../model/labels.ts";

/** As Prometheus: a scrape that starts this little off its place is stamped with the place itself. */
const SNAP_MS_MAX = 2;
const SNAP_SHARE = 100;

/**
 * Targets share places this far apart: waking up for one scrape costs twice what its bytes cost, and those that come
 * together pay for it once (bench/README.md). A hundredth of a usual interval, so the load stays spread.
 */
const SLOT_MS = 100;
/** Of an interval, so that short ones keep places enough. */
const SLOTS_MIN = 10;

/** 32-bit FNV-1a over UTF-16 units, a separator between parts. */
function hash32(parts: Iterable<string>): number {
  let hash = 0x811c9dc5;
  for (const part of parts) {
    for (let i = 0; i < part.length; i++) hash = Math.imul(hash ^ part.charCodeAt(i), 0x01000193);
    hash = Math.imul(hash ^ 0xff, 0x01000193);
  }
  // FNV's low bits follow its last bytes; the offset takes a remainder, so they are mixed once more.
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  return hash >>> 0;
}

/** What makes this server differ from its twin: host name and external labels. */
export function offsetSeed(hostName: string, externalLabels: Labels): number {
  return hash32([hostName, ...externalLabels]);
}

export interface ScrapePlace {
  readonly targetLabels: Labels;
  readonly url: string;
  readonly seed: number;
  readonly intervalMs: number;
}

/**
 * The target's place in the interval: 0 ≤ offset < interval, whole milliseconds. All places of one server lie on
 * one grid, and the seed moves it.
 */
export function scrapeOffsetMs({ targetLabels, url, seed, intervalMs }: ScrapePlace): number {
  const hash = (hash32([...targetLabels, url]) ^ seed) >>> 0;
  const offsetMs = Math.floor(hash % Math.max(1, intervalMs));
  const slotMs = Math.max(1, Math.min(SLOT_MS, Math.floor(intervalMs / SLOTS_MIN)));
  const inSlotMs = (seed >>> 0) % slotMs;
  return Math.min(offsetMs - offsetMs % slotMs + inSlotMs, Math.max(0, Math.ceil(intervalMs) - 1));
}

/** The first time at or after `nowMs` whose remainder by the interval is the offset. */
export function firstScrapeMs(nowMs: EpochMs, offsetMs: number, intervalMs: number): EpochMs {
  const base = nowMs - (nowMs % intervalMs) + offsetMs;
  return base >= nowMs ? base : base + intervalMs;
}

/**
 * The timestamp of a scrape that was due at `dueMs` and starts at `startedMs`: the due time when the two are
 * close, else the start.
 */
export function snappedMs(dueMs: EpochMs, startedMs: EpochMs, intervalMs: number): EpochMs {
  const tolerance = Math.min(SNAP_MS_MAX, intervalMs / SNAP_SHARE);
  return Math.abs(startedMs - dueMs) <= tolerance ? dueMs : startedMs;
}

/**
 * The place after `dueMs` that is not past yet: places that were slept through are skipped, not caught up. A clock that
 * was put back since `dueMs` finds the place that comes next by its new time.
 */
export function nextScrapeMs(dueMs: EpochMs, nowMs: EpochMs, intervalMs: number): EpochMs {
  const next = dueMs + intervalMs;
  if (dueMs > nowMs) return next - Math.floor((next - nowMs - 1) / intervalMs) * intervalMs;
  return next > nowMs ? next : next + (Math.floor((nowMs - next) / intervalMs) + 1) * intervalMs;
}
