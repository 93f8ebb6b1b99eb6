import assert from "node:assert/strict";
import { keepLabels, type Labels, labelsKey } from "../../lib/model/labels.ts";
import type { ColumnGroup } from "../../lib/storage/source.ts";
import { matcherOf } from "../../lib/model/matchers.ts";
import { NEW_SERIES_BIT, type SampleBatch } from "../../lib/model/batch.ts";
import { ShardDriver } from "./shard_driver.ts";

const T0 = 1_700_000_000_000;
const EVERYTHING = [matcherOf("=~", "__name__", ".+")];

function batchOf(cohort: string, tMs: number, defined: readonly Labels[]): SampleBatch {
  const count = defined.length;
  const refs = Uint32Array.from({ length: count }, (_, i) => NEW_SERIES_BIT + i);
  const values = Float64Array.from({ length: count }, (_, i) => i);
  return { cohort, epoch: 0, defined, rows: [{ tMs, refs, values }], strays: [] };
}

async function groupsOf(
  driver: ShardDriver,
  labelNames?: readonly string[],
): Promise<readonly ColumnGroup[]> {
  const groups: ColumnGroup[] = [];
  const request = {
    matchers: EVERYTHING,
    range: { startMs: 0, endMs: T0 + 1e9 },
    samplesMax: 1e6,
    labelNames,
  };
  for await (const group of driver.source.select(request, new AbortController().signal)) groups.push(group);
  return groups;
}

function series(groups: readonly ColumnGroup[], keep: (labels: Labels) => Labels): readonly string[] {
  return groups.flatMap((group) =>
    group.series.map((labels, i) => `${labelsKey(keep(labels))} ${group.columns[i]!.join()}`)
  ).sort();
}

const A: readonly Labels[] = [
  ["__name__", "a", "instance", "1", "job", "x"],
  ["__name__", "a", "instance", "2", "job", "x"],
  ["__name__", "b", "instance", "1", "job", "x", "mode", "idle"],
];

Deno.test("a reader that names the labels it looks at gets the same series with these labels", async () => {
  const driver = new ShardDriver();
  await driver.open();
  driver.append([batchOf("one", T0, A)]);
  driver.append([batchOf("two", T0 + 5, [["__name__", "c", "instance", "9"]])]);
  const whole = await groupsOf(driver);
  for (const names of [[], ["job"], ["__name__", "mode"], ["instance", "nothing"]]) {
    const wanted = series(whole, (labels) => keepLabels(labels, new Set(names)));
    assert.deepEqual(series(await groupsOf(driver, names), (labels) => labels), wanted, names.join());
  }
});

Deno.test("series with equal labels share one label set when the others are not asked for", async () => {
  const driver = new ShardDriver();
  await driver.open();
  driver.append([batchOf("one", T0, A)]);
  const [group] = await groupsOf(driver, ["job"]);
  assert.equal(new Set(group!.series).size, 1);
});

Deno.test("series of several sources with the same labels are merged, whatever labels are asked for", async () => {
  const driver = new ShardDriver();
  await driver.open();
  driver.append([batchOf("one", T0, A)]);
  driver.append([batchOf("two", T0 + 5, A.slice(1, 3))]);
  const groups = await groupsOf(driver, ["job"]);
  assert.deepEqual(
    series(groups, (labels) => keepLabels(labels, new Set(["job"]))),
    series(await groupsOf(driver), (labels) => keepLabels(labels, new Set(["job"]))),
  );
  assert.equal(groups.reduce((count, group) => count + group.series.length, 0), 3);
});
