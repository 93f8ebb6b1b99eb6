/** What is known of a group before it runs: the keys of its rules, and which of them make a stage. Made once a group. */
import { parseExpr, type ParseOptions } from "../promql/parse.ts";
import { type RuleReads, selectorsOf, type Stage, stagesOf } from "./dependencies.ts";
import { type Rule, type RuleGroup, ruleKeys } from "./rule.ts";

export interface GroupPlan {
  /** One a rule, in their order. */
  readonly keys: readonly string[];
  readonly stages: readonly Stage[];
}

/** A loaded expression parses under whatever it was loaded with, and order does not depend on what is allowed. */
const EVERYTHING: ParseOptions = {
  experimentalFunctions: true,
  extendedRangeSelectors: true,
  binopFillModifiers: true,
};

const plans = new WeakMap<RuleGroup, GroupPlan>();

export function planOf(group: RuleGroup): GroupPlan {
  let known = plans.get(group);
  if (known === undefined) {
    const rules = group.rules.map((rule) => ({ rule, reads: readsOf(rule) }));
    known = { keys: ruleKeys(group.rules), stages: stagesOf(rules) };
    plans.set(group, known);
  }
  return known;
}

/** A template that queries may read anything. */
function readsOf(rule: Rule): RuleReads {
  if (rule.kind === "alerting") {
    const texts = [...rule.labels, ...rule.annotations];
    if (texts.some(([, text]) => /\{\{[^}]*\bquery\b/.test(text))) return undefined;
  }
  return selectorsOf(parseExpr(rule.expr, EVERYTHING));
}
