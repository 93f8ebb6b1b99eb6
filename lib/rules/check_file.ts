/**
 * What a rule file may say, checked beyond its shape: which fields go together, names, expressions, templates. All
 * that is wrong is told at once, in Prometheus's words: `FILE: LINE:COLUMN: group "g", rule N, "name": …`.
 */
import { messageOf, UserError } from "../core/errors.ts";
import { isLegacyLabelName, isLegacyMetricName, METRIC_NAME, quoteGo } from "../model/labels.ts";
import type { RuleFileSettings, RuleGroupSettings, RuleSettings } from "../config/rule_file.ts";
import type { NameValidationScheme } from "../config/types.ts";
import { parseExpr, type ParseOptions } from "../promql/parse.ts";
import { parseAlertTemplate } from "./expand.ts";

/** Enough to mend a file in one go. */
const COMPLAINTS_MAX = 50;

export class RuleFileError extends UserError {
  override readonly name = "RuleFileError";
  constructor(readonly complaints: readonly string[]) {
    super("bad_data", complaints.join("\n"));
  }
}

export interface RuleCheckOptions {
  /** What expressions may use. */
  readonly parse: ParseOptions;
  readonly nameValidation: NameValidationScheme;
}

/** Throws a `RuleFileError`. */
export function checkRuleFile(read: RuleFileSettings, options: RuleCheckOptions): void {
  const complaints: string[] = [];
  const names = new Set<string>();
  for (const group of read.groups) {
    checkGroup(read, group, names, options, (text) => complaints.push(`${read.file}: ${text}`));
  }
  if (complaints.length > 0) throw new RuleFileError(complaints.slice(0, COMPLAINTS_MAX));
}

function checkGroup(
  read: RuleFileSettings,
  group: RuleGroupSettings,
  names: Set<string>,
  options: RuleCheckOptions,
  say: (text: string) => void,
): void {
  const at = placeText(read, group);
  if (group.name === "") say(`${at} Groupname must not be empty`);
  if (names.has(group.name)) say(`${at} groupname: "${group.name}" is repeated in the same file`);
  names.add(group.name);
  for (const [name, value] of group.labels) {
    if (!isLabelName(name, options) || name === METRIC_NAME) say(`invalid label name: ${name}`);
    if (!value.isWellFormed()) say(`invalid label value: ${value}`);
  }
  group.rules.forEach((rule, i) => {
    const title = `group ${quoteGo(group.name)}, rule ${i + 1}, ${quoteGo(rule.alert || rule.record)}`;
    for (const { message, fields } of complaintsOf(rule, options)) {
      const places = fields.map((field) => `${placeText(read, rule, field)} `).join("");
      say(`${places}${title}: ${message}`);
    }
  });
}

/** A field that is not there is at 0:0, as Prometheus has it. */
function placeText(
  read: RuleFileSettings,
  value: RuleGroupSettings | RuleSettings,
  field?: string,
): string {
  const { line, column } = read.placeOf(value, field) ?? { line: 0, column: 0 };
  return `${line}:${column}:`;
}

interface Complaint {
  readonly message: string;
  /** Where to look; none for what stands inside a map. */
  readonly fields: readonly string[];
}

function complaintsOf(rule: RuleSettings, options: RuleCheckOptions): readonly Complaint[] {
  return [
    ...complaintsOfKind(rule, options),
    ...(rule.record === "" ? [] : complaintsOfRecording(rule, options)),
    ...complaintsOfNames(rule, options),
    ...(rule.alert === "" ? [] : complaintsOfTemplates(rule)),
  ];
}

function complaintsOfKind(rule: RuleSettings, { parse }: RuleCheckOptions): readonly Complaint[] {
  const found: Complaint[] = [];
  if (rule.record !== "" && rule.alert !== "") {
    found.push({ message: "only one of 'record' and 'alert' must be set", fields: ["record", "alert"] });
  }
  if (rule.record === "" && rule.alert === "") {
    found.push({ message: "one of 'record' or 'alert' must be set", fields: ["record"] });
  }
  if (rule.expr === "") {
    found.push({ message: "field 'expr' must be set in rule", fields: ["expr"] });
    return found;
  }
  try {
    parseExpr(rule.expr, parse);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    found.push({ message: `could not parse expression: ${messageOf(error)}`, fields: ["expr"] });
  }
  return found;
}

function complaintsOfRecording(rule: RuleSettings, options: RuleCheckOptions): readonly Complaint[] {
  const { record } = rule;
  const messages: string[] = [];
  if (rule.annotations.length > 0) messages.push("invalid field 'annotations' in recording rule");
  if (rule.for !== 0) messages.push("invalid field 'for' in recording rule");
  if (rule.keep_firing_for !== 0) messages.push("invalid field 'keep_firing_for' in recording rule");
  const isName = options.nameValidation === "legacy" ? isLegacyMetricName(record) : record.isWellFormed();
  if (!isName) messages.push(`invalid recording rule name: ${record}`);
  // A common mistake: the expression's selector written as the name.
  else if (/[{}]/.test(record)) {
    messages.push(`braces present in the recording rule name; should it be in expr?: ${record}`);
  }
  return messages.map((message) => ({ message, fields: ["record"] }));
}

function complaintsOfNames(rule: RuleSettings, options: RuleCheckOptions): readonly Complaint[] {
  const messages: string[] = [];
  for (const [name, value] of rule.labels) {
    if (!isLabelName(name, options) || name === METRIC_NAME) messages.push(`invalid label name: ${name}`);
    if (!value.isWellFormed()) messages.push(`invalid label value: ${value}`);
  }
  for (const [name] of rule.annotations) {
    if (!isLabelName(name, options)) messages.push(`invalid annotation name: ${name}`);
  }
  return messages.map((message) => ({ message, fields: [] }));
}

function complaintsOfTemplates(rule: RuleSettings): readonly Complaint[] {
  const found: Complaint[] = [];
  const texts = [
    ...rule.labels.map(([name, text]) => ({ what: `label ${quoteGo(name)}`, text })),
    ...rule.annotations.map(([name, text]) => ({ what: `annotation ${quoteGo(name)}`, text })),
  ];
  for (const { what, text } of texts) {
    try {
      parseAlertTemplate(rule.alert, text);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      found.push({ message: `${what}: ${messageOf(error)}`, fields: [] });
    }
  }
  return found;
}

function isLabelName(name: string, { nameValidation }: RuleCheckOptions): boolean {
  return nameValidation === "legacy" ? isLegacyLabelName(name) : name !== "" && name.isWellFormed();
}
