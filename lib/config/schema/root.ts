/** The file as a whole: its sections, and what must hold between them. */
import { GLOB_PATH } from "../glob.ts";
import { alertingSection } from "./alerting.ts";
import { list } from "./containers.ts";
import { globalSection, settleGlobal } from "./global.ts";
import { checkRelabel } from "./relabel.ts";
import { checkNames, remoteReads, remoteWrites } from "./remote.ts";
import { optional, path } from "./scalars.ts";
import { field, keptField, type Reader, struct, type ValueOf } from "./schema.ts";
import { scrapeConfigs, settleScrape } from "./scrape.ts";
import { checkTranslation, otlpSection, runtimeSection, storageSection, tracingSection } from "./sections.ts";

const GLOBAL_DEFAULT = settleGlobal(globalSection.zero);

const ROOT_FIELDS = {
  global: keptField(globalSection, GLOBAL_DEFAULT),
  runtime: field(runtimeSection),
  alerting: field(alertingSection),
  rule_files: field(list(path)),
  scrape_config_files: field(list(path)),
  scrape_configs: field(scrapeConfigs),
  storage: field(storageSection),
  tracing: field(optional(tracingSection)),
  remote_write: field(remoteWrites),
  remote_read: field(remoteReads),
  otlp: field(otlpSection),
};
export type RootSettings = ValueOf<typeof ROOT_FIELDS>;

export const root = struct({ type: "config.plain", fields: ROOT_FIELDS });

/** Fills in what sections take from `global` and reports what does not hold between them. */
export function settleRoot(read: RootSettings, reader: Reader): RootSettings {
  // An empty `global:` block means its defaults.
  const global = read.global === globalSection.zero ? GLOBAL_DEFAULT : read.global;
  const validation = global.metric_name_validation_scheme === "legacy" ? "legacy" : "utf8";
  checkGlobs(read, "rule_files", "invalid rule file path", reader);
  checkGlobs(read, "scrape_config_files", "invalid scrape config file path", reader);
  const jobs = read.scrape_configs.map((job) => settleScrape(job, global, reader));
  const seen = new Set<string>();
  for (const job of jobs) {
    if (seen.has(job.job_name)) {
      reader.reportOf(job, `found multiple scrape configs with job name "${job.job_name}"`, "job_name");
    }
    seen.add(job.job_name);
  }
  checkRelabel(read.alerting.alert_relabel_configs, validation, reader);
  for (const alertmanager of read.alerting.alertmanagers) {
    checkRelabel(alertmanager.relabel_configs, validation, reader);
    checkRelabel(alertmanager.alert_relabel_configs, validation, reader);
  }
  for (const write of read.remote_write) checkRelabel(write.write_relabel_configs, validation, reader);
  checkNames(read.remote_write, "remote write", reader);
  checkNames(read.remote_read, "remote read", reader);
  checkTranslation(read.otlp, validation, reader);
  return { ...read, global, scrape_configs: jobs };
}

function checkGlobs(
  read: RootSettings,
  name: "rule_files" | "scrape_config_files",
  message: string,
  reader: Reader,
): void {
  for (const pattern of read[name]) {
    if (!GLOB_PATH.test(pattern)) reader.reportOf(read, `${message} "${reader.unresolved(pattern)}"`, name);
  }
}
