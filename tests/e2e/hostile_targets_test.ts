import assert from "node:assert/strict";
import { CHURN_SERIES, startHostileServer } from "./hostile_server.ts";
import { eventually, freePort, query, type Started, startNarthex } from "./processes.ts";

const INTERVAL_MS = 1_000;
const TIMEOUT_MS = 900;
/** Turns of the good target that must follow each other without a gap, with all the others beside it. */
const TURNS = 15;
/** A target of nothing but new series: each turn takes a good part of a core for a second. */
const CHURN_INTERVAL_MS = 2_000;
const CHURN_TURNS = 5;
/**
 * Of the server, with every target at its worst: what it needs anyway, the bodies in flight up to what they may hold
 * together, and as much again that the collector has not seen to yet.
 */
const RESIDENT_BYTES_MAX = 1024 ** 3;

interface Bad {
  readonly path: string;
  /** What the targets page says. */
  readonly error: RegExp;
  /** Its own job's limits. */
  readonly limits?: string;
}

/** By what is met first: the time, a body's limit, or what large bodies may hold together. */
const ENDLESS = /context deadline exceeded|body size limit exceeded|no room for a body of more than/;

const BAD: readonly Bad[] = [
  { path: "hangs", error: /context deadline exceeded/ },
  { path: "hangsMidBody", error: /context deadline exceeded/ },
  { path: "streams", error: ENDLESS },
  { path: "drips", error: /context deadline exceeded/ },
  { path: "headers", error: /response headers exceeded/ },
  { path: "garbage", error: /line 1: |^expected|invalid/ },
  { path: "garbageHttp", error: /malformed HTTP response|headers exceeded/ },
  { path: "huge", error: /body size limit exceeded/ },
  { path: "hugeChunked", error: ENDLESS },
  { path: "hugeUnannounced", error: ENDLESS },
  { path: "hugeLine", error: /line 1: / },
  { path: "utf8", error: /line 2: .*UTF-8/ },
  { path: "closes", error: /unexpected EOF/ },
  { path: "closesInChunk", error: /unexpected EOF/ },
  { path: "closesAtOnce", error: /EOF/ },
  { path: "fails", error: /^server returned HTTP status 500 Internal Server Error$/ },
  { path: "json", error: /unsupported Content-Type "application\/json"/ },
  { path: "redirects", error: /stopped after 10 redirects/ },
  { path: "bomb", error: ENDLESS },
  { path: "brokenGzip", error: /unexpected EOF/ },
  { path: "many/body", error: /body size limit exceeded/, limits: "body_size_limit: 1KB" },
  { path: "many/samples", error: /sample limit exceeded/, limits: "sample_limit: 20" },
  { path: "labels", error: /label_limit exceeded/, limits: "label_limit: 6" },
  { path: "bomb/limited", error: /body size limit exceeded/, limits: "body_size_limit: 1MB" },
];

Deno.test("whatever targets do, the good one beside them is scraped each interval, and the page says what is wrong", async () => {
  const directory = await Deno.makeTempDir();
  try {
    await using hostile = await startHostileServer();
    const closedPort = freePort();
    const configPath = `${directory}/prometheus.yml`;
    await Deno.writeTextFile(configPath, configOf(hostile.port, closedPort));
    await using narthex = await startNarthex({ dataPath: `${directory}/data`, configPath });
    const watch = watchMemory(narthex.pid);
    await eventually(
      "turns of the good target",
      () => query(narthex, "turn"),
      (series) => Number(series[0]?.value?.[1] ?? 0) >= TURNS,
      4 * TURNS * INTERVAL_MS,
    );
    await eventually(
      "every target scraped",
      () => query(narthex, "count(up)"),
      (series) => Number(series[0]?.value?.[1]) === BAD.length + 3,
    );
    await noGap(narthex);
    await healthOfEach(narthex);
    await pageOfEach(narthex);
    await nothingOfTheBad(narthex);
    const residentBytes = watch.stop();
    console.log(
      `resident at most ${(residentBytes / 2 ** 20).toFixed(0)} MiB, ` +
        `longest stall of the event loop ${await stallMs(narthex)} ms`,
    );
    assert.ok(residentBytes <= RESIDENT_BYTES_MAX, `${residentBytes} bytes were resident`);
    assert.doesNotMatch(narthex.log(), /level=ERROR|panic|Uncaught/i);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a target whose every scrape brings 60,000 new series costs the good one beside it no scrape", async () => {
  const directory = await Deno.makeTempDir();
  try {
    await using hostile = await startHostileServer();
    const configPath = `${directory}/prometheus.yml`;
    const target = (path: string) =>
      `      - targets: ["127.0.0.1:${hostile.port}"]\n        labels: { instance: ${path}, __metrics_path__: /${path} }\n`;
    await Deno.writeTextFile(
      configPath,
      `global:\n  scrape_interval: ${INTERVAL_MS}ms\n  scrape_timeout: ${TIMEOUT_MS}ms\nscrape_configs:\n` +
        `  - job_name: good\n    static_configs:\n${target("good")}` +
        `  - job_name: churns\n    scrape_interval: ${CHURN_INTERVAL_MS}ms\n    static_configs:\n${
          target("churns")
        }`,
    );
    await using narthex = await startNarthex({ dataPath: `${directory}/data`, configPath });
    const watch = watchMemory(narthex.pid);
    await eventually(
      "scrapes of the target that churns",
      () => query(narthex, `count_over_time(up{instance="churns"}[5m])`),
      (series) => Number(series[0]?.value?.[1] ?? 0) >= CHURN_TURNS,
      10 * CHURN_TURNS * CHURN_INTERVAL_MS,
    );
    await noGap(narthex);
    // A scrape whose `up` is there is there as a whole.
    const counts = await query(narthex, 'count_over_time(churn{i=~"[0-9]+_(0|59999)"}[5m])');
    assert.ok(counts.length >= 2 * CHURN_TURNS, `${counts.length} series, the first and last of each turn`);
    const samples = await query(narthex, 'min_over_time(scrape_samples_scraped{instance="churns"}[5m])');
    assert.equal(Number(samples[0]!.value![1]), CHURN_SERIES);
    const residentBytes = watch.stop();
    console.log(
      `resident at most ${(residentBytes / 2 ** 20).toFixed(0)} MiB, ` +
        `longest stall of the event loop ${await stallMs(narthex)} ms`,
    );
    assert.ok(residentBytes <= RESIDENT_BYTES_MAX, `${residentBytes} bytes were resident`);
    assert.doesNotMatch(narthex.log(), /level=ERROR|panic|Uncaught/i);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

function configOf(port: number, closedPort: number): string {
  const target = (path: string, at = port) =>
    `      - targets: ["127.0.0.1:${at}"]\n        labels: { instance: ${path}, __metrics_path__: /${path} }\n`;
  const limited = BAD.filter(({ limits }) => limits !== undefined).map(({ path, limits }) =>
    `  - job_name: ${path}\n    ${limits}\n    static_configs:\n${target(path)}`
  );
  return `global:\n  scrape_interval: ${INTERVAL_MS}ms\n  scrape_timeout: ${TIMEOUT_MS}ms\nscrape_configs:\n` +
    `  - job_name: all\n    static_configs:\n` +
    ["good", "duplicates", ...BAD.filter(({ limits }) => limits === undefined).map(({ path }) => path)]
      .map((path) => target(path)).join("") +
    target("closed", closedPort) + limited.join("");
}

async function noGap(narthex: Started): Promise<void> {
  const [series] = await query(narthex, "turn[5m]");
  const values = series!.values!;
  for (let i = 1; i < values.length; i++) {
    const [beforeS, before] = values[i - 1]!;
    const [tS, turn] = values[i]!;
    assert.equal(Number(turn), Number(before) + 1, `each turn of the good target is kept, at ${tS}`);
    const offMs = Math.abs((tS - beforeS) * 1000 - INTERVAL_MS);
    assert.ok(offMs < INTERVAL_MS / 2, `turn ${turn} came ${offMs} ms off its time`);
  }
  const [up] = await query(narthex, 'min_over_time(up{instance="good"}[5m])');
  assert.equal(up!.value![1], "1");
}

async function healthOfEach(narthex: Started): Promise<void> {
  const up = new Map(
    (await query(narthex, "max_over_time(up[5m])")).map((
      { metric, value },
    ) => [metric["instance"], value![1]]),
  );
  const expected = new Map([...BAD.map(({ path }) => [path, "0"] as const), ["closed", "0"], ["good", "1"], [
    "duplicates",
    "1",
  ]]);
  assert.deepEqual(new Map([...up].sort()), new Map([...expected].sort()));
}

interface ApiTarget {
  readonly labels: Readonly<Record<string, string>>;
  readonly health: string;
  readonly lastError: string;
}

async function pageOfEach(narthex: Started): Promise<void> {
  const answer = await (await fetch(`${narthex.url}/api/v1/targets?state=active`)).json();
  const targets = new Map((answer.data.activeTargets as readonly ApiTarget[]).map((target) => [
    target.labels["instance"],
    target,
  ]));
  for (const { path, error } of [...BAD, { path: "closed", error: /connect: connection refused/ }]) {
    const target = targets.get(path)!;
    assert.match(target.lastError, error, path);
    assert.equal(target.health, "down", path);
  }
  for (const path of ["good", "duplicates"]) {
    const { health, lastError } = targets.get(path)!;
    assert.deepEqual({ path, health, lastError }, { path, health: "up", lastError: "" });
  }
}

/** A scrape that fails leaves no sample; of a series that comes twice the first is kept, and the second counted. */
async function nothingOfTheBad(narthex: Started): Promise<void> {
  const names = await query(narthex, 'count by (__name__) (last_over_time({job!=""}[5m]))');
  const expected = new Set([
    "once",
    "scrape_duration_seconds",
    "scrape_samples_post_metric_relabeling",
    "scrape_samples_scraped",
    "scrape_series_added",
    "turn",
    "twice",
    "up",
  ]);
  assert.deepEqual(new Set(names.map(({ metric }) => metric["__name__"])), expected);
  const twice = await query(narthex, "min_over_time(twice[5m]) > 0");
  assert.equal(twice.length, 1, "the first of two values is kept");
  const counted = await metric(narthex, "prometheus_target_scrapes_sample_duplicate_timestamp_total");
  assert.ok(counted > TURNS / 2, `duplicates are counted, got ${counted}`);
}

async function metric(narthex: Started, name: string): Promise<number> {
  const text = await (await fetch(`${narthex.url}/metrics`)).text();
  const line = text.split("\n").find((each) => each.startsWith(`${name} `));
  assert.ok(line !== undefined, `/metrics has ${name}`);
  return Number(line.slice(name.length));
}

async function stallMs(narthex: Started): Promise<number> {
  return Math.round(1000 * await metric(narthex, "narthex_event_loop_stall_max_seconds"));
}

/** The kernel keeps the highest resident size itself. */
function watchMemory(pid: number): { stop(): number } {
  return {
    stop() {
      const status = Deno.readTextFileSync(`/proc/${pid}/status`);
      return 1024 * Number(/^VmHWM:\s+([0-9]+) kB$/m.exec(status)![1]);
    },
  };
}
