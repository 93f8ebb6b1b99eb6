/** What is to be said of one rule file: what is wrong with it, what a lint finds in it, or how many rules it has. */
import { ConfigError, formatProblem } from "../config/problems.ts";
import { readRuleFile, type RuleGroupSettings } from "../config/rule_file.ts";
import { UserError } from "../core/errors.ts";
import { compareLabels, type Labels, labelsOf } from "../model/labels.ts";
import type { ParseOptions } from "../promql/parse.ts";
import { checkRuleFile, RuleFileError } from "../rules/check_file.ts";

export interface RuleReportOptions {
  /** Names between commas: `all`, `duplicate-rules`, `none`. */
  readonly lint: string;
  readonly ignoreUnknownFields: boolean;
  readonly parse: ParseOptions;
}

export type RuleFileReport =
  | { readonly kind: "right"; readonly rulesCount: number }
  | { readonly kind: "linted"; readonly message: string }
  | { readonly kind: "wrong"; readonly messages: readonly string[] };

export function reportRuleFile(content: string, file: string, options: RuleReportOptions): RuleFileReport {
  let groups: readonly RuleGroupSettings[];
  try {
    const read = readRuleFile(content, file, options.ignoreUnknownFields ? "ignored" : "refused");
    checkRuleFile(read, { parse: options.parse, nameValidation: "utf8" });
    groups = read.groups;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { kind: "wrong", messages: messagesOf(error) };
  }
  const duplicates = lints(options.lint, "duplicate-rules") ? duplicateRules(groups) : [];
  if (duplicates.length > 0) return { kind: "linted", message: duplicatesMessage(duplicates) };
  return { kind: "right", rulesCount: groups.reduce((sum, group) => sum + group.rules.length, 0) };
}

export function lints(chosen: string, name: string): boolean {
  const names = chosen.split(",");
  return names.includes("all") || names.includes(name);
}

/** Each problem by itself. */
export function messagesOf(error: UserError): readonly string[] {
  if (error instanceof ConfigError) return error.problems.map(formatProblem);
  return error instanceof RuleFileError ? error.complaints : [error.message];
}

interface RuleName {
  readonly metric: string;
  readonly labels: Labels;
}

/** Rules of one name and one label set, each once. */
function duplicateRules(groups: readonly RuleGroupSettings[]): readonly RuleName[] {
  const rules = groups.flatMap((group) =>
    group.rules.map((rule): RuleName => ({
      metric: rule.alert || rule.record,
      labels: labelsOf(rule.labels),
    }))
  ).sort((a, b) => a.metric === b.metric ? compareLabels(a.labels, b.labels) : a.metric < b.metric ? -1 : 1);
  return rules.filter((rule, i) =>
    i > 0 && isSameRule(rule, rules[i - 1]!) && !(i > 1 && isSameRule(rule, rules[i - 2]!))
  );
}

function isSameRule(a: RuleName, b: RuleName): boolean {
  return a.metric === b.metric && compareLabels(a.labels, b.labels) === 0;
}

function duplicatesMessage(duplicates: readonly RuleName[]): string {
  let message = `lint error ${duplicates.length} duplicate rule(s) found.\n`;
  for (const { metric, labels } of duplicates) {
    message += `Metric: ${metric}\nLabel(s):\n`;
    for (let i = 0; i < labels.length; i += 2) message += `\t${labels[i]}: ${labels[i + 1]}\n`;
  }
  return message + "Might cause inconsistency while recording expressions";
}
