/**
 * The grammar of expressions. An expression is a flat chain of operands and operators that a table of bindings folds
 * into a tree; an operand is told by its first two tokens, so nothing is ever parsed twice and a refusal by a builder
 * is final.
 */
// @ts-types="@types/parsimmon"
import Parsimmon, { type Parser } from "parsimmon";
import type { AggregateOp, Expr, Position } from "./ast.ts";
import { BINARY_OPERATOR_KINDS, type BinaryOperator, EXPR_CHAIN } from "./binary_operators.ts";
import { FUNCTIONS } from "./functions_table.ts";
import { type AggregateClause, aggregateClause, binaryClauses, numberOf } from "./grammar_modifiers.ts";
import { postfix } from "./grammar_postfix.ts";
import { selector } from "./grammar_selector.ts";
import {
  aggregator,
  anyOf,
  choose,
  comma,
  danglingComma,
  endOfInput,
  functionName,
  leftParen,
  numeric,
  type OperandShape,
  operandShape,
  optional,
  quoted,
  refuse,
  rightParen,
  runningOptions,
  sign,
  wordOf,
} from "./lexemes.ts";
import { quoteGo } from "../model/labels.ts";
import { foldChain, type Link, type Signed } from "./precedence.ts";
import { unquote } from "./scan_string.ts";
import { KIND, kindsOfWords, type Token } from "./tokens.ts";

function span(first: Position, last: Position): Position {
  return { start: first.start, end: last.end };
}

function callOf(name: Token, args: readonly Expr[], close: Token): Expr {
  const signature = FUNCTIONS.get(name.text);
  if (signature === undefined) refuse(name, `unknown function with name ${quoteGo(name.text)}`);
  if (signature.experimental && runningOptions().experimentalFunctions !== true) {
    refuse(name, experimentalMessage(name.text));
  }
  return { kind: "call", name: name.text, args, pos: span(name, close) };
}

function experimentalMessage(name: string): string {
  return `${name}() is experimental and must be enabled with --enable-feature=promql-experimental-functions`;
}

const AGGREGATE_OPS: ReadonlyMap<string, AggregateOp> = new Map(
  ([
    "sum",
    "avg",
    "min",
    "max",
    "count",
    "group",
    "stddev",
    "stdvar",
    "topk",
    "bottomk",
    "quantile",
    "count_values",
    "limitk",
    "limit_ratio",
  ] as const).map((op) => [op, op]),
);
const PARAMETRIC: ReadonlySet<AggregateOp> = new Set<AggregateOp>([
  "topk",
  "bottomk",
  "quantile",
  "count_values",
  "limitk",
  "limit_ratio",
]);
const EXPERIMENTAL_AGGREGATES: ReadonlySet<AggregateOp> = new Set<AggregateOp>(["limitk", "limit_ratio"]);

function aggregateOf(
  operator: Token,
  args: readonly Expr[],
  clause: AggregateClause | undefined,
  end: number,
): Expr {
  const op = AGGREGATE_OPS.get(wordOf(operator))!;
  const pos = { start: operator.start, end };
  if (args.length === 0) refuse(pos, "no arguments for aggregate expression provided");
  if (EXPERIMENTAL_AGGREGATES.has(op) && runningOptions().experimentalFunctions !== true) {
    refuse(pos, experimentalMessage(op));
  }
  const expected = PARAMETRIC.has(op) ? 2 : 1;
  if (args.length !== expected) {
    refuse(
      pos,
      `wrong number of arguments for aggregate expression provided, expected ${expected}, got ${args.length}`,
    );
  }
  return {
    kind: "aggregate",
    op,
    expr: args[expected - 1]!,
    param: expected === 2 ? args[0] : undefined,
    grouping: clause?.grouping ?? [],
    without: clause?.without ?? false,
    groupingWritten: clause !== undefined,
    pos,
  };
}

const expr: Parser<Expr> = Parsimmon.lazy(() => chain);

interface Body {
  readonly args: readonly Expr[];
  readonly close: Token;
}

const args: Parser<Expr[]> = Parsimmon.seqMap(
  expr,
  comma.then(expr).many(),
  danglingComma.map((token) => refuse(token, "trailing commas not allowed in function call args")).times(
    0,
    1,
  ),
  (first, rest) => [first, ...rest],
);

const body: Parser<Body> = Parsimmon.seqMap(
  leftParen,
  Parsimmon.alt(
    rightParen.map((close): Body => ({ args: [], close })),
    Parsimmon.seqMap(args, rightParen, (args, close): Body => ({ args, close })),
  ),
  (_open, body) => body,
);

const paren: Parser<Expr> = Parsimmon.seqMap(
  leftParen,
  expr,
  rightParen,
  (open, inner, close): Expr => ({ kind: "paren", expr: inner, pos: span(open, close) }),
);

const number: Parser<Expr> = numeric.map((token): Expr => ({
  kind: "number",
  value: numberOf(token),
  asDuration: token.kind === KIND.duration,
  pos: span(token, token),
}));

const string: Parser<Expr> = quoted.map((token): Expr => ({
  kind: "string",
  value: unquote(token.text),
  pos: span(token, token),
}));

const call: Parser<Expr> = Parsimmon.seqMap(
  functionName,
  body,
  (name, { args, close }) => callOf(name, args, close),
);

interface AggregateTail {
  readonly clause: AggregateClause | undefined;
  readonly body: Body;
}

const aggregate: Parser<Expr> = Parsimmon.seqMap(
  aggregator,
  choose<AggregateTail>([
    [
      KIND.leftParen,
      Parsimmon.seqMap(
        body,
        optional(kindsOfWords("by without"), aggregateClause),
        (body, clause) => ({ clause, body }),
      ),
    ],
  ], Parsimmon.seqMap(aggregateClause, body, (clause, body) => ({ clause, body }))),
  (operator, { clause, body }) => aggregateOf(operator, body.args, clause, body.close.end),
);

const OPERANDS: Readonly<Record<OperandShape, Parser<Expr>>> = {
  paren,
  number,
  string,
  call,
  aggregate,
  selector: selector.map((found): Expr => found),
};

const operand: Parser<Expr> = Parsimmon.seqMap(
  operandShape.chain((shape) => OPERANDS[shape]),
  postfix.many(),
  (first, changes) => changes.reduce((changed, change) => change(changed), first),
);

const signed: Parser<Signed<Expr>> = Parsimmon.seqMap(
  sign.many(),
  operand,
  (signs, operand) => ({ signs, operand }),
);

const operator: Parser<BinaryOperator> = Parsimmon.seqMap(
  anyOf(BINARY_OPERATOR_KINDS, "binary operator"),
  binaryClauses,
  (token, clauses) => ({ token, clauses }),
);

const link: Parser<Link<Expr, BinaryOperator>> = Parsimmon.seqMap(
  operator,
  signed,
  (operator, right) => ({ operator, right }),
);

const chain: Parser<Expr> = Parsimmon.seqMap(
  signed,
  link.many(),
  (first, links) => foldChain(first, links, EXPR_CHAIN),
);

/** A whole query. */
export const query: Parser<Expr> = expr.skip(endOfInput);
