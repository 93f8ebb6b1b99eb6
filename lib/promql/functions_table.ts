/**
 * The signatures of PromQL's functions: what each takes, what it gives, and whether it has to be enabled. Which
 * code computes them is the engine's own table; a test there holds the two together.
 */
import type { ValueType } from "./ast.ts";

export interface FunctionSignature {
  readonly name: string;
  readonly argTypes: readonly ValueType[];
  /**
   * 0: exactly `argTypes`. Otherwise the last of `argTypes` may be left out, and may stand up to `variadic` times;
   * −1 means any number of times.
   */
  readonly variadic: number;
  readonly returnType: ValueType;
  /** Refused unless experimental functions are enabled. */
  readonly experimental: boolean;
}

const V = "vector";
const M = "matrix";
const S = "scalar";
const T = "string";

type Row = readonly [
  names: string,
  argTypes: readonly ValueType[],
  returnType: ValueType,
  variadic?: number,
  experimental?: boolean,
];

/** One row for all functions of one shape. */
const ROWS: readonly Row[] = [
  [
    "abs absent acos acosh asin asinh atan atanh ceil cos cosh deg exp floor histogram_avg histogram_count " +
    "histogram_stddev histogram_stdvar histogram_sum ln log10 log2 rad sgn sin sinh sort sort_desc sqrt tan tanh " +
    "timestamp",
    [V],
    V,
  ],
  ["start_timestamp", [V], V, 0, true],
  [
    "absent_over_time avg_over_time changes count_over_time delta deriv first_over_time idelta increase irate " +
    "last_over_time max_over_time min_over_time present_over_time rate resets stddev_over_time " +
    "stdvar_over_time sum_over_time",
    [M],
    V,
  ],
  [
    "mad_over_time ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time",
    [M],
    V,
    0,
    true,
  ],
  ["day_of_month day_of_week day_of_year days_in_month hour minute month year", [V], V, 1],
  ["clamp", [V, S, S], V],
  ["clamp_max clamp_min", [V, S], V],
  ["round", [V, S], V, 1],
  ["histogram_fraction", [S, S, V], V],
  ["histogram_quantile", [S, V], V],
  ["histogram_quantiles", [V, T, S, S], V, 9, true],
  ["double_exponential_smoothing", [M, S, S], V, 0, true],
  ["info", [V, V], V, 1, true],
  ["label_join", [V, T, T, T], V, -1],
  ["label_replace", [V, T, T, T, T], V],
  ["predict_linear", [M, S], V],
  ["quantile_over_time", [S, M], V],
  ["sort_by_label sort_by_label_desc", [V, T], V, -1, true],
  ["vector", [S], V],
  ["scalar", [V], S],
  ["pi time", [], S],
  ["end range start step", [], S, 0, true],
  ["max_of min_of", [S, S], S, 0, true],
];

function tableOf(rows: readonly Row[]): ReadonlyMap<string, FunctionSignature> {
  const table = new Map<string, FunctionSignature>();
  for (const [names, argTypes, returnType, variadic = 0, experimental = false] of rows) {
    for (const name of names.split(" ")) {
      table.set(name, { name, argTypes, variadic, returnType, experimental });
    }
  }
  return table;
}

/** Keyed by name, which is case-sensitive. */
export const FUNCTIONS: ReadonlyMap<string, FunctionSignature> = tableOf(ROWS);
