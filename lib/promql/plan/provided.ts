/**
 * What is known of the series of a result before it is computed: matchers that all of them satisfy, and the labels
 * that they may differ in. Both are understatements: what is not listed may be true all the same.
 */
import type { Binary, Call, Expr, VectorMatching } from "../ast.ts";
import { METADATA_LABELS } from "../block.ts";
import { CALENDAR } from "../functions/calendar.ts";
import { MATH } from "../functions/math.ts";
import { RANGE_FUNCTIONS } from "../functions/range.ts";
import { isDistinctWithoutName, unwrapParens } from "../invariant.ts";
import { type Matcher, matchesValue } from "../../model/matchers.ts";
import { METRIC_NAME } from "../../model/labels.ts";
import { typeOf } from "../types.ts";
import { seriesArgOf } from "./children.ts";

/** Functions whose series are those of their argument, under the same labels but for the name. */
const KEEPS_LABELS: ReadonlySet<string> = new Set([
  ...MATH.keys(),
  ...CALENDAR.keys(),
  ...RANGE_FUNCTIONS.keys(),
  "clamp",
  "clamp_min",
  "clamp_max",
  "round",
  "timestamp",
]);

/** The argument whose labels the result has; undefined where labels are made up or the result is a constant. */
export function keptLabelsArg(call: Call): Expr | undefined {
  return KEEPS_LABELS.has(call.name) ? call.args[seriesArgOf(call)] : undefined;
}

/** Aggregations whose result is one series a group, with the labels of the group alone. */
const MAKES_GROUPS: ReadonlySet<string> = new Set(
  "sum avg min max count group stddev stdvar quantile".split(" "),
);

export function makesGroups(op: string): boolean {
  return MAKES_GROUPS.has(op);
}

/** Aggregations that give out some of the series they were given. */
export function keepsSeries(op: string): boolean {
  return op === "topk" || op === "bottomk" || op === "limitk" || op === "limit_ratio";
}

/** Whether series must have the same value of the label `name` to meet. */
export function isMatched(matching: VectorMatching, name: string): boolean {
  return !METADATA_LABELS.has(name) && matching.labels.includes(name) === matching.on;
}

/** The vector of an operator between a vector and a scalar; undefined between two vectors. */
export function vectorOperand(binary: Binary): "left" | "right" | undefined {
  if (typeOf(binary.left) === "scalar") return "right";
  return typeOf(binary.right) === "scalar" ? "left" : undefined;
}

/** More than the labels of any join that a person writes; it bounds the work of passing them on through large trees. */
export const PROVIDED_MATCHERS_MAX = 8;

export function isSameMatcher(a: Matcher, b: Matcher): boolean {
  return a.name === b.name && a.op === b.op && a.value === b.value;
}

/** The first few, none twice. */
function bounded(matchers: readonly Matcher[]): readonly Matcher[] {
  const kept: Matcher[] = [];
  for (const matcher of matchers) {
    if (kept.length === PROVIDED_MATCHERS_MAX) break;
    if (!kept.some((other) => isSameMatcher(other, matcher))) kept.push(matcher);
  }
  return kept;
}

/** Matchers that hold for every series of the result. None is of the metric name, none matches an absent label. */
export function providedBy(expr: Expr): readonly Matcher[] {
  let provided = PROVIDED.get(expr);
  if (provided === undefined) PROVIDED.set(expr, provided = findProvided(expr));
  return provided;
}

/** Every operator of a tree asks this of all that is below it. Trees are immutable. */
const PROVIDED = new WeakMap<Expr, readonly Matcher[]>();

function findProvided(expr: Expr): readonly Matcher[] {
  switch (expr.kind) {
    case "selector":
      return bounded(expr.matchers.filter(isWorthPassing));
    case "matrix":
      return providedBy(expr.selector);
    case "subquery":
    case "paren":
    case "unary":
      return providedBy(expr.expr);
    case "aggregate": {
      const below = providedBy(expr.expr);
      if (keepsSeries(expr.op)) return below;
      if (!makesGroups(expr.op)) return [];
      return below.filter(({ name }) => expr.grouping.includes(name) !== expr.without);
    }
    case "call": {
      const arg = keptLabelsArg(expr);
      return arg === undefined ? [] : providedBy(arg);
    }
    case "binary":
      return bounded(providedByBinary(expr));
    default:
      return [];
  }
}

function isWorthPassing(matcher: Matcher): boolean {
  if (METADATA_LABELS.has(matcher.name)) return false;
  return (matcher.op === "=" || matcher.op === "=~") && !matchesValue(matcher, "");
}

function providedByBinary(binary: Binary): readonly Matcher[] {
  const { matching, op } = binary;
  if (matching === undefined) {
    const side = vectorOperand(binary);
    return side === undefined ? [] : providedBy(binary[side]);
  }
  if (op === "or" || hasFills(matching)) return [];
  const left = providedBy(binary.left);
  if (op === "unless") return left;
  const right = providedBy(binary.right);
  const inMatch = ({ name }: Matcher) => isMatched(matching, name);
  if (op === "and") return [...left, ...right.filter(inMatch)];
  if (matching.card === "one-to-one") return [...left, ...right].filter(inMatch);
  const [many, one] = matching.card === "one-to-many" ? [right, left] : [left, right];
  return [...many, ...one.filter(inMatch)].filter(({ name }) => !matching.include.includes(name));
}

export function hasFills({ fillLeft, fillRight }: VectorMatching): boolean {
  return fillLeft !== undefined || fillRight !== undefined;
}

/** The only labels that the series of a result can have; undefined: any. */
function labelsAtMost(expr: Expr): readonly string[] | undefined {
  const inner = unwrapParens(expr);
  switch (inner.kind) {
    case "aggregate":
      if (keepsSeries(inner.op)) return labelsAtMost(inner.expr);
      return makesGroups(inner.op) && !inner.without ? inner.grouping : undefined;
    case "matrix":
      return undefined;
    case "subquery":
    case "unary":
      return labelsAtMost(inner.expr);
    case "call": {
      const arg = keptLabelsArg(inner);
      return arg === undefined ? undefined : labelsAtMost(arg);
    }
    case "binary": {
      const { matching } = inner;
      if (matching === undefined) return labelsAtMost(inner[vectorOperand(inner)!]);
      return matching.card === "one-to-one" && matching.on && !hasFills(matching)
        ? matching.labels
        : undefined;
    }
    default:
      return undefined;
  }
}

/** Whether no match group can hold two series of `expr` at one step. False promises nothing. */
export function isUniqueInMatch(expr: Expr, matching: VectorMatching): boolean {
  if (!isDistinctWithoutName(expr) && labelsAtMost(expr) === undefined) return false;
  const fixed = new Set(providedBy(expr).filter(({ op }) => op === "=").map(({ name }) => name));
  const atMost = labelsAtMost(expr);
  if (atMost !== undefined) {
    return !atMost.includes(METRIC_NAME) &&
      atMost.every((name) => fixed.has(name) || isMatched(matching, name));
  }
  if (matching.on) return false;
  return matching.labels.every((name) => fixed.has(name) || lacks(expr, name));
}

/** Whether no series of the result has the label. */
function lacks(expr: Expr, name: string): boolean {
  const inner = unwrapParens(expr);
  if (inner.kind === "aggregate") {
    return makesGroups(inner.op) && inner.without && inner.grouping.includes(name);
  }
  if (inner.kind !== "binary" || inner.matching?.card !== "one-to-one" || hasFills(inner.matching)) {
    return false;
  }
  return !inner.matching.on && inner.matching.labels.includes(name);
}
