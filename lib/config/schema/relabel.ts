/** The fields of a relabelling rule, and which of them go together. */
import { isLegacyLabelName, quoteGo } from "../../model/labels.ts";
import { compileAnchored } from "../../model/regex.ts";
import { messageOf } from "../../core/errors.ts";
import type { NameValidationScheme } from "../types.ts";
import { FlowList } from "../yaml_write.ts";
import { list } from "./containers.ts";
import { choice, text, uint } from "./scalars.ts";
import { field, type Reader, type Schema, struct, type ValueOf } from "./schema.ts";

const ACTIONS = [
  "replace",
  "keep",
  "drop",
  "keepequal",
  "dropequal",
  "hashmod",
  "labelmap",
  "labeldrop",
  "labelkeep",
  "lowercase",
  "uppercase",
] as const;

const REGEX_DEFAULT = "(.*)";
const REPLACEMENT_DEFAULT = "$1";
const SEPARATOR_DEFAULT = ";";

const regex: Schema<string> = {
  ...text,
  expected: "a regular expression",
  isZero: (value) => value === REGEX_DEFAULT,
  write: (value) => value === "" ? null : value,
  read(node, reader) {
    const pattern = text.read(node, reader);
    try {
      compileAnchored(pattern);
    } catch (error) {
      reader.report(node.place, messageOf(error));
    }
    return pattern;
  },
};

const labelNames: Schema<readonly string[]> = {
  ...list(text),
  write: (value) => new FlowList(value),
  read(node, reader) {
    const names = list(text).read(node, reader);
    for (const [index, name] of names.entries()) {
      const place = node.kind === "list" ? node.items[index]!.place : node.place;
      if (name === "" || !name.isWellFormed()) {
        reader.report(place, `${quoteBytes(name)} is not a valid label name`);
      }
    }
    return names;
  },
};

const RELABEL_FIELDS = {
  source_labels: field(labelNames),
  separator: field(text, SEPARATOR_DEFAULT),
  regex: { ...field(regex), initial: REGEX_DEFAULT },
  modulus: field(uint),
  target_label: field(text),
  replacement: field(text, REPLACEMENT_DEFAULT),
  action: {
    ...field(
      choice({ values: ACTIONS, folded: true, message: (got) => `unknown relabel action "${got}"` }),
      "replace",
    ),
    nullMessage: "relabel action cannot be empty",
  },
};
export type RelabelSettings = ValueOf<typeof RELABEL_FIELDS>;

export const relabelRule = struct({ type: "relabel.plain", fields: RELABEL_FIELDS });

const NEEDS_TARGET: ReadonlySet<string> = new Set(
  ["replace", "hashmod", "lowercase", "uppercase", "keepequal", "dropequal"],
);
const TARGET_IS_NAME: ReadonlySet<string> = new Set(
  ["hashmod", "lowercase", "uppercase", "keepequal", "dropequal"],
);

/** Runs when the naming scheme is known, which another part of the file decides. Reports the first mistake. */
export function checkRelabel(
  rules: readonly RelabelSettings[],
  scheme: NameValidationScheme,
  reader: Reader,
): void {
  for (const rule of rules) {
    const problem = relabelProblem(rule, scheme);
    if (problem !== undefined) reader.reportOf(rule, problem[0], problem[1]);
  }
}

function relabelProblem(
  rule: RelabelSettings,
  scheme: NameValidationScheme,
): readonly [message: string, name: string] | undefined {
  const { action, target_label: target, replacement } = rule;
  const badTarget = () =>
    [`${quoteBytes(target)} is invalid 'target_label' for ${action} action`, "target_label"] as const;
  if (action === "") return ["relabel action cannot be empty", "action"];
  if (rule.modulus === 0 && action === "hashmod") {
    return ["relabel configuration for hashmod requires non-zero modulus", "action"];
  }
  if (NEEDS_TARGET.has(action) && target === "") {
    return [`relabel configuration for ${action} action requires 'target_label' value`, "action"];
  }
  if (action === "replace" && !isTemplateName(target, scheme)) return badTarget();
  if (TARGET_IS_NAME.has(action) && !isName(target, scheme)) return badTarget();
  const equal = action === "keepequal" || action === "dropequal";
  if ((action === "lowercase" || action === "uppercase" || equal) && replacement !== REPLACEMENT_DEFAULT) {
    return [`'replacement' can not be set for ${action} action`, "replacement"];
  }
  if (action === "labelmap" && !isTemplateName(replacement, scheme)) {
    return [`${quoteBytes(replacement)} is invalid 'replacement' for ${action} action`, "replacement"];
  }
  const plain = rule.modulus === 0 && rule.separator === SEPARATOR_DEFAULT &&
    replacement === REPLACEMENT_DEFAULT;
  if (equal && (rule.regex !== REGEX_DEFAULT || !plain)) {
    return [
      `${action} action requires only 'source_labels' and \`target_label\`, and no other fields`,
      "action",
    ];
  }
  const byName = action === "labeldrop" || action === "labelkeep";
  if (byName && (rule.source_labels.length > 0 || target !== "" || !plain)) {
    return [`${action} action requires only 'regex', and no other fields`, "action"];
  }
  return undefined;
}

function isName(name: string, scheme: NameValidationScheme): boolean {
  return scheme === "legacy" ? isLegacyLabelName(name) : name !== "" && name.isWellFormed();
}

/** A name in which `$1`, `${1}` may stand for parts. */
function isTemplateName(template: string, scheme: NameValidationScheme): boolean {
  if (!template.includes("$")) return isName(template, scheme);
  return scheme === "legacy"
    ? /^(?:[a-zA-Z_]|\$\{\w+\}|\$\w)(?:\w|\$\{\w+\}|\$\w)*$/.test(template)
    : /^(?:[^${}]|\$\{[^${}]+\}|\$[^${}])+$/.test(template) && template.isWellFormed();
}

/** As Go's %q, with bytes that are no UTF-8 (which yaml.ts keeps as U+DC00 + byte) as \xff. */
export function quoteBytes(value: string): string {
  if (value.isWellFormed()) return quoteGo(value);
  const parts = value.split(/([\udc80-\udcff])/);
  const quoted = parts.map((part) =>
    /^[\udc80-\udcff]$/.test(part)
      ? `\\x${(part.charCodeAt(0) - 0xdc00).toString(16)}`
      : quoteGo(part).slice(1, -1)
  );
  return `"${quoted.join("")}"`;
}
