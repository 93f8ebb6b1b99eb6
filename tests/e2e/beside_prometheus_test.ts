import assert from "node:assert/strict";
import { startRelay } from "./exporter_relay.ts";
import {
  type ApiSeries,
  hasPeer,
  pause,
  query,
  type Started,
  startNarthex,
  startNodeExporter,
  startPrometheus,
} from "./processes.ts";

const SLOT_MS = 2_000;
/** Long enough for every target's place in the interval, some changes of every fast counter, and a rate. */
const SLOTS = 10;

/** Written by each server for itself: durations differ. */
const OWN_MEASURES = new Set(["scrape_duration_seconds"]);

const missing = !(hasPeer("prometheus") && hasPeer("prometheus-node-exporter"));

Deno.test({
  name: "beside Prometheus on one real node_exporter: the same series, the same values, the same answers" +
    (missing ? " (skipped: prometheus or prometheus-node-exporter is not installed)" : ""),
  ignore: missing,
  async fn() {
    const directory = await Deno.makeTempDir();
    try {
      await using exporter = await startNodeExporter();
      await using relay = startRelay(`${exporter.url}/metrics`, SLOT_MS);
      const configPath = `${directory}/prometheus.yml`;
      await Deno.writeTextFile(configPath, configOf(relay.port));
      await using prometheus = await startPrometheus({ dataPath: `${directory}/prometheus`, configPath });
      await using narthex = await startNarthex({ dataPath: `${directory}/narthex`, configPath });
      await untilSlotEnd(SLOTS);
      const timeS = (Math.floor(Date.now() / SLOT_MS) * SLOT_MS) / 1000 - 0.001;
      await sameRows(prometheus, narthex, timeS);
      await sameAnswers(prometheus, narthex, timeS);
      await sameMetadata(prometheus, narthex);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});

function configOf(port: number): string {
  return `global:
  scrape_interval: ${SLOT_MS}ms
  scrape_timeout: 1s
scrape_configs:
  - job_name: node
    static_configs:
      - targets: ["127.0.0.1:${port}"]
        labels: { zone: a }
    metric_relabel_configs:
      - source_labels: [__name__]
        regex: go_gc_duration.*
        action: drop
      - source_labels: [device]
        regex: (.+)
        target_label: dev
        replacement: d-$1
`;
}

async function untilSlotEnd(slots: number): Promise<void> {
  const endMs = (Math.floor(Date.now() / SLOT_MS) + slots) * SLOT_MS;
  await pause(endMs - Date.now() + 300); // the journal of neither server is waited for: both answer from memory
}

/** The rows of the last slots, value by value: scraped at other moments, from the same bodies. */
async function sameRows(prometheus: Started, narthex: Started, timeS: number): Promise<void> {
  const windowS = ((SLOTS - 4) * SLOT_MS) / 1000;
  const [theirs, ours] = await Promise.all(
    [prometheus, narthex].map(async (server) =>
      rowsBySlot(await query(server, `{job="node"}[${windowS}s]`, timeS))
    ),
  );
  assert.deepEqual([...ours!.keys()].sort(), [...theirs!.keys()].sort());
  assert.ok(theirs!.size > 300, `a real node_exporter has hundreds of series, got ${theirs!.size}`);
  let compared = 0;
  for (const [labels, slots] of theirs!) {
    if (OWN_MEASURES.has(JSON.parse(labels).__name__)) continue;
    for (const [slot, value] of slots) {
      const mine = ours!.get(labels)!.get(slot);
      assert.equal(mine, value, `${labels} in slot ${slot}`);
      compared++;
    }
  }
  assert.ok(compared > 1_000, `compared ${compared} samples`);
}

/** Values by series and time slot; a scrape is slotted by its time, which both servers stamp within the slot. */
function rowsBySlot(series: readonly ApiSeries[]): Map<string, Map<number, string>> {
  return new Map(series.map(({ metric, values }) => [
    JSON.stringify(Object.fromEntries(Object.entries(metric).sort())),
    new Map(values!.map(([tS, value]) => [Math.floor((tS * 1000) / SLOT_MS), value])),
  ]));
}

const QUERIES = [
  "up",
  'count by (__name__) ({job="node"})',
  "sum by (mode) (node_cpu_seconds_total)",
  "node_memory_MemTotal_bytes - node_memory_MemFree_bytes",
  "100 * (1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)",
  "topk(3, node_cpu_seconds_total)",
  "quantile(0.9, node_cpu_seconds_total)",
  "stddev by (mode) (node_cpu_seconds_total)",
  'count_values("v", node_network_up)',
  "node_filesystem_size_bytes * on (instance, device) group_left node_filesystem_readonly",
  'label_replace(node_network_up, "short", "$1", "device", "(..).*")',
  'absent(node_no_such_metric{job="node"})',
  "max_over_time(node_load1[8s]) >= bool min_over_time(node_load1[8s])",
  "last_over_time(node_disk_io_now[8s])",
  "changes(node_boot_time_seconds[8s])",
  '{__name__=~"node_netstat_Ip.*", job!~"x|y"}',
  "node_uname_info or node_time_zone_offset_seconds",
  'sort_desc(node_cpu_seconds_total{mode="idle"})',
  "scalar(node_load1) + 1",
  "sum(max_over_time(node_load1[8s:2s])) without (instance)",
  "histogram_quantile(0.5, prometheus_no_such_bucket)",
  "day_of_week(node_boot_time_seconds) + clamp(node_load1, 0, 1)",
];

async function sameAnswers(prometheus: Started, narthex: Started, timeS: number): Promise<void> {
  for (const expr of QUERIES) {
    const [theirs, ours] = await Promise.all(
      [prometheus, narthex].map((server) => query(server, expr, timeS)),
    );
    assert.deepEqual(comparable(ours!, expr), comparable(theirs!, expr), expr);
  }
}

function comparable(series: readonly ApiSeries[], expr: string): unknown {
  const rows = series.map(({ metric, value }) => ({
    metric: Object.fromEntries(Object.entries(metric).sort()),
    value: Number(Number(value![1]).toPrecision(12)),
  }));
  return expr.startsWith("sort_desc") ? rows : rows.map((row) => JSON.stringify(row)).sort();
}

async function sameMetadata(prometheus: Started, narthex: Started): Promise<void> {
  const read = async (server: Started) => (await (await fetch(`${server.url}/api/v1/metadata`)).json()).data;
  const [theirs, ours] = await Promise.all([read(prometheus), read(narthex)]);
  for (const [name, entries] of Object.entries(theirs)) assert.deepEqual(ours[name], entries, name);
}
