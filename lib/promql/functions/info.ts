/**
 * info(): enriches series with labels of the info series (by default `target_info`) that share their `instance`
 * and `job`. Which info series holds may change from step to step, and so may the labels of the result.
 */
import { UserError } from "../../core/errors.ts";
import { type Labels, labelsKey, labelValue, METRIC_NAME, withLabel } from "../../model/labels.ts";
import { holdsHistograms } from "../../model/histogram_cell.ts";
import { type Matcher, matcherOf, matchesValue } from "../../model/matchers.ts";
import { isAbsent } from "../../model/stale.ts";
import type { Call, DurationExpr, Expr, Position, VectorSelector } from "../ast.ts";
import { type Block, type Blocks, copyCells, type StepGrid } from "../block.ts";
import type { Evaluator } from "../context.ts";
import { unwrapParens } from "../invariant.ts";
import { collect, inPieces, mergeRepeatsPaced, releaseBlock } from "../operators/collect.ts";
import { absentBlockPaced, dropAbsentRowsPaced, rowsBetweenTurns } from "../operators/paced.ts";
import { printLabels } from "../operators/matching.ts";
import { selectVector } from "../operators/selector.ts";

const IDENTIFYING: readonly string[] = ["instance", "job"];
const DEFAULT_NAME = "target_info";

interface InfoQuery {
  readonly nameMatchers: readonly Matcher[];
  readonly dataMatchers: readonly Matcher[];
}

function infoQueryOf(call: Call): InfoQuery {
  const given = call.args[1] === undefined ? undefined : unwrapParens(call.args[1]);
  const matchers = given?.kind === "selector" ? given.matchers : [];
  const names = matchers.filter((matcher) => matcher.name === METRIC_NAME);
  return {
    nameMatchers: nameMatchersOf(names),
    dataMatchers: matchers.filter((matcher) => matcher.name !== METRIC_NAME),
  };
}

/** Names that are only excluded leave all that are called info. */
function nameMatchersOf(names: readonly Matcher[]): readonly Matcher[] {
  if (names.length === 0) return [matcherOf("=", METRIC_NAME, DEFAULT_NAME)];
  if (names.some(isPositive)) return names;
  return [matcherOf("=~", METRIC_NAME, ".+_info"), ...names];
}

function isPositive({ op }: Matcher): boolean {
  return op === "=" || op === "=~";
}

/** The time that the base series are looked up at: info series are taken as of then. */
function referenceOf(evaluator: Evaluator, expr: Expr): Pick<VectorSelector, "at" | "offset"> {
  const inner = unwrapParens(expr);
  switch (inner.kind) {
    case "selector":
      return { at: inner.at, offset: inner.offset };
    case "matrix":
      return referenceOf(evaluator, inner.selector);
    case "subquery": {
      const below = referenceOf(evaluator, inner.expr);
      return below.at !== undefined
        ? below
        : { at: inner.at, offset: sumOf(evaluator, inner.offset, below.offset, inner.pos) };
    }
    case "call": {
      const series = inner.args.find((arg) => arg.kind !== "number" && arg.kind !== "string");
      return series === undefined ? { at: undefined, offset: undefined } : referenceOf(evaluator, series);
    }
    case "aggregate":
    case "unary":
      return referenceOf(evaluator, inner.expr);
    case "binary":
      return referenceOf(evaluator, inner.left);
    default:
      return { at: undefined, offset: undefined };
  }
}

function sumOf(
  evaluator: Evaluator,
  a: DurationExpr | undefined,
  b: DurationExpr | undefined,
  pos: Position,
): DurationExpr | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return { kind: "literal", ms: evaluator.durationMs(a) + evaluator.durationMs(b), asDuration: true, pos };
}

/** Whether a series is itself a source of labels: it then stays as it is. */
function isInfoSeries(labels: Labels, { nameMatchers }: InfoQuery): boolean {
  const name = labelValue(labels, METRIC_NAME);
  return nameMatchers.every((matcher) => matchesValue(matcher, name));
}

function identityOf(labels: Labels): string {
  return labelsKey(IDENTIFYING.map((name) => labelValue(labels, name)));
}

interface InfoRows {
  readonly values: Block;
  readonly times: Block;
  /** By identity, then by metric name. */
  readonly byIdentity: ReadonlyMap<string, ReadonlyMap<string, readonly number[]>>;
}

async function fetchInfo(
  evaluator: Evaluator,
  call: Call,
  query: InfoQuery,
  grid: StepGrid,
): Promise<InfoRows> {
  const { context } = evaluator;
  const selector: VectorSelector = {
    kind: "selector",
    pos: call.pos,
    name: "",
    matchers: [...query.nameMatchers, ...query.dataMatchers],
    ...referenceOf(evaluator, call.args[0]!),
    edge: "plain",
  };
  const values = await collect(context, selectVector(evaluator, selector, grid, "values"), grid.count);
  refuseHistograms(values);
  // The same samples once more: they have counted.
  const again = evaluator.counting(context.samples.empty());
  const times = await collect(context, selectVector(again, selector, grid, "times"), grid.count);
  const byIdentity = new Map<string, Map<string, number[]>>();
  await context.pacer.rows(values.labels.length, (row) => {
    const labels = values.labels[row]!;
    const identity = identityOf(labels);
    const name = labelValue(labels, METRIC_NAME);
    let byName = byIdentity.get(identity);
    if (byName === undefined) byIdentity.set(identity, byName = new Map());
    const rows = byName.get(name);
    if (rows === undefined) byName.set(name, [row]);
    else rows.push(row);
  });
  return { values, times, byIdentity };
}

/** As Prometheus: info series are floats, whatever their value. */
function refuseHistograms({ histograms, words, steps, labels }: Block): void {
  if (histograms === undefined) return;
  const row = labels.findIndex((_, i) => holdsHistograms(words, i * steps, (i + 1) * steps));
  if (row < 0) return;
  throw new UserError(
    "execution",
    `this should be an info metric, with float samples: ${printLabels(labels[row]!)}`,
  );
}

/** Of the info series of one name the one with the newest sample at step s; −1 for none. */
function newestRow(info: InfoRows, rows: readonly number[], s: number): number {
  const { steps, words, values } = info.times;
  let best = -1;
  for (const row of rows) {
    if (isAbsent(words, row * steps + s)) continue;
    const tS = values[row * steps + s]!;
    const bestS = best < 0 ? -Infinity : values[best * steps + s]!;
    if (tS === bestS) {
      throw new UserError(
        "execution",
        `found duplicate series for info metric: existing ${
          printLabels(info.values.labels[best]!)
        } @ ${bestS}, ` +
          `new ${printLabels(info.values.labels[row]!)} @ ${tS}`,
      );
    }
    if (tS > bestS) best = row;
  }
  return best;
}

function enrich(base: Labels, infos: readonly Labels[], query: InfoQuery): Labels {
  const wanted = new Set(query.dataMatchers.map((matcher) => matcher.name));
  const added = new Map<string, string>();
  for (const labels of infos) {
    for (let i = 0; i < labels.length; i += 2) {
      const name = labels[i]!;
      const value = labels[i + 1]!;
      if (name === METRIC_NAME || IDENTIFYING.includes(name) || labelValue(base, name) !== "") continue;
      if (wanted.size > 0 && !wanted.has(name)) continue;
      const before = added.get(name);
      if (before !== undefined && before !== value) {
        throw new UserError("execution", `conflicting label: ${name}`);
      }
      added.set(name, value);
    }
  }
  let labels = base;
  for (const [name, value] of added) labels = withLabel(labels, name, value);
  return labels;
}

export async function* info(evaluator: Evaluator, call: Call, grid: StepGrid): Blocks {
  const { context } = evaluator;
  const steps = grid.count;
  const query = infoQueryOf(call);
  const base = await collect(context, evaluator.vector(call.args[0]!, grid), steps);
  const fetched = await fetchInfo(evaluator, call, query, grid);
  const keepsUnmatched = query.dataMatchers.every((matcher) => matchesValue(matcher, ""));
  const rows: { labels: Labels; from: number; steps: number[] }[] = [];
  for (let row = 0; row < base.labels.length; row++) {
    const labels = base.labels[row]!;
    const byName = isInfoSeries(labels, query) ? undefined : fetched.byIdentity.get(identityOf(labels));
    const isSource = isInfoSeries(labels, query);
    const byKey = new Map<string, number[]>();
    const labelsOf = new Map<string, Labels>();
    for (let s = 0; s < steps; s++) {
      if (isAbsent(base.words, row * steps + s)) continue;
      const chosen: number[] = [];
      if (byName !== undefined) {
        for (const candidates of byName.values()) {
          const best = newestRow(fetched, candidates, s);
          if (best >= 0) chosen.push(best);
        }
      }
      if (chosen.length === 0 && !isSource && !keepsUnmatched) continue;
      const key = chosen.join(",");
      const at = byKey.get(key);
      if (at !== undefined) {
        at.push(s);
        continue;
      }
      byKey.set(key, [s]);
      labelsOf.set(key, enrich(labels, chosen.map((info) => fetched.values.labels[info]!), query));
    }
    for (const [key, at] of byKey) rows.push({ labels: labelsOf.get(key)!, from: row, steps: at });
    const turn = context.pacer.turn();
    if (turn !== undefined) await turn;
  }
  const drops = base.dropsName === undefined
    ? undefined
    : Uint8Array.from(rows, ({ from }) => base.dropsName![from]!);
  const { pacer } = context;
  const out = await absentBlockPaced(pacer, steps, rows.map(({ labels }) => labels), drops, base.histograms);
  await pacer.rows(rows.length, (row) => {
    const { from, steps: at } = rows[row]!;
    for (const s of at) copyCells(out.values, row * steps + s, base.values, from * steps + s, 1);
  }, rowsBetweenTurns(steps));
  releaseBlock(context, base);
  releaseBlock(context, fetched.values);
  releaseBlock(context, fetched.times);
  const present = await dropAbsentRowsPaced(pacer, out);
  yield* inPieces(pacer, await mergeRepeatsPaced(context, present, "merge"));
}
