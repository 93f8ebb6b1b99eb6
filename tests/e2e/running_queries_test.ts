/** What users see of queries that run: over real sockets, in a real process. */
import assert from "node:assert/strict";
import { eventually, pause, query, type Started, startNarthex } from "./processes.ts";

/** Half a minute of work on a fast machine: the quantiles of an hour's window at each of 11,000 steps, many times. */
const HEAVY = Array.from({ length: 99 }, (_, i) => `quantile_over_time(0.${i + 1}, vector(time())[1h:1s])`)
  .join(" + ");
/** What a query that was cancelled may go on for, on a slow machine. */
const CANCELLED_MS_MAX = 3_000;

function heavyPath(): string {
  return `/api/v1/query_range?${new URLSearchParams({ query: HEAVY, start: "0", end: "10999", step: "1" })}`;
}

async function runningQueries({ url }: Started): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(/^prometheus_engine_queries (\d+)$/m.exec(metrics)?.[1]);
}

async function inDirectory(test: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await test(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function configIn(directory: string, global = ""): Promise<string> {
  const path = `${directory}/prometheus.yml`;
  await Deno.writeTextFile(path, `global:\n  scrape_interval: 1m\n${global}scrape_configs: []\n`);
  return path;
}

Deno.test("a query ends when its client goes away, one that runs and one that waits", () =>
  inDirectory(async (directory) => {
    await using narthex = await startNarthex({
      dataPath: `${directory}/data`,
      configPath: await configIn(directory),
      flags: ["--query.max-concurrency=1"],
    });
    const client = new AbortController();
    const gone = [1, 2].map(() =>
      assert.rejects(fetch(narthex.url + heavyPath(), { signal: client.signal }), { name: "AbortError" })
    );
    await eventually("both are there", () => runningQueries(narthex), (count) => count === 2);
    await pause(500);
    assert.equal(await runningQueries(narthex), 2, "they take longer than that");
    client.abort();
    await Promise.all(gone);
    await eventually("none is left", () => runningQueries(narthex), (count) => count === 0, CANCELLED_MS_MAX);
    const metrics = await (await fetch(`${narthex.url}/metrics`)).text();
    assert.match(
      metrics,
      /^prometheus_http_requests_total\{code="499",handler="\/api\/v1\/query_range"\} 2$/m,
      "neither has finished",
    );
    assert.deepEqual((await query(narthex, "1 + 1"))[0]!.value![1], "2", "the only slot is free");
  }));

Deno.test("queries that a kill has ended are named by the next start, and by no later one", () =>
  inDirectory(async (directory) => {
    const options = { dataPath: `${directory}/data`, configPath: await configIn(directory) };
    {
      await using narthex = await startNarthex(options);
      const lost = assert.rejects(fetch(narthex.url + heavyPath()));
      await eventually("it runs", () => runningQueries(narthex), (count) => count === 1);
      await pause(1_500); // what is younger than a moment is not known to the next start
      await narthex.kill("SIGKILL");
      await lost;
    }
    const unfinished = /These queries didn't finish in prometheus' last run:.*component=activeQueryTracker.*/;
    {
      await using narthex = await startNarthex(options);
      const line = await eventually(
        "the log line",
        () => Promise.resolve(unfinished.exec(narthex.log())?.[0] ?? ""),
        (found) => found !== "",
      );
      assert.ok(line.includes("quantile_over_time(0.1, vector(time())[1h:1s])"), line);
      assert.ok(line.includes("timestamp_sec"), line);
      await narthex.kill("SIGTERM");
    }
    await using narthex = await startNarthex(options);
    await query(narthex, "1");
    assert.doesNotMatch(narthex.log(), unfinished);
  }));

Deno.test("the query log is a line a query, in a file that a reload opens anew", () =>
  inDirectory(async (directory) => {
    const configPath = await configIn(directory, "  query_log_file: query.log\n");
    await using narthex = await startNarthex({
      dataPath: `${directory}/data`,
      configPath,
      flags: ["--web.enable-lifecycle"],
    });
    const logged = async (name: string) => {
      const text = await Deno.readTextFile(`${directory}/${name}`);
      return text.split("\n").slice(0, -1).map((line) => JSON.parse(line));
    };
    await query(narthex, "1 + 1", 1_700_000_000);
    const [line] = await eventually("a line", () => logged("query.log"), ({ length }) => length === 1);
    assert.deepEqual(line.params, {
      end: "2023-11-14T22:13:20.000Z",
      query: "1 + 1",
      start: "2023-11-14T22:13:20.000Z",
      step: 0,
    });
    assert.deepEqual(line.httpRequest, { clientIP: "127.0.0.1", method: "GET", path: "/api/v1/query" });
    assert.ok(line.stats.timings.execTotalTime > 0);
    const reload = async () => await (await fetch(`${narthex.url}/-/reload`, { method: "POST" })).text();
    await Deno.rename(`${directory}/query.log`, `${directory}/query.log.1`);
    assert.equal(await reload(), "");
    await query(narthex, "2 + 2");
    await eventually("a line in the new file", () => logged("query.log"), ({ length }) => length === 1);
    assert.equal((await logged("query.log.1")).length, 1);
    await configIn(directory, "  query_log_file: nowhere/query.log\n");
    assert.match(await reload(), /Cannot write the query log: open .*nowhere\/query\.log/);
    await configIn(directory);
    assert.equal(await reload(), "");
    await query(narthex, "3 + 3");
    const metrics = await (await fetch(`${narthex.url}/metrics`)).text();
    assert.match(metrics, /^prometheus_engine_query_log_enabled 0$/m);
    assert.equal((await logged("query.log")).length, 1);
  }));
