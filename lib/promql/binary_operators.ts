/**
 * The binary operators with their bindings, and what becomes of operators and signs in the tree.
 */
import type { BinaryOp, Expr, Position } from "./ast.ts";
import type { BinaryClauses } from "./grammar_modifiers.ts";
import { refuse, runningOptions } from "./lexemes.ts";
import type { Binding, Builders } from "./precedence.ts";
import { KIND, kindOfWord, type Token, type TokenKind } from "./tokens.ts";

interface OperatorRow {
  readonly op: BinaryOp;
  readonly binding: Binding;
}

/** From loose to tight; every row one strength. As the documentation's table of binary operator precedence. */
const OPERATOR_LEVELS: readonly (readonly (readonly [TokenKind, BinaryOp])[])[] = [
  [[kindOfWord("or"), "or"]],
  [[kindOfWord("and"), "and"], [kindOfWord("unless"), "unless"]],
  [
    [KIND.equalEqual, "=="],
    [KIND.notEqual, "!="],
    [KIND.lessEqual, "<="],
    [KIND.less, "<"],
    [KIND.greaterEqual, ">="],
    [KIND.greater, ">"],
    [KIND.trimUpper, "</"],
    [KIND.trimLower, ">/"],
  ],
  [[KIND.plus, "+"], [KIND.minus, "-"]],
  [[KIND.times, "*"], [KIND.divide, "/"], [KIND.modulo, "%"], [kindOfWord("atan2"), "atan2"]],
  [[KIND.power, "^"]],
];

/** A sign binds as multiplication does: −1^2 is −(1^2). */
const SIGN_STRENGTH = 4;

function operatorTable(): ReadonlyMap<TokenKind, OperatorRow> {
  const table = new Map<TokenKind, OperatorRow>();
  for (const [strength, level] of OPERATOR_LEVELS.entries()) {
    for (const [kind, op] of level) {
      table.set(kind, { op, binding: { strength, rightAssociative: op === "^" } });
    }
  }
  return table;
}

const OPERATORS = operatorTable();

export interface BinaryOperator {
  readonly token: Token;
  readonly clauses: BinaryClauses;
}

function span(first: Position, last: Position): Position {
  return { start: first.start, end: last.end };
}

/** Between which types it stands is known to the type check, which drops `matching` where it means nothing. */
function binaryOf({ token, clauses }: BinaryOperator, left: Expr, right: Expr): Expr {
  const { bool, matching } = clauses;
  const filled = matching.fillLeft !== undefined || matching.fillRight !== undefined;
  if (filled && runningOptions().binopFillModifiers !== true) {
    refuse(span(left.pos, right.pos), "binop fill modifiers are experimental and not enabled");
  }
  return {
    kind: "binary",
    op: OPERATORS.get(token.kind)!.op,
    left,
    right,
    bool,
    matching,
    opPos: span(token, token),
    pos: span(left.pos, right.pos),
  };
}

/** As Prometheus: a sign before a number becomes part of it. */
function signedOf(signToken: Token, expr: Expr): Expr {
  const pos = span(signToken, expr.pos);
  const minus = signToken.kind === KIND.minus;
  if (expr.kind === "number") return { ...expr, value: minus ? -expr.value : expr.value, pos };
  return { kind: "unary", op: minus ? "-" : "+", expr, pos };
}

export const EXPR_CHAIN: Builders<Expr, BinaryOperator> = {
  bindings: new Map([...OPERATORS].map(([kind, { binding }]) => [kind, binding])),
  signStrength: SIGN_STRENGTH,
  sign: signedOf,
  binary: binaryOf,
};

/** All of them, for the grammar. */
export const BINARY_OPERATOR_KINDS: string = [...OPERATORS.keys()].join("");
