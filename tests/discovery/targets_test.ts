import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { loadConfig } from "../../lib/config/load.ts";
import type { ScrapeConfig } from "../../lib/config/types.ts";
import { staticGroups } from "../../lib/discovery/static.ts";
import { targetLimitProblem, targetsOf } from "../../lib/discovery/targets.ts";
import { formatLabels, labelsFromRecord, labelValue } from "../../lib/model/labels.ts";
import { memoryFiles, noEnv } from "../config/memory_files.ts";

async function jobOf(fields: string): Promise<ScrapeConfig> {
  const text = `scrape_configs:\n- job_name: j\n${fields.replace(/^/gm, "  ")}`;
  const config = await loadConfig("p.yml", memoryFiles({ "p.yml": text }), noEnv);
  return config.scrapeConfigs[0]!;
}

async function targetsOfJob(fields: string) {
  const job = await jobOf(fields);
  return targetsOf(job, staticGroups(job));
}

Deno.test("a target gets job and instance, and keeps its group's labels", async () => {
  const { active, dropped, errors } = await targetsOfJob(
    'static_configs: [{ targets: ["h:1", "h:2"], labels: { dc: a } }]',
  );
  deepStrictEqual(active.map((target) => formatLabels(target.labels)), [
    '{dc="a", instance="h:1", job="j"}',
    '{dc="a", instance="h:2", job="j"}',
  ]);
  deepStrictEqual([dropped, errors], [[], []]);
  strictEqual(active[0]!.url, "http://h:1/metrics");
  strictEqual(active[0]!.scrapeIntervalMs, 60_000);
  strictEqual(active[0]!.scrapeTimeoutMs, 10_000);
  strictEqual(
    formatLabels(active[0]!.discoveredLabels),
    '{__address__="h:1", __metrics_path__="/metrics", __scheme__="http", __scrape_interval__="1m", __scrape_timeout__="10s", dc="a", job="j"}',
  );
});

Deno.test("relabelling decides address, path, scheme, parameters, interval and instance", async () => {
  const { active } = await targetsOfJob(`
scheme: https
params: { module: [http, tcp], z: ["a b&c"] }
static_configs: [{ targets: [example.org] }]
relabel_configs:
- { source_labels: [__address__], target_label: __param_target }
- { source_labels: [__param_target], target_label: instance }
- { target_label: __address__, replacement: "prober:9115" }
- { target_label: __metrics_path__, replacement: "probe/x y" }
- { target_label: __scrape_interval__, replacement: "15s" }
- { target_label: __scrape_timeout__, replacement: "1s500ms" }
- { target_label: __param_module, replacement: icmp }
- { target_label: __tmp, replacement: gone }
`);
  const target = active[0]!;
  strictEqual(
    target.url,
    "https://prober:9115/probe/x%20y?module=icmp&module=tcp&target=example.org&z=a+b%26c",
  );
  strictEqual(formatLabels(target.labels), '{instance="example.org", job="j"}');
  strictEqual(labelValue(target.internalLabels, "__tmp"), "gone");
  deepStrictEqual([target.scrapeIntervalMs, target.scrapeTimeoutMs], [15_000, 1_500]);
});

Deno.test("meta labels are there for relabelling and gone after it", async () => {
  const job = await jobOf("relabel_configs: [{ source_labels: [__meta_role], target_label: role }]");
  const group = {
    source: "s",
    targets: [labelsFromRecord({ __address__: "h:1", own: "target", job: "mine" })],
    labels: labelsFromRecord({ __meta_role: "db", own: "group", job: "theirs" }),
  };
  const target = targetsOf(job, [group]).active[0]!;
  strictEqual(formatLabels(target.labels), '{instance="h:1", job="mine", own="target", role="db"}');
  strictEqual(labelValue(target.internalLabels, "__meta_role"), "");
});

Deno.test("dropped targets are told apart from those that cannot be scraped", async () => {
  const { active, dropped, errors } = await targetsOfJob(`
static_configs: [{ targets: ["keep:1", "drop:1"] }]
relabel_configs: [{ source_labels: [__address__], regex: "drop.*", action: drop }]
`);
  deepStrictEqual(active.map((target) => target.url), ["http://keep:1/metrics"]);
  deepStrictEqual(dropped.map((labels) => labelValue(labels, "__address__")), ["drop:1"]);
  deepStrictEqual(errors, []);
});

Deno.test("a target that cannot be scraped says why, as in Prometheus", async () => {
  const cases: readonly (readonly [label: string, value: string, reason: string])[] = [
    ["__address__", "", "no address"],
    ["__address__", "http://x", '"http://x" is not a valid hostname'],
    ["__scrape_interval__", "", "error parsing scrape interval: empty duration string"],
    ["__scrape_interval__", "often", 'error parsing scrape interval: not a valid duration string: "often"'],
    ["__scrape_interval__", "0s", "scrape interval cannot be 0"],
    ["__scrape_timeout__", "2d-", 'error parsing scrape timeout: not a valid duration string: "2d-"'],
    ["__scrape_timeout__", "0", "scrape timeout cannot be 0"],
    ["__scrape_timeout__", "2m", 'scrape timeout cannot be greater than scrape interval ("2m" > "1m")'],
  ];
  for (const [label, value, reason] of cases) {
    const { active, errors } = await targetsOfJob(`
static_configs: [{ targets: ["h:1"] }]
relabel_configs: [{ target_label: ${label}, replacement: "${value}" }]
`);
    deepStrictEqual([active.length, errors], [0, [`instance 0 in group 0: ${reason}`]], label);
  }
});

Deno.test("a target that stands twice is one, and equal targets have equal keys", async () => {
  const twice = 'static_configs: [{ targets: ["h:1", "h:1"] }, { targets: ["h:1"] }, { targets: ["h:2"] }]';
  const { active } = await targetsOfJob(twice);
  deepStrictEqual(active.map((target) => target.url), ["http://h:1/metrics", "http://h:2/metrics"]);
  strictEqual(active[0]!.key, (await targetsOfJob(twice)).active[0]!.key);
  strictEqual(active[0]!.key === active[1]!.key, false);
});

Deno.test("target_limit holds up to its number", async () => {
  const job = await jobOf("target_limit: 2");
  strictEqual(targetLimitProblem(job, 2), undefined);
  strictEqual(targetLimitProblem(job, 3), "target_limit exceeded (number of targets: 3, limit: 2)");
  strictEqual(targetLimitProblem(await jobOf("honor_labels: true"), 1000), undefined);
});
