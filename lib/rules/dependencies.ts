/**
 * Which rules of a group read what others of it write, as far as their expressions tell. Rules that do not depend on
 * one another make a stage: they are evaluated side by side and their samples written together, and a later rule
 * sees them as if each had been written by itself.
 */
import type { Expr } from "../promql/ast.ts";
import { type Matcher, matchesValue } from "../model/matchers.ts";
import { ALERT_NAME, ALERTS_FOR_STATE_METRIC, ALERTS_METRIC, METRIC_NAME, type Rule } from "./rule.ts";

/** A rule's place in its group. */
export type Stage = readonly number[];

/** What a rule reads: undefined where that cannot be told before it runs. */
export type RuleReads = readonly (readonly Matcher[])[] | undefined;

export interface RuleToOrder {
  readonly rule: Rule;
  readonly reads: RuleReads;
}

/** In their order; each stage sees what those before it wrote. */
export function stagesOf(rules: readonly RuleToOrder[]): readonly Stage[] {
  const stages: number[][] = [];
  rules.forEach(({ reads }, i) => {
    const stage = stages.at(-1);
    const waits = stage === undefined || stage.some((earlier) => mayRead(reads, rules[earlier]!.rule));
    if (waits) stages.push([i]);
    else stage.push(i);
  });
  return stages;
}

/** Whether what `rule` writes may be among what `reads` names. */
export function mayRead(reads: RuleReads, rule: Rule): boolean {
  if (reads === undefined) return true;
  return reads.some((matchers) => matchesOutput(matchers, rule));
}

function matchesOutput(matchers: readonly Matcher[], rule: Rule): boolean {
  const names = matchers.filter(({ name }) => name === METRIC_NAME);
  // As Prometheus: a selector without a name may select anything.
  if (names.length === 0) return true;
  const written = rule.kind === "recording" ? [rule.name] : [ALERTS_METRIC, ALERTS_FOR_STATE_METRIC];
  if (!written.some((name) => names.every((matcher) => matchesValue(matcher, name)))) return false;
  return rule.kind === "recording" ||
    matchers.every((matcher) => matcher.name !== ALERT_NAME || matchesValue(matcher, rule.name));
}

/** The selectors of an expression. */
export function selectorsOf(expr: Expr): readonly (readonly Matcher[])[] {
  const found: (readonly Matcher[])[] = [];
  collect(expr, found);
  return found;
}

function collect(expr: Expr, found: (readonly Matcher[])[]): void {
  switch (expr.kind) {
    case "number":
    case "string":
      return;
    case "selector":
      found.push(expr.matchers);
      return;
    case "matrix":
      found.push(expr.selector.matchers);
      return;
    case "aggregate":
      if (expr.param !== undefined) collect(expr.param, found);
      return collect(expr.expr, found);
    case "call":
      for (const arg of expr.args) collect(arg, found);
      return;
    case "binary":
      collect(expr.left, found);
      return collect(expr.right, found);
    case "subquery":
    case "unary":
    case "paren":
      return collect(expr.expr, found);
  }
}
