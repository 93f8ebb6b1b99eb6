/**
 * The file of a rule test, promtool's format: strict fields with promtool's names for their types. What a test means is
 * for others; here are its fields, and its times in milliseconds.
 */
import { ConfigError } from "../config/problems.ts";
import { list, mapOf } from "../config/schema/containers.ts";
import { bool, duration, float, text } from "../config/schema/scalars.ts";
import { field, Reader, struct } from "../config/schema/schema.ts";
import { parseYaml } from "../config/yaml.ts";
import { UserError } from "../core/errors.ts";
import type { EpochMs } from "../core/time.ts";
import { parseStartMs } from "./start_time.ts";

const series = struct({
  type: "main.series",
  fields: { series: field(text), values: field(text) },
});

const alert = struct({
  type: "main.alert",
  fields: { exp_labels: field(mapOf(text)), exp_annotations: field(mapOf(text)) },
});

const alertCase = struct({
  type: "main.alertTestCase",
  fields: { eval_time: field(duration), alertname: field(text), exp_alerts: field(list(alert)) },
});
export type AlertCase = ReturnType<typeof alertCase.read>;

const sample = struct({
  type: "main.sample",
  fields: { labels: field(text), value: field(float), histogram: field(text) },
});
export type ExpectedSample = ReturnType<typeof sample.read>;

const exprCase = struct({
  type: "main.promqlTestCase",
  fields: { expr: field(text), eval_time: field(duration), exp_samples: field(list(sample)) },
});
export type ExprCase = ReturnType<typeof exprCase.read>;

const testGroup = struct({
  type: "main.testGroup",
  fields: {
    interval: field(duration),
    input_series: field(list(series)),
    alert_rule_test: field(list(alertCase)),
    promql_expr_test: field(list(exprCase)),
    external_labels: field(mapOf(text)),
    external_url: field(text),
    name: field(text),
    start_timestamp: field(text),
  },
  check(value, reader) {
    try {
      parseStartMs(value.start_timestamp);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      reader.reportOf(value, error.message, "start_timestamp");
    }
  },
});
export type TestGroup = ReturnType<typeof testGroup.read>;

const testFile = struct({
  type: "main.unitTestFile",
  fields: {
    rule_files: field(list(text)),
    evaluation_interval: field(duration),
    group_eval_order: field(list(text)),
    tests: field(list(testGroup)),
    fuzzy_compare: field(bool),
  },
});
export type RuleTestFile = ReturnType<typeof testFile.read>;

/** Throws a `ConfigError`. */
export function readTestFile(content: string, file: string): RuleTestFile {
  const reader = new Reader({ file, directory: "", unknownFields: "refused" });
  const read = reader.part("", testFile, parseYaml(content, file));
  if (reader.problemsCount > 0) throw new ConfigError(reader.problems());
  return read;
}

/** When a test's series and evaluations begin. */
export function startMsOf(test: TestGroup): EpochMs {
  return parseStartMs(test.start_timestamp);
}
