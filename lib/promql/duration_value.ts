/** The value of a duration expression in a running query, in milliseconds. */
import { assertNever } from "../core/assert.ts";
import { UserError } from "../core/errors.ts";
import type { DurationExpr } from "./ast.ts";
import { power } from "./kernels/arithmetic.ts";

export interface DurationTimes {
  /** Of the query; 0 for an instant one. */
  readonly stepMs: number;
  /** From the query's start to its end. */
  readonly rangeMs: number;
}

/** As Go's time.Duration: 2^63 ns. */
const DURATION_MS_MAX = 2 ** 63 / 1e6;

export function durationValueMs(expr: DurationExpr, times: DurationTimes): number {
  const seconds = secondsOf(expr, times);
  if (!Number.isFinite(seconds) || Math.abs(seconds * 1000) >= DURATION_MS_MAX) {
    throw new UserError("bad_data", "duration out of range");
  }
  return Math.trunc(Math.round(seconds * 1e9) / 1e6);
}

/** A length of time that must not be nothing: ranges, subquery steps. */
export function positiveDurationMs(expr: DurationExpr, times: DurationTimes): number {
  const ms = durationValueMs(expr, times);
  if (ms <= 0) throw new UserError("bad_data", "duration must be greater than 0");
  return ms;
}

/** Arithmetic is done in seconds, since bare numbers are seconds and factors alike. */
function secondsOf(expr: DurationExpr, times: DurationTimes): number {
  switch (expr.kind) {
    case "literal":
      return expr.ms / 1000;
    case "step":
      return times.stepMs / 1000;
    case "range":
      return times.rangeMs / 1000;
    case "paren":
      return secondsOf(expr.of, times);
    case "unary":
      return expr.op === "-" ? -secondsOf(expr.of, times) : secondsOf(expr.of, times);
    case "call": {
      const values = expr.args.map((arg) => secondsOf(arg, times));
      return expr.name === "min_of" ? Math.min(...values) : Math.max(...values);
    }
    case "binary":
      return binarySeconds(expr.op, secondsOf(expr.left, times), secondsOf(expr.right, times));
    default:
      return assertNever(expr);
  }
}

function binarySeconds(op: "+" | "-" | "*" | "/" | "%" | "^", left: number, right: number): number {
  switch (op) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      if (right === 0) throw new UserError("bad_data", "division by zero");
      return left / right;
    case "%":
      if (right === 0) throw new UserError("bad_data", "modulo by zero");
      return left % right;
    case "^":
      return power(left, right);
  }
}
