import assert from "node:assert/strict";
import { createRng } from "../../lib/core/rng.ts";
import { encodeSnappy } from "../../lib/remote/snappy_block.ts";
import {
  encodeWriteRequest,
  WRITE_REQUEST_CONTENT_TYPE,
  WRITE_REQUEST_VERSION,
  type WriteSeries,
} from "../../lib/remote/write_request.ts";
import { metricHistory, SPAN_MS, STEP_MS } from "./metric_history.ts";
import { hasPeer, type Started, startNarthex, startPrometheus } from "./processes.ts";
import { BAD_REQUESTS, INSTANT, RANGE } from "./remote_write_queries.ts";

const SEED = 7;
/** Of two numbers, one of them Prometheus's: summed in another order they differ in their last bits. */
const RELATIVE_DIFFERENCE_MAX = 1e-12;
/** Samples of a series in one request, as a sender would: several requests, in order. */
const SAMPLES_PER_REQUEST = 60;
const STEPS_S = [15, 47, 300];
const RATE_WINDOW_MS_MAX = 61 * 60_000;

const missing = !hasPeer("prometheus");

Deno.test({
  name:
    "the same remote writes: the same answers as Prometheus to instant and range queries, and the same refusals" +
    (missing ? " (skipped: prometheus is not installed)" : ""),
  ignore: missing,
  async fn() {
    const directory = await Deno.makeTempDir();
    try {
      const configPath = `${directory}/prometheus.yml`;
      await Deno.writeTextFile(configPath, "global:\n  scrape_interval: 15s\n  evaluation_interval: 1m\n");
      const flags = ["--web.enable-remote-write-receiver"];
      await using prometheus = await startPrometheus({
        dataPath: `${directory}/prometheus`,
        configPath,
        flags,
      });
      const options = { dataPath: `${directory}/narthex`, configPath, flags };
      await using narthex = await startNarthex(options);
      const endMs = Math.floor(Date.now() / STEP_MS) * STEP_MS - STEP_MS;
      const startMs = endMs - SPAN_MS;
      const history = metricHistory(createRng(SEED), startMs);
      assert.ok(history.length > 150, `${history.length} series`);
      for (const server of [prometheus, narthex]) await load(server, history);
      await same({ theirs: prometheus, ours: narthex }, startMs, endMs, "as written");
      await narthex.kill("SIGKILL");
      await using restarted = await startNarthex(options);
      await same({ theirs: prometheus, ours: restarted }, startMs, endMs, "after kill -9 and a restart");
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});

async function same(pair: Pair, startMs: number, endMs: number, when: string): Promise<void> {
  const differences: string[] = [];
  const note = (what: string, difference: string | undefined) => {
    if (difference !== undefined) differences.push(`${what}: ${difference}`);
  };
  for (const expr of INSTANT) {
    for (const backMs of [0, 41 * 60_000]) {
      const params = { query: expr, time: String((endMs - backMs) / 1000) };
      note(`${expr} at -${backMs / 1000}s`, await compare(pair, "/api/v1/query", params, expr));
    }
  }
  for (const [i, expr] of RANGE.entries()) {
    const step = String(expr.includes(":") ? STEP_MS / 1000 : STEPS_S[i % STEPS_S.length]);
    // Version 2 extrapolates a counter otherwise where a window begins before its series.
    const fromMs = /rate\(|increase\(/.test(expr) ? startMs + RATE_WINDOW_MS_MAX : startMs;
    const params = { query: expr, start: String(fromMs / 1000), end: String(endMs / 1000), step };
    note(`${expr} step ${step}`, await compare(pair, "/api/v1/query_range", params, expr));
  }
  const range = { start: String(startMs / 1000), end: String(endMs / 1000) };
  for (const path of METADATA_PATHS) note(path, await compare(pair, path, range, ""));
  for (const path of BAD_REQUESTS) note(path, await compareRefusal(pair, path));
  assert.equal(differences.length, 0, `${when}, ${differences.length} differ:\n${differences.join("\n")}`);
}

const METADATA_PATHS = [
  "/api/v1/labels",
  "/api/v1/label/__name__/values",
  "/api/v1/label/instance/values",
  "/api/v1/label/nothing/values",
  "/api/v1/label/queue/values",
  `/api/v1/labels?match[]=${encodeURIComponent('{job="api"}')}`,
  `/api/v1/label/code/values?match[]=${encodeURIComponent('requests_total{instance=~"a.*"}')}`,
  `/api/v1/series?match[]=${encodeURIComponent('{job=~".+"}')}`,
  `/api/v1/series?match[]=up&match[]=${encodeURIComponent('{__name__=~"disk.*",device="sda"}')}`,
];

interface Pair {
  readonly theirs: Started;
  readonly ours: Started;
}

async function load(server: Started, history: readonly WriteSeries[]): Promise<void> {
  const samplesMax = Math.max(...history.map(({ tMs }) => tMs.length));
  for (let from = 0; from < samplesMax; from += SAMPLES_PER_REQUEST) {
    const part = history.flatMap(({ labels, tMs, values }) => {
      const end = Math.min(tMs.length, from + SAMPLES_PER_REQUEST);
      return end <= from ? [] : [{ labels, tMs: tMs.slice(from, end), values: values.slice(from, end) }];
    });
    const response = await fetch(`${server.url}/api/v1/write`, {
      method: "POST",
      body: encodeSnappy(encodeWriteRequest(part)),
      headers: {
        "content-encoding": "snappy",
        "content-type": WRITE_REQUEST_CONTENT_TYPE,
        "x-prometheus-remote-write-version": WRITE_REQUEST_VERSION,
      },
    });
    assert.equal(response.status, 204, await response.text());
  }
}

interface ApiAnswer {
  readonly status: string;
  readonly errorType?: string;
  readonly error?: string;
  readonly data?: unknown;
}

async function ask(
  server: Started,
  path: string,
): Promise<{ readonly status: number; readonly body: string }> {
  const response = await fetch(server.url + path);
  return { status: response.status, body: await response.text() };
}

async function compare(
  { theirs, ours }: Pair,
  path: string,
  params: Readonly<Record<string, string>>,
  expr: string,
): Promise<string | undefined> {
  const url = `${path}${path.includes("?") ? "&" : "?"}${new URLSearchParams(params)}`;
  const [expected, got] = await Promise.all([ask(theirs, url), ask(ours, url)]);
  if (expected.status !== 200) return `Prometheus answers ${expected.status} ${expected.body}`;
  if (got.status !== 200) return `${got.status} ${got.body}`;
  const isSorted = expr.startsWith("sort") || expr.startsWith("topk") || expr.startsWith("bottomk");
  const isOrdered = isSorted && path.endsWith("/query");
  return difference(
    normalized((JSON.parse(expected.body) as ApiAnswer).data, isOrdered),
    normalized((JSON.parse(got.body) as ApiAnswer).data, isOrdered),
    "data",
  );
}

/** Order counts only where the query asks for one. */
function normalized(data: unknown, isOrdered: boolean): unknown {
  const sorted = sortedKeys(data);
  if (Array.isArray(sorted)) return [...sorted].sort(byText);
  if (typeof sorted !== "object" || sorted === null || !("result" in sorted)) return sorted;
  const { result } = sorted;
  if (!Array.isArray(result) || isOrdered || typeof result[0] !== "object") return sorted;
  return { ...sorted, result: [...result].sort(byMetric) };
}

function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map((
      [key, inner],
    ) => [key, sortedKeys(inner)]),
  );
}

function byText(a: unknown, b: unknown): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}

function byMetric(a: { readonly metric: unknown }, b: { readonly metric: unknown }): number {
  return byText(a.metric, b.metric);
}

/** Where two answers part, or undefined. Numbers in text are compared as numbers. */
function difference(expected: unknown, got: unknown, at: string): string | undefined {
  if (Array.isArray(expected) && Array.isArray(got)) {
    if (expected.length !== got.length) {
      return `${at} has ${got.length} entries, expected ${expected.length}: ${short(got)} / ${
        short(expected)
      }`;
    }
    for (const [i, each] of expected.entries()) {
      const found = difference(each, got[i], `${at}[${i}]`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (isObject(expected) && isObject(got)) {
    return difference(Object.entries(expected), Object.entries(got), at);
  }
  if (expected === got || sameNumber(expected, got)) return undefined;
  return `${at} is ${JSON.stringify(got)}, expected ${JSON.stringify(expected)}`;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function short(value: unknown): string {
  return JSON.stringify(value).slice(0, 300);
}

const NUMBER = /^[+-]?(?:[0-9.]+(?:e[+-]?[0-9]+)?)$/;

function sameNumber(expected: unknown, got: unknown): boolean {
  if (typeof expected !== "string" || typeof got !== "string") return false;
  if (!NUMBER.test(expected) || !NUMBER.test(got)) return false;
  const a = Number(expected);
  const b = Number(got);
  return a === b || Math.abs(a - b) <= RELATIVE_DIFFERENCE_MAX * Math.max(Math.abs(a), Math.abs(b));
}

async function compareRefusal({ theirs, ours }: Pair, path: string): Promise<string | undefined> {
  const [expected, got] = await Promise.all([ask(theirs, path), ask(ours, path)]);
  const wanted = refusalOf(expected);
  const found = refusalOf(got);
  return JSON.stringify(wanted) === JSON.stringify(found)
    ? undefined
    : `${JSON.stringify(found)} ${got.body.slice(0, 200)}, expected ${JSON.stringify(wanted)} ${
      expected.body.slice(0, 200)
    }`;
}

function refusalOf({ status, body }: { readonly status: number; readonly body: string }): unknown {
  if (!body.startsWith("{")) return { status };
  const { status: word, errorType } = JSON.parse(body) as ApiAnswer;
  return { status, word, errorType };
}
