/**
 * What rules cost: CPU an evaluation of one rule. Both servers run side by side, so that both have the same busy
 * machine, and scrape the same small fleet; first without rules, then with them (one reload). The difference is
 * the rules'. Both must have recorded the same series, and missed and failed nothing.
 */
import assert from "node:assert/strict";
import { exporterBodies, fleetConfig, startFleet } from "./ingest.ts";
import { pause, usageOf } from "./measure.ts";
import type { Launch, Server } from "./servers.ts";

export interface RulesOptions {
  readonly groupsCount: number;
  readonly targetsCount: number;
  /** Of scrapes and of evaluations. */
  readonly intervalSeconds: number;
  readonly warmRounds: number;
  readonly windowRounds: number;
}

export interface RulesFigures {
  readonly server: string;
  readonly evaluations: number;
  /** CPU of the whole process in a window without rules, and in one as long with them. */
  readonly idleCpuSeconds: number;
  readonly busyCpuSeconds: number;
  readonly cpuMicrosecondsPerEvaluation: number;
  readonly missed: number;
  readonly failed: number;
  readonly series: number;
  readonly residentMiB: number;
}

const RELOAD_TIMEOUT_MS = 60_000;
const RULES_IN_GROUP = 10;

export async function measureRules(
  launches: readonly Launch[],
  options: RulesOptions,
  directory: string,
): Promise<readonly RulesFigures[]> {
  const templates = await exporterBodies(directory);
  await using fleet = await startFleet(options.targetsCount, templates);
  const configPath = `${directory}/fleet.yml`;
  const rulesPath = `${directory}/rules.yml`;
  const scrapes = fleetConfig(fleet.port, options);
  await Deno.writeTextFile(configPath, scrapes);
  const servers = await Promise.all(launches.map((launch) => launch({ directory, configPath })));
  try {
    await pause(options.warmRounds * options.intervalSeconds);
    const idle = await windowOf(servers, options);
    await Deno.writeTextFile(rulesPath, ruleFile(options));
    await Deno.writeTextFile(
      configPath,
      `${scrapes}rule_files: [${rulesPath}]\n`.replace(
        "global:\n",
        `global:\n  evaluation_interval: ${options.intervalSeconds}s\n`,
      ),
    );
    for (const { pid } of servers) Deno.kill(pid, "SIGHUP");
    await Promise.all(servers.map((server) => rulesLoaded(server, options)));
    await pause(options.warmRounds * options.intervalSeconds);
    const busy = await windowOf(servers, options);
    const recorded = await Promise.all(servers.map(recordedBy));
    for (const one of recorded) assert.deepEqual(one, recorded[0], "the servers recorded other series");
    return servers.map(({ name }, at) => {
      const { evaluations, missed, failed, cpuSeconds, residentMiB } = busy[at]!;
      return {
        server: name,
        evaluations,
        idleCpuSeconds: idle[at]!.cpuSeconds,
        busyCpuSeconds: cpuSeconds,
        cpuMicrosecondsPerEvaluation: (cpuSeconds - idle[at]!.cpuSeconds) * 1e6 / evaluations,
        missed,
        failed,
        series: [...recorded[at]!.values()].reduce((sum, count) => sum + count, 0),
        residentMiB,
      };
    });
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

interface Window {
  readonly cpuSeconds: number;
  readonly residentMiB: number;
  readonly evaluations: number;
  readonly missed: number;
  readonly failed: number;
}

/** A whole number of rounds. What reading the counters costs is outside of the window. */
async function windowOf(servers: readonly Server[], options: RulesOptions): Promise<readonly Window[]> {
  const countersBefore = await Promise.all(servers.map(countersOf));
  const before = servers.map(({ pid }) => usageOf(pid));
  await pause(options.windowRounds * options.intervalSeconds);
  const after = servers.map(({ pid }) => usageOf(pid));
  const countersAfter = await Promise.all(servers.map(countersOf));
  return servers.map((_, at) => ({
    cpuSeconds: after[at]!.cpuSeconds - before[at]!.cpuSeconds,
    residentMiB: after[at]!.residentMiB,
    evaluations: countersAfter[at]!.evaluations - countersBefore[at]!.evaluations,
    missed: countersAfter[at]!.missed - countersBefore[at]!.missed,
    failed: countersAfter[at]!.failed - countersBefore[at]!.failed,
  }));
}

async function countersOf({ url }: Server) {
  const text = await (await fetch(`${url}/metrics`)).text();
  const sums = new Map<string, number>();
  for (const [, name, value] of text.matchAll(/^(prometheus_rule_[a-z_]+)(?:\{.*\})? (\S+)$/gm)) {
    sums.set(name!, (sums.get(name!) ?? 0) + Number(value));
  }
  return {
    evaluations: sums.get("prometheus_rule_evaluations_total") ?? 0,
    missed: sums.get("prometheus_rule_group_iterations_missed_total") ?? 0,
    failed: sums.get("prometheus_rule_evaluation_failures_total") ?? 0,
  };
}

async function rulesLoaded({ name, url }: Server, { groupsCount }: RulesOptions): Promise<void> {
  const deadline = Date.now() + RELOAD_TIMEOUT_MS;
  for (;;) {
    const { data } = await (await fetch(`${url}/api/v1/rules?type=record`)).json();
    if (data.groups.length === groupsCount) return;
    if (Date.now() > deadline) throw new Error(`${name} has loaded ${data.groups.length} groups`);
    await pause(0.5);
  }
}

/** How many series of each name the rules have made. */
async function recordedBy({ url }: Server): Promise<ReadonlyMap<string, number>> {
  const query = encodeURIComponent('count by (__name__) ({__name__=~"bench:.+|ALERTS.*"})');
  const { data } = await (await fetch(`${url}/api/v1/query?query=${query}`)).json();
  const rows: { metric: { __name__: string }; value: [number, string] }[] = data.result;
  return new Map(rows.map(({ metric, value }) => [metric.__name__, Number(value[1])] as const).sort());
}

/**
 * Of ten rules six record (rates and sums by label of one target, a sum over all targets, two over what the rules
 * before them recorded) and four alert: one fires, one waits, and two find nothing, as most alerts do.
 */
function ruleFile({ groupsCount, targetsCount }: RulesOptions): string {
  const groups = Array.from({ length: groupsCount }, (_, g) => {
    const host = `instance="host-${g % targetsCount}"`;
    const own = `team="${g}"`;
    const rules = [
      record("cpu:rate", g, `sum by (instance, mode) (rate(node_cpu_seconds_total{${host}}[1m]))`),
      record("cpu:sum", g, `sum by (instance) (bench:cpu:rate{${own}})`),
      record(
        "cpu:share",
        g,
        `bench:cpu:rate{${own},mode="idle"} / on (instance) group_left () bench:cpu:sum{${own}}`,
      ),
      record(
        "network:rate",
        g,
        `sum by (instance, device) (rate(node_network_receive_bytes_total{${host}}[1m]))`,
      ),
      record("load:avg", g, `avg_over_time(node_load1{${host}}[1m])`),
      record("memory:all", g, "sum (node_memory_MemAvailable_bytes) / sum (node_memory_MemTotal_bytes)"),
      alert("Shares", g, `bench:cpu:share{${own}} <= 1`, "0s"),
      alert("Waits", g, `node_memory_MemTotal_bytes{${host}} > 0`, "1h"),
      alert(
        "Full",
        g,
        `node_filesystem_avail_bytes{${host}} / node_filesystem_size_bytes{${host}} < 0`,
        "5m",
      ),
      alert("Down", g, `up{${host}} == 0`, "1m"),
    ];
    assert.equal(rules.length, RULES_IN_GROUP);
    return `  - name: team ${g}\n    rules:\n${rules.join("")}`;
  });
  return `groups:\n${groups.join("")}`;
}

function record(name: string, team: number, expr: string): string {
  return `      - { record: "bench:${name}", expr: '${expr}', labels: { team: "${team}" } }\n`;
}

function alert(name: string, team: number, expr: string, wait: string): string {
  return `      - alert: ${name}
        expr: '${expr}'
        for: ${wait}
        labels: { team: "${team}", severity: '{{ if gt $value 0.5 }}page{{ else }}mail{{ end }}' }
        annotations:
          summary: '{{ $labels.instance }} of team ${team}: ${name}'
          description: 'It is {{ $value | humanize }} on {{ $labels.instance }} ({{ $labels.job }}).'
`;
}
