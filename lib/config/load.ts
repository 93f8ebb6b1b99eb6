/**
 * Loads a configuration: the main file, the files of `scrape_config_files`, everything checked before anything is
 * used. Either all of it is right and comes back, or a `ConfigError` tells all that was found wrong.
 */
import { messageOf } from "../core/errors.ts";
import type { Files } from "../core/ports.ts";
import { expandVariables } from "./expand.ts";
import { expandGlob } from "./glob.ts";
import { inactiveOf } from "./inactive.ts";
import { directoryOf } from "./paths.ts";
import { ConfigError, type ConfigProblem } from "./problems.ts";
import { root, type RootSettings, settleRoot } from "./schema/root.ts";
import { Reader, type Schema } from "./schema/schema.ts";
import { scrapeConfig, scrapeConfigsFile, type ScrapeSettings, settleScrape } from "./schema/scrape.ts";
import type { GlobalSettings } from "./schema/global.ts";
import { alertingOf, globalOf, scrapeOf, storageOf } from "./settings.ts";
import type { PrometheusConfig, ScrapeConfig } from "./types.ts";
import { parseYaml, type YamlNode } from "./yaml.ts";
import { writeYaml } from "./yaml_write.ts";

export type Env = (name: string) => string | undefined;

export interface LoadOptions {
  /** @default "refused" */
  readonly unknownFields?: "refused" | "ignored";
  /** An agent scrapes and writes on, and has no rules, alerts or remote reads. @default "server" */
  readonly mode?: "server" | "agent";
}

/** Throws a `ConfigError`, or the `UserError` of `files` when the main file cannot be read. */
export async function loadConfig(
  path: string,
  files: Files,
  env: Env,
  options: LoadOptions = {},
): Promise<PrometheusConfig> {
  const loaded = await loadSettings(path, files, env, options);
  return loaded.config;
}

export interface LoadedSettings {
  readonly config: PrometheusConfig;
  /** The fields of the main file, for those who check what they refer to. */
  readonly settings: RootSettings;
  /** All jobs, those of `scrape_config_files` included, with the file each came from. */
  readonly jobs: readonly { readonly file: string; readonly settings: ScrapeSettings }[];
}

export async function loadSettings(
  path: string,
  files: Files,
  env: Env,
  options: LoadOptions = {},
): Promise<LoadedSettings> {
  const text = await files.readText(path);
  const reader = readerOf(path, options);
  const node = parseYaml(text, path);
  const read = readWhole(root, node, reader);
  const settled = reader.moved(read, settleRoot(read, reader));
  if (options.mode === "agent") checkAgent(settled, reader);
  throwProblems(reader);

  const labels = expandLabels(settled.global, env, reader);
  const settings: RootSettings = { ...settled, global: { ...settled.global, external_labels: labels } };
  const jobs = [
    ...settings.scrape_configs.map((job) => ({ file: path, settings: job })),
    ...await readScrapeFiles(settings, files, options),
  ];
  const scrapeConfigs = jobs.map((job) => scrapeOf(job.settings));
  const scheme = settings.global.metric_name_validation_scheme || "utf8";
  const alerting = alertingOf(settings.alerting, scheme);
  const config: PrometheusConfig = {
    path,
    global: globalOf(settings.global, labels),
    ruleFiles: settings.rule_files,
    scrapeConfigs,
    alerting,
    storage: storageOf(settings.storage),
    inactive: inactiveOf((at) => holds(node, at.split(".")), scrapeConfigs, alerting.alertmanagers),
    warnings: reader.warnings,
    yaml: writeYaml(root.write(settings)),
    jobYaml: Object.fromEntries(
      jobs.map((job) => [job.settings.job_name, writeYaml(scrapeConfig.write(job.settings))]),
    ),
  };
  return { config, settings, jobs };
}

/** As the status page shows it: defaults filled in, secrets masked; loads again to the same but for the secrets. */
export function renderConfig(config: PrometheusConfig): string {
  return config.yaml;
}

/** Equal for configurations that scrape alike, so that a reload leaves them running. */
export function scrapeConfigKey(config: ScrapeConfig): string {
  return JSON.stringify(config);
}

function readerOf(file: string, options: LoadOptions): Reader {
  return new Reader({
    file,
    directory: directoryOf(file),
    unknownFields: options.unknownFields ?? "refused",
  });
}

/** Reads a file's tree; what does not hold between its parts is looked for only when the parts are right. */
function readWhole<T>(schema: Schema<T>, node: YamlNode, reader: Reader): T {
  const value = reader.part("", schema, node);
  throwProblems(reader);
  return value;
}

function throwProblems(reader: Reader): void {
  if (reader.problemsCount > 0) throw new ConfigError(reader.problems());
}

function checkAgent(settings: RootSettings, reader: Reader): void {
  const { alerting } = settings;
  const refused: readonly (readonly [name: string, used: boolean])[] = [
    ["alerting", alerting.alertmanagers.length > 0 || alerting.alert_relabel_configs.length > 0],
    ["rule_files", settings.rule_files.length > 0],
    ["remote_read", settings.remote_read.length > 0],
  ];
  for (const [name, used] of refused) {
    if (used) reader.reportOf(settings, `field ${name} is not allowed in agent mode`, name);
  }
}

function expandLabels(
  global: GlobalSettings,
  env: Env,
  reader: Reader,
): readonly (readonly [name: string, value: string])[] {
  const labels: (readonly [string, string])[] = [];
  for (const [name, value] of global.external_labels) {
    const { text, missing } = expandVariables(value, env);
    for (const variable of missing) {
      reader.warnings.push(
        `external label "${name}": environment variable "${variable}" is empty or not set`,
      );
    }
    // As Prometheus: an external label may come out empty, and then says nothing.
    labels.push([name, text]);
  }
  return labels;
}

async function readScrapeFiles(
  settings: RootSettings,
  files: Files,
  options: LoadOptions,
): Promise<LoadedSettings["jobs"]> {
  const firstFound = new Map(settings.scrape_configs.map((job) => [job.job_name, "main config file"]));
  const jobs: { readonly file: string; readonly settings: ScrapeSettings }[] = [];
  for (const pattern of settings.scrape_config_files) {
    for (const file of await expandGlob(pattern, files)) {
      const reader = readerOf(file, options);
      const node = parseYaml(await readOrProblem(file, files), file);
      const read = readWhole(scrapeConfigsFile, node, reader);
      for (const own of read.scrape_configs) {
        const job = settleScrape(own, settings.global, reader);
        const first = firstFound.get(job.job_name);
        if (first !== undefined) {
          const message =
            `found multiple scrape configs with job name "${job.job_name}", first found in ${first}`;
          reader.reportOf(job, message, "job_name");
        }
        firstFound.set(job.job_name, `"${file}"`);
        jobs.push({ file, settings: job });
      }
      throwProblems(reader);
    }
  }
  return jobs;
}

async function readOrProblem(file: string, files: Files): Promise<string> {
  try {
    return await files.readText(file);
  } catch (error) {
    const problem: ConfigProblem = { file, line: 0, column: 0, path: "", message: messageOf(error) };
    throw new ConfigError([problem]);
  }
}

function holds(node: YamlNode, path: readonly string[]): boolean {
  if (path.length === 0) return node.kind !== "scalar" || node.type !== "null";
  if (node.kind !== "map") return false;
  const entry = node.entries.find(({ key }) => key.text === path[0]);
  return entry !== undefined && holds(entry.value, path.slice(1));
}
