/**
 * Folds a flat chain `operand op operand op …` into a tree by a table of bindings, with signs before operands. One
 * loop over two stacks, so that a long chain costs no recursion and the grammar needs no rule a level.
 */
import type { Token, TokenKind } from "./tokens.ts";

export interface Binding {
  /** Higher binds tighter. */
  readonly strength: number;
  readonly rightAssociative?: boolean;
}

/** An operand with the signs written before it. */
export interface Signed<T> {
  readonly signs: readonly Token[];
  readonly operand: T;
}

export interface Link<T, O extends { readonly token: Token }> {
  readonly operator: O;
  readonly right: Signed<T>;
}

export interface Builders<T, O extends { readonly token: Token }> {
  readonly bindings: ReadonlyMap<TokenKind, Binding>;
  /** How tight a sign binds. */
  readonly signStrength: number;
  sign(sign: Token, operand: T): T;
  binary(operator: O, left: T, right: T): T;
}

type Pending<O> = { readonly sign: Token } | { readonly operator: O; readonly strength: number };

export function foldChain<T, O extends { readonly token: Token }>(
  first: Signed<T>,
  links: readonly Link<T, O>[],
  builders: Builders<T, O>,
): T {
  // The common case: one operand.
  if (links.length === 0 && first.signs.length === 0) return first.operand;
  const operands: T[] = [];
  const pending: Pending<O>[] = [];

  function take({ signs, operand }: Signed<T>): void {
    for (const sign of signs) pending.push({ sign });
    operands.push(operand);
  }

  function reduce(): void {
    const top = pending.pop()!;
    const right = operands.pop()!;
    if ("sign" in top) operands.push(builders.sign(top.sign, right));
    else operands.push(builders.binary(top.operator, operands.pop()!, right));
  }

  take(first);
  for (const { operator, right } of links) {
    const { strength, rightAssociative } = builders.bindings.get(operator.token.kind)!;
    while (pending.length > 0) {
      const top = pending[pending.length - 1]!;
      const topStrength = "sign" in top ? builders.signStrength : top.strength;
      if (topStrength < strength || (topStrength === strength && rightAssociative === true)) break;
      reduce();
    }
    pending.push({ operator, strength });
    take(right);
  }
  while (pending.length > 0) reduce();
  return operands[0]!;
}
