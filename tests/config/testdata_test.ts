import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { loadConfig, renderConfig } from "../../lib/config/load.ts";
import { ConfigError } from "../../lib/config/problems.ts";
import { systemFiles } from "../../lib/sys/files.ts";
import { memoryFiles, noEnv } from "./memory_files.ts";

const ROOT = join(import.meta.dirname!, "../..");
const DATA = join(ROOT, "../shared/testdata/prometheus-config");

const names = listOf(DATA);
const ignore = names.length === 0;
const because = ignore ? " (skipped: ../shared/testdata is not there)" : "";

function listOf(directory: string): readonly string[] {
  try {
    return [...Deno.readDirSync(directory)].map((entry) => entry.name).filter((name) => name.endsWith(".yml"))
      .sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/**
 * Prometheus says "parsing YAML file FILE: " before what is wrong in a file; here FILE:LINE:COL: path: stands
 * before it, so of these texts the part after the file counts.
 */
const FILE_PREFIX = /^parsing YAML file testdata\/[^:]+: /;

function expectedErrors(): ReadonlyMap<string, string> {
  if (ignore) return new Map();
  const lines = Deno.readTextFileSync(join(DATA, "expected_errors.tsv")).trim().split("\n").slice(1);
  return new Map(lines.map((line) => {
    const [name, message] = line.split("\t");
    return [name!, message!.replace(FILE_PREFIX, "")];
  }));
}

/** Bad files that the table does not list, or that only fail in company, and a part of what is wrong with them. */
const MORE_ERRORS: Readonly<Record<string, string>> = {
  "config_with_deprecated_am_api_config.yml":
    "expected Alertmanager api version to be one of [v2] but got v1",
  "otlp_allow_utf8.bad.yml": 'unsupported OTLP translation strategy "Invalid"',
  "otlp_allow_utf8.incompatible.yml":
    'OTLP translation strategy "NoUTF8EscapingWithSuffixes" is not allowed when UTF8 is disabled',
  "otlp_no_translation.incompatible.yml":
    'OTLP translation strategy "NoTranslation" is not allowed when UTF8 is disabled',
  "otlp_ignore_resource_attributes_without_promote_all.bad.yml":
    "'ignore_resource_attributes' cannot be configured unless 'promote_all_resource_attributes' is true",
  "otlp_promote_all_resource_attributes.bad.yml":
    "'promote_all_resource_attributes' and 'promote_resource_attributes' cannot be configured simultaneously",
  "otlp_sanitize_ignore_resource_attributes.bad.yml":
    'duplicated ignored OTel resource attribute "k8s.job.name"',
  "otlp_sanitize_promote_resource_attributes.bad.yml":
    'duplicated promoted OTel resource attribute "k8s.job.name"',
  "scrape_config_files.bad.yml": "scrape timeout greater than scrape interval",
  "scrape_config_files_double_import.bad.yml": 'found multiple scrape configs with job name "prometheus"',
  "scrape_config_files_duplicate.bad.yml":
    'found multiple scrape configs with job name "prometheus", first found in main config file',
  "scrape_config_files_global.bad.yml": "scrape timeout greater than scrape interval",
  "scrape_config_files_global_duplicate.bad.yml": 'found multiple scrape configs with job name "prometheus"',
  "static_config.bad.yml": "field targets not found in type config.plain",
};

const expected = new Map([...expectedErrors(), ...Object.entries(MORE_ERRORS)]);

Deno.test({
  name: `each of Prometheus's bad configurations is refused with Prometheus's words and a place${because}`,
  ignore,
  async fn() {
    let checked = 0;
    for (const name of names) {
      const message = expected.get(name);
      if (message === undefined) continue;
      const problem = await firstProblem(join(DATA, name));
      ok(problem !== undefined, `${name} was accepted`);
      ok(problem.message.includes(message), `${name}: expected ${message}, got ${problem.message}`);
      ok(problem.line > 0 && problem.column > 0, `${name}: ${problem.message} has no place`);
      const lines = Deno.readTextFileSync(problem.file).split("\n").length;
      ok(problem.line <= lines, `${name}: line ${problem.line} of ${lines}`);
      checked++;
    }
    ok(checked > 130, `only ${checked} files were checked`);
  },
});

async function firstProblem(path: string) {
  try {
    await loadConfig(path, systemFiles, noEnv);
    return undefined;
  } catch (error) {
    if (error instanceof ConfigError) return error.problems[0]!;
    throw error;
  }
}

Deno.test({
  name:
    `each of Prometheus's good configurations loads, and what is shown of it loads to the same again${because}`,
  ignore,
  async fn() {
    let checked = 0;
    for (const name of names) {
      if (expected.has(name)) continue;
      ok(!name.includes(".bad."), `${name} is in no table of errors`);
      const path = join(DATA, name);
      const config = await loadConfig(
        path,
        systemFiles,
        (variable) => variable === "TEST" ? "value" : undefined,
      );
      const shown = renderConfig(config);
      // Labels are shown expanded, so a dollar sign that was escaped would be expanded again. As Prometheus.
      if (name === "external_labels.good.yml") continue;
      // Of the files that scrape_config_files names, the shown text says no more than their paths.
      const again = await loadConfig(path, { ...systemFiles, ...overlay(path, shown) }, noEnv);
      strictEqual(renderConfig(again), shown, name);
      strictEqual(again.scrapeConfigs.length, config.scrapeConfigs.length, name);
      checked++;
    }
    ok(checked > 40, `only ${checked} files were checked`);
  },
});

function overlay(path: string, text: string) {
  const own = memoryFiles({ [path]: text });
  return {
    readText: (at: string) => at === path ? own.readText(at) : systemFiles.readText(at),
  };
}

Deno.test({
  name: `an agent refuses what only a server has${because}`,
  ignore,
  async fn() {
    const refused: readonly (readonly [name: string, field: string])[] = [
      ["agent_mode.with_alert_manager.yml", "alerting"],
      ["agent_mode.with_alert_relabels.yml", "alerting"],
      ["agent_mode.with_rule_files.yml", "rule_files"],
      ["agent_mode.with_remote_reads.yml", "remote_read"],
    ];
    for (const [name, field] of refused) {
      let message = "accepted";
      try {
        await loadConfig(join(DATA, name), systemFiles, noEnv, { mode: "agent" });
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        message = error.message;
      }
      ok(message.includes(`field ${field} is not allowed in agent mode`), `${name}: ${message}`);
    }
    for (const name of ["agent_mode.good.yml", "agent_mode.without_remote_writes.yml"]) {
      await loadConfig(join(DATA, name), systemFiles, noEnv, { mode: "agent" });
    }
  },
});

/** What Debian's promtool 2.42 does not know, was built without, or judges by older rules. */
const LATER_THAN_2_42 =
  /azure|_token_file|kubernetes|otlp|native_hist|scrape_config_|classic_hist|extra_scrape|utf8|validation|stackit|oci_|tsdb_|queue_|fallback|metric_name|roundtrip|conf\.good|remote_write_wrong|remote_write_authorization|remote_write_retry|agent_mode|section_key_dup|external_labels|keepequal|dropequal|eureka|scaleway|outscale|deprecated_am|dockerswarm|rules_abs|hetzner|empty_scrape_config_action|labelmap/;

const promtool = findPromtool();
const skipPeer = ignore || (promtool === undefined && Deno.env.get("NARTHEX_REQUIRE_PEERS") !== "1");

Deno.test({
  name: `promtool gives the same verdict${
    skipPeer ? " (skipped: promtool or ../shared/testdata is not there)" : ""
  }`,
  ignore: skipPeer,
  async fn() {
    ok(promtool !== undefined, "NARTHEX_REQUIRE_PEERS=1, but promtool is not on PATH");
    const chosen = names.filter((name) => !LATER_THAN_2_42.test(name));
    ok(chosen.length > 35, `only ${chosen.length} files`);
    const args = (name: string) => ["check", "config", "--syntax-only", join(DATA, name)];
    const differing: string[] = [];
    for (const name of chosen) {
      const options = { args: args(name), stdout: "null", stderr: "null" } as const;
      const { success } = await new Deno.Command(promtool, options).output();
      if ((await firstProblem(join(DATA, name)) === undefined) !== success) differing.push(name);
    }
    deepStrictEqual(differing, []);
  },
});

function findPromtool(): string | undefined {
  for (const directory of (Deno.env.get("PATH") ?? "").split(":")) {
    try {
      if (Deno.statSync(join(directory, "promtool")).isFile) return join(directory, "promtool");
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) throw error;
    }
  }
  return undefined;
}
