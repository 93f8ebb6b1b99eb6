/**
 * Rule files into groups: read, checked, with the defaults of the configuration filled in. Either every file is right,
 * or a `UserError` tells what is wrong in each of them.
 */
import { expandGlob } from "../config/glob.ts";
import { readRuleFile, type RuleGroupSettings, type RuleSettings } from "../config/rule_file.ts";
import { messageOf, UserError } from "../core/errors.ts";
import type { Files } from "../core/ports.ts";
import { compareUtf8 } from "../model/labels.ts";
import { parseExpr, type ParseOptions, printExpr } from "../promql/parse.ts";
import { checkRuleFile, type RuleCheckOptions } from "./check_file.ts";
import type { Rule, RuleGroup, RuleLabels } from "./rule.ts";

export interface LoadRulesOptions extends RuleCheckOptions {
  /** Of groups that name none. */
  readonly intervalMs: number;
  /** @default "refused" */
  readonly unknownFields?: "refused" | "ignored";
}

/** Throws a `ConfigError` for what is no rule file, and a `RuleFileError` for what is wrong in one. */
export function loadRuleFile(content: string, file: string, options: LoadRulesOptions): readonly RuleGroup[] {
  const read = readRuleFile(content, file, options.unknownFields ?? "refused");
  checkRuleFile(read, options);
  return read.groups.map((group) => groupOf(file, group, options));
}

/** The files that the patterns name, each once, sorted within a pattern. */
export async function findRuleFiles(patterns: readonly string[], files: Files): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const pattern of patterns) for (const file of await expandGlob(pattern, files)) found.add(file);
  return [...found];
}

export async function loadRules(
  patterns: readonly string[],
  files: Files,
  options: LoadRulesOptions,
): Promise<readonly RuleGroup[]> {
  const groups: RuleGroup[] = [];
  const wrong: string[] = [];
  for (const file of await findRuleFiles(patterns, files)) {
    try {
      groups.push(...loadRuleFile(await files.readText(file), file, options));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      wrong.push(messageOf(error));
    }
  }
  if (wrong.length > 0) throw new UserError("bad_data", wrong.join("\n"));
  return groups;
}

function groupOf(file: string, group: RuleGroupSettings, options: LoadRulesOptions): RuleGroup {
  return {
    file,
    name: group.name,
    intervalMs: group.interval === 0 ? options.intervalMs : group.interval,
    queryOffsetMs: group.query_offset,
    limit: group.limit,
    labels: sorted(group.labels),
    rules: group.rules.map((rule) => ruleOf(rule, group.labels, options.parse)),
  };
}

function ruleOf(rule: RuleSettings, groupLabels: RuleLabels, parse: ParseOptions): Rule {
  const expr = printExpr(parseExpr(rule.expr, parse));
  const labels = sorted([...groupLabels, ...rule.labels]);
  if (rule.record !== "") return { kind: "recording", name: rule.record, expr, labels };
  return {
    kind: "alerting",
    name: rule.alert,
    expr,
    labels,
    forMs: rule.for,
    keepFiringForMs: rule.keep_firing_for,
    annotations: sorted(rule.annotations),
  };
}

/** By name; the last of equal names wins. */
function sorted(pairs: RuleLabels): RuleLabels {
  return [...new Map(pairs)].sort(([a], [b]) => compareUtf8(a, b));
}
