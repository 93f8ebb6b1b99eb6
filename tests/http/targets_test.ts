import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { HttpDeps, TargetView } from "../../lib/http/deps.ts";
import { globalUrlOf } from "../../lib/http/global_url.ts";
import { labelsFromRecord } from "../../lib/model/labels.ts";
import type { MetricMetadata } from "../../lib/model/metadata.ts";
import { worldOf } from "./fixtures.ts";

function target(pool: string, more: Partial<TargetView> = {}): TargetView {
  return {
    discoveredLabels: labelsFromRecord({ __address__: "localhost:9100" }),
    labels: labelsFromRecord({ instance: "localhost:9100", job: pool }),
    scrapePool: pool,
    scrapeUrl: "http://localhost:9100/metrics",
    lastError: "",
    lastScrapeMs: 1_700_000_000_500,
    lastScrapeDurationMs: 12.5,
    health: "up",
    scrapeIntervalMs: 15_000,
    scrapeTimeoutMs: 10_000,
    ...more,
  };
}

function withTargets(deps: HttpDeps): HttpDeps {
  return {
    ...deps,
    targets: () =>
      Promise.resolve({
        active: [
          target("node"),
          target("api", { health: "down", lastError: 'server returned "500"', lastScrapeMs: undefined }),
        ],
        dropped: [{ discoveredLabels: labelsFromRecord({ __address__: "x" }), scrapePool: "node" }],
        droppedCounts: new Map([["node", 3], ["api", 0]]),
      }),
  };
}

Deno.test("targets are listed by pool with Prometheus's fields", async () => {
  const { json } = worldOf(withTargets);
  const node =
    '{"discoveredLabels":{"__address__":"localhost:9100"},"labels":{"instance":"localhost:9100","job":"node"},' +
    '"scrapePool":"node","scrapeUrl":"http://localhost:9100/metrics","globalUrl":"http://prom.example.com:9100/metrics",' +
    '"lastError":"","lastScrape":"2023-11-14T22:13:20.5Z","lastScrapeDuration":0.0125,"health":"up",' +
    '"scrapeInterval":"15s","scrapeTimeout":"10s"}';
  strictEqual(
    await json("/api/v1/targets?scrapePool=node"),
    `{"status":"success","data":{"activeTargets":[${node}],"droppedTargets":[{"discoveredLabels":{"__address__":"x"},` +
      `"scrapePool":"node"}],"droppedTargetCounts":{"node":3}}}`,
  );
  const all = JSON.parse(await json("/api/v1/targets")).data;
  deepStrictEqual(all.activeTargets.map((one: { scrapePool: string }) => one.scrapePool), ["api", "node"]);
  deepStrictEqual(
    [all.activeTargets[0].lastError, all.activeTargets[0].lastScrape],
    ['server returned "500"', "0001-01-01T00:00:00Z"],
  );
  deepStrictEqual(all.droppedTargetCounts, { api: 0, node: 3 });
});

Deno.test("state chooses active or dropped targets", async () => {
  const { json } = worldOf(withTargets);
  const counts = async (state: string) => {
    const { data } = JSON.parse(await json(`/api/v1/targets?state=${state}`));
    return [data.activeTargets.length, data.droppedTargets.length];
  };
  deepStrictEqual(await counts("active"), [2, 0]);
  deepStrictEqual(await counts("DROPPED"), [0, 1]);
  deepStrictEqual(await counts("any"), [2, 1]);
});

Deno.test("a target on localhost is shown as others reach it", () => {
  const own = { listenAddress: "0.0.0.0:9090", externalUrl: "https://prom.example.com/base" };
  strictEqual(globalUrlOf("http://localhost:9090/metrics?a=b", own), "https://prom.example.com/metrics?a=b");
  strictEqual(globalUrlOf("http://127.0.0.1:9100/metrics", own), "http://prom.example.com:9100/metrics");
  strictEqual(globalUrlOf("http://10.0.0.1:9100/metrics", own), "http://10.0.0.1:9100/metrics");
});

function withMetadata(deps: HttpDeps): HttpDeps {
  const counter: MetricMetadata = { type: "counter", help: "Requests.", unit: "" };
  const gauge: MetricMetadata = { type: "gauge", help: "Other words.", unit: "bytes" };
  return {
    ...deps,
    targetMetadata: () =>
      Promise.resolve([
        { labels: labelsFromRecord({ job: "a" }), metrics: new Map([["x", counter], ["m", gauge]]) },
        { labels: labelsFromRecord({ job: "b" }), metrics: new Map([["x", counter], ["m", counter]]) },
      ]),
  };
}

Deno.test("metadata is one list a metric without repeats, within its limits", async () => {
  const { json } = worldOf(withMetadata);
  const counter = '{"type":"counter","help":"Requests.","unit":""}';
  const gauge = '{"type":"gauge","help":"Other words.","unit":"bytes"}';
  strictEqual(
    await json("/api/v1/metadata"),
    `{"status":"success","data":{"m":[${gauge},${counter}],"x":[${counter}]}}`,
  );
  strictEqual(
    await json("/api/v1/metadata?limit=1&limit_per_metric=1"),
    `{"status":"success","data":{"m":[${gauge}]}}`,
  );
  strictEqual(await json("/api/v1/metadata?metric=x"), `{"status":"success","data":{"x":[${counter}]}}`);
  strictEqual(JSON.parse(await json("/api/v1/metadata?limit=x")).error, "limit must be a number");
});

Deno.test("target metadata names the target, and the metric unless it was asked for", async () => {
  const { json } = worldOf(withMetadata);
  strictEqual(
    await json(`/api/v1/targets/metadata?match_target=${encodeURIComponent('{job="b"}')}&limit=1`),
    '{"status":"success","data":[{"target":{"job":"b"},"metric":"x","type":"counter","help":"Requests.","unit":""},' +
      '{"target":{"job":"b"},"metric":"m","type":"counter","help":"Requests.","unit":""}]}',
  );
  strictEqual(
    await json("/api/v1/targets/metadata?metric=m&limit=1"),
    '{"status":"success","data":[{"target":{"job":"a"},"type":"gauge","help":"Other words.","unit":"bytes"}]}',
  );
  strictEqual(
    JSON.parse(await json("/api/v1/targets/metadata?match_target=%7B")).error.startsWith(
      'invalid parameter "match_target": 1:',
    ),
    true,
  );
});

Deno.test("scrape pools are named, and shown as they are configured", async () => {
  const { json, get } = worldOf();
  strictEqual(await json("/api/v1/scrape_pools"), '{"status":"success","data":{"scrapePools":["a","b"]}}');
  strictEqual(
    await json("/api/v1/scrape_pools/config?scrapePool=a"),
    '{"status":"success","data":{"yaml":"job_name: a\\n"}}',
  );
  strictEqual((await get("/api/v1/scrape_pools/config?scrapePool=zz")).status, 404);
  strictEqual((await get("/api/v1/scrape_pools/config")).status, 400);
});
