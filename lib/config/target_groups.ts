/**
 * What discovery hands to scraping: groups of targets, each group from one named source. A group replaces the
 * one before it of the same source; a group without targets removes it.
 */
import type { Labels } from "../model/labels.ts";

export interface TargetGroup {
  /** Unique among the groups of one scrape configuration's mechanism: an index, or `FILE:INDEX`. */
  readonly source: string;
  /** A label set a target; `__address__` at least, for a target that can be scraped. */
  readonly targets: readonly Labels[];
  /** Common to all targets of the group; a target's own labels win. */
  readonly labels: Labels;
}

export interface FileSdConfig {
  /** Resolved paths; each may hold one `*` in its last element. */
  readonly files: readonly string[];
  readonly refreshIntervalMs: number;
}
