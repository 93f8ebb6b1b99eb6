import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { loadConfig, renderConfig, scrapeConfigKey } from "../../lib/config/load.ts";
import { ConfigError } from "../../lib/config/problems.ts";
import { memoryFiles, noEnv } from "./memory_files.ts";

function load(text: string, more: Readonly<Record<string, string>> = {}) {
  return loadConfig("/etc/p/prometheus.yml", memoryFiles({ "/etc/p/prometheus.yml": text, ...more }), noEnv);
}

async function problemsOf(text: string, more: Readonly<Record<string, string>> = {}): Promise<string> {
  try {
    await load(text, more);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.replaceAll("/etc/p/", "");
    throw error;
  }
  return "accepted";
}

Deno.test("an empty file is the default configuration", async () => {
  for (const text of ["", "# nothing\n", "global:\n", "---\n", "{}"]) {
    const { global, scrapeConfigs, storage, inactive } = await load(text);
    strictEqual(global.scrapeIntervalMs, 60_000);
    strictEqual(global.scrapeTimeoutMs, 10_000);
    strictEqual(global.evaluationIntervalMs, 60_000);
    strictEqual(global.metricNameEscapingScheme, "allow-utf-8");
    deepStrictEqual(scrapeConfigs, []);
    strictEqual(storage.retentionMs, undefined);
    deepStrictEqual(inactive, []);
  }
});

Deno.test("a job inherits from global what it does not say", async () => {
  const config = await load(`
global: { scrape_interval: 5s, sample_limit: 7, body_size_limit: 1KB, extra_scrape_metrics: true }
scrape_configs:
- job_name: a
- job_name: b
  scrape_interval: 1m30s
  scrape_timeout: 20s
  sample_limit: 9
  metrics_path: /m
  scheme: https
  honor_labels: true
  params: { z: [1, 2], a: [x y] }
  static_configs: [{ targets: ["h:1"], labels: { x: "1" } }]
`);
  const [a, b] = config.scrapeConfigs;
  deepStrictEqual(
    [a!.scrapeIntervalMs, a!.scrapeTimeoutMs, a!.sampleLimit, a!.bodySizeLimitBytes, a!.extraScrapeMetrics],
    [5_000, 5_000, 7, 1024, true],
  );
  deepStrictEqual([a!.scheme, a!.metricsPath, a!.honorTimestamps, a!.enableCompression], [
    "http",
    "/metrics",
    true,
    true,
  ]);
  deepStrictEqual([b!.scrapeIntervalMs, b!.scrapeTimeoutMs, b!.sampleLimit, b!.scheme], [
    90_000,
    20_000,
    9,
    "https",
  ]);
  deepStrictEqual(b!.params, [["a", ["x y"]], ["z", ["1", "2"]]]);
  deepStrictEqual(b!.staticConfigs, [{ source: "0", targets: [["__address__", "h:1"]], labels: ["x", "1"] }]);
});

Deno.test("a problem names file, line, column and the way to the field", async () => {
  const cases: readonly (readonly [text: string, message: string])[] = [
    [
      "global:\n  scrape_interval: fast\n",
      'prometheus.yml:2:20: global.scrape_interval: expected a duration such as 15s, got "fast" (not a valid duration string: "fast")',
    ],
    [
      "scrape_configs:\n- job_name: a\n  scrape_intervall: 5s\n",
      'prometheus.yml:3:3: scrape_configs[0]: field scrape_intervall not found in type config.ScrapeConfig; did you mean "scrape_interval"?',
    ],
    [
      "scrape_configs:\n- job_name: a\n  sample_limit: -1\n",
      'prometheus.yml:3:17: scrape_configs[0].sample_limit: expected a whole number of 0 or more, got "-1" (unmarshal errors: cannot unmarshal !!int `-1` into uint)',
    ],
    [
      "scrape_configs: nothing\n",
      'prometheus.yml:1:17: scrape_configs: expected a list (a map each), got "nothing" (unmarshal errors: cannot unmarshal !!str `nothing` into []struct)',
    ],
    [
      "scrape_configs:\n- job_name: a\n  honor_labels: 1\n",
      'prometheus.yml:3:17: scrape_configs[0].honor_labels: expected true or false, got "1" (unmarshal errors: cannot unmarshal !!int `1` into bool)',
    ],
    [
      "scrape_configs:\n- job_name: a\n  scheme: ftp\n",
      'prometheus.yml:3:11: scrape_configs[0].scheme: expected one of http, https, got "ftp"',
    ],
  ];
  for (const [text, message] of cases) strictEqual(await problemsOf(text), message);
});

Deno.test("all problems of a file are told at once, in its order", async () => {
  const message = await problemsOf(
    "global:\n  scrape_interval: x\nscrape_configs:\n- jobname: a\n  sample_limit: y\n",
  );
  deepStrictEqual(message.split("\n").map((line) => line.split(": ")[0]), [
    "prometheus.yml:2:20",
    "prometheus.yml:4:3",
    "prometheus.yml:5:17",
  ]);
});

Deno.test("broken YAML, doubled keys, bombs and endless nesting are refused", async () => {
  ok((await problemsOf("global:\n\t- x")).startsWith("prometheus.yml:2:"));
  ok(
    (await problemsOf("global: {}\nglobal: {}\n")).includes(
      "2:1: field global already set in type config.plain",
    ),
  );
  ok(
    (await problemsOf("global: { external_labels: { a: 1, a: 2 } }")).includes('key "a" already set in map'),
  );
  ok((await problemsOf("global: *nowhere")).includes("nowhere"));
  const levels = Array.from({ length: 9 }, (_, i) => `    l${i + 1}: &l${i + 1} [${`*l${i}, `.repeat(10)}]`);
  const oauth2 = "oauth2:\n    client_id: a\n    token_url: b\n    claims:\n";
  const bomb = `scrape_configs:\n- job_name: a\n  ${oauth2}      l0: &l0 [x]\n  ${levels.join("\n  ")}\n`;
  ok((await problemsOf(bomb)).includes("values in a file, aliases included"));
  ok((await problemsOf("rule_files: &a [*a]")).includes("anchor 'a' value contains itself"));
  ok((await problemsOf("[".repeat(50_000))).endsWith("expected less deeply nested YAML"));
  ok((await problemsOf("rule_files: [" + "a,".repeat(3_000_000) + "]")).includes("expected at most"));
});

Deno.test("anchors, aliases and merge keys work as in Prometheus", async () => {
  const config = await load(`
scrape_configs:
- &base
  job_name: a
  scrape_interval: 7s
  scrape_timeout: 3s
- <<: *base
  job_name: b
  scrape_timeout: 2s
`);
  deepStrictEqual(
    config.scrapeConfigs.map((job) => [job.jobName, job.scrapeIntervalMs, job.scrapeTimeoutMs]),
    [
      ["a", 7_000, 3_000],
      ["b", 7_000, 2_000],
    ],
  );
});

Deno.test("jobs of other files join, with paths of their own and unique names", async () => {
  const main = "scrape_config_files: ['jobs/*.yml']\nscrape_configs: [{ job_name: a }]\n";
  const more = {
    "/etc/p/jobs/1.yml":
      "scrape_configs: [{ job_name: b, basic_auth: { username: u, password_file: secret } }]",
    "/etc/p/jobs/2.yml": "scrape_configs: [{ job_name: c, file_sd_configs: [{ files: [t/*.json] }] }]",
    "/etc/p/jobs/ignored.txt": "not yaml: [",
  };
  const config = await load(main, more);
  deepStrictEqual(config.scrapeConfigs.map((job) => job.jobName), ["a", "b", "c"]);
  deepStrictEqual(config.scrapeConfigs[1]!.http.auth, {
    kind: "basic",
    username: { kind: "inline", value: "u" },
    password: { kind: "file", path: "/etc/p/jobs/secret" },
  });
  deepStrictEqual(config.scrapeConfigs[2]!.fileSdConfigs, [
    { files: ["/etc/p/jobs/t/*.json"], refreshIntervalMs: 300_000 },
  ]);
  deepStrictEqual(Object.keys(config.jobYaml), ["a", "b", "c"]);
  ok(config.jobYaml["b"]!.startsWith("job_name: b\n"), config.jobYaml["b"]);
  ok(config.jobYaml["b"]!.includes("password_file: /etc/p/jobs/secret\n"), config.jobYaml["b"]);
  strictEqual(
    await problemsOf(main, { "/etc/p/jobs/1.yml": "scrape_configs:\n- job_name: a\n" }),
    'jobs/1.yml:2:13: scrape_configs[0].job_name: found multiple scrape configs with job name "a", first found in main config file',
  );
  ok(
    (await problemsOf(main, { "/etc/p/jobs/1.yml": "global: {}\n" })).includes(
      "field global not found in type",
    ),
  );
});

Deno.test("external labels expand variables and warn about those that are not set", async () => {
  const text = 'global: { external_labels: { a: "${HOST}-$HOST-$$x", b: "$NONE!" } }';
  const files = memoryFiles({ "p.yml": text });
  const config = await loadConfig("p.yml", files, (name) => name === "HOST" ? "h1" : undefined);
  deepStrictEqual(config.global.externalLabels, [["a", "h1-h1-$x"], ["b", "!"]]);
  deepStrictEqual(config.warnings, ['external label "b": environment variable "NONE" is empty or not set']);
});

Deno.test("what is checked but has no effect is named", async () => {
  const config = await load(`
rule_files: [a.yml]
remote_write: [{ url: "http://x/write" }]
storage: { tsdb: { retention: { time: 30d, size: 1GB }, out_of_order_time_window: 5m } }
scrape_configs:
- { job_name: a, consul_sd_configs: [{}], dns_sd_configs: [{ names: [x] }] }
alerting:
  alertmanagers:
  - { sigv4: { region: r }, dns_sd_configs: [{ names: [x] }] }
  - { oauth2: { client_id: i, token_url: "http://t" } }
`);
  deepStrictEqual(config.inactive, [
    "remote_write",
    "alerting.alertmanagers.dns_sd_configs",
    "alerting.alertmanagers.sigv4",
    "alerting.alertmanagers.oauth2",
    "scrape_configs.consul_sd_configs",
    "scrape_configs.dns_sd_configs",
  ]);
  strictEqual(config.storage.retentionMs, 30 * 86_400_000);
  strictEqual(config.storage.retentionBytes, 1024 ** 3);
});

Deno.test("secrets do not show, passwords in addresses neither", async () => {
  const shown = renderConfig(
    await load(`
scrape_configs:
- job_name: a
  authorization: { credentials: topsecret }
  proxy_url: http://user:topsecret@proxy:1
  http_headers: { X-Key: { secrets: [topsecret], values: [plain] } }
- job_name: b
  bearer_token: topsecret
- job_name: c
  oauth2: { client_id: i, client_secret: topsecret, token_url: "http://t" }
  proxy_connect_header: { A: [topsecret] }
  proxy_from_environment: true
`),
  );
  ok(!shown.includes("topsecret"), shown);
  ok(shown.includes("proxy_url: http://user:xxxxx@proxy:1"));
  ok(shown.includes("- <secret>") && shown.includes("- plain"));
  strictEqual(shown.match(/type: Bearer/g)?.length, 2);
});

Deno.test("the HTTP client block reads into one way to authenticate", async () => {
  const config = await load(`
scrape_configs:
- job_name: a
  bearer_token_file: token
  tls_config: { ca_file: ca.pem, insecure_skip_verify: true, server_name: s }
  follow_redirects: false
  proxy_url: http://p:1
  no_proxy: localhost
`);
  deepStrictEqual(config.scrapeConfigs[0]!.http, {
    auth: { kind: "authorization", type: "Bearer", credentials: { kind: "file", path: "/etc/p/token" } },
    tls: {
      ca: { kind: "file", path: "/etc/p/ca.pem" },
      serverName: "s",
      insecureSkipVerify: true,
      minVersion: "",
      maxVersion: "",
    },
    proxy: { kind: "url", url: "http://p:1", noProxy: "localhost", connectHeaders: [] },
    followRedirects: false,
    enableHttp2: true,
    headers: [],
  });
  const refused: readonly (readonly [text: string, message: string])[] = [
    ["http_headers: { Authorization: { values: [x] } }", 'setting header "Authorization" is not allowed'],
    ["proxy_from_environment: true, proxy_url: 'http://x'", "proxy_url must not be configured"],
    ["no_proxy: x", "if no_proxy is configured, proxy_url must also be configured"],
    ["tls_config: { cert_file: x }", "exactly one of key or key_file must be configured"],
    [
      "basic_auth: {}, oauth2: { client_id: a, token_url: b }",
      "at most one of basic_auth, oauth2 & authorization",
    ],
    ["authorization: { type: Basic }", 'authorization type cannot be set to "basic"'],
    ["tls_config: { min_version: SSL3 }", "unknown TLS version: SSL3"],
  ];
  for (const [text, message] of refused) {
    const problems = await problemsOf(`scrape_configs: [{ job_name: a, ${text} }]`);
    ok(problems.includes(message), `${text}: ${problems}`);
  }
});

Deno.test("jobs that scrape alike have the same key, and differ when anything differs", async () => {
  const text = (interval: string) =>
    `scrape_configs: [{ job_name: a, scrape_interval: ${interval} }, { job_name: b }]`;
  const before = await load(text("15s"));
  const after = await load(text("30s"));
  ok(scrapeConfigKey(before.scrapeConfigs[0]!) !== scrapeConfigKey(after.scrapeConfigs[0]!));
  strictEqual(scrapeConfigKey(before.scrapeConfigs[1]!), scrapeConfigKey(after.scrapeConfigs[1]!));
  structuredClone(before);
});

Deno.test("a missing file is told as such", async () => {
  await rejects(loadConfig("/nowhere.yml", memoryFiles({}), noEnv), /open \/nowhere.yml: no such file/);
});
