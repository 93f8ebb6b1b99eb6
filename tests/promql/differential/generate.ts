/**
 * Seeded PromQL of up to four levels: everything that Prometheus 2.42 can parse and compute, typed, with a few percent
 * of queries that must be refused. Operands are always in parentheses, so that the tree is the parser's tree; chains
 * without them test precedence.
 */
import type { Draw } from "./draw.ts";
import { type Expr, expr } from "./expression.ts";
import { aggregation } from "./generate_aggregation.ts";
import { binary, chain } from "./generate_binary.ts";
import { counterMatrix, rangeSelector, selector, subquery } from "./selectors.ts";

export const DEPTH_MAX = 4;

const MATH =
  ("abs ceil floor exp sqrt ln log2 log10 sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh " +
    "rad deg sgn").split(" ");
const CALENDAR = "day_of_month day_of_week day_of_year days_in_month hour minute month year".split(" ");
const OVER_TIME =
  ("avg_over_time min_over_time max_over_time sum_over_time count_over_time stddev_over_time " +
    "stdvar_over_time last_over_time present_over_time changes resets deriv delta idelta irate").split(" ");
const QUANTILES = ["0", "0.1", "0.5", "0.9", "0.99", "1", "1.5", "-1", "NaN", "+Inf"];
const NUMBERS = [
  "0",
  "1",
  "2",
  "-1",
  "0.5",
  "3",
  "7",
  "100",
  "1e3",
  "-2.5",
  "NaN",
  "Inf",
  "-Inf",
  "1e300",
  "0x1f",
];

export interface Generator {
  vector(depth: number): Expr;
  scalar(depth: number): Expr;
  matrix(depth: number): Expr;
}

export function createGenerator(draw: Draw): Generator {
  const generator: Generator = { vector, scalar, matrix };

  function vector(depth: number): Expr {
    if (depth <= 1 || draw.chance(8)) return selector(draw);
    return draw.weighted<() => Expr>([
      [22, () => overTime(depth - 1)],
      [12, () => rate()],
      [6, () => call(draw.of(MATH), vector(depth - 1))],
      [2, () => calendar(depth - 1)],
      [18, () => aggregation(draw, generator, depth - 1)],
      [22, () => binary(draw, generator, depth - 1)],
      [4, () => chain(draw)],
      [3, () => expr("vector", "unary", draw.of(["-", "+"]), "(", vector(depth - 1), ")")],
      [2, () => expr("vector", "paren", "(", vector(depth - 1), ")")],
      [4, () => label(depth - 1)],
      [2, () => call("absent", draw.chance(50) ? vector(depth - 1) : nobody())],
      [2, () => overSteps(depth - 1)],
      [2, () => call(draw.of(["sort", "sort_desc"]), vector(depth - 1))],
      [2, () => expr("vector", "vector", "vector(", scalar(depth - 1), ")")],
      [2, () => timestamp(depth - 1)],
      [5, () => histogramQuantile(depth - 1)],
      [4, () => bounded(depth - 1)],
      [1, () => call(draw.of(["histogram_count", "histogram_sum"]), vector(depth - 1))],
    ])();
  }

  function scalar(depth: number): Expr {
    if (depth <= 1 || draw.chance(40)) return expr("scalar", "number", draw.of(NUMBERS));
    return draw.weighted<() => Expr>([
      [3, () => expr("scalar", "scalar", "scalar(", vector(depth - 1), ")")],
      [1, () => expr("scalar", "time", draw.of(["time()", "pi()"]))],
      [2, () => {
        const op = draw.of([
          "+",
          "-",
          "*",
          "/",
          "%",
          "^",
          "atan2",
          "== bool",
          "< bool",
          ">= bool",
          "!= bool",
        ]);
        return expr("scalar", op, "(", scalar(depth - 1), `) ${op} (`, scalar(depth - 1), ")");
      }],
      [1, () => expr("scalar", "unary", "-(", scalar(depth - 1), ")")],
    ])();
  }

  function matrix(depth: number): Expr {
    if (depth <= 1 || draw.chance(65)) return rangeSelector(draw);
    return subquery(draw, vector(depth - 1));
  }

  function overTime(depth: number): Expr {
    return draw.weighted<() => Expr>([
      [20, () => call(draw.of(OVER_TIME), matrix(depth))],
      [
        2,
        () =>
          expr(
            "vector",
            "quantile_over_time",
            "quantile_over_time(",
            quantile(depth),
            ", ",
            matrix(depth),
            ")",
          ),
      ],
      [2, () => expr("vector", "predict_linear", "predict_linear(", matrix(depth), ", ", scalar(depth), ")")],
      [1, () => {
        const factors = draw.of(["0.3, 0.1", "0.5, 0.9", "0, 0.5", "0.5, 1", "0.01, 0.99"]);
        return expr("vector", "holt_winters", "holt_winters(", matrix(depth), `, ${factors})`);
      }],
      [1, () => call("absent_over_time", draw.chance(50) ? matrix(depth) : range(nobody()))],
    ])();
  }

  /** A selector that finds nothing, or little: what is absent gets its labels from the matchers. */
  function nobody(): Expr {
    const name = draw.of(["nothing", "session", "depth", '{__name__="left"}', ""]);
    const matchers = draw.some([
      'instance="z:1"',
      'job="api"',
      'job="x"',
      'zone=~"east"',
      'a!="x"',
      'code="500"',
    ], 40);
    if (name.startsWith("{") || matchers.length === 0) return expr("vector", "selector", name || "nothing");
    return expr("vector", "selector", `${name}{${[...matchers, 'queue="mail"'].join(",")}}`);
  }

  function range(vector: Expr): Expr {
    return expr("matrix", "range", `${String(vector.parts[0])}[${draw.of(["31s", "5m", "20m"])}]`);
  }

  /** Subqueries in one another, each with an offset or a fixed time of its own. */
  function overSteps(depth: number): Expr {
    const inner = expr("vector", "paren", "(", vector(Math.min(depth, 1)), ")");
    const names = ["max_over_time", "min_over_time", "count_over_time", "last_over_time", "changes"];
    const once = call(draw.of(names), subquery(draw, inner));
    return draw.chance(60) ? call(draw.of(names), subquery(draw, once)) : once;
  }

  function quantile(depth: number): Expr {
    return draw.chance(85) ? expr("scalar", "number", draw.of(QUANTILES)) : scalar(depth);
  }

  function rate(): Expr {
    return call(draw.of(["rate", "rate", "increase"]), counterMatrix(draw));
  }

  function calendar(depth: number): Expr {
    const name = draw.of(CALENDAR);
    return draw.chance(20) ? expr("vector", name, `${name}()`) : call(
      name,
      draw.chance(60)
        ? expr("vector", "selector", draw.of(["boot_seconds", "timestamp(up)"]))
        : vector(depth),
    );
  }

  /** Of a plain selector its samples' times; version 2 does not see one through parentheses or `@`. */
  function timestamp(depth: number): Expr {
    const arg = draw.chance(60) ? selector(draw, { isPlain: true }) : vector(depth);
    const isHidden = arg.name === "paren" || (arg.name === "selector" && String(arg.parts[0]).includes("@"));
    return call("timestamp", isHidden ? selector(draw, { isPlain: true }) : arg);
  }

  function histogramQuantile(depth: number): Expr {
    const buckets = draw.weighted<() => Expr>([
      [3, () => call("rate", rangeSelector(draw, { among: ["wait_bucket"] }))],
      [2, () => selector(draw, { among: ["wait_bucket", "ragged_bucket"] })],
      [2, () => {
        const by = draw.of(["le", "le, instance", "job, le", "instance"]);
        const rates = call("rate", rangeSelector(draw, { among: ["wait_bucket"] }));
        return expr("vector", "sum", `sum by (${by}) (`, rates, ")");
      }],
      [1, () => vector(depth)],
    ])();
    return expr("vector", "histogram_quantile", "histogram_quantile(", quantile(depth), ", ", buckets, ")");
  }

  function bounded(depth: number): Expr {
    const name = draw.of(["clamp", "clamp_min", "clamp_max", "round"]);
    const arg = vector(depth);
    if (name === "round" && draw.chance(30)) return call(name, arg);
    if (name === "clamp") {
      return expr("vector", name, "clamp(", arg, ", ", scalar(depth), ", ", scalar(depth), ")");
    }
    return expr("vector", name, `${name}(`, arg, ", ", scalar(depth), ")");
  }

  function label(depth: number): Expr {
    const tail = draw.of([
      '"host", "$1", "instance", "(.*):1")',
      '"job", "x-$0", "job", "a.*")',
      '"zone", "", "zone", ".*")',
      '"new", "${name}!", "code", "(?P<name>[45])..")',
      '"__name__", "renamed", "", "")',
      '"a", "$2", "b", "(.)(.?)")',
    ]);
    if (draw.chance(60)) return expr("vector", "label_replace", "label_replace(", vector(depth), `, ${tail}`);
    const joined = draw.of([
      '"both", "-", "job", "instance")',
      '"instance", "", "zone", "code", "a")',
      '"empty", "/")',
      '"both", "☂", "job", "nothing", "job")',
    ]);
    return expr("vector", "label_join", "label_join(", vector(depth), `, ${joined}`);
  }

  return generator;
}

export function call(name: string, arg: Expr): Expr {
  return expr("vector", name, `${name}(`, arg, ")");
}

/** A whole query. Refusals are of the whole text, so they are not taken apart. */
export function generateQuery(draw: Draw): Expr {
  const generator = createGenerator(draw);
  const depth = 1 + draw.below(DEPTH_MAX);
  return draw.weighted<() => Expr>([
    [92, () => generator.vector(depth)],
    [3, () => generator.scalar(depth)],
    [2, () => generator.matrix(depth)],
    [3, () => refused(draw, generator)],
  ])();
}

function refused(draw: Draw, generator: Generator): Expr {
  const v = generator.vector(1);
  const s = generator.scalar(1);
  const m = generator.matrix(1);
  const parts = draw.of<readonly (string | Expr)[]>([
    ["rate(", v, ")"],
    ["sum(", m, ")"],
    ["abs(", s, ")"],
    ["abs()"],
    ["clamp(", v, ", 1)"],
    ["clamp(", v, ", 1, 2, 3)"],
    ["topk(", v, ")"],
    ["topk(", v, ", ", v, ")"],
    ["sum(1, ", v, ")"],
    ["(", s, ") and (", v, ")"],
    ["(", s, ") == (", s, ")"],
    ["(", v, ") and bool (", v, ")"],
    ["(", v, ") and on (a) group_left () (", v, ")"],
    ["(", v, ") * on (a) group_left (a) (", v, ")"],
    ["(", v, ") + on (a) (", s, ")"],
    ["(", m, ") + 1"],
    ["-(", m, ")"],
    ["no_such_function(", v, ")"],
    ["{}"],
    ['{a=~".*"}'],
    ["(", v, ") offset 5m"],
    ["up[5m] offset 5m offset 5m"],
    ["up @ 5 @ 6"],
    ["up[5m][5m]"],
    ["sum_over_time((", s, ")[5m:1m])"],

    ['up{job=~"("}'],
    ['label_replace(up, "x", "$1", "job", "(")'],
    ["up{", "job}"],
    ["sum by (job (up)"],
    ["count_values(1, up)"],
    ["scalar(", s, ")"],
    ["1 +"],
    ["up)"],
    ['"text" + 1'],
    ["vector(", v, ")"],
  ]);
  return { type: "string", name: "refused", parts };
}
