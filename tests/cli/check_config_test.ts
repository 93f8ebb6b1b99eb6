import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { checkConfig } from "../../lib/cli/check_config.ts";
import type { CheckConfigOptions } from "../../lib/cli/commands.ts";
import type { Files } from "../../lib/core/ports.ts";
import { systemFiles } from "../../lib/sys/files.ts";
import { memoryFiles } from "../config/memory_files.ts";

const OPTIONS: CheckConfigOptions = {
  syntaxOnly: false,
  agent: false,
  lint: "duplicate-rules",
  lintFatal: false,
  ignoreUnknownFields: false,
};

async function check(path: string, files: Files, options: Partial<CheckConfigOptions> = {}) {
  let out = "";
  let err = "";
  const code = await checkConfig([path], { ...OPTIONS, ...options }, files, {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
  });
  return { code, out, err };
}

function checkText(
  text: string,
  options: Partial<CheckConfigOptions> = {},
  more: Record<string, string> = {},
) {
  return check("p.yml", memoryFiles({ "p.yml": text, ...more }), options);
}

Deno.test("a right file passes in promtool's words", async () => {
  deepStrictEqual(await checkText("scrape_configs: [{ job_name: a }]"), {
    code: 0,
    out: "Checking p.yml\n SUCCESS: p.yml is valid prometheus config file syntax\n\n",
    err: "",
  });
});

Deno.test("a wrong file fails with all that is wrong, on the error stream", async () => {
  deepStrictEqual(await checkText("a: 1\nb: 2\n"), {
    code: 1,
    out: "Checking p.yml\n\n",
    err: "  FAILED: p.yml:1:1: field a not found in type config.plain\n" +
      "    p.yml:2:1: field b not found in type config.plain\n",
  });
});

Deno.test("files that the configuration names must be there, unless only the syntax is asked for", async () => {
  const cases: readonly (readonly [text: string, message: string])[] = [
    ["rule_files: [r.yml]", '"r.yml" does not point to an existing file'],
    [
      "scrape_configs: [{ job_name: a, authorization: { credentials_file: t } }]",
      'error checking authorization credentials or bearer token file "t": stat t: no such file or directory',
    ],
    [
      "scrape_configs: [{ job_name: a, tls_config: { cert_file: c, key_file: k } }]",
      'error checking client cert file "c": stat c: no such file or directory',
    ],
    [
      "scrape_configs: [{ job_name: a, basic_auth: { password_file: w } }]",
      'error checking basic auth password file "w": stat w: no such file or directory',
    ],
  ];
  for (const [text, message] of cases) {
    const { code, err } = await checkText(text);
    deepStrictEqual([code, err], [1, `  FAILED: ${message}\n`]);
    strictEqual((await checkText(text, { syntaxOnly: true })).code, 0);
  }
  strictEqual((await checkText("rule_files: ['*.rules']")).code, 0);
});

Deno.test("target files are read and their targets checked", async () => {
  const text = "scrape_configs: [{ job_name: a, file_sd_configs: [{ files: [t.json] }] }]";
  const missing = await checkText(text);
  strictEqual(missing.code, 0);
  ok(missing.out.includes('  WARNING: file "t.json" for file_sd in scrape job "a" does not exist\n'));
  strictEqual((await checkText(text, {}, { "t.json": '[{"targets":["h:1"]}]' })).code, 0);
  const bad = await checkText(text, {}, { "t.json": '[{"targats":["h:1"]}]' });
  ok(
    bad.code === 1 && bad.err.includes('checking SD file "t.json": t.json: [0]: field targats not found'),
    bad.err,
  );
  const url = await checkText(text, {}, { "t.json": '[{"targets":["http://h"]}]' });
  ok(
    url.code === 1 && url.err.includes('instance 0 in group t.json:0: "http://h" is not a valid hostname'),
    url.err,
  );
});

const RULES = `groups:
- name: g
  rules:
  - { record: "a:b", expr: "1", labels: { x: y } }
  - { record: "a:b", expr: "2", labels: { x: y } }
  - { alert: A, expr: "up == 0", for: 5m, annotations: { summary: s } }
`;

Deno.test("rule files are checked field by field, and doubled rules are a matter of taste", async () => {
  const text = "rule_files: [r.yml]";
  const linted = await checkText(text, {}, { "r.yml": RULES });
  strictEqual(linted.code, 0);
  ok(linted.out.includes("  SUCCESS: 1 rule files found\n"));
  strictEqual(
    linted.err,
    "  FAILED:\n     lint error 1 duplicate rule(s) found.\nMetric: a:b\nLabel(s):\n\tx: y\n" +
      "Might cause inconsistency while recording expressions\n",
  );
  strictEqual((await checkText(text, { lintFatal: true }, { "r.yml": RULES })).code, 3);
  const calm = await checkText(text, { lint: "none" }, { "r.yml": RULES });
  ok(calm.code === 0 && calm.out.endsWith("Checking r.yml\n  SUCCESS: 3 rules found\n\n"), calm.out);

  const wrong: readonly (readonly [rules: string, message: string])[] = [
    [
      "groups: [{ name: g, rules: [{ alert: A, record: b, expr: x }] }]",
      "only one of 'record' and 'alert' must be set",
    ],
    ["groups: [{ name: g, rules: [{ expr: x }] }]", "one of 'record' or 'alert' must be set"],
    ["groups: [{ name: g, rules: [{ alert: A }] }]", "field 'expr' must be set in rule"],
    [
      "groups: [{ name: g, rules: [{ record: a, expr: x, for: 5m }] }]",
      "invalid field 'for' in recording rule",
    ],
    ["groups: [{ name: g }, { name: g }]", 'groupname: "g" is repeated in the same file'],
    ["groups: [{ rules: [] }]", "Groupname must not be empty"],
    ["groups: [{ name: g, owner: x }]", "field owner not found in type rulefmt.RuleGroup"],
  ];
  for (const [rules, message] of wrong) {
    const { code, err } = await checkText(text, {}, { "r.yml": rules });
    ok(code === 1 && err.includes(message), `${rules}: ${err}`);
  }
  const extra = { "r.yml": "groups: [{ name: g, owner: x }]" };
  strictEqual((await checkText(text, { ignoreUnknownFields: true }, extra)).code, 0);
});

Deno.test("a scrape interval beyond the lookback is told when asked", async () => {
  const text = "scrape_configs: [{ job_name: a, scrape_interval: 10m }]";
  strictEqual((await checkText(text, { lintFatal: true })).err, "");
  const linted = await checkText(text, { lint: "too-long-scrape-interval", lintFatal: true });
  strictEqual(linted.code, 3);
  ok(
    linted.err.includes(
      "too long scrape interval found, data point will be marked as stale - job: a, interval: 10m",
    ),
  );
});

const DATA = join(import.meta.dirname!, "../../../shared/testdata/promtool");
const ignore = await systemFiles.stat(DATA) === null;

Deno.test({
  name: `promtool's own files get promtool's verdicts${
    ignore ? " (skipped: ../shared/testdata is not there)" : ""
  }`,
  ignore,
  async fn() {
    const verdicts: Readonly<Record<string, number>> = {
      "prometheus-config.good.yml": 0,
      "prometheus-config.bad.yml": 1,
      "prometheus-config.lint.yml": 3,
      "prometheus-config.lint.too_long_scrape_interval.yml": 3,
      "config_with_service_discovery_files.yml": 0,
      "config_with_rule_files.yml": 1,
      "config_with_tls_files.yml": 1,
      "authorization_credentials_file.bad.yml": 1,
      "authorization_credentials_file.good.yml": 0,
      "url_in_scrape_targetgroup_with_relabel_config.bad.yml": 1,
      "url_in_scrape_targetgroup_with_relabel_config.good.yml": 0,
      "url_in_alert_targetgroup_with_relabel_config.bad.yml": 1,
      "url_in_alert_targetgroup_with_relabel_config.good.yml": 0,
    };
    for (const [name, code] of Object.entries(verdicts)) {
      const checked = await check(join(DATA, name), systemFiles, { lint: "all", lintFatal: true });
      strictEqual(checked.code, code, `${name}: ${checked.err}`);
    }
  },
});
