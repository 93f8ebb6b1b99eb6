import assert from "node:assert/strict";
import { protoBody } from "../exposition/proto_writer.ts";
import { latency } from "../storage/histogram_samples.ts";
import { hasPeer, type Started, startNarthex, startPrometheus } from "./processes.ts";

const CONTENT_TYPE =
  "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";
const SAMPLES = 6;
const POLL_MS = 250;
const WAIT_MS_MAX = 60_000;
/** Of two numbers that were computed in another order. */
const RELATIVE_DIFFERENCE_MAX = 1e-12;

const missing = !hasPeer("prometheus");

/** A histogram that begins anew after some scrapes, beside a float of the same name with another label. */
function exporter(): { readonly port: number; stop(): Promise<void> } {
  let scrapes = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    const n = 1 + scrapes++ % 4;
    const body = protoBody([
      {
        name: "latency_seconds",
        help: "How long it took.",
        type: "histogram",
        metrics: [{ labels: { path: "/" }, native: latency(n) }, {
          labels: { path: "/a" },
          native: latency(2 * n, 9),
        }],
      },
      { name: "scrapes_total", type: "counter", metrics: [{ value: scrapes }] },
    ]);
    return new Response(body, { headers: { "content-type": CONTENT_TYPE } });
  });
  return { port: server.addr.port, stop: () => server.shutdown() };
}

async function queryOf(server: Started, query: string, timeS: number): Promise<unknown> {
  const url = `${server.url}/api/v1/query?query=${encodeURIComponent(query)}&time=${timeS}`;
  const answer = await (await fetch(url)).json();
  assert.equal(answer.status, "success", `${query}: ${JSON.stringify(answer)}`);
  return answer.data.result;
}

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  for (let waited = 0; waited < WAIT_MS_MAX; waited += POLL_MS) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(`waited ${WAIT_MS_MAX} ms for ${what}`);
}

/** Sorted by series; numbers that differ in their last digits only are the same. */
function assertSame(ours: unknown, theirs: unknown, what: string): void {
  const sorted = (rows: unknown) =>
    (rows as { metric: unknown }[]).toSorted((a, b) =>
      JSON.stringify(a.metric) < JSON.stringify(b.metric) ? -1 : 1
    );
  const near = (a: unknown, b: unknown): boolean => {
    if (typeof a === "string" && typeof b === "string" && a !== b) {
      const [x, y] = [Number(a), Number(b)];
      return Math.abs(x - y) <= RELATIVE_DIFFERENCE_MAX * Math.max(Math.abs(x), Math.abs(y));
    }
    if (typeof a !== "object" || a === null || typeof b !== "object" || b === null) return a === b;
    const keys = Object.keys(a);
    return keys.length === Object.keys(b).length &&
      keys.every((key) => near((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]));
  };
  if (near(sorted(ours), sorted(theirs))) return;
  assert.deepEqual(sorted(ours), sorted(theirs), what);
}

/** No quantiles: Prometheus 2 interpolates otherwise within a bucket. */
const QUERIES = [
  "latency_seconds[1h]",
  "latency_seconds",
  "histogram_count(latency_seconds)",
  "histogram_sum(latency_seconds)",
  "rate(latency_seconds[1h])",
  "sum(rate(latency_seconds[1h]))",
  "scrapes_total[1h]",
];

Deno.test({
  name: "native histograms that Prometheus scrapes and sends on give its answers, also after kill -9" +
    (missing ? " (skipped: prometheus is not installed)" : ""),
  ignore: missing,
  async fn() {
    const directory = await Deno.makeTempDir();
    const target = exporter();
    try {
      const narthexConfig = `${directory}/narthex.yml`;
      const scrape = (job: string, more: string) =>
        `scrape_configs:\n  - job_name: ${job}\n    scrape_interval: 1s\n${more}` +
        `    static_configs:\n      - targets: ["127.0.0.1:${target.port}"]\n`;
      await Deno.writeTextFile(narthexConfig, scrape("direct", "    scrape_native_histograms: true\n"));
      const options = {
        dataPath: `${directory}/narthex`,
        configPath: narthexConfig,
        flags: ["--web.enable-remote-write-receiver"],
      };
      await using narthex = await startNarthex(options);
      const prometheusConfig = `${directory}/prometheus.yml`;
      await Deno.writeTextFile(
        prometheusConfig,
        `${scrape("sent", "")}remote_write:\n  - url: ${narthex.url}/api/v1/write\n` +
          "    send_native_histograms: true\n    queue_config:\n      batch_send_deadline: 200ms\n",
      );
      await using prometheus = await startPrometheus({
        dataPath: `${directory}/prometheus`,
        configPath: prometheusConfig,
        flags: ["--enable-feature=native-histograms"],
      });
      const counted = (server: Started, job: string) => async () => {
        const query =
          `timestamp(latency_seconds{job="${job}",path="/"}) and count_over_time(latency_seconds[1h]) >= ${SAMPLES}`;
        const [row] = await queryOf(server, query, Date.now() / 1000) as { value: [number, string] }[];
        return row === undefined ? undefined : Number(row.value[1]);
      };
      const newestS = await until("samples in Prometheus", counted(prometheus, "sent"));
      await until("the same samples in Narthex", async () => {
        const [row] = await queryOf(
          narthex,
          'timestamp(latency_seconds{job="sent",path="/"})',
          Date.now() / 1000,
        ) as {
          value: [number, string];
        }[];
        return row !== undefined && Number(row.value[1]) >= newestS ? true : undefined;
      });
      await until("samples of its own in Narthex", counted(narthex, "direct"));
      const compare = async (ours: Started, when: string) => {
        for (const query of QUERIES) {
          const theirs = await queryOf(
            prometheus,
            query.replaceAll(/(\w+_seconds|scrapes_total)/g, '$1{job="sent"}'),
            newestS,
          );
          const own = await queryOf(
            ours,
            query.replaceAll(/(\w+_seconds|scrapes_total)/g, '$1{job="sent"}'),
            newestS,
          );
          assertSame(own, theirs, `${query} ${when}`);
        }
        const direct = await queryOf(ours, 'latency_seconds{job="direct",path="/"}[1h]', Date.now() / 1000);
        const [series] = direct as { histograms: [number, { count: string }][] }[];
        const counts = new Set(series!.histograms.map(([, { count }]) => count));
        assert.deepEqual([...counts].sort(), [1, 2, 3, 4].map((n) => String(latency(n).count)).sort(), when);
      };
      await compare(narthex, "as sent");
      await narthex.kill("SIGKILL");
      await using restarted = await startNarthex(options);
      await compare(restarted, "after kill -9 and a restart");
    } finally {
      await target.stop();
      await Deno.remove(directory, { recursive: true });
    }
  },
});
