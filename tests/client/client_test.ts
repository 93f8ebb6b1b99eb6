import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import {
  exponentialBuckets,
  expose,
  linearBuckets,
  negotiateFormat,
  processFacts,
  processFamilies,
  Registry,
  writeOpenMetrics,
  writeText,
} from "../../lib/client/mod.ts";
import { SKETCH_LEVEL_VALUES } from "../../lib/client/quantile_sketch.ts";
import type { Clock } from "../../lib/core/ports.ts";

function clockAt(): Clock & { ms: number } {
  return {
    ms: 0,
    nowMs: () => 0,
    monotonicMs() {
      return this.ms;
    },
    at: () => ({ cancel: () => {} }),
  };
}

Deno.test("every kind of metric in the text format", () => {
  const registry = new Registry();
  const counter = registry.counter({
    name: "requests_total",
    help: 'All "requests"\nso far.',
    labelNames: ["path"],
  });
  counter.labels('/a"b\\').inc(2);
  registry.gauge({ name: "a_gauge", help: "A." }).set(1.5e9);
  const histogram = registry.histogram({ name: "seconds", help: "S.", buckets: [0.1, 1] });
  for (const value of [0.1, 0.5, 7]) histogram.observe(value);
  const summary = registry.summary({ name: "sizes", help: "Z.", quantiles: [0.5, 0.9] }, clockAt());
  for (let i = 1; i <= 10; i++) summary.observe(i);
  strictEqual(
    writeText(registry.collect()),
    `# HELP a_gauge A.
# TYPE a_gauge gauge
a_gauge 1.5e+09
# HELP requests_total All "requests"\\nso far.
# TYPE requests_total counter
requests_total{path="/a\\"b\\\\"} 2
# HELP seconds S.
# TYPE seconds histogram
seconds_bucket{le="0.1"} 1
seconds_bucket{le="1"} 2
seconds_bucket{le="+Inf"} 3
seconds_sum 7.6
seconds_count 3
# HELP sizes Z.
# TYPE sizes summary
sizes{quantile="0.5"} 5
sizes{quantile="0.9"} 9
sizes_sum 55
sizes_count 10
`,
  );
});

Deno.test("OpenMetrics names counters without _total, writes floats, and ends", () => {
  const registry = new Registry();
  registry.counter({ name: "requests_total", help: "R." }).inc(3);
  registry.histogram({ name: "seconds", help: "S.", buckets: [1] }).observe(1);
  strictEqual(
    writeOpenMetrics(registry.collect()),
    `# HELP requests R.
# TYPE requests counter
requests_total 3.0
# HELP seconds S.
# TYPE seconds histogram
seconds_bucket{le="1.0"} 1
seconds_bucket{le="+Inf"} 1
seconds_sum 1.0
seconds_count 1
# EOF
`,
  );
});

Deno.test("the format follows the Accept header", () => {
  const prometheus = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5," +
    "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
  strictEqual(negotiateFormat(prometheus), "openmetrics");
  strictEqual(negotiateFormat(""), "text");
  strictEqual(negotiateFormat("*/*"), "text");
  strictEqual(negotiateFormat("application/openmetrics-text;version=2.0.0"), "text");
  strictEqual(negotiateFormat("application/openmetrics-text;q=0.1,text/plain;q=0.9"), "text");
  ok(expose([], prometheus).contentType.startsWith("application/openmetrics-text; version=1.0.0"));
});

Deno.test("bad names, labels, buckets and amounts are refused with a reason", () => {
  const registry = new Registry();
  throws(() => registry.gauge({ name: "a-b", help: "" }), /"a-b": expected a name/);
  throws(() => registry.gauge({ name: "a", help: "", labelNames: ["__x"] }), /label "__x"/);
  throws(() => registry.gauge({ name: "a", help: "", labelNames: ["x", "x"] }), /label "x" occurs twice/);
  throws(() => registry.histogram({ name: "h", help: "", labelNames: ["le"] }), /label "le" is written by/);
  throws(() => registry.histogram({ name: "h", help: "", buckets: [1, 1] }), /bucket 1 does not rise/);
  throws(() => registry.summary({ name: "s", help: "", quantiles: [1.5] }, clockAt()), /quantile 1.5/);
  const counter = registry.counter({ name: "c", help: "", labelNames: ["x"] });
  throws(() => registry.gauge({ name: "c", help: "" }), /name is taken/);
  throws(() => counter.labels("1").inc(-1), /Cannot add -1/);
  throws(() => counter.labels("1", "2"), /got 2 label values, expected 1 \(x\)/);
  registry.register({ collect: () => [{ name: "c", help: "", type: "gauge", samples: [] }] });
  throws(() => registry.collect(), /"c" was given twice/);
});

Deno.test("series beyond the limit are not exposed, but counted as refused", () => {
  const registry = new Registry();
  const counter = registry.counter({ name: "c_total", help: "", labelNames: ["x"], seriesMax: 2 });
  for (const value of ["a", "b", "c", "d", "a"]) counter.labels(value).inc();
  const text = writeText(registry.collect());
  ok(text.includes('c_total{x="a"} 2\nc_total{x="b"} 1\n'));
  ok(!text.includes('x="c"'));
  ok(text.includes('client_series_refused_total{metric="c_total"} 2\n'));
  ok(counter.children.remove(["a"]));
  ok(!writeText(registry.collect()).includes('x="a"'));
});

Deno.test("a summary forgets what is older than its window, but counts on", () => {
  const clock = clockAt();
  const registry = new Registry();
  const summary = registry.summary({ name: "s", help: "", quantiles: [0.5], maxAgeMs: 1000 }, clock);
  summary.observe(100);
  clock.ms = 900;
  summary.observe(1);
  deepStrictEqual(summary.labels().quantiles([0, 1]), [1, 100]);
  clock.ms = 1500;
  deepStrictEqual(summary.labels().quantiles([0, 1]), [1, 1]);
  clock.ms = 1_000_000;
  deepStrictEqual(summary.labels().quantiles([0.5]), [NaN]);
  deepStrictEqual([summary.labels().count, summary.labels().sum], [2, 101]);
});

Deno.test("quantiles of many observations stay close to the exact ones, in bounded memory", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20_000 }),
      fc.integer({ min: 1, max: 20_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (count, stride, quantile) => {
        const summary = new Registry().summary({ name: "s", help: "", quantiles: [] }, clockAt());
        // Every rank once, in an order that may have any period: strides that share no factor visit all of them.
        while (commonDivisor(stride, count) !== 1) stride++;
        for (let i = 0; i < count; i++) summary.observe((i * stride) % count);
        const [value] = summary.labels().quantiles([quantile]);
        const exact = Math.max(0, Math.ceil(quantile * count) - 1);
        const levels = Math.max(0, Math.ceil(Math.log2(count / SKETCH_LEVEL_VALUES)));
        ok(Math.abs(value! - exact) <= count * levels / SKETCH_LEVEL_VALUES, `${value} of ${count}`);
      },
    ),
    { numRuns: 100 },
  );
});

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

Deno.test("bucket helpers", () => {
  deepStrictEqual(linearBuckets({ start: 1, width: 2, count: 3 }), [1, 3, 5]);
  deepStrictEqual(exponentialBuckets({ start: 1, factor: 10, count: 3 }), [1, 10, 100]);
});

Deno.test("process metrics come from the texts of /proc, whatever the command is called", () => {
  const fields = Array.from({ length: 52 }, (_, i) => String(i));
  const facts = processFacts({
    selfStat: `77 (a) b (c) ${["S", ...fields.slice(4)].join(" ")}`,
    selfLimits:
      "Limit  Soft  Hard\nMax open files            1024                 4096                 files\n",
    stat: "cpu  1 2\nbtime 1700000000\n",
    openFds: 12,
  }, { heapUsedBytes: 1, heapTotalBytes: 2, externalBytes: 3 });
  deepStrictEqual(facts, {
    cpuSeconds: (14 + 15) / 100,
    residentBytes: 24 * 4096,
    virtualBytes: 23,
    openFds: 12,
    maxFds: 1024,
    startSeconds: 1_700_000_000.22,
    heapUsedBytes: 1,
    heapTotalBytes: 2,
    externalBytes: 3,
  });
  const nothing = processFacts(
    { selfStat: undefined, selfLimits: "", stat: undefined, openFds: undefined },
    undefined,
  );
  strictEqual(writeText(processFamilies(nothing)), "");
});
