/**
 * Rule files as far as their shape goes: groups, rules, their fields and where each stands. What a rule may say is
 * checked in lib/rules; expressions and templates are text here.
 */
import { ConfigError } from "./problems.ts";
import { list, mapOf } from "./schema/containers.ts";
import { duration, int, optional, text } from "./schema/scalars.ts";
import { field, Reader, struct, type ValueOf } from "./schema/schema.ts";
import { parseYaml, type YamlPlace } from "./yaml.ts";

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

const rule = struct({ type: "rulefmt.Rule", fields: RULE_FIELDS });

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
});
export type RuleGroupSettings = ReturnType<typeof group.read>;

const ruleFile = struct({
  type: "rulefmt.RuleGroups",
  fields: { groups: field(list(group)) },
});

export interface RuleFileSettings {
  readonly file: string;
  readonly groups: readonly RuleGroupSettings[];
  /** Of a group or a rule, or of one of its fields; undefined where the file does not have it. */
  placeOf(value: RuleGroupSettings | RuleSettings, field?: string): YamlPlace | undefined;
}

/** Throws a `ConfigError`. */
export function readRuleFile(
  content: string,
  file: string,
  unknownFields: "refused" | "ignored",
): RuleFileSettings {
  const reader = new Reader({ file, directory: "", unknownFields });
  const read = reader.part("", ruleFile, parseYaml(content, file));
  if (reader.problemsCount > 0) throw new ConfigError(reader.problems());
  return { file, groups: read.groups, placeOf: (value, name) => reader.placeOf(value, name) };
}
