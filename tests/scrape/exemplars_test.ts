import assert from "node:assert/strict";
import { Driver } from "./fake_storage.ts";

const OPEN_METRICS = "application/openmetrics-text; version=1.0.0";

function body(lines: readonly string[]): string {
  return ["# TYPE a counter", ...lines, "# EOF", ""].join("\n");
}

Deno.test("exemplars of changed lines go with the scrape, by the reference of their series", () => {
  const driver = new Driver({ keepsExemplars: true });
  const first = driver.scrape(
    body(['a_total{x="1"} 5 # {trace_id="q\\"x",span="s"} 0.5 12.25', 'a_total{x="2"} 7 # {} 3', "b 1"]),
    OPEN_METRICS,
  );
  const [one, two] = first.batch.exemplars!;
  assert.deepEqual(one!.labels, ["span", "s", "trace_id", 'q"x']);
  assert.deepEqual([one!.value, one!.tMs, one!.hasTime], [0.5, 12_250, true]);
  assert.deepEqual([two!.value, two!.tMs, two!.hasTime], [3, driver.tMs, false]);
  assert.equal(first.batch.exemplars!.length, 2);
  assert.deepEqual([one!.ref, two!.ref], [...first.batch.rows[0]!.refs.slice(0, 2)]);
  const second = driver.scrape(
    body(['a_total{x="1"} 5 # {trace_id="q\\"x",span="s"} 0.5 12.25', 'a_total{x="2"} 8 # {} 4', "b 1"]),
    OPEN_METRICS,
  );
  assert.deepEqual(second.batch.exemplars!.map(({ value, ref }) => [value, ref]), [[4, 1]]);
});

Deno.test("where storage keeps no exemplars none are sent, and their syntax is checked all the same", () => {
  const driver = new Driver();
  assert.equal(driver.scrape(body(["a_total 5 # {} 3"]), OPEN_METRICS).batch.exemplars, undefined);
  const { ending } = driver.scrape(body(["a_total 5 # {x} 3"]), OPEN_METRICS);
  assert.equal(ending.kind, "malformed");
});

Deno.test("exemplars of a scrape in pieces go with the last, and refer to columns that are known by then", () => {
  const driver = new Driver({ keepsExemplars: true });
  const lines = Array.from({ length: 5_000 }, (_, i) => `a_total{x="${i}"} ${i} # {t="${i}"} ${i}`);
  const { batches } = driver.scrape(body(lines), OPEN_METRICS);
  assert(batches.length > 2);
  assert(batches.slice(0, -1).every(({ exemplars }) => exemplars === undefined));
  assert.deepEqual(
    batches.at(-1)!.exemplars!.map(({ ref }) => ref).slice(0, 4_000),
    Array.from({ length: 4_000 }, (_, i) => i),
  );
});
