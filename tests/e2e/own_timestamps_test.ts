import assert from "node:assert/strict";
import { hasPeer, type Started, startNarthex, startPrometheus } from "./processes.ts";

const TURNS = 14;
const INTERVAL_MS = 1_000;
const STEP_MS = 10_000;
const MINUTE_MS = 60_000;
const READ_TIMEOUT_MS = 60_000;

const missing = !hasPeer("prometheus");
const skipped = missing ? " (skipped: prometheus is not installed)" : "";

/** The time of each series at a turn, and its value; undefined: not in the body. */
const SERIES: Readonly<
  Record<string, (turn: number, baseMs: number) => readonly [number, number] | undefined>
> = {
  forward: (turn, baseMs) => [baseMs + turn * STEP_MS, turn],
  backward: (turn, baseMs) => [baseMs - turn * STEP_MS, turn],
  repeats: (_turn, baseMs) => [baseMs, 7],
  differs: (turn, baseMs) => [baseMs, turn],
  zigzag: (turn, baseMs) => [baseMs + (turn + (turn % 3 === 2 ? -3.5 : 0)) * STEP_MS, turn],
  future: (turn, baseMs) => [baseMs + 60 * MINUTE_MS + turn * STEP_MS, turn],
  pauses: (turn, baseMs) => turn % 4 === 3 ? undefined : [baseMs + turn * STEP_MS, turn],
};
/**
 * Beyond any bound: only for a server without a window, since version 2 gives a scrape up that is too old. Not at
 * once: what is out of bounds is counted from the first sample that there is.
 */
const ancient = (turn: number, baseMs: number) =>
  turn < 2 ? undefined : [baseMs - 120 * MINUTE_MS + turn * STEP_MS, turn] as const;

interface Exporter {
  readonly port: number;
  turnsOf(path: string): number;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Each path has turns of its own, so that two servers are told the same whenever they come. */
function startExporter(baseMs: number, withAncient: boolean): Exporter {
  const turns = new Map<string, number>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    const turn = turns.get(pathname) ?? 0;
    turns.set(pathname, turn + 1);
    if (turn >= TURNS) return new Response("over 1\n");
    const lines = Object.entries({ ...SERIES, ...withAncient ? { ancient } : {} }).flatMap(
      ([name, at]) => {
        const sample = at(turn, baseMs);
        return sample === undefined ? [] : [`own_${name} ${sample[1]} ${sample[0]}\n`];
      },
    );
    return new Response(`${lines.join("")}plain ${turn}\n`, { headers: { "content-type": "text/plain" } });
  });
  return {
    port: server.addr.port,
    turnsOf: (path) => turns.get(path) ?? 0,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function configOf(port: number, window: string, who: string): string {
  const job = (name: string, more: string) =>
    `  - job_name: ${name}\n${more}    static_configs:\n      - targets: ["127.0.0.1:${port}"]\n` +
    `        labels: { instance: exporter, __metrics_path__: /${who}/${name} }\n`;
  return `global:\n  scrape_interval: ${INTERVAL_MS}ms\n  scrape_timeout: ${INTERVAL_MS}ms\n` +
    `storage:\n  tsdb:\n    out_of_order_time_window: ${window}\nscrape_configs:\n` +
    job("honored", "") + // Version 2 does not know it; the samples are the same.
    job("tracked", who === "ours" ? "    track_timestamps_staleness: true\n" : "") +
    job("ignored", "    honor_timestamps: false\n");
}

async function samples(server: Started, job: string): Promise<Map<string, [number, string][]>> {
  const params = new URLSearchParams({ query: `{__name__=~"own_.+",job="${job}"}[4h]` });
  const response = await fetch(`${server.url}/api/v1/query?${params}`);
  const body = await response.json() as {
    data: { result: { metric: Record<string, string>; values: [number, string][] }[] };
  };
  return new Map(body.data.result.map(({ metric, values }) => [metric["__name__"]!, values] as const).sort());
}

async function counters(server: Started): Promise<Readonly<Record<string, number>>> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const names = ["duplicate_timestamp", "out_of_order", "out_of_bounds"];
  return Object.fromEntries(names.map((name) => {
    const start = `prometheus_target_scrapes_sample_${name}_total `;
    const line = text.split("\n").find((each) => each.startsWith(start));
    return [name, Number(line?.slice(start.length))];
  }));
}

for (const window of ["0s", "30m"]) {
  Deno.test({
    name:
      `a target that writes times of its own, goes back, repeats and jumps, with a window of ${window}: ` +
      `the same samples and counters as Prometheus${skipped}`,
    ignore: missing,
    async fn() {
      const directory = await Deno.makeTempDir();
      try {
        const baseMs = Math.floor(Date.now() / STEP_MS) * STEP_MS - 20 * MINUTE_MS;
        await using exporter = startExporter(baseMs, window === "0s");
        for (const who of ["theirs", "ours"]) {
          await Deno.writeTextFile(`${directory}/${who}.yml`, configOf(exporter.port, window, who));
        }
        const options = (who: string) => ({
          dataPath: `${directory}/${who}`,
          configPath: `${directory}/${who}.yml`,
        });
        await using theirs = await startPrometheus(options("theirs"));
        await using ours = await startNarthex(options("ours"));
        const paths = ["theirs", "ours"].flatMap((who) =>
          ["honored", "tracked", "ignored"].map((job) => `/${who}/${job}`)
        );
        const deadlineMs = Date.now() + READ_TIMEOUT_MS;
        // Two more scrapes: the one before the last is kept by then.
        while (paths.some((path) => exporter.turnsOf(path) < TURNS + 2)) {
          assert.ok(Date.now() < deadlineMs, "the targets are scraped in time");
          await new Promise((resolve) => setTimeout(resolve, 200));
        }
        for (const job of ["honored", "tracked"]) {
          const [expected, got] = [await samples(theirs, job), await samples(ours, job)];
          assert.ok(expected.size > 4, `${job} has series`);
          if (job === "tracked" && window === "0s") {
            // The marker of the first pause has the scrape's time, and all of the series' own times are before it.
            assert.deepEqual(got.get("own_pauses")?.map(([, value]) => value), ["0", "1", "2"]);
            for (const each of [expected, got]) each.delete("own_pauses");
          }
          assert.deepEqual(got, expected, job);
        }
        const plain = await samples(ours, "ignored");
        assert.deepEqual([...plain.keys()], [...(await samples(theirs, "ignored")).keys()]);
        assert.equal(plain.get("own_backward")?.length, TURNS, "times that are not honoured do no harm");
        const [expected, counted] = [await counters(theirs), await counters(ours)];
        const afterMarker = Array.from({ length: TURNS }, (_, turn) => turn).filter((turn) =>
          turn > 3 && SERIES["pauses"]!(turn, baseMs) !== undefined
        );
        const cutShort = window === "0s" ? afterMarker.length : 0;
        assert.deepEqual({ ...counted, out_of_order: counted["out_of_order"]! - cutShort }, expected);
      } finally {
        await Deno.remove(directory, { recursive: true });
      }
    },
  });
}
