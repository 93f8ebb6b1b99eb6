/**
 * Relabelling: a list of rules applied in turn to a label set. Used for targets, for scraped series and for
 * alerts. Pure; the compiled form of a list is kept for as long as the list lives, so the same array should be
 * handed in each time.
 */
import { createHash } from "node:crypto";
import { assertNever } from "../core/assert.ts";
import {
  isLegacyLabelName,
  type Labels,
  labelsOf,
  labelValue,
  withLabel,
  withoutLabel,
} from "../model/labels.ts";
import { compileAnchored, type Regex } from "../model/regex.ts";
import { goLower, goUpper } from "./letter_case.ts";
import type { RelabelAction, RelabelConfig } from "./types.ts";

interface Rule {
  readonly action: RelabelAction;
  readonly sources: readonly string[];
  readonly separator: string;
  readonly regex: Regex;
  readonly modulus: number;
  readonly target: string;
  readonly replacement: string;
  /** The rule copies the joined value as it is: `(.*)` to `$1`, the defaults. */
  readonly copies: boolean;
  /** The target refers to no group. */
  readonly named: boolean;
  /** Neither target nor replacement refers to a group, so matching is enough. */
  readonly constant: boolean;
  readonly isValidName: (name: string) => boolean;
}

/** Rules by the list they came from: a list is compiled once and goes when its configuration goes. */
const compiledLists = new WeakMap<readonly RelabelConfig[], readonly Rule[]>();

/** The label set after all rules, or undefined where a rule drops it. Returns `labels` itself if nothing changed. */
export function relabel(labels: Labels, configs: readonly RelabelConfig[]): Labels | undefined {
  if (configs.length === 0) return labels;
  let rules = compiledLists.get(configs);
  if (rules === undefined) {
    rules = configs.map(ruleOf);
    compiledLists.set(configs, rules);
  }
  let current: Labels | undefined = labels;
  for (let i = 0; i < rules.length; i++) {
    current = apply(rules[i]!, current);
    if (current === undefined) return undefined;
  }
  return current;
}

function ruleOf(config: RelabelConfig): Rule {
  const named = !config.targetLabel.includes("$");
  return {
    action: config.action,
    sources: config.sourceLabels,
    separator: config.separator,
    regex: compileAnchored(config.regex),
    modulus: config.modulus,
    target: config.targetLabel,
    replacement: config.replacement,
    copies: config.regex === "(.*)" && (config.replacement === "$1" || config.replacement === "${1}") &&
      named,
    named,
    constant: named && !config.replacement.includes("$"),
    isValidName: config.nameValidationScheme === "legacy" ? isLegacyLabelName : isUtf8LabelName,
  };
}

function isUtf8LabelName(name: string): boolean {
  return name !== "" && name.isWellFormed();
}

function apply(rule: Rule, labels: Labels): Labels | undefined {
  switch (rule.action) {
    case "replace":
      return replace(rule, labels);
    case "keep":
      return rule.regex.matches(joined(rule, labels)) ? labels : undefined;
    case "drop":
      return rule.regex.matches(joined(rule, labels)) ? undefined : labels;
    case "keepequal":
      return labelValue(labels, rule.target) === joined(rule, labels) ? labels : undefined;
    case "dropequal":
      return labelValue(labels, rule.target) === joined(rule, labels) ? undefined : labels;
    case "hashmod":
      return withLabel(labels, rule.target, hashMod(joined(rule, labels), rule.modulus));
    case "lowercase":
      return set(labels, rule.target, goLower(joined(rule, labels)));
    case "uppercase":
      return set(labels, rule.target, goUpper(joined(rule, labels)));
    case "labelmap":
      return labelMap(rule, labels);
    case "labeldrop":
      return filterNames(labels, (name) => !rule.regex.matches(name));
    case "labelkeep":
      return filterNames(labels, (name) => rule.regex.matches(name));
    default:
      return assertNever(rule.action);
  }
}

function joined(rule: Rule, labels: Labels): string {
  const sources = rule.sources;
  if (sources.length === 1) return labelValue(labels, sources[0]!);
  let text = "";
  for (let i = 0; i < sources.length; i++) {
    if (i > 0) text += rule.separator;
    text += labelValue(labels, sources[i]!);
  }
  return text;
}

/** As Prometheus: no match leaves the set alone, an empty result removes the label, a bad name skips the rule. */
function replace(rule: Rule, labels: Labels): Labels {
  const value = joined(rule, labels);
  if (rule.copies) return rule.isValidName(rule.target) ? set(labels, rule.target, value) : labels;
  if (rule.constant) {
    if (!rule.regex.matches(value) || !rule.isValidName(rule.target)) return labels;
    return set(labels, rule.target, rule.replacement);
  }
  const target = rule.named ? rule.target : rule.regex.expand(value, rule.target);
  if (target === undefined || !rule.isValidName(target)) return labels;
  const replacement = rule.regex.expand(value, rule.replacement);
  return replacement === undefined ? labels : set(labels, target, replacement);
}

function set(labels: Labels, name: string, value: string): Labels {
  if (labelValue(labels, name) === value) return labels;
  return value === "" ? withoutLabel(labels, name) : withLabel(labels, name, value);
}

/** As Prometheus: reads the set as it was before the rule; of equal new names the last one, in name order, stays. */
function labelMap(rule: Rule, labels: Labels): Labels {
  let added: [string, string][] | undefined;
  for (let i = 0; i < labels.length; i += 2) {
    const name = rule.regex.expand(labels[i]!, rule.replacement);
    if (name !== undefined && name !== "") (added ??= []).push([name, labels[i + 1]!]);
  }
  if (added === undefined) return labels;
  const pairs: [string, string][] = [];
  for (let i = 0; i < labels.length; i += 2) pairs.push([labels[i]!, labels[i + 1]!]);
  return labelsOf([...pairs, ...added]);
}

function filterNames(labels: Labels, keeps: (name: string) => boolean): Labels {
  let kept: string[] | undefined;
  for (let i = 0; i < labels.length; i += 2) {
    if (keeps(labels[i]!)) kept?.push(labels[i]!, labels[i + 1]!);
    else kept ??= labels.slice(0, i);
  }
  return kept ?? labels;
}

/** As Prometheus: the last eight bytes of the MD5 sum, big-endian and unsigned, modulo the modulus. */
function hashMod(text: string, modulus: number): string {
  const digest = createHash("md5").update(text, "utf8").digest();
  return (digest.readBigUInt64BE(8) % BigInt(modulus)).toString();
}
