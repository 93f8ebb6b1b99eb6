import assert from "node:assert/strict";
import fc from "fast-check";
import { type FloatHistogram, histogramsEqual } from "../../lib/model/histogram/float_histogram.ts";
import { histogramAt } from "../../lib/model/histogram_cell.ts";
import { wordsOf } from "../../lib/model/stale.ts";
import { readProtoBody } from "../../lib/exposition/proto_body.ts";
import { ExpositionError } from "../../lib/exposition/record.ts";
import { lastErrorOf } from "../../lib/scrape/ending.ts";
import type { SampleBatch } from "../../lib/model/batch.ts";
import { type FamilyText, protoBody } from "../exposition/proto_writer.ts";
import { latency } from "../storage/histogram_samples.ts";
import { Driver } from "./fake_storage.ts";

const PROTO = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";
const NATIVE = { nativeHistograms: true, alwaysClassic: false, bucketsMax: 0, schemaMax: 8 };

const BUCKETS = [[0.5, 3], [1, 7]] as const;

function familyOf(n: number): FamilyText {
  return {
    name: "latency",
    type: "histogram",
    help: 'a "quoted"\nhelp',
    metrics: [{ labels: { x: 'a"\\\nü' }, native: latency(n), buckets: BUCKETS }],
  };
}

function histogramsOf({ rows }: SampleBatch): readonly FloatHistogram[] {
  return rows.flatMap((row) =>
    [...row.values].flatMap((_, i) => histogramAt(wordsOf(row.values), i, row.histograms) ?? [])
  );
}

Deno.test("a protobuf answer gives what the text formats give", () => {
  const driver = new Driver();
  const families: FamilyText[] = [
    {
      name: "a_total",
      type: "counter",
      metrics: [{ value: 5 }, { labels: { x: 'q"\\\nü' }, value: -0.125 }],
    },
    { name: "b", type: "gauge", metrics: [{ value: Infinity }] },
    { name: "up.time", type: "untyped", metrics: [{ labels: { "l.x": "1" }, value: 1e300 }] },
    { name: "s", type: "summary", metrics: [{ count: 3, sum: 1.5, quantiles: [[0.5, 0.25]] }] },
    { name: "h", type: "histogram", metrics: [{ count: 7, sum: 4, buckets: BUCKETS }] },
  ];
  const { row, ending } = driver.scrape(protoBody(families), PROTO);
  assert.equal(lastErrorOf(ending), "");
  assert.deepEqual(row, {
    "a_total{…}": 5,
    'a_total{…, x="q\\"\\\\\\nü"}': -0.125,
    "b{…}": Infinity,
    '{"up.time", …, "l.x"="1"}': 1e300,
    "s_count{…}": 3,
    "s_sum{…}": 1.5,
    's{…, quantile="0.5"}': 0.25,
    "h_count{…}": 7,
    "h_sum{…}": 4,
    'h_bucket{…, le="0.5"}': 3,
    'h_bucket{…, le="1.0"}': 7,
    'h_bucket{…, le="+Inf"}': 7,
  });
});

Deno.test("native histograms come as samples of their family's name, scrape by scrape", () => {
  const driver = new Driver({ native: NATIVE });
  const body = (n: number) => protoBody([familyOf(n), { name: "b", type: "gauge", metrics: [{ value: n }] }]);
  for (const n of [1, 2, 2, 3]) {
    const { batch } = driver.scrape(body(n), PROTO);
    const [histogram, ...more] = histogramsOf(batch);
    assert.equal(more.length, 0);
    assert(histogramsEqual(histogram!, latency(n)));
    assert.equal(histogram!.fromIntegers, true);
  }
  const metadata = driver.session.metadata().get("latency");
  assert.deepEqual(metadata, { type: "histogram", help: 'a "quoted"\nhelp', unit: "" });
  assert.deepEqual(driver.scrape(protoBody([]), PROTO).batch.rows.length, 1);
});

Deno.test("storage that lost the cohort gets the histograms of the scrape in flight again", () => {
  const driver = new Driver({ native: NATIVE });
  driver.scrape(protoBody([familyOf(1)]), PROTO);
  driver.storage.restart();
  const { batch } = driver.scrape(protoBody([familyOf(2)]), PROTO);
  assert(histogramsEqual(histogramsOf(batch)[0]!, latency(2)));
});

Deno.test("without scrape_native_histograms the classic part is taken, with always_scrape_classic_histograms both", () => {
  const classic = new Driver().scrape(protoBody([familyOf(1)]), PROTO);
  assert.equal(histogramsOf(classic.batch).length, 0);
  assert.equal(Object.keys(classic.row).length, 5);
  const both = new Driver({ native: { ...NATIVE, alwaysClassic: true } }).scrape(
    protoBody([familyOf(1)]),
    PROTO,
  );
  assert.equal(histogramsOf(both.batch).length, 1);
  assert.equal(Object.keys(both.row).length, 6);
});

Deno.test("a family that changes from histogram to gauge is not taken for its last histogram", () => {
  const driver = new Driver({ native: NATIVE });
  const native = latency(1);
  driver.scrape(protoBody([{ name: "m", type: "histogram", metrics: [{ native }] }]), PROTO);
  const { batch, row } = driver.scrape(
    protoBody([{ name: "m", type: "gauge", metrics: [{ value: 0 }] }]),
    PROTO,
  );
  assert.equal(histogramsOf(batch).length, 0);
  assert.deepEqual(row, { "m{…}": 0 });
});

Deno.test("times and exemplars of a protobuf answer are its own", () => {
  const driver = new Driver({ native: NATIVE, keepsExemplars: true });
  const tMs = 999_123;
  const exemplar = { trace: "t", value: 0.5, seconds: 12 };
  const body = protoBody([
    { name: "c_total", type: "counter", metrics: [{ value: 5, tMs, exemplar: { trace: "u", value: 1 } }] },
    { name: "h", type: "histogram", metrics: [{ native: latency(1), tMs, exemplar }] },
  ]);
  const { batch } = driver.scrape(body, PROTO);
  const [stray] = batch.strays;
  assert.equal(stray!.tMs, tMs);
  assert.equal(stray!.values[0], 5);
  assert(histogramsEqual(histogramAt(wordsOf(stray!.values), 1, stray!.histograms)!, latency(1)));
  const shown = batch.exemplars!.map(({ labels, value, tMs, hasTime }) => [labels[1], value, tMs, hasTime]);
  assert.deepEqual(shown, [["u", 1, tMs, false], ["t", 0.5, 12_000, true]]);
  const later = driver.scrape(
    protoBody([{ name: "c_total", type: "counter", metrics: [{ value: 5 }] }]),
    PROTO,
  );
  assert.deepEqual([later.row["c_total{…}"], later.batch.strays.length], [5, 0]);
});

Deno.test("a limit of buckets and a factor make histograms coarser, or refuse the scrape", () => {
  const body = protoBody([{ name: "h", type: "histogram", metrics: [{ native: latency(1) }] }]);
  const limited = new Driver({ native: { ...NATIVE, bucketsMax: 8 } }).scrape(body, PROTO);
  const [coarse] = histogramsOf(limited.batch);
  assert(coarse!.schema < 3 && coarse!.positive.counts.length <= 8);
  assert.equal(coarse!.count, latency(1).count);
  const byFactor = new Driver({ native: { ...NATIVE, schemaMax: 1 } }).scrape(body, PROTO);
  assert.equal(histogramsOf(byFactor.batch)[0]!.schema, 1);
  const wide: FloatHistogram = {
    ...latency(1),
    positive: { indexes: Int32Array.of(-100_000, 0, 100_000), counts: Float64Array.of(1, 1, 1) },
    count: 4,
  };
  const refused = new Driver({ native: { ...NATIVE, bucketsMax: 2 } })
    .scrape(protoBody([{ name: "h", type: "histogram", metrics: [{ native: wide }] }]), PROTO);
  assert.equal(lastErrorOf(refused.ending), "histogram bucket limit exceeded");
  assert.equal(refused.report["up"], 0);
});

Deno.test("an invalid histogram fails the scrape in Prometheus's words", () => {
  const native = { ...latency(1), count: 7 };
  const { ending } = new Driver({ native: NATIVE })
    .scrape(protoBody([{ name: "h", type: "histogram", metrics: [{ native }] }]), PROTO);
  assert.match(lastErrorOf(ending), /observations found in buckets, but the Count field is 7/);
});

Deno.test("damaged protobuf is refused and never crashes or loops", () => {
  const whole = protoBody([familyOf(1), familyOf(2)]);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 4 }),
      fc.nat(),
      (changes, cut) => {
        const bytes = whole.slice(0, whole.length - cut % 40);
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        try {
          readProtoBody(bytes, NATIVE);
        } catch (error) {
          assert(error instanceof ExpositionError, String(error));
        }
      },
    ),
  );
});
