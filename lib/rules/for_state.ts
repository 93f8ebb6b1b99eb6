/** The newest sample of each `ALERTS_FOR_STATE` series of one alert, from storage. */
import { METRIC_NAME, withoutLabel } from "../model/labels.ts";
import { matcherOf } from "../model/matchers.ts";
import { isAbsent, isStale, wordsOf } from "../model/stale.ts";
import type { SeriesSource, TimeRange } from "../storage/source.ts";
import type { ForStateSample } from "./restore.ts";
import { ALERT_NAME, ALERTS_FOR_STATE_METRIC } from "./rule.ts";

export interface ForStateRequest {
  readonly source: SeriesSource;
  readonly alertName: string;
  readonly range: TimeRange;
  readonly samplesMax: number;
  readonly signal: AbortSignal;
}

export async function newestForState(request: ForStateRequest): Promise<readonly ForStateSample[]> {
  const { source, alertName, range, samplesMax, signal } = request;
  const matchers = [
    matcherOf("=", METRIC_NAME, ALERTS_FOR_STATE_METRIC),
    matcherOf("=", ALERT_NAME, alertName),
  ];
  const found: ForStateSample[] = [];
  for await (const group of source.select({ matchers, range, samplesMax, oneAtATime: true }, signal)) {
    group.columns.forEach((column, i) => {
      const words = wordsOf(column);
      let last = column.length - 1;
      while (last >= 0 && isAbsent(words, last)) last--;
      if (last < 0) return;
      found.push({
        labels: withoutLabel(group.series[i]!, METRIC_NAME),
        tMs: group.tMs[last]!,
        activeSince: isStale(words, last) ? undefined : column[last]!,
      });
    });
  }
  return found;
}
