/** Counts what a head holds, when it is asked. */
import { METRIC_NAME } from "../model/labels.ts";
import type { Head } from "./head.ts";
import type { CardinalityTables, NamedCount, StorageStats } from "./stats.ts";

export function statsOf(head: Head): StorageStats {
  let windowRows = 0;
  let windowBytes = 0;
  let strays = 0;
  let pages = 0;
  let pageBytes = 0;
  let minMs = Infinity;
  for (const cohort of head.cohorts.values()) {
    windowRows += cohort.rows.length;
    windowBytes += cohort.windowBytes();
    strays += cohort.straysCount;
    pages += cohort.pages.length;
    for (const page of cohort.pages) pageBytes += page.bytes;
    minMs = Math.min(minMs, oldest(cohort.pages[0]?.startMs, cohort.rows[0]?.tMs, cohort.minMs));
  }
  return {
    series: head.series.live,
    cohorts: head.cohorts.size,
    cohortsLost: head.lost.size,
    labelPairs: head.series.index.pairsCount,
    ...{ windowRows, windowBytes, strays, pages, pageBytes },
    minMs: minMs === Infinity ? undefined : minMs,
    maxMs: head.maxMs === -Infinity ? undefined : head.maxMs,
    pendingBytes: head.pendingBytes,
    refreshedMs: undefined,
    ingestStopped: head.ingestStopped !== undefined,
    ...head.counters,
  };
}

/** A page's or row's time says more than the cohort's first sample, which retention may have taken. */
function oldest(page: number | undefined, row: number | undefined, first: number): number {
  if (page === undefined && row === undefined) return first;
  return Math.min(page ?? Infinity, row ?? Infinity);
}

/** Series that retention removed still count until the table is built anew. */
export function cardinalityOf(head: Head, top: number): CardinalityTables {
  const { index } = head.series;
  const byMetric: NamedCount[] = [];
  const valueCounts: NamedCount[] = [];
  const memory: NamedCount[] = [];
  const byPair: NamedCount[] = [];
  for (const name of index.names()) {
    let bytes = 0;
    const values = index.valuesOf(name);
    for (const [value, pair] of values) {
      const count = index.postingsOf(pair).count;
      bytes += value.length * count;
      byPair.push({ name: `${name}=${value}`, value: count });
      if (name === METRIC_NAME) byMetric.push({ name: value, value: count });
    }
    valueCounts.push({ name, value: values.size });
    memory.push({ name, value: bytes });
  }
  const first = (counts: NamedCount[]) =>
    counts.sort((a, b) => b.value - a.value || (a.name < b.name ? -1 : 1)).slice(0, top);
  return {
    seriesCountByMetricName: first(byMetric),
    labelValueCountByLabelName: first(valueCounts),
    memoryInBytesByLabelName: first(memory),
    seriesCountByLabelValuePair: first(byPair),
  };
}
