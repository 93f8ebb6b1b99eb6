/**
 * Generated selectors, ranges and subqueries. Windows of subqueries and the times of `@` are made so that no step of
 * an inner query meets an edge: whole seconds inside, half seconds outside, ranges with a remainder of 137 ms.
 */
import { END_MS, START_MS } from "./data.ts";
import type { Draw } from "./draw.ts";
import { type Expr, expr } from "./expression.ts";

const NAMES = [
  "small_total",
  "big_total",
  "level",
  "heat",
  "depth",
  "up",
  "host_info",
  "boot_seconds",
  "session",
  "sparse",
  "wait_bucket",
  "wait_count",
  "wait_sum",
  "ragged_bucket",
  "left",
  "right",
  "one",
  "odd",
  "nothing",
];

/** Metrics whose rate does not depend on where the zero point is weighed: see data.ts. */
const RATE_SAFE = ["small_total", "big_total", "wait_bucket", "wait_count", "wait_sum"];
/** Those whose subqueries are safe too: the first step of a subquery is not the first sample. */
const SUBQUERY_RATE_SAFE = ["big_total"];

const MATCHERS: Readonly<Record<string, readonly string[]>> = {
  instance: [
    'instance="a:1"',
    'instance!="b:1"',
    'instance=~"[ab]:.*"',
    'instance!~"a.*|d:1"',
    'instance=~".*"',
    'instance=~"(?i:A):1|c:\\d"',
  ],
  job: ['job="api"', 'job!="api"', 'job=~"a.i|x"', 'job!=""'],
  zone: ['zone="east"', 'zone=~".+"'],
  code: ['code=~"4..|500"', 'code!~"2.*"'],
  queue: ['queue=~"jobs.*"', 'queue!="mail"'],
  le: ['le!="+Inf"', 'le=~"1|5|\\+Inf"'],
  a: ['a="x"', 'a=~"[xy]"'],
  b: ['b!="2"', 'b=""'],
  what: ['what=~"inf|nan|below"', 'what!~"h.*|always.*"'],
  kind: ['kind!="open"', 'kind="crossing"'],
};

/** Labels by metric, so that matchers mostly say something of it. */
const LABELS: Readonly<Record<string, readonly string[]>> = {
  small_total: ["instance", "job", "code"],
  big_total: ["instance", "job", "code"],
  level: ["instance", "job", "zone"],
  heat: ["instance", "job", "zone"],
  depth: ["instance", "queue"],
  host_info: ["instance", "job", "zone"],
  wait_bucket: ["instance", "job", "le"],
  ragged_bucket: ["kind", "le"],
  left: ["a", "b"],
  right: ["a", "b"],
  one: ["a"],
  odd: ["what"],
};

function matcher(draw: Draw, metric: string): string {
  const labels = draw.chance(15) ? Object.keys(MATCHERS) : LABELS[metric] ?? ["instance"];
  return draw.of(MATCHERS[draw.of(labels)]!);
}

const NAME_MATCHERS = [
  '{__name__=~"small_.*|up"}',
  '{__name__=~"l.*",a!=""}',
  '{__name__!~".*_.*",instance=~"[ac]:1"}',
  '{__name__="heat"}',
  '{job="db",__name__!="up"}',
  '{a=~".+"}',
];

export interface SelectorNeeds {
  readonly among?: readonly string[];
  readonly isPlain?: boolean;
}

function selectorText(draw: Draw, { among }: SelectorNeeds): string {
  if (among === undefined && draw.chance(10)) return draw.of(NAME_MATCHERS);
  const name = draw.of(among ?? NAMES);
  const count = draw.chance(55) ? 0 : draw.chance(20) ? 2 : 1;
  const matchers = Array.from({ length: count }, () => matcher(draw, name));
  return name + (matchers.length === 0 ? "" : `{${matchers.join(",")}}`);
}

export function modifiers(draw: Draw): string {
  const offset = draw.chance(15)
    ? ` offset ${draw.of(["15s", "1m", "7m", "1h", "1ms", "-30s", "-10m", "1m30s", "-1h"])}`
    : "";
  if (!draw.chance(10)) return offset;
  const literal = START_MS / 1000 + draw.below((END_MS - START_MS) / 1000) + 0.5;
  const at = ` @ ${draw.of(["start()", "end()", String(literal)])}`;
  return draw.chance(50) ? offset + at : at + offset;
}

export function selector(draw: Draw, needs: SelectorNeeds = {}): Expr {
  const text = selectorText(draw, needs);
  return expr("vector", "selector", text + (needs.isPlain === true ? "" : modifiers(draw)));
}

const RANGES = ["10s", "16s", "31s", "1m", "2m", "5m", "5m7s", "20m", "1h", "3h"];

export function rangeSelector(draw: Draw, needs: SelectorNeeds = {}): Expr {
  return expr("matrix", "range", `${selectorText(draw, needs)}[${draw.of(RANGES)}]${modifiers(draw)}`);
}

const SUBQUERY_RANGES = ["20s137ms", "1m137ms", "4m137ms", "17m137ms", "1h137ms"];
const SUBQUERY_STEPS = ["", "5s", "15s", "20s", "1m", "7m", "2h"];

export function subquery(draw: Draw, inner: Expr): Expr {
  const range = draw.of(SUBQUERY_RANGES);
  const steps = range.startsWith("1h") || range.startsWith("17m") ? SUBQUERY_STEPS.slice(3) : SUBQUERY_STEPS;
  const isWrapped = inner.name !== "selector";
  const after = `[${range}:${draw.of(steps)}]${modifiers(draw)}`;
  return isWrapped
    ? expr("matrix", "subquery", "(", inner, ")", after)
    : expr("matrix", "subquery", inner, after);
}

export function counterMatrix(draw: Draw): Expr {
  return draw.chance(80)
    ? rangeSelector(draw, { among: RATE_SAFE })
    : subquery(draw, selector(draw, { among: SUBQUERY_RATE_SAFE, isPlain: true }));
}
