/**
 * Label matchers: the four comparisons of a selector. A label that is absent has the value "".
 */
import { compileAnchored, type Regex } from "./regex.ts";
import { type Labels, labelValue } from "./labels.ts";

export type MatchOp = "=" | "!=" | "=~" | "!~";

export interface Matcher {
  readonly op: MatchOp;
  readonly name: string;
  readonly value: string;
  /** Set for `=~` and `!~`. */
  readonly regex: Regex | undefined;
}

/** Throws a `UserError` (`bad_data`) for a bad pattern. */
export function matcherOf(op: MatchOp, name: string, value: string): Matcher {
  return { op, name, value, regex: op === "=~" || op === "!~" ? compileAnchored(value) : undefined };
}

export function matchesValue(matcher: Matcher, value: string): boolean {
  switch (matcher.op) {
    case "=":
      return value === matcher.value;
    case "!=":
      return value !== matcher.value;
    case "=~":
      return matcher.regex!.matches(value);
    case "!~":
      return !matcher.regex!.matches(value);
  }
}

export function matchesLabels(matchers: readonly Matcher[], labels: Labels): boolean {
  for (const matcher of matchers) {
    if (!matchesValue(matcher, labelValue(labels, matcher.name))) return false;
  }
  return true;
}
