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
    retentionLimitBytes: head.retention.limitBytes,
    spaceUsedBytes: head.retention.space?.usedBytes,
    ...head.counters,
    exemplars: head.exemplars.stats(),
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
  const byMetric = new Largest(top);
  const valueCounts = new Largest(top);
  const memory = new Largest(top);
  const byPair = new Largest(top);
  for (const name of index.names()) {
    let bytes = 0;
    const values = index.valuesOf(name);
    for (const [value, pair] of values) {
      const count = index.postingsOf(pair).count;
      bytes += value.length * count;
      if (byPair.mayTake(count)) byPair.add(`${name}=${value}`, count);
      if (name === METRIC_NAME) byMetric.add(value, count);
    }
    valueCounts.add(name, values.size);
    memory.add(name, bytes);
  }
  return {
    seriesCountByMetricName: byMetric.counts,
    labelValueCountByLabelName: valueCounts.counts,
    memoryInBytesByLabelName: memory.counts,
    seriesCountByLabelValuePair: byPair.counts,
  };
}

/** The largest counts of very many, equal ones by name. */
class Largest {
  readonly counts: NamedCount[] = [];
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  mayTake(value: number): boolean {
    const { counts } = this;
    return counts.length < this.#most || (this.#most > 0 && value >= counts[counts.length - 1]!.value);
  }

  add(name: string, value: number): void {
    if (!this.mayTake(value)) return;
    const { counts } = this;
    let at = counts.length;
    while (at > 0 && isLarger(name, value, counts[at - 1]!)) at--;
    if (at === this.#most) return;
    counts.splice(at, 0, { name, value });
    if (counts.length > this.#most) counts.pop();
  }
}

function isLarger(name: string, value: number, than: NamedCount): boolean {
  return value > than.value || (value === than.value && name < than.name);
}
