import assert from "node:assert/strict";
import {
  bucketsFrom,
  CUSTOM_BUCKETS_SCHEMA,
  EMPTY_HISTOGRAM,
  type FloatHistogram,
} from "../../lib/model/histogram/float_histogram.ts";
import { formatDescription } from "../../lib/model/histogram/format.ts";
import { histogramAt } from "../../lib/model/histogram_cell.ts";
import type { SampleBatch } from "../../lib/model/batch.ts";
import { wordsOf } from "../../lib/model/stale.ts";
import { lastErrorOf } from "../../lib/scrape/ending.ts";
import { protoBody } from "../exposition/proto_writer.ts";
import { latency } from "../storage/histogram_samples.ts";
import { Driver } from "./fake_storage.ts";

const TEXT = "text/plain; version=0.0.4";
const OPEN_METRICS = "application/openmetrics-text; version=1.0.0";
const PROTO = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";
const NATIVE = { nativeHistograms: false, alwaysClassic: false, bucketsMax: 0, schemaMax: 8 };

function histogramsOf({ rows, strays }: SampleBatch): readonly FloatHistogram[] {
  return [...rows, ...strays].flatMap((row) =>
    [...row.values].flatMap((_, i) => histogramAt(wordsOf(row.values), i, row.histograms) ?? [])
  );
}

function custom(bounds: readonly number[], counts: readonly number[], sum: number): string {
  const histogram: FloatHistogram = {
    ...EMPTY_HISTOGRAM,
    schema: CUSTOM_BUCKETS_SCHEMA,
    count: counts.reduce((a, b) => a + b, 0),
    sum,
    positive: bucketsFrom(0, counts),
    customValues: Float64Array.from(bounds),
  };
  return formatDescription(histogram);
}

function classic(n: number, labels = ""): string {
  const inner = (le: string) => `{${labels}${labels === "" ? "" : ","}le="${le}"}`;
  const own = labels === "" ? "" : `{${labels}}`;
  return `h_bucket${inner("0.5")} ${n}\nh_bucket${inner("1")} ${3 * n}\nh_bucket${inner("+Inf")} ${4 * n}\n` +
    `h_sum${own} ${n / 2}\nh_count${own} ${4 * n}\n`;
}

const ONE = custom([0.5, 1], [1, 2, 1], 0.5);
const TWO = custom([0.5, 1], [2, 4, 2], 1);

Deno.test("classic histograms of the text format become one sample each, scrape by scrape", () => {
  const driver = new Driver({ customBuckets: true });
  for (const n of [1, 2, 2]) {
    const body = `# HELP h Took.\n# TYPE h histogram\n${classic(n, 'x="a"')}${classic(2 * n, 'x="b"')}` +
      `# TYPE c counter\nc ${n}\n`;
    const { batch, row, ending } = driver.scrape(body, TEXT);
    assert.equal(lastErrorOf(ending), "");
    assert.deepEqual(
      histogramsOf(batch).map(formatDescription),
      n === 1 ? [ONE, TWO] : [TWO, custom([0.5, 1], [4, 8, 4], 2)],
    );
    assert.deepEqual(Object.keys(row).sort(), ["c{…}", 'h{…, x="a"}', 'h{…, x="b"}']);
    assert.equal(row["c{…}"], n);
    assert(ending.kind === "parsed");
    assert.equal(ending.counts.scraped, 3);
  }
  assert.deepEqual(driver.session.metadata().get("h"), { type: "histogram", help: "Took.", unit: "" });
});

Deno.test("with always_scrape_classic_histograms both are kept, in every format", () => {
  const settings = { customBuckets: true, native: { ...NATIVE, alwaysClassic: true } };
  const proto = protoBody([{
    name: "h",
    type: "histogram",
    metrics: [{ count: 4, sum: 0.5, buckets: [[0.5, 1], [1, 3]] }],
  }]);
  for (
    const [body, type] of [
      [`# TYPE h histogram\n${classic(1)}`, TEXT],
      [`# TYPE h histogram\n${classic(1)}# EOF\n`, OPEN_METRICS],
      [proto, PROTO],
    ] as const
  ) {
    const { batch, row } = new Driver(settings).scrape(body, type);
    assert.deepEqual(histogramsOf(batch).map(formatDescription), [ONE], type);
    assert.equal(Object.keys(row).length, 6, type);
  }
});

Deno.test("protobuf: what is native stays as it is, what is classic is made a histogram, with its time", () => {
  const families = protoBody([{
    name: "h",
    type: "histogram",
    metrics: [
      { labels: { x: "n" }, native: latency(1), buckets: [[0.5, 1], [1, 3]] },
      { labels: { x: "c" }, count: 4, sum: 0.5, buckets: [[0.5, 1], [1, 3]], tMs: 999_000 },
    ],
  }, { name: "g", type: "gauge", metrics: [{ value: 7, tMs: 998_000 }] }]);
  for (const alwaysClassic of [false, true]) {
    const native = { ...NATIVE, nativeHistograms: true, alwaysClassic };
    const { batch } = new Driver({ customBuckets: true, native }).scrape(families, PROTO);
    const found = histogramsOf(batch).map(formatDescription);
    assert.deepEqual(found.sort(), [formatDescription(latency(1)), ONE].sort());
    const times = batch.strays.map(({ tMs }) => tMs);
    assert.deepEqual([...new Set(times)].sort(), [998_000, 999_000]);
  }
});

Deno.test("times and exemplars of buckets go to the histogram, exemplars only where they have a time", () => {
  const driver = new Driver({ customBuckets: true, keepsExemplars: true });
  const body = "# TYPE h histogram\n" +
    'h_bucket{le="1.0"} 1 999 # {t="b"} 0.7 998\n' +
    'h_bucket{le="+Inf"} 2 999 # {t="untimed"} 3\n' +
    'h_count 2 999\nh_sum 3.5 999\n# TYPE c counter\nc_total 1 # {t="c"} 1\n# EOF\n';
  const { batch } = driver.scrape(body, OPEN_METRICS);
  assert.deepEqual(histogramsOf(batch).map(formatDescription), [custom([1], [1, 1], 3.5)]);
  assert.deepEqual(batch.strays.map(({ tMs }) => tMs), [999_000]);
  const exemplars = batch.exemplars!.map(({ labels, value, tMs, hasTime }) => [labels, value, tMs, hasTime]);
  assert.deepEqual(exemplars, [[["t", "b"], 0.7, 998_000, true], [
    ["t", "c"],
    1,
    driver.tMs,
    false,
  ]]);
});

Deno.test("what only looks like a histogram stays as it is", () => {
  const other = '# TYPE h gauge\nh_bucket{le="1"} 1\nh_count 3\n# TYPE g histogram\ng 5\nother_sum 7\n' +
    'g_bucket{le="x"} 1\ng_bucket 2\n';
  const { batch, row } = new Driver({ customBuckets: true }).scrape(other, TEXT);
  assert.equal(histogramsOf(batch).length, 0);
  assert.equal(Object.keys(row).length, 6);
});

Deno.test("counts that make no histogram are left out, and the rest of the scrape is there", () => {
  const body =
    '# TYPE h histogram\nh_bucket{le="1"} 5\nh_bucket{le="2"} 3\nh_count 3\n# TYPE c counter\nc 1\n';
  const { batch, row, ending } = new Driver({ customBuckets: true }).scrape(body, TEXT);
  assert.equal(lastErrorOf(ending), "");
  assert.equal(histogramsOf(batch).length, 0);
  assert.deepEqual(row, { "c{…}": 1 });
});

Deno.test("a fault is told where it stands in the body, and a limit of buckets ends the scrape", () => {
  const settings = { customBuckets: true };
  const broken = `# TYPE h histogram\n${classic(1)}broken{ 1\n`;
  const expected = lastErrorOf(new Driver().scrape(broken, TEXT).ending);
  assert.match(expected, /^line 7: /);
  assert.equal(lastErrorOf(new Driver(settings).scrape(broken, TEXT).ending), expected);
  const limited = new Driver({ ...settings, native: { ...NATIVE, bucketsMax: 2 } });
  const { ending } = limited.scrape(`# TYPE h histogram\n${classic(1)}`, TEXT);
  assert.equal(lastErrorOf(ending), "histogram bucket limit exceeded");
});

Deno.test("storage that lost the cohort gets the histograms again", () => {
  const driver = new Driver({ customBuckets: true });
  driver.scrape(`# TYPE h histogram\n${classic(1)}`, TEXT);
  driver.storage.restart();
  const { batch } = driver.scrape(`# TYPE h histogram\n${classic(2)}`, TEXT);
  assert.deepEqual(histogramsOf(batch).map(formatDescription), [TWO]);
});
