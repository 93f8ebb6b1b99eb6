/** Asks two servers a seeded sequence of queries and gathers what differs. */
import { createRng } from "../../../lib/core/rng.ts";
import { type Answers, askBoth, type Pair, type When } from "./ask.ts";
import { compare } from "./compare.ts";
import { END_MS, START_MS } from "./data.ts";
import { createDraw, type Draw } from "./draw.ts";
import { explain, type Explanation } from "./explain.ts";
import { type Expr, nodesOf, render } from "./expression.ts";
import { generateQuery } from "./generate.ts";
import { isSortedAnswer } from "./known.ts";

export interface Difference {
  readonly index: number;
  readonly query: string;
  readonly when: When;
  readonly explanation: Explanation;
}

export interface Summary {
  readonly seed: number;
  asked: number;
  answered: number;
  /** Answered with at least one value. */
  withValues: number;
  failed: number;
  readonly explained: Map<string, number>;
  readonly unexplained: Difference[];
}

export interface RunOptions {
  readonly seed: number;
  readonly queries: number;
  readonly onDifference?: (difference: Difference) => void;
}

/** Enough for both servers to be busy at once. */
const IN_FLIGHT = 3;
const RANGE_STEPS_S = [1, 7, 15, 60, 300, 1800, 7200];
const RANGE_POINTS_MAX = 40;

/** Each query has a seed of its own, so that one can be asked again without those before it. */
export function queryOf(seed: number, index: number): { readonly node: Expr; readonly when: When } {
  const draw = createDraw(createRng(seed * 1_000_003 + index));
  const node = generateQuery(draw);
  return { node, when: drawWhen(draw) };
}

/** Half a second off whole ones: see selectors.ts. A few before the first sample and after the last. */
function drawWhen(draw: Draw): When {
  const startS = START_MS / 1000 - 300 + draw.below((END_MS - START_MS) / 1000 + 900) + 0.5;
  if (draw.chance(50)) return { kind: "instant", timeS: startS };
  const stepS = draw.of(RANGE_STEPS_S);
  const points = Math.min(1 + draw.below(RANGE_POINTS_MAX), Math.ceil(12_000 / stepS));
  return { kind: "range", startS, endS: startS + stepS * points + draw.below(stepS), stepS };
}

export async function runDifferential(pair: Pair, options: RunOptions): Promise<Summary> {
  const summary: Summary = {
    seed: options.seed,
    asked: 0,
    answered: 0,
    withValues: 0,
    failed: 0,
    explained: new Map(),
    unexplained: [],
  };
  let next = 0;
  const worker = async () => {
    while (next < options.queries) await one(pair, options, next++, summary);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  return summary;
}

async function one(pair: Pair, options: RunOptions, index: number, summary: Summary): Promise<void> {
  const { node, when } = queryOf(options.seed, index);
  const answers = await askBoth(pair, node, when);
  summary.asked++;
  if (answers.expected.kind === "failed" && answers.got.kind === "failed") summary.failed++;
  if (answers.expected.kind === "answered" && answers.got.kind === "answered") {
    summary.answered++;
    if (answers.expected.series.length > 0) summary.withValues++;
  }
  const found = compare(answers, { isSorted: when.kind === "instant" && isSortedAnswer(node) });
  if (found.kind === "same" || found.kind === "close") return;
  const explanation = await explain(pair, node, when);
  if (explanation === undefined) return count(summary, chanceRule(node, describeOnce(node, when, answers)));
  const { rule } = explanation;
  const difference = { index, query: render(node, "prometheus"), when, explanation };
  if (rule === undefined) summary.unexplained.push(difference);
  else count(summary, rule);
  options.onDifference?.(difference);
}

function count(summary: Summary, rule: string): void {
  summary.explained.set(rule, (summary.explained.get(rule) ?? 0) + 1);
}

/** Prometheus itself takes one of several equal values by chance, and may agree when it is asked again. */
function chanceRule(node: Expr, once: string): string {
  if (nodesOf(node).some(({ name }) => name === "topk" || name === "bottomk")) return "ties";
  throw new Error(`Differs once and not again: ${once}`);
}

function describeOnce(node: Expr, when: When, { expected, got }: Answers): string {
  return [render(node, "prometheus"), when, expected, got].map((each) => JSON.stringify(each)).join("\n");
}

export function describe({ index, query, when, explanation }: Difference): string {
  const { node, rule, answers } = explanation;
  const bounds = when.kind === "range" ? { startS: when.startS, endS: when.endS } : undefined;
  return [
    `#${index} ${rule ?? "UNEXPLAINED"}: ${explanation.what}`,
    `  query ${query} ${JSON.stringify(when)}`,
    `  shown by ${render(node, "prometheus", bounds)} ${JSON.stringify(explanation.when)}`,
    `  Prometheus ${JSON.stringify(answers.expected).slice(0, 600)}`,
    `  Narthex    ${JSON.stringify(answers.got).slice(0, 600)}`,
  ].join("\n");
}

export function summaryText(summary: Summary): string {
  const rules = [...summary.explained].sort(([, a], [, b]) => b - a).map(([rule, count]) =>
    `  ${rule}: ${count}`
  );
  return [
    `seed ${summary.seed}: ${summary.asked} queries, ${summary.answered} answered by both ` +
    `(${summary.withValues} with values), ${summary.failed} refused by both`,
    "known differences:",
    ...(rules.length === 0 ? ["  none"] : rules),
    `unexplained: ${summary.unexplained.length}`,
  ].join("\n");
}
