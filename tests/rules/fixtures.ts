/** Rules in a line, a virtual expression engine, and alerts as short texts. */
import { type Labels, labelsFromRecord, labelValue } from "../../lib/model/labels.ts";
import { UserError } from "../../lib/core/errors.ts";
import type { AlertTable, AlertTransition } from "../../lib/rules/alert.ts";
import { loadRuleFile, type LoadRulesOptions } from "../../lib/rules/load.ts";
import type { EvaluationPorts, EvaluationSettings } from "../../lib/rules/ports.ts";
import type { RuleGroup } from "../../lib/rules/rule.ts";
import type { RuleVector } from "../../lib/rules/vector.ts";

export const LOAD: LoadRulesOptions = { intervalMs: 60_000, parse: {}, nameValidation: "utf8" };

export const SETTINGS: EvaluationSettings = {
  externalLabels: ["region", "eu"],
  externalUrl: "http://prom:9090",
  queryOffsetMs: 0,
};

/** One group from the YAML of its rules, indented by four. */
export function groupOf(rules: string, fields = "interval: 10s"): RuleGroup {
  return loadRuleFile(`groups:\n- name: g\n  ${fields}\n  rules:\n${rules}`, "f.yml", LOAD)[0]!;
}

export function vector(...samples: readonly (readonly [Record<string, string>, number])[]): RuleVector {
  return {
    labels: samples.map(([labels]) => labelsFromRecord(labels)),
    values: Float64Array.from(samples, ([, value]) => value),
  };
}

/** Answers by the text of the expression; an answer may be an error. */
export function portsThat(
  answers: Readonly<Record<string, RuleVector | Error>> | ((expr: string, tMs: number) => RuleVector | Error),
): EvaluationPorts & { readonly asked: (readonly [expr: string, tMs: number])[] } {
  const asked: (readonly [string, number])[] = [];
  return {
    asked,
    monotonicMs: () => 0,
    query: (expr, tMs) => {
      asked.push([expr, tMs]);
      const answer = typeof answers === "function" ? answers(expr, tMs) : answers[expr];
      if (answer === undefined) return Promise.reject(new UserError("execution", `no answer for ${expr}`));
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  };
}

/** `a pending→firing heldLongEnough`, the label `i` first. */
export function moves(transitions: readonly AlertTransition[]): readonly string[] {
  return transitions.map(({ labels, from, to, cause }) =>
    `${labelValue(labels, "i")} ${from}→${to} ${cause}`
  );
}

export function phases(alerts: AlertTable): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...alerts.values()].map(({ labels, phase }) => [labelValue(labels, "i"), phase]),
  );
}

/** `name{a="b"} 1` a line; a staleness marker is `stale`. */
export function written({ labels, values }: RuleVector): readonly string[] {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  return labels.map((own, i) => {
    const stale = words[2 * i] === 2 && words[2 * i + 1] === 0x7ff00000;
    return `${textOf(own)} ${stale ? "stale" : values[i]}`;
  }).sort();
}

function textOf(labels: Labels): string {
  let text = labelValue(labels, "__name__") + "{";
  for (let i = 0; i < labels.length; i += 2) {
    if (labels[i] !== "__name__") text += `${text.endsWith("{") ? "" : ","}${labels[i]}=${labels[i + 1]}`;
  }
  return text + "}";
}
