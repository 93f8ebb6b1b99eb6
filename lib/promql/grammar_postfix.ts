/**
 * What follows an expression and binds tighter than any operator: `[5m]`, `[5m:1m]`, `offset`, `@`, `anchored`,
 * `smoothed`. Each parser yields the change that it makes to the expression before it.
 */
// @ts-types="@types/parsimmon"
import Parsimmon, { type Parser } from "parsimmon";
import type {
  AtModifier,
  DurationExpr,
  Expr,
  MatrixSelector,
  Position,
  Subquery,
  VectorSelector,
} from "./ast.ts";
import { formatFloatF } from "../model/float.ts";
import { durationExpr, offsetDuration, positiveDuration, wholeMs } from "./grammar_duration.ts";
import { signedNumber } from "./grammar_modifiers.ts";
import {
  anchored,
  at,
  choose,
  colon,
  leftBracket,
  leftParen,
  offset,
  previousEnd,
  refuse,
  rightBracket,
  rightParen,
  runningOptions,
  smoothed,
  startOrEnd,
  wordOf,
} from "./lexemes.ts";
import { KIND, kindOfWord, type Token } from "./tokens.ts";

type Change = (expr: Expr) => Expr;
type Modified = VectorSelector | MatrixSelector | Subquery;

function extended(pos: Position, end: number): Position {
  return { start: pos.start, end };
}

function rangeChange(open: Token, range: DurationExpr, close: Token): Change {
  return (expr) => {
    const wrong = rangeFault(expr);
    if (wrong !== undefined || expr.kind !== "selector") {
      refuse({ start: open.start, end: close.end }, wrong ?? "ranges only allowed for vector selectors");
    }
    return { kind: "matrix", selector: expr, range, pos: extended(expr.pos, close.end) };
  };
}

function rangeFault(expr: Expr): string | undefined {
  if (expr.kind !== "selector") return "ranges only allowed for vector selectors";
  if (expr.offset !== undefined) return "no offset modifiers allowed before range";
  return expr.at === undefined ? undefined : "no @ modifiers allowed before range";
}

function subqueryChange(range: DurationExpr, step: DurationExpr | undefined, close: Token): Change {
  return (expr) => ({
    kind: "subquery",
    expr,
    range,
    step,
    offset: undefined,
    at: undefined,
    pos: extended(expr.pos, close.end),
  });
}

const positive: Parser<DurationExpr> = durationExpr.map(positiveDuration);

const bracketed: Parser<Change> = Parsimmon.seqMap(
  leftBracket,
  positive,
  Parsimmon.alt(
    rightBracket.map((close) => (open: Token, range: DurationExpr) => rangeChange(open, range, close)),
    Parsimmon.seqMap(
      colon,
      positive.times(0, 1),
      rightBracket,
      (_colon, [step], close) => (_open: Token, range: DurationExpr) => subqueryChange(range, step, close),
    ),
  ),
  (open, range, finish) => finish(open, range),
);

/** The offset and `@` that an expression carries; undefined when it can carry none. */
function modifiedBy(expr: Expr, modifier: string): Modified {
  if (expr.kind === "selector" || expr.kind === "matrix" || expr.kind === "subquery") return expr;
  refuse(
    expr.pos,
    `${modifier} must be preceded by an instant vector selector or range vector selector or a subquery`,
  );
}

function withModifiers(
  expr: Modified,
  change: { readonly offset?: DurationExpr | undefined; readonly at?: AtModifier },
  end: number,
): Expr {
  const pos = extended(expr.pos, end);
  return expr.kind === "matrix"
    ? { ...expr, selector: { ...expr.selector, ...change }, pos }
    : { ...expr, ...change, pos };
}

const offsetting: Parser<Change> = offset.then(offsetDuration).map((duration) => (expr: Expr) => {
  const target = modifiedBy(expr, "offset modifier");
  if ((target.kind === "matrix" ? target.selector : target).offset !== undefined) {
    refuse(expr.pos, "offset may not be set multiple times");
  }
  // As Prometheus: an offset of zero is none.
  const written = wholeMs(duration);
  const offset = written.kind === "literal" && written.ms === 0 ? undefined : written;
  return withModifiers(target, { offset }, duration.pos.end);
});

/** As Go's int64, in seconds. */
const TIMESTAMP_BOUND = 2 ** 63;

interface At {
  readonly modifier: AtModifier;
  readonly seconds: number | undefined;
}

function atTime(seconds: number): At {
  // As Prometheus's timestamp.FromFloatSeconds: half a millisecond rounds away from zero.
  const tMs = Math.sign(seconds) * Math.round(Math.abs(seconds) * 1000);
  return { modifier: { kind: "time", tMs }, seconds };
}

const atModifier: Parser<At> = Parsimmon.alt(
  Parsimmon.seqMap(startOrEnd, leftParen, rightParen, (word): At => ({
    modifier: { kind: wordOf(word) === "start" ? "start" : "end" },
    seconds: undefined,
  })),
  signedNumber.map(atTime),
);

const pinned: Parser<Change> = Parsimmon.seqMap(
  at,
  atModifier,
  previousEnd,
  (_at, { modifier, seconds }, end) => (expr: Expr) => {
    if (seconds !== undefined && !(Math.abs(seconds) < TIMESTAMP_BOUND)) {
      refuse(expr.pos, `timestamp out of bounds for @ modifier: ${formatSixDigits(seconds)}`);
    }
    const target = modifiedBy(expr, "@ modifier");
    if ((target.kind === "matrix" ? target.selector : target).at !== undefined) {
      refuse(expr.pos, "@ <timestamp> may not be set multiple times");
    }
    return withModifiers(target, { at: modifier }, end);
  },
);

/** As Go's %f. */
function formatSixDigits(value: number): string {
  return Number.isFinite(value) ? `${BigInt(value)}.000000` : formatFloatF(value);
}

function edged(edge: "anchored" | "smoothed"): Change {
  return (expr) => {
    if (runningOptions().extendedRangeSelectors !== true) {
      refuse(expr.pos, `${edge} modifier is experimental and not enabled`);
    }
    if (expr.kind === "subquery") refuse(expr.pos, `${edge} modifier is not supported for subqueries`);
    if (expr.kind !== "selector" && expr.kind !== "matrix") {
      refuse(expr.pos, `${edge} modifier not implemented`);
    }
    const selector = expr.kind === "matrix" ? expr.selector : expr;
    if (selector.edge !== "plain" && selector.edge !== edge) {
      refuse(expr.pos, "anchored and smoothed modifiers cannot be used together");
    }
    return expr.kind === "matrix" ? { ...expr, selector: { ...selector, edge } } : { ...expr, edge };
  };
}

export const postfix: Parser<Change> = choose([
  [KIND.leftBracket, bracketed],
  [kindOfWord("offset"), offsetting],
  [KIND.at, pinned],
  [kindOfWord("anchored"), anchored.map(() => edged("anchored"))],
  [kindOfWord("smoothed"), smoothed.map(() => edged("smoothed"))],
], "modifier");
