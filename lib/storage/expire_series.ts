/**
 * Forgets series that have left retention: they stop matching at once, and the tables are built anew once many are
 * gone, which gives their memory back. Their columns stay, empty, for as long as the cohort lives.
 */
import type { EpochMs } from "../core/time.ts";
import { REMOVED_SERIES } from "./cohort.ts";
import type { Head } from "./head.ts";
import { SeriesTable } from "./series_table.ts";

/** The table is built anew when this share of its series is gone, and there are enough of them to matter. */
const REBUILD_REMOVED_SHARE = 0.25;
const REBUILD_REMOVED_MIN = 1_000;

/** Series without samples in retention, each by the rule that holds for it. */
export function expireSeries(head: Head, newestMs: EpochMs): void {
  const { retention } = head;
  // Series that came since the last look are judged by rules, too.
  retention.classify(head.series);
  const cutoffs = retention.cutoffs(newestMs);
  const latestMs = cutoffs.latestDropMs();
  for (const cohort of head.cohorts.values()) {
    if (cohort.minMs >= latestMs) continue;
    for (let column = 0; column < cohort.width; column++) {
      const lastMs = cohort.lastMs[column]!;
      const series = cohort.seriesOf[column]!;
      if (lastMs >= latestMs || lastMs === -Infinity || series === REMOVED_SERIES) continue;
      if (lastMs >= cutoffs.dropBeforeMs(retention.classes?.classOf(series) ?? 0)) continue;
      head.series.remove(series);
      head.counters.seriesRemoved++;
      cohort.seriesOf[column] = REMOVED_SERIES;
      cohort.hasRemoved = true;
    }
  }
  rebuildSeries(head);
}

function rebuildSeries(head: Head): void {
  const removed = head.series.count - head.series.live;
  if (removed < REBUILD_REMOVED_MIN || removed < REBUILD_REMOVED_SHARE * head.series.count) return;
  const old = head.series;
  const fresh = new SeriesTable(old.generation + 1);
  for (const cohort of head.cohorts.values()) {
    for (let column = 0; column < cohort.width; column++) {
      const series = cohort.seriesOf[column]!;
      if (series === REMOVED_SERIES) continue;
      cohort.seriesOf[column] = fresh.add(cohort.id, column, old.labelsOf(series));
    }
  }
  head.series = fresh;
  head.retention.classify(fresh);
}
