import assert from "node:assert/strict";
import type { Rng } from "../../lib/core/ports.ts";
import { createRng } from "../../lib/core/rng.ts";
import { encodeSnappy } from "../../lib/remote/snappy_block.ts";
import { labelsFromRecord } from "../../lib/model/labels.ts";
import { setStale, wordsOf } from "../../lib/model/stale.ts";
import {
  encodeWriteRequest,
  WRITE_REQUEST_CONTENT_TYPE,
  WRITE_REQUEST_VERSION,
  type WriteSeries,
} from "../../lib/remote/write_request.ts";
import { hasPeer, type Started, startNarthex, startPrometheus } from "./processes.ts";

const SEED = 11;
const SERIES = 12;
const STEPS = 240;
const STEP_MS = 15_000;
const MINUTE_MS = 60_000;

const missing = !hasPeer("prometheus");
const skipped = missing ? " (skipped: prometheus is not installed)" : "";

/** What is sent, one request after the other. Faults come one kind a request, beside samples that are fine. */
function mess(rng: Rng, endMs: number): readonly (readonly WriteSeries[])[] {
  const share = () => rng.uint32() / 2 ** 32;
  const startMs = endMs - STEPS * STEP_MS;
  const requests: WriteSeries[][] = [];
  // Later samples repeat what came before, or fill what was left out.
  const left: [series: number, step: number][] = [];
  const sent: [series: number, step: number][] = [];
  for (let step = 0; step < STEPS; step++) {
    const onTime: WriteSeries[] = [];
    for (let series = 0; series < SERIES; series++) {
      const isLeft = step > 0 && step < STEPS - 1 && share() < 0.2;
      (isLeft ? left : sent).push([series, step]);
      if (!isLeft) onTime.push(sample(series, startMs + step * STEP_MS, valueOf(series, step)));
    }
    requests.push(onTime);
    const dice = share();
    const late = left[Math.floor(share() * left.length)];
    if (dice < 0.35 && late !== undefined) {
      left.splice(left.indexOf(late), 1);
      sent.push(late);
      const [series, back] = late;
      // Half of them beside a sample of a series of its own, which falls with a request that is refused.
      const request = [sample(series, startMs + back * STEP_MS, valueOf(series, back))];
      if (share() < 0.5) request.push(sample(SERIES + (step % 3), startMs + step * STEP_MS, step));
      requests.push(request);
    } else if (dice < 0.45) {
      const [series, back] = sent[Math.floor(share() * sent.length)]!;
      requests.push([sample(series, startMs + back * STEP_MS, valueOf(series, back))]);
    } else if (dice < 0.5) {
      const series = Math.floor(share() * SERIES);
      const newest = sent.filter(([each]) => each === series).reduce((max, [, at]) => Math.max(max, at), 0);
      requests.push([sample(series, startMs + newest * STEP_MS, -1)]);
    } else if (dice < 0.55) {
      requests.push([sample(step % SERIES, startMs + step * STEP_MS - 90 * MINUTE_MS, 1)]);
    } else if (dice < 0.6) {
      requests.push([sample(SERIES + 5 + step, startMs + step * STEP_MS - 45 * MINUTE_MS, 1)]);
    } else if (dice < 0.65 && late !== undefined) {
      left.splice(left.indexOf(late), 1);
      requests.push([staleMarker(late[0], startMs + late[1] * STEP_MS)]);
    }
  }
  return requests;
}

function valueOf(series: number, step: number): number {
  return series % 3 === 0 ? series * 1000 + step : Math.sin(series + step / 7) * 1e4;
}

function sample(series: number, tMs: number, value: number): WriteSeries {
  const labels = labelsFromRecord({ __name__: "late", instance: `i${series % 4}`, job: "j", n: `${series}` });
  return { labels, tMs: Float64Array.of(tMs), values: Float64Array.of(value) };
}

function staleMarker(series: number, tMs: number): WriteSeries {
  const made = sample(series, tMs, 0);
  setStale(wordsOf(made.values), 0);
  return made;
}

async function send(server: Started, request: readonly WriteSeries[]): Promise<string> {
  const response = await fetch(`${server.url}/api/v1/write`, {
    method: "POST",
    body: encodeSnappy(encodeWriteRequest(request)),
    headers: {
      "content-encoding": "snappy",
      "content-type": WRITE_REQUEST_CONTENT_TYPE,
      "x-prometheus-remote-write-version": WRITE_REQUEST_VERSION,
    },
  });
  return `${response.status} ${(await response.text()).trim()}`;
}

/** Version 2 answers 500 to what is too old, and does not say which values a duplicate has; version 3 does. */
function asVersion3(answer: string): string {
  return answer.replace(/^500 too old sample/, "400 too old sample")
    .replace(/(duplicate sample for timestamp).*$/, "$1");
}

async function query(server: Started, params: Readonly<Record<string, string>>): Promise<unknown> {
  const path = "start" in params ? "query_range" : "query";
  const response = await fetch(`${server.url}/api/v1/${path}?${new URLSearchParams(params)}`);
  const body = await response.json() as { data: { result: { metric: Record<string, string> }[] } };
  assert.equal(response.status, 200, JSON.stringify(body));
  return body.data.result
    .map((series) => [JSON.stringify(Object.entries(series.metric).sort()), series] as const)
    .sort(([a], [b]) => a < b ? -1 : 1)
    .map(([metric, { metric: _, ...rest }]) => ({ metric, ...rest }));
}

async function counters(server: Started): Promise<unknown> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const valueOf = (name: string) => {
    const line = text.split("\n").find((each) => each.startsWith(`${name} `) || each.startsWith(`${name}{`));
    return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(" ") + 1));
  };
  return {
    outOfOrder: valueOf("prometheus_tsdb_out_of_order_samples_total"),
    outOfBounds: valueOf("prometheus_tsdb_out_of_bound_samples_total"),
    tooOld: valueOf("prometheus_tsdb_too_old_samples_total"),
  };
}

for (const window of ["0s", "30m", "2h"]) {
  Deno.test({
    name:
      `late, double, ancient and stale samples by remote write with a window of ${window}: accepted, refused ` +
      `and answered as by Prometheus${skipped}`,
    ignore: missing,
    async fn() {
      const directory = await Deno.makeTempDir();
      try {
        const configPath = `${directory}/prometheus.yml`;
        await Deno.writeTextFile(
          configPath,
          `global:\n  scrape_interval: 15s\nstorage:\n  tsdb:\n    out_of_order_time_window: ${window}\n`,
        );
        const flags = ["--web.enable-remote-write-receiver", "--web.enable-lifecycle"];
        await using theirs = await startPrometheus({ dataPath: `${directory}/theirs`, configPath, flags });
        const options = { dataPath: `${directory}/ours`, configPath, flags };
        await using ours = await startNarthex(options);
        const endMs = Math.floor(Date.now() / STEP_MS) * STEP_MS;
        const seen = new Set<string>();
        for (const [i, request] of mess(createRng(SEED), endMs).entries()) {
          const expected = asVersion3(await send(theirs, request));
          const got = asVersion3(await send(ours, request));
          assert.equal(
            got,
            expected,
            `request ${i} of ${JSON.stringify(request.map(({ labels }) => labels))}`,
          );
          seen.add(got);
        }
        const common = ["204 ", "400 duplicate sample for timestamp"];
        const own = { "0s": ["400 out of bounds", "400 out of order sample"], "30m": ["400 too old sample"] };
        assert.deepEqual([...seen].sort(), [...common, ...own[window as "0s"] ?? []].sort());
        assert.deepEqual(await counters(ours), await counters(theirs));
        const same = async (server: Started, when: string) => {
          for (const params of queriesOf(endMs)) {
            const [expected, got] = await Promise.all([query(theirs, params), query(server, params)]);
            assert.ok(JSON.stringify(expected).length > 100, `${params["query"]} finds something`);
            assert.deepEqual(got, expected, `${when}: ${params["query"]}`);
          }
        };
        await same(ours, "as written");
        const future = [sample(0, Date.now() + 11 * MINUTE_MS, 1)];
        assert.equal(await send(ours, future), "400 out of bounds: timestamp is too far in the future");
        await ours.kill("SIGKILL");
        await using again = await startNarthex(options);
        await same(again, "after kill -9 and a restart");
        if (window === "0s") return;
        await Deno.writeTextFile(configPath, "global:\n  scrape_interval: 15s\n");
        assert.equal((await fetch(`${again.url}/-/reload`, { method: "POST" })).status, 200);
        await same(again, "after the window was turned off");
        const late = [sample(1, endMs - 5 * MINUTE_MS - 1, 1)];
        assert.equal(await send(again, late), "400 out of order sample");
      } finally {
        await Deno.remove(directory, { recursive: true });
      }
    },
  });
}

/** No window begins at a sample, which version 2 would count and version 3 does not. */
function queriesOf(endMs: number): readonly Readonly<Record<string, string>>[] {
  const time = String(endMs / 1000 + 7);
  const range = { start: String((endMs - STEPS * STEP_MS) / 1000 + 7), end: time, step: "45" };
  return [
    { query: "late[3h]", time },
    { query: "count_over_time(late[20m])", time: String((endMs - 25 * MINUTE_MS) / 1000 + 7) },
    { query: "late", ...range },
    { query: "changes(late[3m])", ...range },
    { query: "sum by (instance) (count_over_time(late[2m]))", ...range },
  ];
}
