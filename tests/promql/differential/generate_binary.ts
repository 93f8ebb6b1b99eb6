/**
 * Generated binary operators: between scalars and vectors, one to one, many to one, sets, with sides that are made to
 * match, and sides that are not. Version 2 leaves the name on the result of `atan2`: it is taken off there.
 */
import type { Draw } from "./draw.ts";
import { type Expr, expr } from "./expression.ts";
import type { Generator } from "./generate.ts";
import { selector } from "./selectors.ts";

const ARITHMETIC = ["+", "-", "*", "/", "%", "^", "atan2"];
const COMPARISONS = ["==", "!=", "<", "<=", ">", ">="];
const SETS = ["and", "or", "unless"];
const ON_LABELS = ["instance", "job", "zone", "code", "a", "b", "__name__", "le"];

/** Left, matching, right: joins that mostly work. */
const JOINS: readonly (readonly [left: string, matching: string, right: string])[] = [
  ["small_total", "on (instance, job) group_left (version)", "host_info"],
  ["level", "on (instance) group_left (version, zone)", "host_info"],
  ["host_info", "on (instance, job) group_right (zone)", "small_total"],
  ["heat", "ignoring (version)", "host_info"],
  ["small_total", "on (instance, job, code)", "big_total"],
  ["small_total", "", "big_total"],
  ["level", "", "heat"],
  ["left", "on (a, b)", "right"],
  ["left", "ignoring (c)", "right"],
  ["left", "on (a) group_left (d)", "one"],
  ["one", "on (a) group_right ()", "left"],
  ["one", "on (a)", "left"],
  ["left", "on (b)", "right"],
  ["wait_bucket", "ignoring (le) group_left ()", "wait_count"],
  ["session", "on (instance)", "up"],
  ["depth", "on (instance) group_left (job)", "up"],
  ["depth", "ignoring (queue) group_left ()", "sparse"],
  ['small_total{code="500"}', "ignoring (code)", 'small_total{code="200"}'],
  ["small_total", "ignoring (code) group_left ()", 'big_total{code="200"}'],
  ["odd", "", "odd offset 15s"],
];

export function binary(draw: Draw, generator: Generator, depth: number): Expr {
  return draw.weighted<() => Expr>([
    [5, () => withScalar(draw, generator, depth)],
    [6, () => joined(draw)],
    [3, () => ofAny(draw, generator, depth)],
    [4, () => setOperator(draw, generator, depth)],
  ])();
}

function withScalar(draw: Draw, generator: Generator, depth: number): Expr {
  const { name, text } = operator(draw);
  const vector = generator.vector(depth);
  const scalar = generator.scalar(depth);
  return draw.chance(60) ? operation(name, vector, text, scalar) : operation(name, scalar, text, vector);
}

function joined(draw: Draw): Expr {
  const [left, matching, right] = draw.of(JOINS);
  const { name, text } = operator(draw);
  return operation(
    name,
    expr("vector", "selector", left),
    `${text} ${matching}`,
    expr("vector", "selector", right),
  );
}

function ofAny(draw: Draw, generator: Generator, depth: number): Expr {
  const { name, text } = operator(draw);
  const grouping = draw.chance(25)
    ? ` group_${draw.of(["left", "right"])} (${draw.some(ON_LABELS, 10)})`
    : "";
  const on = matchingText(draw);
  return operation(
    name,
    generator.vector(depth),
    text + on + (on === "" ? "" : grouping),
    generator.vector(depth),
  );
}

function setOperator(draw: Draw, generator: Generator, depth: number): Expr {
  const op = draw.of(SETS);
  const left = generator.vector(depth);
  const right = draw.chance(30) ? expr("vector", "unary", "-(", left, ")") : generator.vector(depth);
  return operation(op, left, op + matchingText(draw), right);
}

function matchingText(draw: Draw): string {
  if (draw.chance(35)) return "";
  return ` ${draw.of(["on", "ignoring"])} (${draw.some(ON_LABELS, 25).join(", ")})`;
}

function operator(draw: Draw): { readonly name: string; readonly text: string } {
  if (draw.chance(60)) {
    const name = draw.of(ARITHMETIC);
    return { name, text: name };
  }
  const name = draw.of(COMPARISONS);
  return { name, text: draw.chance(40) ? `${name} bool` : name };
}

function operation(name: string, left: Expr, text: string, right: Expr): Expr {
  const parts = ["(", left, `) ${text} (`, right, ")"];
  return name === "atan2" ? expr("vector", name, "abs(", ...parts, ")") : expr("vector", name, ...parts);
}

/** Without parentheses: what binds to what is the parser's. The first operand is a vector, and so is the whole. */
export function chain(draw: Draw): Expr {
  const vector = () => String(selector(draw, { among: ["level", "heat"] }).parts[0]);
  const operand = () => draw.chance(50) ? vector() : draw.of(["2", "3", "-1", "0.5"]);
  // The remainder of a huge power tells its last bits, so a chain has one or the other.
  const operators = ["+", "-", "*", "/", draw.of(["%", "^"]), "== bool", "> bool", "<= bool"];
  let text = draw.of(["", "-", "+"]) + vector();
  for (let more = 2 + draw.below(3); more > 0; more--) text += ` ${draw.of(operators)} ${operand()}`;
  return expr("vector", "chain", draw.chance(20) ? `heat and ${text} or level unless ${text}` : text);
}
