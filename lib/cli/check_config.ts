/**
 * `check config`: loads each file as the server would, looks after the files it refers to, checks targets and rule
 * files, and prints as promtool does.
 */
import { expandGlob, hasGlob } from "../config/glob.ts";
import { type Env, type LoadedSettings, loadSettings } from "../config/load.ts";
import { scrapeOf } from "../config/settings.ts";
import type { HttpSettings } from "../config/schema/http_client.ts";
import type { AlertmanagerConfig, ScrapeConfig } from "../config/types.ts";
import { assertNever } from "../core/assert.ts";
import { messageOf, UserError } from "../core/errors.ts";
import type { Files } from "../core/ports.ts";
import { formatDurationMs } from "../core/time.ts";
import { readGroups } from "../discovery/file_sd.ts";
import type { TargetGroup } from "../discovery/target_groups.ts";
import { targetsOf } from "../discovery/targets.ts";
import { alertmanagersOf } from "../notify/alertmanagers.ts";
import type { CheckConfigOptions } from "./commands.ts";
import { lints, messagesOf, reportRuleFile, type RuleFileReport } from "./rule_file_report.ts";

export interface CheckConfigOut {
  out(text: string): void;
  err(text: string): void;
}

const EXIT_FAILURE = 1;
const EXIT_LINT = 3;
/** As promtool: data older than this is stale, so a longer scrape interval leaves gaps. */
const LOOKBACK_DELTA_MS = 5 * 60_000;

/** 0 when all is right, 1 when a file is wrong, 3 when only the lint complains and `lintFatal` is set. */
export async function checkConfig(
  paths: readonly string[],
  options: CheckConfigOptions,
  files: Files,
  out: CheckConfigOut,
  env: Env = () => undefined,
): Promise<number> {
  let wrong = false;
  let linted = false;
  for (const path of paths) {
    out.out(`Checking ${path}\n`);
    let ruleFiles: readonly string[] = [];
    try {
      const checked = await checkFile(path, options, files, out, env);
      ruleFiles = checked.ruleFiles;
      if (ruleFiles.length > 0) out.out(`  SUCCESS: ${ruleFiles.length} rule files found\n`);
      out.out(` SUCCESS: ${path} is valid prometheus config file syntax\n`);
      for (const complaint of checked.complaints) out.err(`  FAILED: ${complaint}\n`);
      linted ||= checked.complaints.length > 0;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      wrong = true;
      out.err(`  FAILED: ${messagesOf(error).join("\n    ")}\n`);
    }
    out.out("\n");
    for (const file of ruleFiles) {
      const verdict = await checkRules(file, options, files, out);
      wrong ||= verdict === "wrong";
      linted ||= verdict === "linted";
    }
  }
  if (wrong) return EXIT_FAILURE;
  return linted && options.lintFatal ? EXIT_LINT : 0;
}

interface CheckedFile {
  readonly ruleFiles: readonly string[];
  readonly complaints: readonly string[];
}

async function checkFile(
  path: string,
  options: CheckConfigOptions,
  files: Files,
  out: CheckConfigOut,
  env: Env,
): Promise<CheckedFile> {
  const loaded = await loadSettings(path, files, env, { mode: options.agent ? "agent" : "server" });
  const ruleFiles = options.syntaxOnly ? [] : await findRuleFiles(loaded, files);
  for (const { settings } of loaded.jobs) {
    const job = scrapeOf(settings);
    if (!options.syntaxOnly) await checkHttpFiles(settings, files);
    checkTargets(job, job.staticConfigs);
    if (options.syntaxOnly) continue;
    for (const file of settings.file_sd_configs.flatMap((config) => config.files)) {
      const groups = await readSdFiles(file, files, out, `scrape job "${job.jobName}"`);
      checkTargets(job, groups);
    }
  }
  for (const alertmanager of loaded.config.alerting.alertmanagers) {
    checkAlertmanagers(alertmanager, alertmanager.staticConfigs);
    if (options.syntaxOnly) continue;
    for (const file of alertmanager.fileSdConfigs.flatMap((config) => config.files)) {
      checkAlertmanagers(alertmanager, await readSdFiles(file, files, out, "alertmanager config"));
    }
  }
  const complaints = lints(options.lint, "too-long-scrape-interval") ? intervalComplaints(loaded) : [];
  return { ruleFiles, complaints };
}

function intervalComplaints(loaded: LoadedSettings): readonly string[] {
  return loaded.config.scrapeConfigs.filter((job) => job.scrapeIntervalMs >= LOOKBACK_DELTA_MS).map((job) => {
    const interval = formatDurationMs(job.scrapeIntervalMs);
    const found = "too long scrape interval found, data point will be marked as stale";
    return `lint error ${found} - job: ${job.jobName}, interval: ${interval}`;
  });
}

async function findRuleFiles(loaded: LoadedSettings, files: Files): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pattern of loaded.config.ruleFiles) {
    const matches = await expandGlob(pattern, files);
    // As promtool: a file named outright must be there, a pattern may match nothing.
    if (matches.length === 0 && !hasGlob(pattern)) {
      throw new UserError("bad_data", `"${pattern}" does not point to an existing file`);
    }
    found.push(...matches);
  }
  return found;
}

async function checkHttpFiles(http: HttpSettings, files: Files): Promise<void> {
  const tls = http.tls_config;
  const named: readonly (readonly [what: string, file: string])[] = [
    ["authorization credentials or bearer token", http.authorization?.credentials_file ?? ""],
    ["basic auth username", http.basic_auth?.username_file ?? ""],
    ["basic auth password", http.basic_auth?.password_file ?? ""],
    ["oauth2 client secret", http.oauth2?.client_secret_file ?? ""],
    ["CA", tls.ca_file],
    ["client cert", tls.cert_file],
    ["client key", tls.key_file],
    ...http.http_headers.flatMap(([name, header]) =>
      header.files.map((file): readonly [string, string] => [`header "${name}"`, file])
    ),
  ];
  for (const [what, file] of named) {
    if (file === "" || await files.stat(file) !== null) continue;
    throw new UserError(
      "bad_data",
      `error checking ${what} file "${file}": stat ${file}: no such file or directory`,
    );
  }
}

async function readSdFiles(
  pattern: string,
  files: Files,
  out: CheckConfigOut,
  where: string,
): Promise<readonly TargetGroup[]> {
  const paths = await expandGlob(pattern, files);
  if (paths.length === 0) {
    out.out(`  WARNING: file "${pattern}" for file_sd in ${where} does not exist\n`);
    return [];
  }
  const groups: TargetGroup[] = [];
  for (const path of paths) {
    try {
      groups.push(...readGroups(await files.readText(path), path));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      throw new UserError("bad_data", `checking SD file "${pattern}": ${messageOf(error)}`, { cause: error });
    }
  }
  return groups;
}

function checkTargets(job: ScrapeConfig, groups: readonly TargetGroup[]): void {
  const { errors } = targetsOf(job, groups);
  if (errors.length > 0) throw new UserError("bad_data", errors[0]!);
}

function checkAlertmanagers(config: AlertmanagerConfig, groups: readonly TargetGroup[]): void {
  const { errors } = alertmanagersOf(config, groups);
  if (errors.length > 0) throw new UserError("bad_data", errors[0]!);
}

/** As promtool: a check of the configuration indents what it says of its rule files. */
async function checkRules(
  file: string,
  options: CheckConfigOptions,
  files: Files,
  out: CheckConfigOut,
): Promise<RuleFileReport["kind"]> {
  out.out(`Checking ${file}\n`);
  const report = await readAndReport(file, options, files);
  switch (report.kind) {
    case "right":
      out.out(`  SUCCESS: ${report.rulesCount} rules found\n`);
      break;
    case "linted":
      out.err(`  FAILED:\n     ${report.message}\n`);
      break;
    case "wrong":
      out.err(`  FAILED:\n${report.messages.map((message) => `     ${message}\n`).join("")}`);
      break;
    default:
      assertNever(report);
  }
  out.out("\n");
  return report.kind;
}

async function readAndReport(
  file: string,
  { lint, ignoreUnknownFields, parse = {} }: CheckConfigOptions,
  files: Files,
): Promise<RuleFileReport> {
  try {
    return reportRuleFile(await files.readText(file), file, { lint, ignoreUnknownFields, parse });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { kind: "wrong", messages: [error.message] };
  }
}
