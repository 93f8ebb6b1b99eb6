/** Generated aggregations: every operator, every grouping, and parameters as odd as they come. */
import type { Draw } from "./draw.ts";
import { type Expr, expr } from "./expression.ts";
import type { Generator } from "./generate.ts";

const PLAIN = ["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"];
const GROUP_LABELS = ["instance", "job", "zone", "code", "le", "a", "b", "__name__", "what", "nothing"];
const COUNTS = ["0", "1", "2", "3", "100", "1.9", "-1", "0.5"];
const ODD_COUNTS = ["NaN", "1e19", "Inf", "-Inf", "-1e19"];
/** Parameters that are another at each step: counts, and shares of one. */
const MOVING_COUNTS = ["time() % 5", "floor(time() / 60) % 4 - 1", "scalar(count(session))", "scalar(one)"];
const MOVING_SHARES = ["time() % 7 / 6", 'scalar(level{instance="a:1"}) / 8', "time() % 300 / 200 - 0.25"];
const QUANTILES = ["0", "0.25", "0.5", "0.77", "1", "2", "-0.5", "NaN", "Inf"];

export function aggregation(draw: Draw, generator: Generator, depth: number): Expr {
  const name = draw.weighted<() => string>([
    [16, () => draw.of(PLAIN)],
    [3, () => draw.of(["topk", "bottomk"])],
    [2, () => "quantile"],
    [1, () => "count_values"],
  ])();
  const arg = generator.vector(depth);
  const param = paramOf(draw, generator, name, depth);
  const inner = param === undefined ? ["(", arg, ")"] : ["(", param, ", ", arg, ")"];
  const grouping = groupingOf(draw);
  if (grouping === "") return expr("vector", name, name, ...inner);
  return draw.chance(70)
    ? expr("vector", name, `${name} ${grouping} `, ...inner)
    : expr("vector", name, name, ...inner, ` ${grouping}`);
}

function groupingOf(draw: Draw): string {
  if (draw.chance(25)) return "";
  return `${draw.of(["by", "by", "without"])} (${draw.some(GROUP_LABELS, 25).join(", ")})`;
}

function paramOf(draw: Draw, generator: Generator, name: string, depth: number): string | Expr | undefined {
  switch (name) {
    case "topk":
    case "bottomk":
      if (draw.chance(5)) return generator.scalar(depth);
      if (draw.chance(15)) return draw.of(MOVING_COUNTS);
      return expr("scalar", "number", draw.of(draw.chance(10) ? ODD_COUNTS : COUNTS));
    case "quantile":
      if (draw.chance(15)) return draw.of(MOVING_SHARES);
      return draw.chance(90) ? expr("scalar", "number", draw.of(QUANTILES)) : generator.scalar(depth);
    case "count_values":
      return draw.of(['"value"', '"job"', '"instance"']);
    default:
      return undefined;
  }
}
