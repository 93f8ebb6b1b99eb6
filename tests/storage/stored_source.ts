/**
 * Series of scripts through real storage: what a script has loaded is appended in the order of time, sealed in part,
 * brought back after a crash, and read by the shard's own reader.
 */
import { NEW_SERIES_BIT, type SampleRow } from "../../lib/model/batch.ts";
import type { FloatHistogram } from "../../lib/model/histogram/float_histogram.ts";
import { histogramAt, putHistogram } from "../../lib/model/histogram_cell.ts";
import type { Labels } from "../../lib/model/labels.ts";
import type { Matcher } from "../../lib/model/matchers.ts";
import { isAbsent, wordsOf } from "../../lib/model/stale.ts";
import { type MemoryExtras, MemorySource, type ScriptSource } from "../../lib/promql/script/memory_source.ts";
import type { ColumnGroup, SelectRequest, TimeRange } from "../../lib/storage/source.ts";
import { ShardDriver } from "./shard_driver.ts";

const ALL = { startMs: -8e15, endMs: 8e15 };

export class StoredSource implements ScriptSource {
  readonly #loaded = new MemorySource();
  #driver: ShardDriver | undefined;

  clear(): void {
    this.#loaded.clear();
    this.#driver = undefined;
  }

  add(labels: Labels, tMs: Float64Array, values: Float64Array, extras?: MemoryExtras): void {
    this.#loaded.add(labels, tMs, values, extras);
    this.#driver = undefined;
  }

  async *select(request: SelectRequest, signal: AbortSignal): AsyncGenerator<ColumnGroup> {
    yield* (await this.#stored()).source.select(request, signal);
  }

  async series(matcherSets: readonly (readonly Matcher[])[], range: TimeRange): Promise<readonly Labels[]> {
    return await (await this.#stored()).source.series(matcherSets, range, new AbortController().signal);
  }

  labelNames(matcherSets: readonly (readonly Matcher[])[], range: TimeRange): Promise<readonly string[]> {
    return this.#loaded.labelNames(matcherSets, range);
  }

  labelValues(
    name: string,
    matcherSets: readonly (readonly Matcher[])[],
    range: TimeRange,
  ): Promise<readonly string[]> {
    return this.#loaded.labelValues(name, matcherSets, range);
  }

  async #stored(): Promise<ShardDriver> {
    if (this.#driver !== undefined) return this.#driver;
    const driver = this.#driver = new ShardDriver();
    await driver.open();
    const groups = await Array.fromAsync(
      this.#loaded.select({ matchers: [], range: ALL, samplesMax: 1e9 }, new AbortController().signal),
    );
    const defined = groups.flatMap((group) => group.series);
    let count = 0;
    for (const row of rowsOf(groups)) {
      const [outcome] = driver.append([{ cohort: "script", epoch: 0, defined, rows: [row], strays: [] }]);
      if (outcome?.kind !== "appended" || outcome.counts.appended !== row.refs.length) {
        throw new Error(`row at ${row.tMs} was not appended: ${JSON.stringify(outcome)}`);
      }
      driver.nowMs += 1_000;
      driver.drain();
      if (++count % 50 === 0) await driver.maintain();
    }
    await driver.crash();
    return driver;
  }
}

function rowsOf(groups: readonly ColumnGroup[]): readonly SampleRow[] {
  const cells = new Map<number, { ref: number; group: ColumnGroup; column: number; at: number }[]>();
  let ref = 0;
  for (const group of groups) {
    for (let column = 0; column < group.series.length; column++, ref++) {
      const words = wordsOf(group.columns[column]!);
      group.tMs.forEach((tMs, at) => {
        if (isAbsent(words, at)) return;
        let row = cells.get(tMs);
        if (row === undefined) cells.set(tMs, row = []);
        row.push({ ref, group, column, at });
      });
    }
  }
  return [...cells].sort(([a], [b]) => a - b).map(([tMs, row]) => {
    const values = new Float64Array(row.length);
    const words = wordsOf(values);
    const histograms: FloatHistogram[] = [];
    row.forEach(({ group, column, at }, i) => {
      const from = group.columns[column]!;
      values.set(from.subarray(at, at + 1), i);
      const histogram = histogramAt(wordsOf(from), at, group.histograms);
      if (histogram !== undefined) putHistogram(words, i, histograms, histogram);
    });
    return {
      tMs,
      refs: Uint32Array.from(row, (cell) => (NEW_SERIES_BIT | cell.ref) >>> 0),
      values,
      histograms: histograms.length === 0 ? undefined : histograms,
    };
  });
}
