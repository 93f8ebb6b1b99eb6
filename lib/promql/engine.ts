/**
 * The query engine: text in, result out. Parses, checks, evaluates under the limits of samples and time, and gives
 * the result the order in which it is shown. Knows nothing of HTTP and of storage but `SeriesSource`.
 */
import type { Clock } from "../core/ports.ts";
import { UserError } from "../core/errors.ts";
import type { SeriesSource } from "../storage/source.ts";
import { Annotations } from "./annotations.ts";
import type { Expr } from "./ast.ts";
import { type Block, blockOf, isRowAbsent, type StepGrid } from "./block.ts";
import { SampleBudget } from "./budget.ts";
import type { Evaluator } from "./context.ts";
import { evaluatorOf } from "./evaluate.ts";
import { unwrapParens } from "./invariant.ts";
import { collect, settledBlocks, settleNames } from "./operators/collect.ts";
import { matrixOf } from "./operators/matrix.ts";
import { dropAbsentRowsPaced, rowsBetweenTurns } from "./operators/paced.ts";
import { refuseGrid } from "./operators/ranges.ts";
import { Pacer } from "./pacer.ts";
import type { ParseOptions } from "./parse.ts";
import { AskerTrees, createParseCache, type ParseCache } from "./parse_cache.ts";
import { ALL_REWRITES, PlanCache, type PlanRewrites } from "./plan/plan.ts";
import { SHARED_BLOCKS, SHARED_GROUPS } from "./plan/shared_kinds.ts";
import { SharedStreams } from "./plan/shared_streams.ts";
import type {
  MatrixSeries,
  QueryEngine,
  QueryOptions,
  QueryResult,
  QueryStats,
  QueryValue,
} from "./result.ts";
import { SampleCounts } from "./sample_counts.ts";
import { sortedByLabels } from "./sorted.ts";
import { typeOf } from "./types.ts";

export interface EngineOptions {
  readonly source: SeriesSource;
  readonly clock: Pick<Clock, "monotonicMs">;
  /** Resolves once the event loop has turned. */
  readonly yieldToLoop: () => Promise<void>;
  readonly lookbackMs: number;
  /** How many samples a query may hold at once. */
  readonly samplesMax: number;
  readonly timeoutMs: number;
  /** The step of a subquery that names none: the global evaluation interval. */
  readonly noStepSubqueryIntervalMs: number;
  readonly parseOptions: ParseOptions;
  readonly delayedNameRemoval: boolean;
  /** Whether rates and resets go by the start times of samples, where there are any. Undefined: no. */
  readonly usesStartTimes?: boolean;
  /** Whether samples arrive with `__type__` and `__unit__`. Undefined: no. */
  readonly typeAndUnitLabels?: boolean;
  /** Whether samples are counted by step for who asks for it. Undefined: no. */
  readonly perStepStats?: boolean;
  /** Which rewrites a plan may make. Undefined: all. */
  readonly rewrites?: PlanRewrites;
}

/** Dashboards ask the same few hundred queries again and again; rules keep their own. */
const PARSED_QUERIES_MAX = 500;
const PARSED_BYTES_MAX = 4 * 1024 * 1024;

export function createEngine(engineOptions: EngineOptions): QueryEngine {
  const engine: Engine = {
    options: engineOptions,
    parsed: createParseCache(PARSED_QUERIES_MAX, PARSED_BYTES_MAX),
    askers: new AskerTrees(),
    plans: new PlanCache(rewritesOf(engineOptions)),
  };
  return {
    instant: (query, timeMs, queryOptions = {}) =>
      run(engine, query, { startMs: timeMs, stepMs: 0, count: 1 }, queryOptions, "instant"),
    range: (query, range, queryOptions = {}) => {
      const count = Math.floor((range.endMs - range.startMs) / range.stepMs) + 1;
      const grid = { startMs: range.startMs, stepMs: range.stepMs, count: Math.max(0, count) };
      return run(engine, query, grid, queryOptions, "range", range.endMs);
    },
  };
}

/** Where remarks go by the type of a series, its name does not tell which would be lost with series not read. */
function rewritesOf({ rewrites = ALL_REWRITES, typeAndUnitLabels = false }: EngineOptions): PlanRewrites {
  return typeAndUnitLabels ? { ...rewrites, matchers: false } : rewrites;
}

interface Engine {
  /** Read anew for each query: some change with the configuration. */
  readonly options: EngineOptions;
  readonly parsed: ParseCache;
  readonly askers: AskerTrees;
  readonly plans: PlanCache;
}

async function run(
  { options: engine, parsed: trees, askers, plans }: Engine,
  query: string,
  grid: StepGrid,
  options: QueryOptions,
  mode: "instant" | "range",
  endMs = grid.startMs,
): Promise<QueryResult> {
  const preparedFromMs = engine.clock.monotonicMs();
  const { asker } = options;
  const parsed = asker === undefined
    ? trees.parse(query, engine.parseOptions)
    : askers.parse(asker, query, engine.parseOptions);
  if (mode === "range") refuseForRange(parsed, grid);
  const plan = plans.planOf(parsed);
  const { expr } = plan;
  const annotations = new Annotations(query, plan.sharing.twins);
  const budget = new SampleBudget(engine.samplesMax);
  const countsSteps = engine.perStepStats === true && options.countsSteps === true;
  const samples = countsSteps ? SampleCounts.byStep(grid.count) : new SampleCounts();
  const signal = options.signal ?? NEVER;
  const evaluator = evaluatorOf({
    source: engine.source,
    startMs: grid.startMs,
    endMs,
    stepMs: grid.stepMs,
    lookbackMs: options.lookbackMs ?? engine.lookbackMs,
    noStepSubqueryIntervalMs: engine.noStepSubqueryIntervalMs,
    delayedNameRemoval: engine.delayedNameRemoval,
    usesStartTimes: engine.usesStartTimes ?? false,
    typeAndUnitLabels: engine.typeAndUnitLabels ?? false,
    plan,
    sharedBlocks: new SharedStreams(budget, SHARED_BLOCKS),
    sharedGroups: new SharedStreams(budget, SHARED_GROUPS),
    annotations,
    budget,
    samples,
    sharedCounts: new Map(),
    pacer: new Pacer({
      monotonicMs: () => engine.clock.monotonicMs(),
      yieldToLoop: engine.yieldToLoop,
      timeoutMs: options.timeoutMs ?? engine.timeoutMs,
      signal,
    }),
  });
  const evaluatedFromMs = engine.clock.monotonicMs();
  const sorting = new Sorting(engine.clock, evaluator.context.pacer);
  const value = await valueOf(evaluator, expr, grid, mode, signal, sorting);
  return {
    value,
    warnings: annotations.warnings,
    infos: annotations.infos,
    stats: {
      samplesTotal: samples.total,
      samplesRead: samples.read,
      samplesPeak: budget.peak,
      prepareMs: evaluatedFromMs - preparedFromMs,
      evalMs: engine.clock.monotonicMs() - evaluatedFromMs - sorting.tookMs,
      sortMs: sorting.tookMs,
      ...stepStatsOf(samples, grid),
    },
  };
}

function stepStatsOf(
  { totalAt, readAt }: SampleCounts,
  { startMs, stepMs }: StepGrid,
): Pick<QueryStats, "byStep"> {
  if (totalAt === undefined || readAt === undefined) return {};
  return { byStep: { startMs, stepMs, samplesTotal: totalAt, samplesRead: readAt } };
}

/** Puts series into the order in which they are shown, and knows how long that took. */
class Sorting {
  tookMs = 0;
  readonly #clock: EngineOptions["clock"];
  readonly #pacer: Pacer;

  constructor(clock: EngineOptions["clock"], pacer: Pacer) {
    this.#clock = clock;
    this.#pacer = pacer;
  }

  async byLabels(series: readonly MatrixSeries[]): Promise<readonly MatrixSeries[]> {
    const fromMs = this.#clock.monotonicMs();
    const sorted = await sortedByLabels(this.#pacer, series);
    this.tookMs += this.#clock.monotonicMs() - fromMs;
    return sorted;
  }
}

const NEVER = new AbortController().signal;

async function valueOf(
  evaluator: Evaluator,
  expr: Expr,
  grid: StepGrid,
  mode: "instant" | "range",
  signal: AbortSignal,
  sorting: Sorting,
): Promise<QueryValue> {
  try {
    return mode === "instant"
      ? await instantValue(evaluator, expr, grid, sorting)
      : await rangeValue(evaluator, expr, grid, sorting);
  } catch (error) {
    // Whoever was waiting on the signal below threw its own reason.
    if (!signal.aborted || error instanceof UserError) throw error;
    throw new UserError("canceled", "query was canceled in query execution", { cause: error });
  }
}

const TYPE_NAMES = {
  scalar: "scalar",
  vector: "instant vector",
  matrix: "range vector",
  string: "string",
  none: "none",
};

function refuseForRange(expr: Expr, grid: StepGrid): void {
  const type = typeOf(expr);
  if (type !== "scalar" && type !== "vector") {
    throw new UserError(
      "bad_data",
      `invalid expression type ${
        JSON.stringify(TYPE_NAMES[type])
      } for range query, must be Scalar or instant Vector`,
    );
  }
  if (!(grid.stepMs > 0)) {
    throw new UserError("bad_data", "zero or negative query resolution step widths are not accepted");
  }
}

async function instantValue(
  evaluator: Evaluator,
  expr: Expr,
  grid: StepGrid,
  sorting: Sorting,
): Promise<QueryValue> {
  const tMs = grid.startMs;
  switch (typeOf(expr)) {
    case "scalar":
      return { kind: "scalar", tMs, value: (await evaluator.scalar(expr, grid))[0]! };
    case "string":
      return { kind: "string", tMs, value: evaluator.string(expr) };
    case "matrix":
      return {
        kind: "matrix",
        series: await sorting.byLabels(await matrixOf(evaluator, unwrapParens(expr), grid)),
      };
    default: {
      const block = await vectorBlock(evaluator, expr, grid);
      return {
        kind: "vector",
        tMs,
        labels: block.labels,
        values: block.values.subarray(0, block.labels.length),
        histograms: block.histograms,
      };
    }
  }
}

async function rangeValue(
  evaluator: Evaluator,
  expr: Expr,
  grid: StepGrid,
  sorting: Sorting,
): Promise<QueryValue> {
  if (grid.count === 0) return { kind: "matrix", series: [] };
  refuseGrid(evaluator.context, grid.count);
  const { context } = evaluator;
  const blocks = typeOf(expr) === "scalar"
    ? [blockOf(grid.count, [[]], (await evaluator.scalar(expr, grid)).slice())]
    : await settledBlocks(context, evaluator.vector(expr, grid), grid.count);
  const tMs = new Float64Array(grid.count);
  for (let s = 0; s < grid.count; s++) tMs[s] = grid.startMs + s * grid.stepMs;
  const series: MatrixSeries[] = [];
  for (const { steps, labels, values, words, histograms } of blocks) {
    await context.pacer.rows(labels.length, (row) => {
      const from = row * steps;
      if (isRowAbsent(words, from, from + steps)) return;
      series.push({ labels: labels[row]!, tMs, values: values.subarray(from, from + steps), histograms });
    }, rowsBetweenTurns(steps));
    const turn = context.pacer.turn();
    if (turn !== undefined) await turn;
  }
  return { kind: "matrix", series: await sorting.byLabels(series) };
}

async function vectorBlock(evaluator: Evaluator, expr: Expr, grid: StepGrid): Promise<Block> {
  const all = await collect(evaluator.context, evaluator.vector(expr, grid), grid.count);
  const { context } = evaluator;
  return await settleNames(context, await dropAbsentRowsPaced(context.pacer, all));
}
