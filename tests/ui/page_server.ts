/** A small server of the page and of an API with fixed answers, for tests in a browser. */
import { readUiFile } from "../../lib/sys/ui_files.ts";
import { RULES_ANSWERS } from "./page_rules.ts";

export interface PageServer {
  readonly url: string;
  /** Expressions that the page asked for, in order. */
  readonly queries: string[];
  close(): Promise<void>;
}

function envelope(data: unknown): Response {
  return Response.json({ status: "success", data });
}

function refusal(error: string): Response {
  return Response.json({ status: "error", errorType: "bad_data", error }, { status: 400 });
}

const TARGET = {
  scrapePool: "host",
  scrapeUrl: "http://127.0.0.1:9100/metrics",
  globalUrl: "http://127.0.0.1:9100/metrics",
  lastError: "",
  lastScrape: "2026-01-01T00:00:00Z",
  lastScrapeDuration: 0.004,
  health: "up",
  scrapeInterval: "5s",
  scrapeTimeout: "5s",
  labels: { instance: "127.0.0.1:9100", job: "host" },
  discoveredLabels: { __address__: "127.0.0.1:9100", job: "host" },
};

const STATUS: Readonly<Record<string, unknown>> = {
  ...RULES_ANSWERS,
  "status/buildinfo": { version: "9.9.9", revision: "abc", goVersion: "deno 2" },
  "status/runtimeinfo": {
    startTime: "2026-01-01T00:00:00Z",
    reloadConfigSuccess: true,
    storageRetention: "15d",
  },
  "status/config": { yaml: "global:\n  scrape_interval: 5s\n" },
  "status/flags": { "config.file": "prometheus.yml", "web.enable-lifecycle": "false" },
  "status/tsdb": {
    headStats: { numSeries: 1234, numLabelPairs: 56, chunkCount: 78, minTime: 1e12, maxTime: 2e12 },
    seriesCountByMetricName: [{ name: "node_cpu_seconds_total", value: 16 }],
  },
  targets: {
    activeTargets: [TARGET, {
      ...TARGET,
      scrapeUrl: "http://127.0.0.1:1/metrics",
      globalUrl: "http://127.0.0.1:1/metrics",
      labels: { instance: "127.0.0.1:1", job: "host" },
      health: "down",
      lastError: "connection refused <b>by the peer</b>",
    }],
    droppedTargets: [],
  },
  labels: ["__name__", "instance"],
  "label/__name__/values": ["up"],
  metadata: {},
};

function answer(path: string, parameters: URLSearchParams): Response {
  const query = parameters.get("query") ?? "";
  if (query.includes("(((")) {
    return refusal('invalid parameter "query": 1:4: parse error: unclosed left parenthesis');
  }
  if (path === "query") {
    const value = [1, "0.25"];
    return Response.json({
      status: "success",
      data: { resultType: "vector", result: [{ metric: { __name__: "up", job: "host" }, value }] },
      warnings: query === "warned" ? ["PromQL warning: mind this"] : [],
    });
  }
  if (path === "query_range") {
    const [start, end, step] = ["start", "end", "step"].map((name) => Number(parameters.get(name)));
    const points: [number, string][] = [];
    for (let t = start!; t <= end!; t += step!) points.push([t, String(2 + Math.sin(t / 30))]);
    const result = ["user", "system"].map((mode) => ({ metric: { mode }, values: points }));
    return envelope({ resultType: "matrix", result });
  }
  return path in STATUS ? envelope(STATUS[path]) : refusal(`no ${path} here`);
}

/** `prefix` is "" or such as "/prom". */
export function startPageServer(prefix: string): PageServer {
  const queries: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (!pathname.startsWith(prefix)) return new Response("outside the prefix", { status: 404 });
    const path = pathname.slice(prefix.length);
    if (path.startsWith("/api/v1/")) {
      const parameters = request.method === "POST" ? new URLSearchParams(await request.text()) : searchParams;
      const query = parameters.get("query");
      if (query !== null) queries.push(query);
      return answer(path.slice("/api/v1/".length), parameters);
    }
    const asset = await readUiFile(path);
    if (asset !== undefined && !asset.contentType.startsWith("text/html")) {
      return new Response(asset.body, { headers: { "content-type": asset.contentType } });
    }
    const html = new TextDecoder().decode((await readUiFile("index.html"))!.body)
      .replaceAll("PATH_PREFIX_PLACEHOLDER", prefix).replaceAll("TITLE_PLACEHOLDER", "Narthex");
    return new Response(html, { headers: { "content-type": "text/html; charset=utf-8" } });
  });
  return { url: `http://127.0.0.1:${server.addr.port}${prefix}`, queries, close: () => server.shutdown() };
}
