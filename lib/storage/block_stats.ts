/** Cohorts with pages, as the API's blocks: what each holds, without reading a page. */
import type { EpochMs } from "../core/time.ts";
import type { Head } from "./head.ts";

export interface BlockStats {
  readonly cohort: number;
  readonly name: string;
  readonly minMs: EpochMs;
  readonly maxMs: EpochMs;
  readonly series: number;
  readonly pages: number;
  readonly bytes: number;
  /** Rows by columns: an absent sample counts too. */
  readonly cells: number;
  /** Times that pages were merged, at the most. */
  readonly level: number;
}

export function blockStats(head: Head): readonly BlockStats[] {
  const blocks: BlockStats[] = [];
  for (const { id, name, width, pages } of head.cohorts.values()) {
    if (pages.length === 0) continue;
    let [minMs, maxMs, bytes, cells, level] = [Infinity, -Infinity, 0, 0, 0];
    for (const page of pages) {
      minMs = Math.min(minMs, page.startMs);
      maxMs = Math.max(maxMs, page.endMs);
      bytes += page.bytes;
      cells += page.rowsCount * Math.max(1, page.columnsCount);
      level = Math.max(level, page.level);
    }
    blocks.push({ cohort: id, name, minMs, maxMs, series: width, pages: pages.length, bytes, cells, level });
  }
  return blocks.sort((a, b) => a.minMs - b.minMs || a.cohort - b.cohort);
}
