import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { gunzipSync, inflateSync } from "node:zlib";
import {
  bucketsFrom,
  EMPTY_HISTOGRAM,
  type FloatHistogram,
} from "../../lib/model/histogram/float_histogram.ts";
import { putHistogram } from "../../lib/model/histogram_cell.ts";
import { wordsOf } from "../../lib/model/stale.ts";
import { failure, NOW_MS, resultOf, STATS, worldOf } from "./fixtures.ts";

function errorJson(type: string, message: string): string {
  return JSON.stringify({ status: "error", errorType: type, error: message });
}

Deno.test("an instant query answers a vector with Prometheus's exact text", async () => {
  const { engine, get } = worldOf();
  engine.answer = resultOf({
    kind: "vector",
    tMs: 1_435_781_451_781,
    labels: [["__name__", "up", "job", "a<b"], []],
    values: Float64Array.of(1, NaN),
  });
  const response = await get("/api/v1/query?query=up&time=1435781451.781");
  strictEqual(response.status, 200);
  strictEqual(response.headers.get("Content-Type"), "application/json");
  strictEqual(
    await response.text(),
    '{"status":"success","data":{"resultType":"vector","result":[' +
      '{"metric":{"__name__":"up","job":"a\\u003cb"},"value":[1435781451.781,"1"]},' +
      '{"metric":{},"value":[1435781451.781,"NaN"]}]}}',
  );
  deepStrictEqual(engine.calls[0]!.times, [1_435_781_451_781]);
});

Deno.test("histograms stand beside floats, with their buckets", async () => {
  const { engine, json } = worldOf();
  const histogram: FloatHistogram = {
    ...EMPTY_HISTOGRAM,
    count: 3,
    sum: 4.5,
    positive: bucketsFrom(1, [1, 0, 2]),
  };
  const values = Float64Array.of(1, 0, 2);
  putHistogram(wordsOf(values), 1, [], histogram);
  const histograms = [histogram];
  const buckets = '{"count":"3","sum":"4.5","buckets":[[0,"1","2","1"],[0,"4","8","2"]]}';
  engine.answer = resultOf({
    kind: "vector",
    tMs: 1000,
    labels: [["a", "1"], ["a", "2"]],
    values: values.subarray(0, 2),
    histograms,
  });
  strictEqual(
    await json("/api/v1/query?query=h&time=1"),
    '{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"1"},"value":[1,"1"]},' +
      `{"metric":{"a":"2"},"histogram":[1,${buckets}]}]}}`,
  );
  const tMs = Float64Array.of(1000, 2000, 3000);
  engine.answer = resultOf({
    kind: "matrix",
    series: [
      { labels: ["a", "1"], tMs, values, histograms },
      { labels: ["a", "2"], tMs: tMs.subarray(1, 2), values: values.subarray(1, 2), histograms },
      { labels: ["a", "3"], tMs, values: Float64Array.of(1, 2, 3), histograms },
    ],
  });
  strictEqual(
    await json("/api/v1/query_range?query=h&start=1&end=3&step=1"),
    '{"status":"success","data":{"resultType":"matrix","result":[' +
      `{"metric":{"a":"1"},"values":[[1,"1"],[3,"2"]],"histograms":[[2,${buckets}]]},` +
      `{"metric":{"a":"2"},"histograms":[[2,${buckets}]]},` +
      '{"metric":{"a":"3"},"values":[[1,"1"],[2,"2"],[3,"3"]]}]}}',
  );
});

Deno.test("a scalar has a bare time and never an exponent, a string its text", async () => {
  const { engine, json } = worldOf();
  engine.answer = resultOf({ kind: "scalar", tMs: 1500, value: 1e21 });
  strictEqual(
    await json("/api/v1/query?query=1"),
    '{"status":"success","data":{"resultType":"scalar","result":[1.5,"1000000000000000000000"]}}',
  );
  engine.answer = resultOf({ kind: "string", tMs: 2000, value: 'say "hi"' });
  strictEqual(
    await json("/api/v1/query?query=1"),
    '{"status":"success","data":{"resultType":"string","result":[2,"say \\"hi\\""]}}',
  );
});

Deno.test("a range query answers a matrix, with warnings, infos and stats where there are any", async () => {
  const { engine, json } = worldOf();
  engine.answer = resultOf({
    kind: "matrix",
    series: [{ labels: ["a", "b"], tMs: Float64Array.of(1000, 1500), values: Float64Array.of(1, 2.5) }],
  }, { warnings: ["PromQL warning: w (1:1)"], infos: ["PromQL info: i (1:1)"] });
  strictEqual(
    await json("/api/v1/query_range?query=up&start=1&end=2&step=500ms&stats=all"),
    '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a":"b"},"values":' +
      '[[1,"1"],[1.500,"2.5"]]}],"stats":{"timings":{"evalTotalTime":0.00175,"resultSortTime":0,' +
      '"queryPreparationTime":0.00025,"innerEvalTime":0.0015,"execQueueTime":0,"execTotalTime":0},' +
      '"samples":{"totalQueryableSamples":12,"samplesRead":12,"peakSamples":7}}},' +
      '"warnings":["PromQL warning: w (1:1)"],"infos":["PromQL info: i (1:1)"]}',
  );
  deepStrictEqual(engine.calls[0]!.times, [1000, 2000, 500]);
  engine.answer = resultOf({ kind: "matrix", series: [] });
  strictEqual(
    await json("/api/v1/query_range?query=up&start=1&end=2&step=1"),
    '{"status":"success","data":{"resultType":"matrix","result":[]}}',
  );
});

Deno.test("counts by step are asked for with stats=all alone, and stand before their sums", async () => {
  const { engine, json } = worldOf();
  const byStep = {
    startMs: 1500,
    stepMs: 500,
    samplesTotal: Float64Array.of(5, 7),
    samplesRead: Float64Array.of(5, 2),
  };
  engine.answer = resultOf({ kind: "matrix", series: [] }, {
    stats: { ...STATS, samplesTotal: 12, samplesRead: 7, byStep },
  });
  for (const [given, asked] of [["all", true], ["true", undefined], ["", undefined]] as const) {
    await json(`/api/v1/query_range?query=up&start=1.5&end=2&step=500ms&stats=${given}`);
    strictEqual(engine.calls.at(-1)!.options.countsSteps, asked);
  }
  match(
    await json("/api/v1/query?query=up&stats=all"),
    /"samples":\{"totalQueryableSamplesPerStep":\[\[1\.5,5\],\[2,7\]\],"totalQueryableSamples":12,"samplesReadPerStep":\[\[1\.5,5\],\[2,2\]\],"samplesRead":7,"peakSamples":7\}/,
  );
  match(await json("/metrics"), /^prometheus_engine_query_samples_total 48$/m);
  match(await json("/metrics"), /^prometheus_engine_query_samples_read_total 28$/m);
});

Deno.test("the time in the queue is what the gate says, in the answer and in the metric", async () => {
  const { engine, json } = worldOf();
  engine.answer = resultOf({ kind: "scalar", tMs: 0, value: 1 }, { stats: { ...STATS, queuedMs: 1500 } });
  const { data } = JSON.parse(await json("/api/v1/query?query=1&stats=true"));
  strictEqual(data.stats.timings.execQueueTime, 1.5);
  const metrics = await json("/metrics");
  match(metrics, /^prometheus_engine_query_duration_seconds\{slice="queue_time",quantile="0.5"\} 1\.5$/m);
  match(metrics, /^prometheus_engine_query_duration_seconds_sum\{slice="prepare_time"\} 0\.00025$/m);
  match(metrics, /^prometheus_engine_query_log_enabled 1$/m);
  match(metrics, /^prometheus_engine_query_log_failures_total 3$/m);
});

Deno.test("a form body comes before the URL, and the default time is now", async () => {
  const { engine, post } = worldOf();
  await post("/api/v1/query?query=a", { query: "b" });
  deepStrictEqual(engine.calls.map(({ query, times }) => [query, times]), [["b", [NOW_MS]]]);
});

Deno.test("bad parameters are named, in Prometheus's words", async () => {
  const range = "/api/v1/query_range?query=up";
  const cases: readonly (readonly [string, string])[] = [
    [
      "/api/v1/query?query=up&time=x",
      'invalid parameter "time": Invalid time value for \'time\': cannot parse "x" to a valid timestamp',
    ],
    ["/api/v1/query?query=up&timeout=x", 'invalid parameter "timeout": cannot parse "x" to a valid duration'],
    [
      "/api/v1/query?query=up&limit=x",
      'invalid parameter "limit": strconv.Atoi: parsing "x": invalid syntax',
    ],
    ["/api/v1/query?query=up&limit=-1", 'invalid parameter "limit": limit must be non-negative'],
    [
      "/api/v1/query?query=up&lookback_delta=x",
      'error parsing lookback delta duration: cannot parse "x" to a valid duration',
    ],
    [
      "/api/v1/query?query=",
      'invalid parameter "query": unknown position: parse error: no expression found in input',
    ],
    [`${range}&start=x&end=2&step=1`, 'invalid parameter "start": cannot parse "x" to a valid timestamp'],
    [`${range}&start=1&step=1`, 'invalid parameter "end": cannot parse "" to a valid timestamp'],
    [`${range}&start=2&end=1&step=1`, 'invalid parameter "end": end timestamp must not be before start time'],
    [`${range}&start=1&end=2&step=x`, 'invalid parameter "step": cannot parse "x" to a valid duration'],
    [
      `${range}&start=1&end=2&step=0`,
      'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer',
    ],
    [
      `${range}&start=0&end=11001&step=1`,
      "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
    ],
  ];
  const { get } = worldOf();
  for (const [path, message] of cases) {
    const response = await get(path);
    deepStrictEqual([response.status, await response.text()], [400, errorJson("bad_data", message)], path);
  }
  strictEqual((await get(`${range}&start=0&end=11000&step=1`)).status, 200);
});

Deno.test("a query that does not parse says where", async () => {
  const { json } = worldOf();
  const { errorType, error } = JSON.parse(await json("/api/v1/query?query=sum(up"));
  strictEqual(errorType, "bad_data");
  strictEqual(error.startsWith('invalid parameter "query": 1:'), true, error);
});

Deno.test("each error type has its status", async () => {
  const cases = [
    ["execution", 422],
    ["canceled", 499],
    ["timeout", 503],
    ["internal", 500],
    ["unavailable", 500],
    ["not_found", 404],
    ["not_acceptable", 406],
  ] as const;
  const { engine, get } = worldOf();
  for (const [code, status] of cases) {
    engine.answer = failure(code, "why");
    const response = await get("/api/v1/query?query=up");
    deepStrictEqual([response.status, await response.text()], [status, errorJson(code, "why")]);
  }
  engine.answer = new TypeError("x is undefined");
  const response = await get("/api/v1/query?query=up");
  deepStrictEqual([response.status, await response.text()], [500, errorJson("internal", "x is undefined")]);
});

Deno.test("options reach the engine: timeout, lookback, and the client's going away", async () => {
  const { engine, handler } = worldOf();
  const gone = new AbortController();
  const url = "http://x/api/v1/query?query=up&timeout=30s&lookback_delta=1m";
  engine.answer = new DOMException("gone", "AbortError");
  gone.abort();
  const response = await handler(new Request(url, { signal: gone.signal }), { remoteAddress: "::1:4711" });
  const { signal, timeoutMs, lookbackMs, origin } = engine.calls[0]!.options;
  deepStrictEqual([signal?.aborted, timeoutMs, lookbackMs], [true, 30_000, 60_000]);
  deepStrictEqual(origin, { kind: "http", clientIp: "::1", method: "GET", path: "/api/v1/query" });
  strictEqual(response.status, 499);
});

Deno.test("limit keeps the first series and warns", async () => {
  const { engine, json } = worldOf();
  engine.answer = resultOf({
    kind: "vector",
    tMs: 1000,
    labels: [["a", "1"], ["a", "2"], ["a", "3"]],
    values: Float64Array.of(1, 2, 3),
  });
  const body = JSON.parse(await json("/api/v1/query?query=up&limit=2"));
  deepStrictEqual([body.data.result.length, body.warnings], [2, ["results truncated due to limit"]]);
  strictEqual(JSON.parse(await json("/api/v1/query?query=up&limit=3")).warnings, undefined);
});

Deno.test("more than ten warnings are counted and not shown", async () => {
  const { engine, json } = worldOf();
  const warnings = Array.from({ length: 13 }, (_, i) => `w${i}`);
  engine.answer = resultOf({ kind: "scalar", tMs: 0, value: 1 }, { warnings });
  const body = JSON.parse(await json("/api/v1/query?query=1"));
  deepStrictEqual([body.warnings.length, body.warnings.at(-1)], [11, "3 more warning annotations omitted"]);
});

Deno.test("large answers are compressed as the client accepts, small ones and streams too where it pays", async () => {
  const { engine, get } = worldOf();
  const tMs = Float64Array.from({ length: 11_000 }, (_, i) => i * 1000);
  const series = [1, 2, 3].map((n) => ({ labels: ["n", String(n)], tMs, values: tMs.map((t) => t / n) }));
  engine.answer = resultOf({ kind: "matrix", series });
  const path = "/api/v1/query_range?query=up&start=0&end=1&step=1";
  const plain = await (await get(path)).text();
  const gzip = await get(path, { "Accept-Encoding": "br, gzip" });
  strictEqual(gzip.headers.get("Content-Encoding"), "gzip");
  strictEqual(gunzipSync(new Uint8Array(await gzip.arrayBuffer())).toString(), plain);
  engine.answer = resultOf({
    kind: "matrix",
    series: [{ ...series[0]!, tMs: tMs.slice(0, 200), values: tMs.slice(0, 200) }],
  });
  const deflate = await get(path, { "Accept-Encoding": "deflate" });
  strictEqual(deflate.headers.get("Content-Encoding"), "deflate");
  strictEqual(
    JSON.parse(inflateSync(new Uint8Array(await deflate.arrayBuffer())).toString()).status,
    "success",
  );
  engine.answer = resultOf({ kind: "scalar", tMs: 0, value: 1 });
  strictEqual((await get(path, { "Accept-Encoding": "gzip" })).headers.get("Content-Encoding"), null);
});

Deno.test("a large text is packed in pieces, and reads as it was", async () => {
  const { get } = worldOf((deps) => ({
    ...deps,
    source: {
      ...deps.source,
      labelValues: () => Promise.resolve(Array.from({ length: 50_000 }, (_, i) => `value-${i}-ü`)),
    },
  }));
  const plain = await (await get("/api/v1/label/a/values")).text();
  const packed = await get("/api/v1/label/a/values", { "Accept-Encoding": "gzip" });
  strictEqual(packed.headers.get("Content-Encoding"), "gzip");
  strictEqual(gunzipSync(new Uint8Array(await packed.arrayBuffer())).toString(), plain);
  const metrics = await (await get("/metrics")).text();
  const sum = /^prometheus_http_response_size_bytes_sum\{handler="\/api\/v1\/label\/:name\/values"\} (\S+)$/m;
  strictEqual(Number(sum.exec(metrics)![1]), 2 * new TextEncoder().encode(plain).length);
});

Deno.test("format_query prints the query over lines, and says where it is broken", async () => {
  const { json, get } = worldOf();
  strictEqual(
    await json(`/api/v1/format_query?query=${encodeURIComponent("a  +b")}`),
    '{"status":"success","data":"a + b"}',
  );
  strictEqual((await get("/api/v1/format_query?query=sum(")).status, 400);
});

Deno.test("narthex/explain shows the query as it is run and its plan, and says where it is broken", async () => {
  const { json, get } = worldOf();
  strictEqual(
    await json(`/api/v1/narthex/explain?query=${encodeURIComponent('up{job="a"}/(up*(2+3))')}`),
    '{"status":"success","data":{"query":"up{job=\\"a\\"} / (up{job=\\"a\\"} * 5)","plan":[' +
      '"operator /  [holds both sides]",' +
      '"  select up{job=\\"a\\"}  [kept as #1 for 2 readers]",' +
      '"  operator *","    = #1","    constant 5"]}}',
  );
  const broken = await get("/api/v1/narthex/explain?query=sum(");
  strictEqual(broken.status, 400);
  ok((await broken.text()).includes("1:5: parse error"));
});

Deno.test("query_exemplars answers by series what any selector of the query names", async () => {
  const asked: unknown[] = [];
  const { json } = worldOf((deps) => ({
    ...deps,
    exemplars: (matcherSets, range) => {
      asked.push([matcherSets.map((set) => set.map(({ name, value }) => [name, value])), range]);
      const exemplar = {
        labels: ["trace_id", "EpTxMJ40fUus7aGY"],
        value: 6,
        tMs: 1600096945479,
        hasTime: true,
      };
      return Promise.resolve([{ labels: ["__name__", "a", "job", "j"], exemplars: [exemplar] }]);
    },
  }));
  const query = encodeURIComponent("topk(2, rate(a[5m])) / on (x) max_over_time(b[1h:])");
  strictEqual(
    await json(`/api/v1/query_exemplars?query=${query}&start=1&end=2`),
    '{"status":"success","data":[{"seriesLabels":{"__name__":"a","job":"j"},"exemplars":[' +
      '{"labels":{"trace_id":"EpTxMJ40fUus7aGY"},"value":"6","timestamp":1600096945.479}]}]}',
  );
  deepStrictEqual(asked, [
    [[[["__name__", "a"]], [["__name__", "b"]]], { startMs: 1000, endMs: 2000 }],
  ]);
});

Deno.test("query_exemplars refuses a bad request", async () => {
  const { json, get } = worldOf();
  strictEqual(await json("/api/v1/query_exemplars?query=up&start=1&end=2"), '{"status":"success","data":[]}');
  strictEqual((await get("/api/v1/query_exemplars?query=up&start=2&end=1")).status, 400);
  strictEqual((await get("/api/v1/query_exemplars?query=1%2Btime()&start=1&end=2")).status, 204);
  const nested = encodeURIComponent("-(1 + sum(max_over_time(rate(a[5m])[1h:])))");
  strictEqual((await get(`/api/v1/query_exemplars?query=${nested}&start=1&end=2`)).status, 200);
  strictEqual((await get("/api/v1/query_exemplars?query=)")).status, 400);
});

Deno.test("a client that goes away in the middle of an answer stops its writing", async () => {
  const { engine, get } = worldOf();
  const tMs = Float64Array.from({ length: 11_000 }, (_, i) => i * 1000);
  const series = Array.from(
    { length: 50 },
    (_, n) => ({ labels: ["n", String(n)], tMs, values: tMs.map(Math.sqrt) }),
  );
  engine.answer = resultOf({ kind: "matrix", series });
  for (const headers of [{}, { "Accept-Encoding": "gzip" }]) {
    const response = await get("/api/v1/query_range?query=up&start=0&end=1&step=1", headers);
    const reader = response.body!.getReader();
    strictEqual((await reader.read()).done, false);
    await reader.cancel();
  }
  const sizes = await (await get("/metrics")).text();
  // of 12 MB each, a few chunks were written and counted
  const sum =
    /^prometheus_http_response_size_bytes_sum\{handler="\/api\/v1\/query_range"\} (\S+)$/m.exec(sizes)![1];
  strictEqual(Number(sum) > 0 && Number(sum) < 3e6, true, sum);
});

Deno.test("parse_query answers the tree, and says where a query is broken", async () => {
  const { json, get } = worldOf();
  strictEqual(
    await json(`/api/v1/parse_query?query=${encodeURIComponent("1 + 2")}`),
    '{"status":"success","data":{"bool":false,"lhs":{"type":"numberLiteral","val":"1"},"matching":null,"op":"+",' +
      '"rhs":{"type":"numberLiteral","val":"2"},"type":"binaryExpr"}}',
  );
  strictEqual((await get("/api/v1/parse_query?query=sum(")).status, 400);
});
