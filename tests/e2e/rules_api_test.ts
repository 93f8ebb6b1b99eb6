import assert from "node:assert/strict";
import { eventually, hasPeer, type Started, startNarthex, startPrometheus } from "./processes.ts";

const missing = !hasPeer("prometheus");

const RULES = `groups:
- name: second
  interval: 1s
  limit: 10
  rules:
  - { record: "job:load:sum", expr: "sum by (job) (load)", labels: { kind: sum, none: "" } }
  - { record: "load:half", expr: "load   /2" }
  - alert: Fires
    expr: load{disk=~"a|b"} > 0.5 and on (disk) load != 7
    labels: { severity: page, disk: "x-{{ $labels.disk }}" }
    annotations: { summary: "{{ $labels.disk }} <{{ $value | humanize }}>", text: "é\\n\\"" }
  - { alert: Pends, expr: "load == 0.25", for: 1h, keep_firing_for: 90s }
  - { alert: Sleeps, expr: "load > 500000", for: 1500ms }
  - { alert: Small, expr: "load / 300000 > 0" }
  - { alert: Fails, expr: 'label_replace(load, "a", "b", "disk", "(")' }
- name: first
  rules:
  - { alert: Other, expr: "absent(nothing)" }
- { name: empty, rules: [] }
`;

const OTHER_RULES = `groups:
- name: first
  rules:
  - { record: "one", expr: "1 + 0" }
`;

const BODY = `load{disk="a"} 0.75
load{disk="b"} 1234.5
load{disk="c"} 0.25
`;

/** They differ from server to server, and from run to run. */
const TIMES: ReadonlySet<string> = new Set(["lastEvaluation", "evaluationTime", "activeAt"]);

Deno.test({
  name: "rules and alerts are told as Prometheus tells them" +
    (missing ? " (skipped: prometheus is not installed)" : ""),
  ignore: missing,
  async fn() {
    const directory = await Deno.makeTempDir();
    const target = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => new Response(BODY));
    try {
      await Deno.writeTextFile(`${directory}/b.rules.yml`, RULES);
      await Deno.writeTextFile(`${directory}/a.rules.yml`, OTHER_RULES);
      const configPath = `${directory}/prometheus.yml`;
      await Deno.writeTextFile(configPath, configOf(target.addr.port));
      await using prometheus = await startPrometheus({ dataPath: `${directory}/prometheus`, configPath });
      await using narthex = await startNarthex({ dataPath: `${directory}/narthex`, configPath });
      const servers = [prometheus, narthex];
      for (const server of servers) {
        await eventually(
          "every rule to have something to say",
          () => dataOf(server, "rules"),
          (data) => {
            const rules = (data as Rules).groups.flatMap((group) => group.rules);
            return rules.every(({ health }) => health !== "unknown") &&
              ["Fires", "Small", "Other"].every((name) =>
                rules.find((rule) => rule.name === name)?.state === "firing"
              ) && rules.find(({ name }) => name === "Pends")?.state === "pending";
          },
        );
      }
      for (const path of PATHS) {
        const [theirs, ours] = await Promise.all(
          servers.map(async (server) => comparable(withoutEmpty(await dataOf(server, path)))),
        );
        assert.deepEqual(ours, theirs, path);
      }
      const times = await Promise.all(servers.map((server) => dataOf(server, "rules")));
      for (const data of times) for (const group of (data as Rules).groups) checkTimes(group);
      const [theirKeys, ourKeys] = times.map((data) => fieldOrder(data as Rules));
      assert.deepEqual(ourKeys, theirKeys);
    } finally {
      await target.shutdown();
      await Deno.remove(directory, { recursive: true });
    }
  },
});

interface Rule {
  readonly name: string;
  readonly health: string;
  readonly state?: string;
  readonly lastEvaluation: string;
  readonly evaluationTime: number;
  readonly alerts?: readonly { readonly activeAt: string }[];
}

interface Group {
  readonly rules: readonly Rule[];
  readonly lastEvaluation: string;
  readonly evaluationTime: number;
}

interface Rules {
  readonly groups: readonly Group[];
}

function configOf(port: number): string {
  return `global: { scrape_interval: 500ms, scrape_timeout: 400ms, evaluation_interval: 1s }
rule_files: ["*.rules.yml"]
alerting:
  alertmanagers:
  - scheme: https
    path_prefix: /am
    static_configs: [{ targets: ["127.0.0.1:1", "127.0.0.1:2"] }]
    relabel_configs: [{ source_labels: [__address__], regex: ".*:2", action: drop }]
scrape_configs:
- job_name: load
  static_configs: [{ targets: ["127.0.0.1:${port}"] }]
`;
}

/** Parameters that Prometheus 2.42 knows. */
const PATHS = [
  "rules",
  "rules?type=alert",
  "rules?type=record",
  "alerts",
  "alertmanagers",
];

async function dataOf(server: Started, path: string): Promise<unknown> {
  const answer = await (await fetch(`${server.url}/api/v1/${path}`)).json();
  assert.equal(answer.status, "success", `${path}: ${answer.error}`);
  return answer.data;
}

/** As a reader of the raw answer sees them. */
function fieldOrder({ groups }: Rules): readonly (readonly string[])[] {
  const group = groups.find(({ rules }) => rules.some(({ name }) => name === "Fires"))!;
  const named = (name: string) => group.rules.find((rule) => rule.name === name)!;
  const fires = named("Fires");
  return [group, fires, fires.alerts![0]!, named("job:load:sum"), named("Fails")].map((one) =>
    Object.keys(one).filter((key) => key !== "labels" || one !== named("Fails"))
  );
}

/** Without times; alerts, which Prometheus lists in no order, sorted; what 3.x writes and 2.42 does not, left out. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) {
    const parts = value.map(comparable);
    const areAlerts = value.length > 0 && value[0].activeAt !== undefined;
    return areAlerts ? parts.map((part) => JSON.stringify(part)).sort() : parts;
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value)
    .filter(([key, one]) => !TIMES.has(key) && !(key === "labels" && Object.keys(one).length === 0))
    .map(([key, one]): [string, unknown] => [key, comparable(one)]);
  return Object.fromEntries(entries.sort(([a], [b]) => a < b ? -1 : 1));
}

/** Prometheus 2.42 lists groups without rules, 3.x does not. */
function withoutEmpty(data: unknown): unknown {
  if (typeof data !== "object" || data === null || !("groups" in data)) return data;
  return { ...data, groups: (data as Rules).groups.filter(({ rules }) => rules.length > 0) };
}

function checkTimes(group: Group): void {
  const nowMs = Date.now();
  for (const { lastEvaluation, evaluationTime } of [group, ...group.rules]) {
    const ageMs = nowMs - Date.parse(lastEvaluation);
    assert(ageMs >= -1_000 && ageMs < 30_000, `evaluated ${ageMs} ms ago`);
    assert(evaluationTime > 0 && evaluationTime < 10, `${evaluationTime} s`);
  }
  for (const { activeAt } of group.rules.flatMap(({ alerts }) => alerts ?? [])) {
    const ageMs = nowMs - Date.parse(activeAt);
    assert(ageMs >= -1_000 && ageMs < 60_000, `active for ${ageMs} ms`);
  }
}
