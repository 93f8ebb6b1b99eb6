/**
 * Rule files as far as their fields go: groups, their names, and which fields go together in a rule. Expressions
 * and templates are text here.
 */
import { isLegacyLabelName, isLegacyMetricName } from "../model/labels.ts";
import { ConfigError } from "./problems.ts";
import { list, mapOf } from "./schema/containers.ts";
import { duration, int, optional, text } from "./schema/scalars.ts";
import { field, Reader, struct, type ValueOf } from "./schema/schema.ts";
import { parseYaml } from "./yaml.ts";

const RULE_FIELDS = {
  record: field(text),
  alert: field(text),
  expr: field(text),
  for: field(duration),
  keep_firing_for: field(duration),
  labels: field(mapOf(text)),
  annotations: field(mapOf(text)),
};
export type RuleSettings = ValueOf<typeof RULE_FIELDS>;

const rule = struct({
  type: "rulefmt.Rule",
  fields: RULE_FIELDS,
  check(value, reader) {
    const say = (message: string, name?: string) => reader.reportOf(value, message, name);
    const recording = value.record !== "";
    if (recording && value.alert !== "") say("only one of 'record' and 'alert' must be set", "alert");
    else if (!recording && value.alert === "") say("one of 'record' or 'alert' must be set");
    if (value.expr === "") say("field 'expr' must be set in rule", "expr");
    if (recording) {
      if (value.annotations.length > 0) say("invalid field 'annotations' in recording rule", "annotations");
      if (value.for !== 0) say("invalid field 'for' in recording rule", "for");
      if (value.keep_firing_for !== 0) {
        say("invalid field 'keep_firing_for' in recording rule", "keep_firing_for");
      }
      if (!value.record.isWellFormed() || value.record.includes("{")) {
        say(`invalid recording rule name: ${value.record}`, "record");
      } else if (!isLegacyMetricName(value.record) && /[}"]/.test(value.record)) {
        say(`invalid recording rule name: ${value.record}`, "record");
      }
    }
    for (const [name] of value.labels) {
      if (name === "" || name === "__name__" || !name.isWellFormed()) {
        say(`invalid label name: ${name}`, "labels");
      }
    }
    for (const [name] of value.annotations) {
      if (!isLegacyLabelName(name) && (name === "" || !name.isWellFormed())) {
        say(`invalid annotation name: ${name}`, "annotations");
      }
    }
  },
});

const group = struct({
  type: "rulefmt.RuleGroup",
  fields: {
    name: field(text),
    interval: field(duration),
    query_offset: field(optional(duration)),
    limit: field(int),
    rules: field(list(rule)),
    labels: field(mapOf(text)),
  },
  check(value, reader) {
    if (value.name === "") reader.reportOf(value, "Groupname must not be empty", "name");
  },
});
export type RuleGroupSettings = ReturnType<typeof group.read>;

const ruleFile = struct({
  type: "rulefmt.RuleGroups",
  fields: { groups: field(list(group)) },
  check(value, reader) {
    const seen = new Set<string>();
    for (const one of value.groups) {
      if (seen.has(one.name)) {
        reader.reportOf(one, `groupname: "${one.name}" is repeated in the same file`, "name");
      }
      seen.add(one.name);
    }
  },
});

/** Throws a `ConfigError`. */
export function readRuleFile(
  content: string,
  file: string,
  unknownFields: "refused" | "ignored",
): readonly RuleGroupSettings[] {
  const reader = new Reader({ file, directory: "", unknownFields });
  const read = reader.part("", ruleFile, parseYaml(content, file));
  if (reader.problemsCount > 0) throw new ConfigError(reader.problems());
  return read.groups;
}
