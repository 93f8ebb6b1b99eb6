import assert, { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { HttpDeps, Readiness } from "../../lib/http/deps.ts";
import { absentColumn, setStale, wordsOf } from "../../lib/model/stale.ts";
import { labelsFromRecord } from "../../lib/model/labels.ts";
import { compileAnchored } from "../../lib/model/regex.ts";
import { ALL_PARSE_OPTIONS } from "../../lib/promql/parse.ts";
import { encodeSnappy } from "../../lib/remote/snappy_block.ts";
import { encodeWriteRequest } from "../../lib/remote/write_request.ts";
import { failure, NOW_MS, worldOf } from "./fixtures.ts";

type Options = Partial<HttpDeps["options"]>;
const withOptions = (options: Options) => (deps: HttpDeps) => ({
  ...deps,
  options: { ...deps.options, ...options },
});
const request = (method: string, path: string, init: RequestInit = {}) =>
  new Request(`http://x${path}`, { method, ...init });
const INFO = { remoteAddress: "127.0.0.1:5" };

Deno.test("status endpoints answer what the server is", async () => {
  const { json, get } = worldOf();
  strictEqual(
    await json("/api/v1/status/buildinfo"),
    '{"status":"success","data":{"version":"0.1.0","revision":"abc","branch":"main","buildUser":"","buildDate":"",' +
      '"goVersion":"deno 2.9.6"}}',
  );
  strictEqual(
    await json("/api/v1/status/config"),
    '{"status":"success","data":{"yaml":"global:\\n  scrape_interval: 15s\\n"}}',
  );
  strictEqual(
    await json("/api/v1/status/flags"),
    '{"status":"success","data":{"config.file":"x.yml","web.listen-address":"0.0.0.0:9090"}}',
  );
  strictEqual(
    await json("/api/v1/status/runtimeinfo"),
    '{"status":"success","data":{"startTime":"2023-11-14T22:13:19Z","CWD":"/srv","hostname":"box",' +
      '"serverTime":"2023-11-14T22:13:20.25Z","reloadConfigSuccess":true,"lastConfigTime":"2023-11-14T22:13:19.12Z",' +
      '"corruptionCount":0,"goroutineCount":7,"GOMAXPROCS":2,"GOMEMLIMIT":9223372036854775807,"GOGC":"","GODEBUG":"",' +
      '"storageRetention":"15d"}}',
  );
  strictEqual(
    await json("/api/v1/status/tsdb?limit=1"),
    '{"status":"success","data":{"headStats":{"numSeries":3,"numLabelPairs":5,"chunkCount":2,' +
      '"minTime":9223372036854775807,"maxTime":-9223372036854775808},"seriesCountByMetricName":[{"name":"up","value":2}],' +
      '"labelValueCountByLabelName":[],"memoryInBytesByLabelName":[],' +
      '"seriesCountByLabelValuePair":[{"name":"job=a","value":3}]}}',
  );
  strictEqual((await get("/api/v1/status/tsdb?limit=0")).status, 400);
  strictEqual((await get("/api/v1/status/tsdb?limit=10001")).status, 400);
  strictEqual(
    await json("/api/v1/status/walreplay"),
    '{"status":"success","data":{"min":0,"max":4,"current":3}}',
  );
});

Deno.test("what there is none of is truthfully empty", async () => {
  const { json, get } = worldOf();
  strictEqual(await json("/api/v1/rules"), '{"status":"success","data":{"groups":[]}}');
  strictEqual(await json("/api/v1/alerts"), '{"status":"success","data":{"alerts":[]}}');
  strictEqual(
    await json("/api/v1/alertmanagers"),
    '{"status":"success","data":{"activeAlertmanagers":[],"droppedAlertmanagers":[]}}',
  );
  const bad = await get("/api/v1/rules?type=x");
  deepStrictEqual([bad.status, JSON.parse(await bad.text()).error], [
    400,
    'invalid parameter "type": not supported value "x"',
  ]);
  strictEqual(
    await json("/api/v1/notifications"),
    '{"status":"success","data":[{"text":"Configuration reload has failed.","date":"2023-11-14T22:13:20Z","active":true}]}',
  );
});

Deno.test("features are named true only while they are on", async () => {
  const answerOf = async (deps: Partial<HttpDeps>) => {
    const response = await worldOf((own) => ({ ...own, ...deps })).get("/api/v1/features");
    return JSON.parse(await response.text()).data;
  };
  const off = await answerOf({});
  deepStrictEqual(off.rules, { concurrent_rule_eval: false, keep_firing_for: true, query_offset: true });
  deepStrictEqual([off.promql.anchored, off.promql.fill, off.promql.type_and_unit_labels], [
    false,
    false,
    false,
  ]);
  deepStrictEqual([off.promql_functions.rate, off.promql_functions.info], [true, false]);
  deepStrictEqual([off.promql_operators.sum, off.promql_operators.limitk], [true, false]);
  const on = await answerOf({
    parse: ALL_PARSE_OPTIONS,
    enabledFeatures: [
      "type-and-unit-labels",
      "promql-delayed-name-removal",
      "promql-per-step-stats",
      "concurrent-rule-eval",
    ],
  });
  strictEqual(on.rules.concurrent_rule_eval, true);
  deepStrictEqual(Object.values(on.promql).filter((value) => value === false), []);
  deepStrictEqual([on.promql_functions.info, on.promql_operators.limitk, on.scrape.type_and_unit_labels], [
    true,
    true,
    true,
  ]);
});

Deno.test("health and readiness are told apart", async () => {
  let readiness: Readiness = "starting";
  const { get } = worldOf((deps) => ({ ...deps, readiness: () => readiness }));
  const answerOf = async (path: string) => {
    const response = await get(path);
    return [response.status, await response.text(), response.headers.get("X-Prometheus-Stopping")];
  };
  for (const path of ["/-/ready", "/api/v1/query?query=up", "/api/v1/targets", "/federate"]) {
    deepStrictEqual(await answerOf(path), [503, "Service Unavailable", "false"], path);
  }
  deepStrictEqual(await answerOf("/-/healthy"), [200, "Prometheus Server is Healthy.\n", null]);
  for (
    const path of ["/api/v1/status/walreplay", "/api/v1/notifications", "/metrics", "/query", "/version"]
  ) {
    strictEqual((await get(path)).status, 200, path);
  }
  readiness = "stopping";
  deepStrictEqual(await answerOf("/-/ready"), [503, "Service Unavailable", "true"]);
  readiness = "ready";
  deepStrictEqual(await answerOf("/-/ready"), [200, "Prometheus Server is Ready.\n", null]);
});

Deno.test("HEAD answers as GET without a body", async () => {
  const { handler } = worldOf();
  const response = await handler(request("HEAD", "/-/healthy"), INFO);
  deepStrictEqual([response.status, await response.text()], [200, ""]);
});

Deno.test("reload and quit work by POST and PUT, and only with the lifecycle on", async () => {
  let reloads = 0;
  let quits = 0;
  const lifecycle = {
    reload: () => ++reloads === 2 ? Promise.reject(new Error("line 3: bad")) : Promise.resolve(),
    quit: () => {
      quits++;
    },
  };
  const { handler } = worldOf((deps) => ({ ...deps, lifecycle }));
  const answerOf = async (method: string, path: string) => {
    const response = await handler(request(method, path), INFO);
    return [response.status, await response.text()];
  };
  deepStrictEqual(await answerOf("POST", "/-/reload"), [200, ""]);
  deepStrictEqual(await answerOf("PUT", "/-/reload"), [500, "failed to reload config: line 3: bad\n"]);
  deepStrictEqual(await answerOf("GET", "/-/reload"), [405, "Only POST or PUT requests allowed"]);
  deepStrictEqual(await answerOf("POST", "/-/quit"), [200, "Requesting termination... Goodbye!"]);
  strictEqual(quits, 1);
  const off = worldOf(withOptions({ enableLifecycle: false }));
  for (const path of ["/-/reload", "/-/quit"]) {
    const response = await off.handler(request("POST", path), INFO);
    deepStrictEqual([response.status, await response.text()], [403, "Lifecycle API is not enabled."]);
  }
});

Deno.test("unknown paths are 404, known ones with another method 405", async () => {
  const { handler } = worldOf();
  for (const path of ["/api/v1/nothing", "/api/v2/query", "/nothing"]) {
    const response = await handler(request("GET", path), INFO);
    deepStrictEqual([response.status, await response.text()], [404, "404 page not found\n"]);
  }
  const response = await handler(request("DELETE", "/api/v1/query"), INFO);
  deepStrictEqual([response.status, await response.text()], [405, "Method Not Allowed\n"]);
  strictEqual(response.headers.get("Allow"), "GET, OPTIONS, POST");
  strictEqual((await handler(request("POST", "/api/v1/targets"), INFO)).status, 405);
});

Deno.test("cross-origin headers follow the flag", async () => {
  const any = worldOf();
  const open = await any.get("/api/v1/labels", { Origin: "https://grafana.example" });
  strictEqual(open.headers.get("Access-Control-Allow-Origin"), "*");
  strictEqual(open.headers.get("Access-Control-Allow-Methods"), "GET, POST, OPTIONS");
  strictEqual(
    open.headers.get("Access-Control-Allow-Headers"),
    "Accept, Authorization, Content-Type, Origin",
  );
  strictEqual(open.headers.get("Access-Control-Expose-Headers"), "Date");
  strictEqual(open.headers.get("Vary"), "Origin");
  const without = await any.get("/api/v1/labels");
  deepStrictEqual([without.headers.get("Vary"), without.headers.get("Access-Control-Allow-Methods")], [
    "Origin",
    null,
  ]);
  const some = worldOf(withOptions({ corsOrigin: compileAnchored("https?://.*\\.example") }));
  const originOf = async (origin: string) =>
    (await some.get("/api/v1/labels", { Origin: origin })).headers.get("Access-Control-Allow-Origin");
  strictEqual(await originOf("https://a.example"), "https://a.example");
  strictEqual(await originOf("https://a.example.evil"), null);
  const preflight = await some.handler(
    request("OPTIONS", "/api/v1/query", { headers: { Origin: "https://a.example" } }),
    INFO,
  );
  deepStrictEqual([preflight.status, preflight.headers.get("Access-Control-Allow-Origin")], [
    204,
    "https://a.example",
  ]);
});

Deno.test("the interface: redirects, the index page for its paths, and its files", async () => {
  const { get } = worldOf(withOptions({ externalUrl: "http://h/base/" }));
  deepStrictEqual(
    [(await get("/")).status, (await get("/")).headers.get("Location")],
    [302, "/base/query"],
  );
  strictEqual((await get("/graph?g0.expr=up")).headers.get("Location"), "/base/query?g0.expr=up");
  strictEqual(await (await get("/targets")).text(), "<title>A &lt;title></title>/base|true");
  const asset = await get("/assets/app.js");
  deepStrictEqual(
    [await asset.text(), asset.headers.get("Content-Type"), asset.headers.get("Cache-Control")],
    ["app()", "text/javascript", "public, max-age=31536000, immutable"],
  );
});

Deno.test("all routes stand under the route prefix", async () => {
  const { get } = worldOf(withOptions({ routePrefix: "/prom" }));
  strictEqual((await get("/prom/-/healthy")).status, 200);
  strictEqual((await get("/prom/api/v1/labels")).status, 200);
  strictEqual((await get("/prom/assets/app.js")).status, 200);
  strictEqual((await get("/-/healthy")).status, 404);
  strictEqual((await get("/")).headers.get("Location"), "/prom/");
});

function writeBody(value: number): Uint8Array<ArrayBuffer> {
  return encodeSnappy(encodeWriteRequest([{
    labels: ["__name__", "m", "job", "j"],
    tMs: Float64Array.of(NOW_MS - 1000, NOW_MS),
    values: Float64Array.of(value, value + 1),
  }]));
}

Deno.test("a remote write is answered 204 with what was written", async () => {
  const { handler, storage } = worldOf();
  const response = await handler(request("POST", "/api/v1/write", { body: writeBody(1) }), INFO);
  deepStrictEqual([response.status, await response.text()], [204, ""]);
  deepStrictEqual(
    ["Samples", "Histograms", "Exemplars"].map((what) =>
      response.headers.get(`X-Prometheus-Remote-Write-${what}-Written`)
    ),
    ["2", "0", "0"],
  );
  deepStrictEqual(storage.samples.map(({ value }) => value), [1, 2]);
});

Deno.test("a remote write that is refused says why in plain text", async () => {
  const { handler } = worldOf();
  const garbage = await handler(request("POST", "/api/v1/write", { body: Uint8Array.of(255) }), INFO);
  deepStrictEqual([garbage.status, await garbage.text()], [400, "snappy: corrupt input\n"]);
  strictEqual(garbage.headers.get("X-Prometheus-Remote-Write-Samples-Written"), "0");
  const typed = await handler(
    request("POST", "/api/v1/write", { body: writeBody(1), headers: { "Content-Type": "text/plain" } }),
    INFO,
  );
  strictEqual(typed.status, 415);
  const off = worldOf(withOptions({ enableRemoteWriteReceiver: false }));
  const closed = await off.handler(request("POST", "/api/v1/write", { body: writeBody(1) }), INFO);
  deepStrictEqual(
    [closed.status, await closed.text()],
    [404, "remote write receiver needs to be enabled with --web.enable-remote-write-receiver\n"],
  );
});

Deno.test("a body beyond its limit is refused while it is read", async () => {
  const { handler } = worldOf();
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(1 << 20)),
  });
  const form = request("POST", "/api/v1/query", {
    body: endless,
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
  });
  const response = await handler(form, INFO);
  strictEqual(response.status, 400);
  strictEqual(JSON.parse(await response.text()).error, "error parsing form values: http: POST too large");
});

Deno.test("federation writes the latest samples with times and external labels, stale ones left out", async () => {
  const { source, get } = worldOf();
  const column = (...values: number[]) => Float64Array.from(values);
  const stale = column(1, 0);
  setStale(wordsOf(stale), 1);
  const late = absentColumn(2);
  late[0] = 1e6;
  source.groups = [{
    tMs: Float64Array.of(1000, 2000),
    series: [
      labelsFromRecord({ __name__: "up", job: "a", instance: "i" }),
      labelsFromRecord({ __name__: "up", job: "gone" }),
      labelsFromRecord({ __name__: "a.b", region: 'x"y' }),
      labelsFromRecord({ job: "nameless" }),
    ],
    columns: [column(1, 0.5), stale, late, column(1, 1)],
    gaps: [false, true, true, false],
  }];
  const path = `/federate?match[]=up&match[]=${encodeURIComponent('{__name__="a.b"}')}`;
  const response = await get(path);
  strictEqual(
    response.headers.get("Content-Type"),
    "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
  );
  strictEqual(
    await response.text(),
    '# TYPE a_b untyped\na_b{region="x\\"y",instance=""} 1e+06 1000\n' +
      '# TYPE up untyped\nup{instance="i",job="a",region="eu"} 0.5 2000\n',
  );
  assert.match(
    await (await get(path, { Accept: "text/plain;version=1.0.0;escaping=allow-utf-8" })).text(),
    /^# TYPE "a\.b" untyped\n\{"a\.b",region="x\\"y",instance=""\} 1e\+06 1000\n/,
  );
  strictEqual(await (await get("/federate")).text(), "");
  const bad = await get("/federate?match[]=up{");
  strictEqual(bad.status, 400);
});

Deno.test("/metrics shows the server's own metrics, its requests and queries among them", async () => {
  const { get } = worldOf();
  await get("/api/v1/query?query=up");
  await get("/api/v1/query?query=up&time=x");
  const text = await (await get("/metrics")).text();
  for (
    const line of [
      'prometheus_http_requests_total{code="200",handler="/api/v1/query"} 1',
      'prometheus_http_requests_total{code="400",handler="/api/v1/query"} 1',
      'prometheus_http_request_duration_seconds_bucket{handler="/api/v1/query",le="0.1"} 2',
      'prometheus_engine_query_duration_seconds{slice="inner_eval",quantile="0.9"} 0.0015',
      "prometheus_engine_query_samples_total 12",
      "prometheus_engine_queries 0",
      'prometheus_build_info{branch="main",goversion="deno 2.9.6",revision="abc",version="0.1.0"} 1',
      "prometheus_ready 1",
      "prometheus_config_last_reload_successful 1",
      "prometheus_config_last_reload_success_timestamp_seconds 1.699999e+09",
      'prometheus_tsdb_head_samples_appended_total{type="float"} 1e+06',
      "prometheus_tsdb_head_series 42",
      'prometheus_tsdb_out_of_order_samples_total{type="float"} 3',
      "prometheus_tsdb_retention_limit_seconds 1.296e+06",
      "prometheus_tsdb_time_retentions_total 2",
      "prometheus_tsdb_size_retentions_total 1",
      "narthex_store_used_bytes 8192",
      'prometheus_target_interval_length_seconds{interval="15s",quantile="0.5"} 15',
      'prometheus_target_scrape_pool_targets{scrape_job="node"} 2',
      'prometheus_sd_discovered_targets{config="node",name="scrape"} 2',
      "prometheus_engine_queries_concurrent_max 20",
      'narthex_actor_restarts_total{kind="target"} 1',
      "narthex_journal_failures_total 2",
      "narthex_page_cache_hits_total 10",
      "narthex_event_loop_stall_max_seconds 0.012",
      'narthex_event_loop_stall_seconds_bucket{le="0.05"} 7',
      'narthex_event_loop_stall_seconds_bucket{le="+Inf"} 8',
      "narthex_event_loop_stall_seconds_sum 0.03",
    ]
  ) {
    assert.ok(text.includes(`\n${line}\n`), `${line} is not in\n${text}`);
  }
  assert.ok(!text.includes("prometheus_tsdb_head_min_time_seconds"), "an empty head has no least time");
  const open = await get("/metrics", { Accept: "application/openmetrics-text;version=1.0.0" });
  assert.ok((await open.text()).endsWith("# EOF\n"));
});

Deno.test("/metrics answers while the server starts, with what is known by then", async () => {
  const { get } = worldOf((deps) => ({
    ...deps,
    readiness: () => "starting",
    selfSnapshot: () => Promise.reject(failure("unavailable", "storage is not open yet")),
  }));
  const response = await get("/metrics");
  strictEqual(response.status, 200);
  const text = await response.text();
  assert.ok(text.includes("\nprometheus_ready 0\n"));
  assert.ok(!text.includes("prometheus_tsdb_head_series"));
});

Deno.test("/metrics says so when the server cannot tell about itself", async () => {
  const { get } = worldOf((deps) => ({
    ...deps,
    selfSnapshot: () => Promise.reject(new Error("no answer")),
  }));
  const response = await get("/metrics");
  deepStrictEqual([response.status, await response.text()], [500, "no answer\n"]);
});

Deno.test("the admin API is off unless switched on", async () => {
  const answerOf = async (enableAdminApi: boolean, path: string) => {
    const { handler } = worldOf(withOptions({ enableAdminApi }));
    const response = await handler(request("POST", `/api/v1/admin/tsdb/${path}`), INFO);
    return [response.status, await response.text()];
  };
  const off = '{"status":"error","errorType":"unavailable","error":"admin APIs disabled"}';
  for (const path of ["snapshot", "clean_tombstones", "delete_series?match[]=up"]) {
    deepStrictEqual(await answerOf(false, path), [500, off]);
  }
  deepStrictEqual(await answerOf(true, "clean_tombstones"), [204, ""]);
  deepStrictEqual(await answerOf(true, "delete_series?match[]=up&start=1"), [204, ""]);
  deepStrictEqual(await answerOf(true, "snapshot?skip_head=true"), [
    200,
    '{"status":"success","data":{"name":"without head"}}',
  ]);
});

Deno.test("sealed pages are told as blocks", async () => {
  const { get } = worldOf();
  const response = await get("/api/v1/status/tsdb/blocks");
  deepStrictEqual(JSON.parse(await response.text()).data.blocks, [{
    ulid: "00000000000000000000000007",
    minTime: 1_000,
    maxTime: 2_000,
    stats: { numSamples: 12, numSeries: 3, numChunks: 2, numBytes: 99 },
    compaction: { level: 2, sources: ["00000000000000000000000007"] },
    version: 1,
  }]);
});
