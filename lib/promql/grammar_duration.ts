/**
 * Durations in brackets and after `offset`: numbers, durations, and arithmetic over them with `step()`, `range()`,
 * `min_of()` and `max_of()`. After `offset` arithmetic needs parentheses, since the operator belongs to the query.
 */
// @ts-types="@types/parsimmon"
import Parsimmon, { type Parser } from "parsimmon";
import type { DurationExpr, Position } from "./ast.ts";
import { DURATION_SECONDS_MAX, parseDurationToken, parseNumberToken } from "./durations.ts";
import {
  anyOf,
  choose,
  comma,
  leftParen,
  minOrMax,
  numeric,
  refuse,
  rightParen,
  runningOptions,
  sign,
  stepOrRange,
  wordOf,
} from "./lexemes.ts";
import { type Binding, type Builders, foldChain, type Link, type Signed } from "./precedence.ts";
import { KIND, kindsOfWords, type Token } from "./tokens.ts";

type Operator = { readonly token: Token };
type ArithmeticOp = Extract<DurationExpr, { kind: "binary" }>["op"];

const OPERATORS: ReadonlyMap<string, ArithmeticOp> = new Map([
  [KIND.plus, "+"],
  [KIND.minus, "-"],
  [KIND.times, "*"],
  [KIND.divide, "/"],
  [KIND.modulo, "%"],
  [KIND.power, "^"],
]);

const BINDINGS: ReadonlyMap<string, Binding> = new Map([
  [KIND.plus, { strength: 1 }],
  [KIND.minus, { strength: 1 }],
  [KIND.times, { strength: 2 }],
  [KIND.divide, { strength: 2 }],
  [KIND.modulo, { strength: 2 }],
  [KIND.power, { strength: 3, rightAssociative: true }],
]);

function span(first: Position, last: Position): Position {
  return { start: first.start, end: last.end };
}

function literalOf(token: Token): DurationExpr {
  const asDuration = token.kind === KIND.duration;
  const parsed = asDuration ? parseDurationToken(token.text) : parseNumberToken(token.text);
  if (!parsed.ok) refuse(token, asDuration ? parsed.reason : `error parsing number: ${parsed.reason}`);
  const ms = asDuration ? parsed.value : parsed.value * 1000;
  if (!(Math.abs(ms) <= DURATION_SECONDS_MAX * 1000)) refuse(token, "duration out of range");
  return { kind: "literal", ms, asDuration, pos: span(token, token) };
}

/** As Prometheus: a sign before a literal becomes part of it, a plus before anything else vanishes. */
function signedOf(signToken: Token, of: DurationExpr): DurationExpr {
  const pos = span(signToken, of.pos);
  const minus = signToken.kind === KIND.minus;
  if (of.kind === "literal") return { ...of, ms: minus ? -of.ms : of.ms, pos };
  return minus ? { kind: "unary", op: "-", of, pos } : of;
}

function requireEnabled(pos: Position): void {
  if (runningOptions().durationExpr === false) refuse(pos, "experimental duration expression is not enabled");
}

function binaryOf({ token }: Operator, left: DurationExpr, right: DurationExpr): DurationExpr {
  requireEnabled(left.pos);
  const zero = right.kind === "literal" && right.ms === 0;
  if (zero && token.kind === KIND.divide) refuse(token, "division by zero");
  if (zero && token.kind === KIND.modulo) refuse(token, "modulo by zero");
  return { kind: "binary", op: OPERATORS.get(token.kind)!, left, right, pos: span(left.pos, right.pos) };
}

const CHAIN: Builders<DurationExpr, Operator> = {
  bindings: BINDINGS,
  signStrength: 2,
  sign: signedOf,
  binary: binaryOf,
};

const literal: Parser<DurationExpr> = numeric.map(literalOf);

const stepOrRangeCall: Parser<DurationExpr> = Parsimmon.seqMap(
  stepOrRange,
  leftParen,
  rightParen,
  (name, _open, close): DurationExpr => ({
    kind: wordOf(name) === "step" ? "step" : "range",
    pos: span(name, close),
  }),
);

const minOrMaxCall: Parser<DurationExpr> = Parsimmon.lazy(() =>
  Parsimmon.seqMap(
    minOrMax,
    leftParen,
    durationExpr,
    comma,
    durationExpr,
    rightParen,
    (name, _open, first, _comma, second, close): DurationExpr => ({
      kind: "call",
      name: wordOf(name) === "min_of" ? "min_of" : "max_of",
      args: [first, second],
      pos: span(name, close),
    }),
  )
);

const paren: Parser<DurationExpr> = Parsimmon.lazy(() =>
  Parsimmon.seqMap(leftParen, durationExpr, rightParen, (open, of, close): DurationExpr => {
    requireEnabled(of.pos);
    return { kind: "paren", of, pos: span(open, close) };
  })
);

const simple: Parser<DurationExpr> = choose([
  [KIND.number + KIND.duration, literal],
  [kindsOfWords("step range"), stepOrRangeCall],
  [kindsOfWords("min_of max_of"), minOrMaxCall],
], "duration");

const signed: Parser<Signed<DurationExpr>> = Parsimmon.seqMap(
  sign.many(),
  Parsimmon.alt(simple, paren),
  (signs, operand) => ({ signs, operand }),
);

const operator: Parser<Operator> = anyOf([...BINDINGS.keys()].join(""), "operator").map((token) => ({
  token,
}));

const link: Parser<Link<DurationExpr, Operator>> = Parsimmon.seqMap(
  operator,
  signed,
  (operator, right) => ({ operator, right }),
);

export const durationExpr: Parser<DurationExpr> = Parsimmon.seqMap(
  signed,
  link.many(),
  (first, links) => foldChain(first, links, CHAIN),
);

/**
 * After `offset`. As Prometheus's grammar resolves it: a literal or a call, with one sign or none, and a signed
 * parenthesis end the duration; an unsigned parenthesis may go on with operators.
 */
export const offsetDuration: Parser<DurationExpr> = Parsimmon.alt(
  simple,
  Parsimmon.seqMap(sign, Parsimmon.alt(simple, paren), signedOf),
  durationExpr,
);

/** A duration that stands for a range or a step: a literal has to be above 0, and is cut to milliseconds. */
export function positiveDuration(duration: DurationExpr): DurationExpr {
  if (duration.kind !== "literal") return duration;
  if (duration.ms <= 0) refuse(duration.pos, "duration must be greater than 0");
  return wholeMs(duration);
}

/** As Go's time.Duration cut to milliseconds, which is what the engine counts in. */
export function wholeMs(duration: DurationExpr): DurationExpr {
  return duration.kind === "literal"
    ? { ...duration, ms: Math.trunc(Math.round(duration.ms * 1e6) / 1e6) }
    : duration;
}
