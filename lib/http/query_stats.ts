/** A query's statistics as JSON, in the layout that `stats=all` and the query log share with Prometheus. */
import { formatFloatF } from "../model/float.ts";
import type { QueryStats, StepStats } from "../promql/result.ts";

/** As Prometheus's util/stats: seconds. Counts by step stand before their sums. */
export function queryStatsJson(stats: QueryStats, totalMs: number): string {
  const sortMs = stats.sortMs ?? 0;
  return `{"timings":{"evalTotalTime":${seconds(stats.prepareMs + stats.evalMs + sortMs)},` +
    `"resultSortTime":${seconds(sortMs)},` +
    `"queryPreparationTime":${seconds(stats.prepareMs)},"innerEvalTime":${seconds(stats.evalMs)},` +
    `"execQueueTime":${seconds(stats.queuedMs ?? 0)},"execTotalTime":${seconds(totalMs)}},` +
    `"samples":{${byStep(stats.byStep, "totalQueryableSamplesPerStep", "samplesTotal")}` +
    `"totalQueryableSamples":${stats.samplesTotal},` +
    `${byStep(stats.byStep, "samplesReadPerStep", "samplesRead")}"samplesRead":${stats.samplesRead},` +
    `"peakSamples":${stats.samplesPeak}}}`;
}

/** Pairs of an instant in seconds and a count; nothing where they were not asked for. */
function byStep(steps: StepStats | undefined, name: string, which: "samplesTotal" | "samplesRead"): string {
  if (steps === undefined) return "";
  const pairs = Array.from(
    steps[which],
    (count, s) => `[${(steps.startMs + s * steps.stepMs) / 1000},${count}]`,
  );
  return `"${name}":[${pairs.join(",")}],`;
}

/** Of a query that failed: nobody knows more of it than how long it took. */
export function failedStatsJson(totalMs: number): string {
  return `{"timings":{"execTotalTime":${seconds(totalMs)}}}`;
}

/** To the nanosecond, as Go's durations are; always plain, since JSON readers take both layouts. */
function seconds(ms: number): string {
  return formatFloatF(Math.round(ms * 1e6) / 1e9);
}
