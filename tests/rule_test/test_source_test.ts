import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { labelsFromRecord } from "../../lib/model/labels.ts";
import { parseSeriesLine } from "../../lib/promql/script/series_line.ts";
import { TestSource } from "../../lib/rule_test/test_source.ts";

async function samples(source: TestSource, endMs = Infinity) {
  const request = { matchers: [], range: { startMs: -Infinity, endMs }, samplesMax: 1000 };
  const found: Record<string, (readonly [number, number])[]> = {};
  for await (const { series, tMs, columns } of source.select(request, new AbortController().signal)) {
    series.forEach((labels, i) => {
      found[labels.join(",")] = Array.from(tMs, (t, at) => [t, columns[i]![at]!] as const);
    });
  }
  return found;
}

Deno.test("the values of a test appear as its time goes on", async () => {
  const source = new TestSource([parseSeriesLine("up 1 _ 3"), parseSeriesLine("down 0x2")], 1000, 10);
  deepStrictEqual(await samples(source), {});
  strictEqual(source.advance(1015), undefined);
  deepStrictEqual(await samples(source), {
    "__name__,down": [[1000, 0], [1010, 0]],
    "__name__,up": [[1000, 1]],
  });
  source.advance(9999);
  deepStrictEqual((await samples(source))["__name__,up"], [[1000, 1], [1020, 3]]);
});

Deno.test("what a rule makes is appended, and no series goes back in time", async () => {
  const source = new TestSource([parseSeriesLine("up 1 2 3")], 0, 10);
  const up = labelsFromRecord({ __name__: "up" });
  const made = labelsFromRecord({ __name__: "made" });
  source.advance(10);
  source.append(10, { labels: [up, made], values: Float64Array.of(9, 8) });
  source.append(5, { labels: [made], values: Float64Array.of(7) });
  source.append(20, { labels: [up], values: Float64Array.of(5) });
  deepStrictEqual(await samples(source), {
    "__name__,made": [[10, 8]],
    "__name__,up": [[0, 1], [10, 2], [20, 5]],
  });
  strictEqual(source.advance(20), "out of order sample in series up");
});

Deno.test("a long series keeps all its samples", async () => {
  const source = new TestSource([parseSeriesLine("up 0+1x999")], 0, 1);
  source.advance(999);
  const all = (await samples(source))["__name__,up"]!;
  deepStrictEqual(all, Array.from({ length: 1000 }, (_, i) => [i, i]));
  deepStrictEqual(await source.series([], { startMs: 1000, endMs: 2000 }), []);
  deepStrictEqual(await source.labelNames([], { startMs: 0, endMs: 0 }), ["__name__"]);
  deepStrictEqual(await source.labelValues("__name__", [], { startMs: 0, endMs: 0 }), ["up"]);
});
