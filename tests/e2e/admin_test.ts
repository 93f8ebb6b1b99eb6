import assert from "node:assert/strict";
import { createRng } from "../../lib/core/rng.ts";
import { encodeSnappy } from "../../lib/remote/snappy_block.ts";
import {
  encodeWriteRequest,
  WRITE_REQUEST_CONTENT_TYPE,
  WRITE_REQUEST_VERSION,
} from "../../lib/remote/write_request.ts";
import { metricHistory, SPAN_MS, STEP_MS } from "./metric_history.ts";
import { eventually, hasPeer, query, type Started, startNarthex, startPrometheus } from "./processes.ts";
import { runNarthex } from "./run_command.ts";

const missing = !hasPeer("prometheus");
const FLAGS = ["--web.enable-remote-write-receiver", "--web.enable-admin-api"];
const REFUSED = [
  "delete_series",
  "delete_series?match[]={",
  "delete_series?match[]=up&start=x",
  "delete_series?match[]=up&end=y",
  "snapshot?skip_head=maybe",
];

async function post(
  server: Started,
  path: string,
): Promise<{ readonly status: number; readonly body: string }> {
  const response = await fetch(`${server.url}/api/v1/admin/tsdb/${path}`, { method: "POST" });
  return { status: response.status, body: await response.text() };
}

async function write(server: Started, body: Uint8Array<ArrayBuffer>): Promise<void> {
  const response = await fetch(`${server.url}/api/v1/write`, {
    method: "POST",
    body,
    headers: {
      "content-encoding": "snappy",
      "content-type": WRITE_REQUEST_CONTENT_TYPE,
      "x-prometheus-remote-write-version": WRITE_REQUEST_VERSION,
    },
  });
  assert.equal(response.status, 204);
}

async function blocksOf(server: Started): Promise<number> {
  const response = await fetch(`${server.url}/api/v1/status/tsdb/blocks`);
  return (await response.json()).data.blocks.length;
}

/** All samples of all series as one text. */
async function everything(server: Started, nowMs: number): Promise<string> {
  const found = await query(server, '{__name__=~".+"}[3h]', nowMs / 1000);
  const lines = found.map(({ metric, values }) =>
    `${JSON.stringify(Object.entries(metric).sort())} ${values!.join(" ")}`
  );
  return lines.sort().join("\n");
}

Deno.test({
  name: "series are deleted, cleaned and snapshot as Prometheus does" +
    (missing ? " (skipped: prometheus is not installed)" : ""),
  ignore: missing,
  async fn() {
    const directory = await Deno.makeTempDir();
    try {
      const configPath = `${directory}/prometheus.yml`;
      await Deno.writeTextFile(configPath, "global:\n  scrape_interval: 15s\n");
      const options = { dataPath: `${directory}/narthex`, configPath, flags: FLAGS };
      await using prometheus = await startPrometheus({ ...options, dataPath: `${directory}/prometheus` });
      await using narthex = await startNarthex(options);
      const nowMs = Math.floor(Date.now() / STEP_MS) * STEP_MS - STEP_MS;
      const body = encodeSnappy(encodeWriteRequest(metricHistory(createRng(3), nowMs - SPAN_MS)));
      for (const server of [prometheus, narthex]) await write(server, body);
      for (const path of REFUSED) {
        const [theirs, ours] = [await post(prometheus, path), await post(narthex, path)];
        assert.equal(ours.status, theirs.status, path);
        const [expected, got] = [theirs, ours].map((answer) => JSON.parse(answer.body));
        assert.equal(got.errorType, expected.errorType, path);
        // What a parser says of a text is worded by version; what stands before it is not.
        if (!path.includes("={")) assert.equal(got.error, expected.error, path);
      }
      const from = (nowMs - SPAN_MS / 2) / 1000;
      for (const server of [prometheus, narthex]) {
        for (
          const match of [
            'requests_total{code=~"4.."}',
            `{__name__=~"disk.*"}&start=${from}`,
            `up&end=${from}`,
          ]
        ) {
          const [selector, ...rest] = match.split("&");
          const path = `delete_series?match[]=${encodeURIComponent(selector!)}&${rest.join("&")}`;
          assert.deepEqual(await post(server, path), { status: 204, body: "" });
        }
      }
      const expected = await everything(prometheus, nowMs);
      assert.ok(expected.length > 100_000);
      assert.equal(await everything(narthex, nowMs), expected);
      const snapshot = JSON.parse((await post(narthex, "snapshot")).body).data.name as string;
      assert.match(snapshot, /^\d{8}T\d{6}Z-[0-9a-f]{16}$/);
      assert.equal((await post(narthex, "clean_tombstones")).status, 204);
      assert.equal(await everything(narthex, nowMs), expected, "after cleaning");
      const sealed = await eventually("pages", () => blocksOf(narthex), (found) => found >= 9);
      const late = { labels: ["__name__", "late"], tMs: Float64Array.of(nowMs), values: Float64Array.of(1) };
      await write(narthex, encodeSnappy(encodeWriteRequest([late])));
      assert.equal((await query(narthex, "late", nowMs / 1000)).length, 1);
      const withoutHead = JSON.parse((await post(narthex, "snapshot?skip_head=true")).body).data
        .name as string;
      await narthex.kill("SIGKILL");
      for (const dataPath of [options.dataPath, `${options.dataPath}/snapshots/${snapshot}`]) {
        const checked = await runNarthex(["tsdb", "check", dataPath]);
        assert.equal(checked.code, 0, checked.out + checked.err);
        await using restarted = await startNarthex({ ...options, dataPath });
        const found = await everything(restarted, nowMs);
        const lines = found.split("\n").filter((line) => !line.startsWith('[["__name__","late"]]'));
        assert.equal(lines.join("\n"), expected, dataPath);
        const replay = (await (await fetch(`${restarted.url}/api/v1/status/walreplay`)).json()).data;
        assert.ok(replay.max > 0 && replay.current === replay.max, JSON.stringify(replay));
      }
      const path = `${options.dataPath}/snapshots/${withoutHead}`;
      const checked = await runNarthex(["tsdb", "check", path]);
      assert.equal(checked.code, 0, checked.out + checked.err);
      await using headless = await startNarthex({ ...options, dataPath: path });
      assert.equal(await blocksOf(headless), sealed);
      assert.equal((await query(headless, "late", nowMs / 1000)).length, 0);
      assert.ok((await everything(headless, nowMs)).length > 10_000);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});
