import assert from "node:assert/strict";
import fc from "fast-check";
import { lastErrorOf } from "../../lib/scrape/ending.ts";
import { Driver, response } from "./fake_storage.ts";

Deno.test("a scrape stores its samples with the target's labels and reports on itself", () => {
  const driver = new Driver();
  const { ending, row, report } = driver.scrape('a 1\nb{x="y"} NaN\n');
  assert.deepEqual(row, { "a{…}": 1, 'b{…, x="y"}': NaN });
  assert.deepEqual(report, {
    up: 1,
    scrape_duration_seconds: 0.25,
    scrape_samples_scraped: 2,
    scrape_samples_post_metric_relabeling: 2,
    scrape_series_added: 2,
  });
  assert.equal(ending.kind, "parsed");
  assert.equal(lastErrorOf(ending), "");
});

Deno.test("the second scrape defines nothing and refers to columns", () => {
  const driver = new Driver();
  driver.scrape("a 1\nb 2\n");
  const { batch, row, report } = driver.scrape("a 1\nb 3\n");
  assert.equal(batch.defined.length, 0);
  assert.equal(batch.epoch, 1);
  assert.deepEqual(row, { "a{…}": 1, "b{…}": 3 });
  assert.equal(report["scrape_series_added"], 0);
});

Deno.test("a series that vanishes gets one staleness marker, and counts as added when it returns", () => {
  const driver = new Driver();
  driver.scrape("a 1\nb 2\nc 3\n");
  assert.deepEqual(driver.scrape("a 1\nc 3\n").row, { "a{…}": 1, "c{…}": 3, "b{…}": "stale" });
  assert.deepEqual(driver.scrape("a 1\nc 3\n").row, { "a{…}": 1, "c{…}": 3 });
  const back = driver.scrape("a 1\nb 4\nc 3\n");
  assert.deepEqual(back.row, { "a{…}": 1, "b{…}": 4, "c{…}": 3 });
  assert.equal(back.report["scrape_series_added"], 1);
});

Deno.test("a failed scrape marks every series stale once, and the next good one goes on", () => {
  const driver = new Driver();
  driver.scrape("a 1\nb 2\n");
  const failed = driver.digest({ kind: "timedOut" });
  assert.deepEqual(failed.row, { "a{…}": "stale", "b{…}": "stale" });
  assert.equal(failed.report["up"], 0);
  assert.equal(lastErrorOf(failed.ending), "context deadline exceeded");
  assert.deepEqual(driver.digest({ kind: "failed", reason: "gone" }).row, {});
  const back = driver.scrape("a 1\nb 2\n");
  assert.deepEqual(back.row, { "a{…}": 1, "b{…}": 2 });
  assert.equal(back.report["scrape_series_added"], 0);
  assert.equal(back.batch.defined.length, 0);
});

Deno.test("each failure has its name and its words", () => {
  const driver = new Driver({ bodySizeLimit: 100 });
  const cases: [Parameters<Driver["digest"]>[0], string, string][] = [
    [{ kind: "timedOut" }, "timedOut", "context deadline exceeded"],
    [{ kind: "failed", reason: "EOF" }, "unreachable", "EOF"],
    [{ kind: "tooLarge", bytesMax: 9 }, "tooLarge", "body size limit exceeded"],
    [response("x".repeat(100)), "tooLarge", "body size limit exceeded"],
    [response("a 1\n", "text/plain", 503), "refused", "server returned HTTP status 503 Nope"],
    [
      response("a 1\nb", "text/plain"),
      "malformed",
      'line 2: expected value after metric, got "\\n" ("INVALID") while parsing: "b\\n"',
    ],
    [response("a 1\n", "application/openmetrics-text"), "malformed", "line 2: data does not end with # EOF"],
    [
      response("a 1\n", ""),
      "badContentType",
      "non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified for target",
    ],
    [response('a{b="1",b="2"} 1\n'), "malformed", 'line 1: label name "b" is not unique: invalid sample'],
  ];
  for (const [outcome, kind, words] of cases) {
    const { ending, report } = driver.digest(outcome);
    assert.equal(ending.kind, kind);
    assert.equal(lastErrorOf(ending), words);
    assert.equal(report["up"], 0);
  }
});

Deno.test("a body that fails half-way stores nothing of itself", () => {
  const driver = new Driver();
  driver.scrape("a 1\nb 2\n");
  const { row, report } = driver.scrape("a 5\nnew 1\nb 2\n!\n");
  assert.deepEqual(row, { "a{…}": "stale", "b{…}": "stale" });
  assert.equal(report["scrape_samples_scraped"], 3);
  assert.deepEqual(driver.scrape("a 6\nnew 1\n").row, { "a{…}": 6, "new{…}": 1 });
});

Deno.test("an empty body is a good scrape that ends every series", () => {
  const driver = new Driver();
  driver.scrape("a 1\n");
  const { row, report, ending } = driver.scrape("", "");
  assert.deepEqual(row, { "a{…}": "stale" });
  assert.equal(report["up"], 1);
  assert.equal(ending.kind, "parsed");
});

Deno.test("labels that the target has too are renamed, or honoured", () => {
  const body = 'a{job="own",exported_job="x",instance="",__meta_x="k"} 1\n';
  assert.deepEqual(Object.keys(new Driver().scrape(body).row), [
    'a{__meta_x="k", exported_exported_job="own", exported_job="x", …}',
  ]);
  assert.deepEqual(Object.keys(new Driver({ honorLabels: true }).scrape(body).row), [
    'a{__meta_x="k", exported_job="x", job="own"}',
  ]);
});

Deno.test("metric relabelling drops and renames, and dropped series count as scraped only", () => {
  const rule = (more: Record<string, unknown>) => ({
    sourceLabels: ["__name__"],
    separator: ";",
    regex: "drop_.*",
    modulus: 0,
    targetLabel: "",
    replacement: "$1",
    action: "drop" as const,
    nameValidationScheme: "utf8" as const,
    ...more,
  });
  const driver = new Driver({
    metricRelabel: [
      rule({}),
      rule({ regex: "old_(.*)", action: "replace", targetLabel: "__name__", replacement: "new_$1" }),
    ],
  });
  for (const added of [1, 0]) {
    const { row, report } = driver.scrape("drop_a 1\nold_b 2\n");
    assert.deepEqual(row, { "new_b{…}": 2 });
    assert.equal(report["scrape_samples_scraped"], 2);
    assert.equal(report["scrape_samples_post_metric_relabeling"], 1);
    assert.equal(report["scrape_series_added"], added);
  }
  assert.deepEqual(driver.scrape("drop_b 2\n").row, { "new_b{…}": "stale" });
});

Deno.test("the sample limit rolls the scrape back and still counts it", () => {
  const driver = new Driver({ sampleLimit: 2 });
  driver.scrape("a 1\nb 2\n");
  const { ending, row, report } = driver.scrape("a 1\nb 2\nc 3\n");
  assert.ok(ending.kind === "limited" && ending.limit === "sample_limit");
  assert.equal(lastErrorOf(ending), "sample limit exceeded");
  assert.deepEqual(row, { "a{…}": "stale", "b{…}": "stale" });
  assert.equal(report["scrape_samples_post_metric_relabeling"], 3);
  assert.deepEqual(driver.scrape("a 1\nc 2\n").row, { "a{…}": 1, "c{…}": 2 });
});

Deno.test("label limits end the scrape", () => {
  const cases: [Partial<ConstructorParameters<typeof Driver>[0]>, string, string][] = [
    [{ labelLimit: 3 }, 'a{x="1"} 1\n', "label_limit exceeded (metric: a, number of labels: 4, limit: 3)"],
    [
      { labelNameLengthLimit: 8 },
      'a{longlabel="1"} 1\n',
      "label_name_length_limit exceeded (metric: a, label name: longlabel, length: 9, limit: 8)",
    ],
    [
      { labelValueLengthLimit: 5 },
      'a{x="ääb"} 1\nb{x="äää"} 1\n',
      'label_value_length_limit exceeded (metric: b, label name: x, value: "äää", length: 6, limit: 5)',
    ],
  ];
  for (const [settings, body, words] of cases) {
    const { ending } = new Driver(settings).scrape(body);
    assert.equal(ending.kind, "limited");
    assert.equal(lastErrorOf(ending), words);
  }
});

Deno.test("a series twice in a body keeps its first value, and the second is counted", () => {
  const driver = new Driver();
  for (let i = 0; i < 3; i++) {
    const { ending, row, report } = driver.scrape("a 1\nb 5\na 2\na 1\n");
    assert.deepEqual(row, { "a{…}": 1, "b{…}": 5 });
    assert.equal(ending.counts.duplicates, 2);
    assert.equal(report["scrape_samples_post_metric_relabeling"], 4);
  }
});

Deno.test("two spellings of one series are one series, also when they appear one after the other", () => {
  const driver = new Driver();
  for (let i = 0; i < 3; i++) {
    assert.deepEqual(driver.scrape('a{x="1",y="2"} 1\na{y="2",x="1"} 2\n').row, { 'a{…, x="1", y="2"}': 1 });
  }
  const other = new Driver();
  other.scrape('a{x="1",y="2"} 1\n');
  for (let i = 0; i < 3; i++) {
    assert.deepEqual(other.scrape('a{y="2",x="1"} 2\na{x="1",y="2"} 1\n').row, { 'a{…, x="1", y="2"}': 2 });
  }
  assert.deepEqual(other.scrape('a{y="2",x="1"} 7\n').row, { 'a{…, x="1", y="2"}': 7 });
});

Deno.test("a target that exposes `up` itself does not break the row", () => {
  const driver = new Driver();
  for (let i = 0; i < 2; i++) assert.equal(driver.scrape("up 7\na 1\n").report["up"], 7);
  const late = new Driver();
  late.scrape("a 1\n");
  for (let i = 0; i < 2; i++) assert.equal(late.scrape("up 7\na 1\n").report["up"], 7);
});

Deno.test("samples with a timestamp of their own are strays and get no staleness markers", () => {
  const driver = new Driver();
  const first = driver.scrape("a 1 5000\nb 2\nc 3 1010000\n");
  assert.deepEqual(first.row, { "b{…}": 2, "c{…}": 3 });
  assert.deepEqual(first.strays, { "a{…} @5000": 1 });
  assert.deepEqual(driver.scrape("b 2\n").row, { "b{…}": 2 });
});

Deno.test("a series that turns to timestamps of its own is marked stale at the scrape's time", () => {
  const driver = new Driver();
  driver.scrape("a 1\n");
  const { row, strays } = driver.scrape("a 1 5000\n");
  assert.deepEqual(row, { "a{…}": "stale" });
  assert.deepEqual(strays, { "a{…} @5000": 1 });
});

Deno.test("track_timestamps_staleness and honor_timestamps change that", () => {
  const tracking = new Driver({ trackTimestampsStaleness: true });
  tracking.scrape("a 1 5000\nb 1\n");
  assert.deepEqual(tracking.scrape("b 1\n").row, { "a{…}": "stale", "b{…}": 1 });
  const ignoring = new Driver({ honorTimestamps: false });
  assert.deepEqual(ignoring.scrape("a 1 5000\n").row, { "a{…}": 1 });
  assert.deepEqual(ignoring.scrape("").row, { "a{…}": "stale" });
});

Deno.test("a sample more than ten minutes ahead is dropped and counted", () => {
  const driver = new Driver();
  const at = driver.tMs + 10_000 + 600_000;
  const { ending, strays } = driver.scrape(`a 1 ${at}\nb 2 ${at + 1}\n`);
  assert.deepEqual(strays, { [`a{…} @${at}`]: 1 });
  assert.equal(ending.counts.outOfBounds, 1);
  assert.equal(ending.counts.seriesAdded, 1);
});

Deno.test("several timestamps of one series in a body are kept, a second value for one is not", () => {
  const driver = new Driver();
  for (let i = 0; i < 2; i++) {
    const { strays, ending } = driver.scrape("a 1 1000\na 2 2000\na 3 2000\nb 4 1000\n");
    assert.deepEqual(strays, { "a{…} @1000": 1, "b{…} @1000": 4, "a{…} @2000": 2 });
    assert.equal(ending.counts.duplicates, 1);
  }
});

Deno.test("a storage that lost the cohort gets everything anew, markers included", () => {
  const driver = new Driver();
  driver.scrape("a 1\nb 2\nd 1\n");
  driver.storage.restart();
  const again = driver.scrape("a 1\nc 3\nd 1 500\n");
  assert.deepEqual(again.row, { "a{…}": 1, "c{…}": 3, "b{…}": "stale", "d{…}": "stale" });
  assert.deepEqual(again.strays, { "d{…} @500": 1 });
  assert.equal(again.report["scrape_series_added"], 1);
  assert.equal(again.batch.defined.length, 4 + 5);
  assert.equal(driver.scrape("a 1\nc 3\nd 1 500\n").batch.defined.length, 0);
  driver.storage.restart();
  assert.deepEqual(driver.digest({ kind: "timedOut" }).row, { "a{…}": "stale", "c{…}": "stale" });
  assert.deepEqual(driver.scrape("a 4\nc 3\n").row, { "a{…}": 4, "c{…}": 3 });
  driver.storage.restart();
  assert.deepEqual(driver.end().row, { "a{…}": "stale", "c{…}": "stale" });
});

Deno.test("the end of a run marks everything stale, the report series too", () => {
  const driver = new Driver();
  assert.deepEqual(driver.session.endOfRun(5).rows, []);
  driver.scrape("a 1\n");
  const { row, report } = driver.end();
  assert.deepEqual(row, { "a{…}": "stale" });
  assert.deepEqual(Object.values(report), ["stale", "stale", "stale", "stale", "stale"]);
});

Deno.test("a batch that was never answered is defined again", () => {
  const driver = new Driver();
  driver.session.digest(response("a 1\n"), 5, 1);
  const { row, batch } = driver.scrape("a 2\n");
  assert.deepEqual(row, { "a{…}": 2 });
  assert.equal(batch.defined.length, 6);
});

Deno.test("extra scrape metrics tell the limits and the body's size", () => {
  const driver = new Driver({ extraScrapeMetrics: true, sampleLimit: 9, scrapeTimeoutMs: 1500 });
  const { report } = driver.scrape("a 1\n");
  assert.equal(report["scrape_timeout_seconds"], 1.5);
  assert.equal(report["scrape_sample_limit"], 9);
  assert.equal(report["scrape_body_size_bytes"], 4);
  assert.equal(driver.digest({ kind: "tooLarge", bytesMax: 3 }).report["scrape_body_size_bytes"], -1);
});

Deno.test("metadata is read from the last body and lingers ten scrapes", () => {
  const driver = new Driver();
  driver.scrape("# HELP a some\\nhelp\n# TYPE a counter\na 1\n# TYPE b gauge\nb 1\n");
  assert.deepEqual(Object.fromEntries(driver.session.metadata()), {
    a: { type: "counter", unit: "", help: "some\nhelp" },
    b: { type: "gauge", unit: "", help: "" },
  });
  for (let i = 0; i < 10; i++) {
    driver.scrape("# TYPE b gauge\nb 1\n");
    assert.ok(driver.session.metadata().has("a"), `after ${i + 1} scrapes`);
  }
  driver.scrape("# TYPE b gauge\nb 1\n");
  assert.deepEqual([...driver.session.metadata().keys()], ["b"]);
});

Deno.test("a change of format keeps the series", () => {
  const driver = new Driver();
  driver.scrape('a{x="1"} 1\nb 2\n');
  const { row, batch } = driver.scrape(
    'a{x="1"} 1\nb 3\n# EOF\n',
    "application/openmetrics-text; version=1.0.0",
  );
  assert.deepEqual(row, { 'a{…, x="1"}': 1, "b{…}": 3 });
  assert.equal(batch.defined.length, 0);
});

Deno.test("legacy name validation refuses UTF-8 names", () => {
  assert.equal(new Driver().scrape('{"a.b"} 1\n').ending.kind, "parsed");
  const { ending } = new Driver({ nameValidationScheme: "legacy" }).scrape('{"a.b"} 1\n');
  assert.match(lastErrorOf(ending), /^line 1: invalid metric name or label names: \{"a\.b", /);
});

const name = fc.constantFrom(
  "a",
  "b",
  "c",
  'd{x="1"}',
  'd{x="2"}',
  'd{x="1",y="2"}',
  'd{y="2",x="1"}',
  "e",
  "up",
);
const sample = fc.tuple(
  name,
  fc.constantFrom("1", "2", "NaN", "1.5e3"),
  fc.constantFrom("", "", "", "", " 4000", " 5000"),
);
const body = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.array(sample, { maxLength: 12 }).map((all) =>
      all.map(([n, v, t]) => `${n} ${v}${t}\n`).join("")
    ),
  },
  { weight: 1, arbitrary: fc.constant("!") },
);

Deno.test("a session that remembers stores what one that starts anew would store, whatever came before", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(body, fc.nat(9)), { minLength: 2, maxLength: 10 }), (scrapes) => {
      const driver = new Driver();
      let live = new Set<string>();
      for (const [text, event] of scrapes) {
        if (event === 0) driver.storage.restart();
        const found = driver.scrape(text);
        const alone = new Driver();
        alone.tMs = driver.tMs - 10_000;
        const fresh = alone.scrape(text);
        const values = Object.entries(found.row).filter(([, value]) => value !== "stale");
        assert.deepEqual(Object.fromEntries(values), fresh.row);
        assert.deepEqual(found.strays, fresh.strays);
        assert.equal(found.report["up"], fresh.report["up"]);
        assert.equal(found.report["scrape_samples_scraped"], fresh.report["scrape_samples_scraped"]);
        const now = new Set(values.map(([series]) => series));
        const stale = Object.keys(found.row).filter((series) => found.row[series] === "stale").sort();
        assert.deepEqual(stale, [...live].filter((series) => !now.has(series)).sort());
        live = now;
      }
    }),
    { numRuns: 400 },
  );
});

Deno.test("type and unit become labels where that is asked for, and stand above those of the body", () => {
  const body =
    '# HELP a_seconds x\n# TYPE a_seconds counter\n# UNIT a_seconds seconds\na_seconds_total{x="1"} 1\n' +
    '# TYPE b gauge\nb{__unit__="own",__type__="lie"} 2\n# TYPE c unknown\nc{__type__="own"} 3\n# EOF\n';
  const typed = new Driver({ typeAndUnitLabels: true, honorLabels: true });
  const openMetrics = response(body, "application/openmetrics-text; version=1.0.0");
  const expected = {
    'a_seconds_total{__type__="counter", __unit__="seconds", …, x="1"}': 1,
    'b{__type__="gauge", __unit__="own", …}': 2,
    'c{__type__="own", …}': 3,
  };
  assert.deepEqual(typed.digest(openMetrics).row, expected);
  // A storage that lost the series gets the same labels once more.
  typed.storage.restart();
  assert.deepEqual(typed.digest(openMetrics).row, expected);
  assert.deepEqual(typed.digest({ kind: "timedOut" }).row, {
    'a_seconds_total{__type__="counter", __unit__="seconds", …, x="1"}': "stale",
    'b{__type__="gauge", __unit__="own", …}': "stale",
    'c{__type__="own", …}': "stale",
  });
  assert.deepEqual(new Driver({ typeAndUnitLabels: true }).scrape("# TYPE t counter\nt 1\nu 2\n").row, {
    't{__type__="counter", …}': 1,
    'u{__type__="counter", …}': 2,
  });
  assert.deepEqual(new Driver().scrape("# TYPE t counter\nt 1\n").row, { "t{…}": 1 });
});
