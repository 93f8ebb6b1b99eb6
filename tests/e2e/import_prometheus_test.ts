import assert from "node:assert/strict";
import { createRng } from "../../lib/core/rng.ts";
import { formatLabels, type Labels, labelValue, METRIC_NAME } from "../../lib/model/labels.ts";
import { encodeSnappy } from "../../lib/remote/snappy_block.ts";
import {
  encodeWriteRequest,
  WRITE_REQUEST_CONTENT_TYPE,
  WRITE_REQUEST_VERSION,
  type WriteSeries,
} from "../../lib/remote/write_request.ts";
import { metricHistory, SPAN_MS, STEP_MS } from "./metric_history.ts";
import { eventually, hasPeer, pause, type Started, startNarthex, startPrometheus } from "./processes.ts";
import { runNarthex } from "./run_command.ts";

const missing = !hasPeer("prometheus") || !hasPeer("promtool");
const HOUR_MS = 3600_000;

Deno.test({
  name:
    "a Prometheus is moved over: every sample of its blocks and its head is there, and what was deleted is not" +
    (missing ? " (skipped: prometheus or promtool is not installed)" : ""),
  ignore: missing,
  async fn() {
    const directory = await Deno.makeTempDir();
    const theirs = `${directory}/prometheus`;
    const ours = `${directory}/narthex`;
    try {
      const configPath = `${directory}/prometheus.yml`;
      const nowMs = Math.floor(Date.now() / STEP_MS) * STEP_MS - STEP_MS;
      const oldMs = nowMs - 27 * HOUR_MS;
      const old = metricHistory(createRng(1), oldMs);
      await createBlocks(old, theirs, `${directory}/old.txt`);
      // The same series once more, shifted by an hour and seven seconds: blocks that overlap.
      const shifted = metricHistory(createRng(1), oldMs + HOUR_MS + 7_000).slice(0, 40);
      await createBlocks(shifted, theirs, `${directory}/shifted.txt`);
      let scrapes = 0;
      await using target = Deno.serve(
        { hostname: "127.0.0.1", port: 0, onListen: () => {} },
        () => new Response(`scrapes_total ${++scrapes}\nflips ${scrapes % 3 === 0 ? "NaN" : -scrapes / 7}\n`),
      );
      await Deno.writeTextFile(
        configPath,
        "global:\n  scrape_interval: 1s\nscrape_configs:\n- job_name: self\n  static_configs:\n" +
          `  - targets: ["127.0.0.1:${target.addr.port}"]\n`,
      );
      const recent = metricHistory(createRng(2), nowMs - SPAN_MS);
      const flags = [
        "--web.enable-remote-write-receiver",
        "--web.enable-admin-api",
        "--web.enable-lifecycle",
      ];
      let scrapedMs: number;
      let answers: readonly (readonly [string, Samples])[];
      {
        await using prometheus = await startPrometheus({ dataPath: theirs, configPath, flags });
        await load(prometheus, recent);
        await eventually("some scrapes", () => Promise.resolve(scrapes), (count) => count > 4);
        await pause(1_500);
        await remove(prometheus, 'requests_total{code="404"}', oldMs, oldMs + HOUR_MS);
        await remove(prometheus, 'requests_total{code="500"}', nowMs - HOUR_MS, nowMs);
        // What is scraped between the question and the kill is not compared.
        scrapedMs = Date.now() - 1_500;
        answers = await ask(prometheus, nowMs, scrapedMs);
        await prometheus.kill("SIGKILL");
      }
      const imported = await runNarthex(["tsdb", "import", "prometheus", theirs, ours]);
      assert.equal(imported.code, 0, imported.out + imported.err);
      assert.match(imported.out, /^imported \d+ series with \d+ samples/);
      const dumped = await runNarthex(["tsdb", "dump", ours]);
      assert.equal(dumped.code, 0, dumped.err);
      const peer = await new Deno.Command("promtool", { args: ["tsdb", "dump", theirs] }).output();
      const expectedLines = new TextDecoder().decode(peer.stdout).split("\n").sort();
      assert.ok(expectedLines.length > 50_000, `${expectedLines.length} lines`);
      assert.ok(
        dumped.out.split("\n").sort().join("\n") === expectedLines.join("\n"),
        "promtool dumps the same samples",
      );
      await Deno.writeTextFile(configPath, "global:\n  scrape_interval: 15s\n");
      await using narthex = await startNarthex({ dataPath: ours, configPath });
      const got = await ask(narthex, nowMs, scrapedMs);
      for (const [i, [what, expected]] of answers.entries()) {
        assert.ok(expected.size > 0, `${what}: Prometheus has something`);
        assert.deepEqual(got[i]![1], expected, what);
      }
      const held = await runNarthex(["tsdb", "check", ours]);
      assert.equal(held.code, 1);
      assert.match(held.err, /the data directory .* is in use by pid \d+/);
      await narthex.kill("SIGTERM");
      const checked = await runNarthex(["tsdb", "check", ours]);
      assert.equal(checked.code, 0, checked.out + checked.err);
      assert.match(checked.out, /: no damage\n$/);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});

type Samples = ReadonlyMap<string, readonly (readonly [number, string])[]>;

/** All samples of six hours a day ago, and of the two hours before `nowMs`, by series. */
async function ask(
  server: Started,
  nowMs: number,
  scrapedMs: number,
): Promise<readonly (readonly [string, Samples])[]> {
  const answers: (readonly [string, Samples])[] = [];
  for (
    const [what, expr, timeMs] of [
      ["old", '{__name__=~".+"}[6h]', nowMs - 23 * HOUR_MS],
      ["recent", '{__name__=~".+"}[3h]', nowMs],
      ["scraped", '{job="self"}[1h]', scrapedMs],
    ] as const
  ) {
    const params = new URLSearchParams({ query: expr, time: String(timeMs / 1000) });
    const response = await fetch(`${server.url}/api/v1/query?${params}`);
    const { data } = await response.json() as {
      data: {
        result: {
          metric: Readonly<Record<string, string>>;
          values: readonly (readonly [number, string])[];
        }[];
      };
    };
    const samples = new Map<string, readonly (readonly [number, string])[]>();
    for (const { metric, values } of data.result) {
      const key = Object.entries(metric).sort(([a], [b]) => a < b ? -1 : 1).flat();
      samples.set(formatLabels(key), values);
    }
    answers.push([what, samples]);
  }
  return answers;
}

async function createBlocks(series: readonly WriteSeries[], dataPath: string, file: string): Promise<void> {
  const lines: string[] = [];
  for (const { labels, tMs, values } of series) {
    for (const [i, time] of tMs.entries()) {
      const value = values[i]!;
      const text = value === Infinity ? "+Inf" : value === -Infinity ? "-Inf" : String(value);
      lines.push(`${seriesText(labels)} ${text} ${time / 1000}`);
    }
  }
  await Deno.writeTextFile(file, lines.join("\n") + "\n# EOF\n");
  const { code, stderr } = await new Deno.Command("promtool", {
    args: ["tsdb", "create-blocks-from", "openmetrics", file, dataPath],
    stdout: "null",
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
}

function seriesText(labels: Labels): string {
  const pairs: string[] = [];
  for (let i = 0; i < labels.length; i += 2) {
    if (labels[i] !== METRIC_NAME) pairs.push(`${labels[i]}=${JSON.stringify(labels[i + 1])}`);
  }
  return `${labelValue(labels, METRIC_NAME)}{${pairs.join(",")}}`;
}

async function load(server: Started, series: readonly WriteSeries[]): Promise<void> {
  const response = await fetch(`${server.url}/api/v1/write`, {
    method: "POST",
    body: encodeSnappy(encodeWriteRequest(series)),
    headers: {
      "content-encoding": "snappy",
      "content-type": WRITE_REQUEST_CONTENT_TYPE,
      "x-prometheus-remote-write-version": WRITE_REQUEST_VERSION,
    },
  });
  assert.equal(response.status, 204, await response.text());
}

async function remove(server: Started, match: string, startMs: number, endMs: number): Promise<void> {
  const params = new URLSearchParams({
    "match[]": match,
    start: String(startMs / 1000),
    end: String(endMs / 1000),
  });
  const response = await fetch(`${server.url}/api/v1/admin/tsdb/delete_series?${params}`, { method: "POST" });
  assert.equal(response.status, 204, await response.text());
}
