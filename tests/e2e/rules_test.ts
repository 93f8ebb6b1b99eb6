import assert from "node:assert/strict";
import { encodeLabels, xxHash64 } from "../../lib/promql/kernels/label_hash.ts";
import { groupOffsetMs } from "../../lib/rules/schedule.ts";
import {
  type ApiSeries,
  eventually,
  hasPeer,
  pause,
  query,
  startNarthex,
  startPrometheus,
} from "./processes.ts";

const INTERVAL_MS = 2_000;
const SLOT_MS = 2_000;
/** Before the alerts' condition comes, both servers have evaluated their rules more than twice. */
const QUIET_SLOTS = 8;
const LOUD_SLOTS = 6;
const AFTER_SLOTS = 8;

/** Rules look 12 s back, and a first scrape may be late: from then on neither server's begin shows. */
const REACH_MS = 18_000;

const missing = !hasPeer("prometheus");

/**
 * One metric whose samples carry their own times: whenever it is scraped, both servers store the same. Its condition
 * comes and goes by the clock.
 */
function startTarget(valueAt: (tMs: number) => number) {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
    const tMs = Math.floor(Date.now() / SLOT_MS) * SLOT_MS;
    const lines = ["a", "b"].map((i, at) => `m{i="${i}"} ${valueAt(tMs) + at} ${tMs}\n`);
    return new Response(`# TYPE m gauge\n${lines.join("")}`, { headers: { "content-type": "text/plain" } });
  });
  return { port: server.addr.port, [Symbol.asyncDispose]: () => server.shutdown() };
}

function configOf(port: number, rules: string): string {
  return `global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: ${INTERVAL_MS}ms }
rule_files: [${rules}]
scrape_configs:
  - job_name: target
    static_configs: [{ targets: ["127.0.0.1:${port}"] }]
`;
}

/** As Prometheus before it packed its labels: each name and value is followed by a byte that is in no text. */
function olderOffsetMs(file: string, name: string): number {
  const parts = ["file", file, "name", name].flatMap((text) => [...new TextEncoder().encode(text), 0xff]);
  const { high, low } = xxHash64(Uint8Array.from(parts));
  const hash = (BigInt(high) << 32n) | BigInt(low);
  return Number((hash % (BigInt(INTERVAL_MS) * 1_000_000n)) / 1_000_000n);
}

/** A name for which the installed Prometheus, which draws places from other bytes, draws the same place. */
function commonName(file: string): string {
  for (let i = 0;; i++) {
    const name = `group ${i}`;
    if (groupOffsetMs(file, name, INTERVAL_MS) === olderOffsetMs(file, name)) return name;
  }
}

Deno.test("a group's place in the interval is the hash of its packed labels", () => {
  const bytes = encodeLabels(["file", "/r.yml", "name", "g"]);
  const { high, low } = xxHash64(bytes);
  const hash = (BigInt(high) << 32n) | BigInt(low);
  assert.equal(groupOffsetMs("/r.yml", "g", 60_000), Number(hash % 60_000_000_000n / 1_000_000n));
});

Deno.test({
  name:
    "beside Prometheus with the same rules: the same recorded samples and the same ALERTS, to the millisecond" +
    (missing ? " (skipped: prometheus is not installed)" : ""),
  ignore: missing,
  async fn() {
    const directory = await Deno.makeTempDir();
    const loudFromMs = (Math.floor(Date.now() / SLOT_MS) + QUIET_SLOTS) * SLOT_MS;
    const loudToMs = loudFromMs + LOUD_SLOTS * SLOT_MS;
    try {
      await using target = startTarget((tMs) =>
        tMs >= loudFromMs && tMs < loudToMs ? 10 : (tMs / SLOT_MS) % 3
      );
      const rules = `${directory}/rules.yml`;
      await Deno.writeTextFile(
        rules,
        `groups:
  - name: ${commonName(rules)}
    rules:
      - { record: "rec:sum", expr: "sum by (job) (m offset 3s)", labels: { team: x } }
      - { record: "rec:chain", expr: "rec:sum * 2" }
      - { record: "rec:rate", expr: "rate(m[9s] offset 3s)" }
      - { record: "rec:loud", expr: "m offset 3s > 5" }
      - { alert: Fast, expr: "m offset 3s > 5", labels: { severity: page, who: "{{ $labels.i }}-{{ len $labels.i }}" } }
      - { alert: Slow, expr: "m offset 3s > 5", for: 6s }
      - { alert: Never, expr: "m offset 3s > 5", for: 1h }
      - { alert: Kept, expr: "m offset 3s > 10", keep_firing_for: 6s }
`,
      );
      const configPath = `${directory}/prometheus.yml`;
      await Deno.writeTextFile(configPath, configOf(target.port, rules));
      await using prometheus = await startPrometheus({ dataPath: `${directory}/prometheus`, configPath });
      await using narthex = await startNarthex({ dataPath: `${directory}/narthex`, configPath });
      const readyMs = Date.now();
      assert.ok(readyMs + 4 * INTERVAL_MS < loudFromMs, "the servers were ready in time");
      const endMs = loudToMs + AFTER_SLOTS * SLOT_MS;
      await pause(endMs - Date.now() + 1_000);
      const fromMs = readyMs + REACH_MS;
      const ask = (server: { readonly url: string }) =>
        query(server, `{__name__=~"rec:.+|ALERTS.*"}[${Math.floor((endMs - fromMs) / 1000)}s]`, endMs / 1000);
      const [theirs, ours] = [byText(await ask(prometheus)), byText(await ask(narthex))];
      assert.deepEqual([...ours.keys()], [...theirs.keys()]);
      assert.ok(theirs.size >= 15, `${theirs.size} series`);
      for (const [series, samples] of theirs) assert.deepEqual(ours.get(series), samples, series);
      assert.ok(
        theirs.get(
          "ALERTS alertname=Slow alertstate=firing i=a instance=127.0.0.1:" + target.port + " job=target",
        ),
      );
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});

function byText(series: readonly ApiSeries[]): ReadonlyMap<string, ApiSeries["values"]> {
  const named = series.map(({ metric, values }) => {
    const { __name__, ...labels } = metric;
    const pairs = Object.entries(labels).map(([name, value]) => `${name}=${value}`).sort();
    return [`${__name__} ${pairs.join(" ")}`, values] as const;
  });
  return new Map(named.sort(([a], [b]) => a < b ? -1 : 1));
}

Deno.test("killed with kill -9 while pending and while firing, an alert goes on where it was", async () => {
  const directory = await Deno.makeTempDir();
  try {
    await using target = startTarget(() => 10);
    const rules = `${directory}/rules.yml`;
    await Deno.writeTextFile(
      rules,
      `groups: [{ name: g, interval: 1s, rules: [{ alert: Loud, expr: 'm{i="a"} > 5', for: 14s }] }]\n`,
    );
    const configPath = `${directory}/prometheus.yml`;
    await Deno.writeTextFile(configPath, configOf(target.port, rules));
    const options = { dataPath: `${directory}/data`, configPath };
    const since = async (server: { readonly url: string }) =>
      (await query(server, "ALERTS_FOR_STATE"))[0]?.value?.[1];
    const state = async (server: { readonly url: string }) =>
      (await query(server, "ALERTS")).map(({ metric }) => metric.alertstate).join();

    const first = await startNarthex(options);
    await eventually("the alert is pending", () => state(first), (is) => is === "pending");
    const activeSince = await since(first);
    assert.ok(activeSince !== undefined);
    await pause(1_500);
    await first.kill("SIGKILL");

    const second = await startNarthex(options);
    await eventually("the alert is firing", () => state(second), (is) => is === "firing");
    assert.equal(await since(second), activeSince);
    await second.kill("SIGKILL");

    await using third = await startNarthex(options);
    const upMs = Date.now();
    await eventually("it is evaluated again", () => query(third, "timestamp(ALERTS)"), (found) => {
      return found.length === 1 && Number(found[0]!.value![1]) * 1000 > upMs;
    });
    assert.equal(await state(third), "firing");
    assert.equal(await since(third), activeSince);

    const phases = await query(third, "ALERTS[5m]");
    const timesOf = (of: string) =>
      phases.filter(({ metric }) => metric.alertstate === of).flatMap(({ values }) =>
        values!.map(([tS]) => tS)
      );
    const [pending, firing] = [timesOf("pending"), timesOf("firing")];
    assert.ok(Math.max(...pending) < Math.min(...firing), "it was not pending again");
    // The first slot that is 14 s after the one where it became active, or the first after the restart.
    const heldS = Math.min(...firing) - Number(activeSince);
    assert.ok(heldS >= 14 && heldS < 20, `it fired after ${heldS} s`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
