/**
 * Traces a difference to the smallest part of a query that shows it: a part that differs although its own parts do
 * not. Known differences between the versions are rules about such a part alone, so that a rule is as narrow as one
 * operator on operands that both servers see alike; what is built upon it inherits the explanation.
 */
import { type Answers, askBoth, type Pair, type When } from "./ask.ts";
import { compare, type Comparison } from "./compare.ts";
import { type Bounds, children, type Expr } from "./expression.ts";
import { isSortedAnswer, KNOWN, type Suspect } from "./known.ts";

export interface Explanation {
  /** The rule's name, or undefined for what nothing explains. */
  readonly rule: string | undefined;
  readonly node: Expr;
  readonly when: When;
  readonly what: string;
  readonly answers: Answers;
}

/** Undefined where the answers do not differ. */
export async function explain(pair: Pair, node: Expr, when: When): Promise<Explanation | undefined> {
  if (when.kind === "instant") return await explainAt(pair, node, when.timeS, undefined);
  const answers = await askBoth(pair, node, when);
  const found = compare(answers, { isSorted: false });
  if (found.kind === "same" || found.kind === "close") return undefined;
  const bounds = { startS: when.startS, endS: when.endS };
  for (const timeS of timesToTry(when, found)) {
    const smaller = await explainAt(pair, node, timeS, bounds);
    if (smaller !== undefined) return smaller;
  }
  return await explainOver(pair, node, when);
}

/** What a range query alone shows, traced through its parts that are ranges too. */
async function explainOver(
  pair: Pair,
  node: Expr,
  when: When & { readonly kind: "range" },
): Promise<Explanation | undefined> {
  const answers = await askBoth(pair, node, when);
  const found = compare(answers, { isSorted: false });
  if (found.kind === "same" || found.kind === "close") return undefined;
  const parts = children(node).filter(({ type }) => type === "vector" || type === "scalar");
  const operands: Answers[] = [];
  for (const child of parts) {
    const smaller = await explainOver(pair, child, when);
    if (smaller !== undefined) return smaller;
    operands.push(await askBoth(pair, child, when));
  }
  const timeS = found.kind === "different" ? found.timeS : undefined;
  for (const child of children(node)) {
    if (child.type !== "matrix" || timeS === undefined) continue;
    operands.push(await askBoth(pair, child, { kind: "instant", timeS }, when));
  }
  return judged({ node, when, answers, found, operands });
}

function timesToTry(when: When & { readonly kind: "range" }, found: Comparison): readonly number[] {
  if (found.kind === "different" && found.timeS !== undefined) return [found.timeS];
  const times: number[] = [];
  for (let timeS = when.startS; timeS <= when.endS; timeS += when.stepS) times.push(timeS);
  return times;
}

async function explainAt(
  pair: Pair,
  node: Expr,
  timeS: number,
  bounds: Bounds | undefined,
): Promise<Explanation | undefined> {
  const when: When = { kind: "instant", timeS };
  const answers = await askBoth(pair, node, when, bounds);
  const found = compare(answers, { isSorted: isSortedAnswer(node) });
  if (found.kind === "same" || found.kind === "close") return undefined;
  const within = bounds ?? { startS: timeS, endS: timeS };
  if (node.name === "subquery") {
    const inner = await explainInside(pair, node, found, within);
    if (inner !== undefined) return inner;
  } else if (node.name !== "refused") {
    for (const child of children(node)) {
      const smaller = await explainAt(pair, child, timeS, within);
      if (smaller !== undefined) return smaller;
    }
  }
  const operands: Answers[] = [];
  if (node.name !== "refused" && node.name !== "subquery") {
    for (const child of children(node)) operands.push(await askBoth(pair, child, when, within));
  }
  return judged({ node, when, answers, found, operands });
}

/** A subquery's inner expression is asked at the first step that differs. */
async function explainInside(
  pair: Pair,
  node: Expr,
  found: Comparison,
  bounds: Bounds,
): Promise<Explanation | undefined> {
  if (found.kind !== "different" || found.timeS === undefined) return undefined;
  return await explainAt(pair, children(node)[0]!, found.timeS, bounds);
}

function judged(suspect: Suspect): Explanation {
  const { node, when, answers, found } = suspect;
  const what = found.kind === "different" || found.kind === "text" ? found.what : "";
  for (const { name, explains } of KNOWN) {
    if (explains(suspect)) return { rule: name, node, when, what, answers };
  }
  return { rule: undefined, node, when, what, answers };
}
