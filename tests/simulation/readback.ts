/** Everything that storage holds, read through the path of queries: series → time → value, stale as a word. */
import type { EpochMs } from "../../lib/core/time.ts";
import { labelValue, METRIC_NAME } from "../../lib/model/labels.ts";
import { matcherOf } from "../../lib/model/matchers.ts";
import { isAbsent, isStale, wordsOf } from "../../lib/model/stale.ts";
import type { SeriesSource } from "../../lib/storage/source.ts";

export type Sample = number | "stale";
/** `job/instance` → series name → time → sample. */
export type Readback = ReadonlyMap<string, ReadonlyMap<string, ReadonlyMap<EpochMs, Sample>>>;

export async function readAll(source: SeriesSource, problem: (text: string) => void): Promise<Readback> {
  const all = new Map<string, Map<string, Map<EpochMs, Sample>>>();
  const request = {
    matchers: [matcherOf("!=", METRIC_NAME, "")],
    range: { startMs: 0, endMs: 8e15 },
    samplesMax: 1e9,
  };
  for await (const { tMs, series, columns } of source.select(request, new AbortController().signal)) {
    for (let row = 1; row < tMs.length; row++) {
      if (tMs[row]! <= tMs[row - 1]!) problem(`times do not ascend at ${tMs[row]}`);
    }
    for (const [index, labels] of series.entries()) {
      const target = `${labelValue(labels, "job")}/${labelValue(labels, "instance")}`;
      const id = labelValue(labels, "id");
      const metric = labelValue(labels, METRIC_NAME);
      const name = id === "" ? metric : `${metric}{id="${id}"}`;
      let byName = all.get(target);
      if (byName === undefined) all.set(target, byName = new Map());
      if (byName.has(name)) problem(`${target} ${name} occurs twice`);
      const samples = new Map<EpochMs, Sample>();
      byName.set(name, samples);
      const column = columns[index]!;
      const words = wordsOf(column);
      for (let row = 0; row < column.length; row++) {
        if (isAbsent(words, row)) continue;
        samples.set(tMs[row]!, isStale(words, row) ? "stale" : column[row]!);
      }
    }
  }
  return all;
}
