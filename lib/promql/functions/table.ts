/** Which code computes which function: by name, for those that give a vector. */
import { UserError } from "../../core/errors.ts";
import { formatFloatG } from "../../model/float.ts";
import type { Call, Expr } from "../ast.ts";
import { absentBlock, blockOf, type Blocks, dropAbsentRows, floatsOnly, type StepGrid } from "../block.ts";
import type { Evaluator } from "../context.ts";
import { isDistinctWithoutName, unwrapParens } from "../invariant.ts";
import { distinct, nameless } from "../operators/collect.ts";
import { rangeCall, type RangeFunction } from "../operators/ranges.ts";
import { selectVector } from "../operators/selector.ts";
import { isAbsent } from "../../model/stale.ts";
import { CALENDAR } from "./calendar.ts";
import { histogramFraction, histogramQuantile, histogramQuantiles } from "./histogram.ts";
import { NATIVE_FUNCTIONS, ofNative } from "./native_histogram.ts";
import { info } from "./info.ts";
import { type CellFunction, goMax, goMin, mapCells, MATH } from "./math.ts";
import { sort, sortByLabel, sortByLabelDescending, sortDescending } from "./order.ts";
import { absent, absentOverTime } from "./presence.ts";
import { ANCHORED_FUNCTIONS, RANGE_FUNCTIONS, SMOOTHED_FUNCTIONS } from "./range.ts";
import { labelJoin, labelReplace } from "./relabel.ts";

export type VectorFunction = (evaluator: Evaluator, call: Call, grid: StepGrid) => Blocks;

/** Drops names, and makes sure that label sets stay distinct where they may not. */
function dropNames(evaluator: Evaluator, arg: Expr, blocks: Blocks, grid: StepGrid): Blocks {
  const { context } = evaluator;
  const dropped = namelessBlocks(evaluator, blocks);
  return context.delayedNameRemoval || isDistinctWithoutName(arg)
    ? dropped
    : distinct(context, dropped, grid.count, "merge");
}

async function* namelessBlocks(evaluator: Evaluator, blocks: Blocks): Blocks {
  for await (const block of blocks) {
    yield nameless(evaluator.context, block);
    const turn = evaluator.context.pacer.turn();
    if (turn !== undefined) await turn;
  }
}

async function* mapped(blocks: Blocks, fn: CellFunction): Blocks {
  for await (const input of blocks) {
    const block = floatsOnly(input);
    mapCells(block, fn);
    yield block;
  }
}

function mathFunction(fn: CellFunction): VectorFunction {
  return (evaluator, call, grid) => {
    const arg = call.args[0]!;
    return dropNames(evaluator, arg, mapped(evaluator.vector(arg, grid), fn), grid);
  };
}

function calendarFunction(fn: CellFunction): VectorFunction {
  const ofVector = mathFunction(fn);
  return (evaluator, call, grid) =>
    call.args.length > 0 ? ofVector(evaluator, call, grid) : ofInstants(fn, grid);
}

async function* ofInstants(fn: CellFunction, grid: StepGrid): Blocks {
  const out = new Float64Array(grid.count);
  for (let s = 0; s < grid.count; s++) out[s] = fn((grid.startMs + s * grid.stepMs) / 1000);
  yield blockOf(grid.count, [[]], out);
}

/** Functions of a value and scalars that may differ from step to step. NaN as `fn`'s answer is a value. */
function steppedFunction(
  fn: (value: number, a: number, b: number) => number,
  defaults: readonly [number, number],
): VectorFunction {
  return (evaluator, call, grid) => {
    const arg = call.args[0]!;
    return dropNames(evaluator, arg, stepped(evaluator, call, grid, fn, defaults), grid);
  };
}

async function* stepped(
  evaluator: Evaluator,
  call: Call,
  grid: StepGrid,
  fn: (value: number, a: number, b: number) => number,
  defaults: readonly [number, number],
): Blocks {
  const steps = grid.count;
  const params: Float64Array[] = [];
  for (let i = 0; i < 2; i++) {
    const given = call.args[i + 1];
    params.push(
      given === undefined ? new Float64Array(steps).fill(defaults[i]!) : await evaluator.scalar(given, grid),
    );
  }
  for await (const input of evaluator.vector(call.args[0]!, grid)) {
    const block = floatsOnly(input);
    for (let i = 0; i < block.labels.length; i++) {
      for (let s = 0; s < steps; s++) {
        const at = i * steps + s;
        const value = block.values[at]!;
        if (value !== value && isAbsent(block.words, at)) continue;
        block.values[at] = fn(value, params[0]![s]!, params[1]![s]!);
      }
    }
    yield block;
  }
}

/** clamp: a step whose bounds are the wrong way round has no values. */
function clamp(evaluator: Evaluator, call: Call, grid: StepGrid): Blocks {
  return dropNames(evaluator, call.args[0]!, clamped(evaluator, call, grid), grid);
}

async function* clamped(evaluator: Evaluator, call: Call, grid: StepGrid): Blocks {
  const steps = grid.count;
  const min = await evaluator.scalar(call.args[1]!, grid);
  const max = await evaluator.scalar(call.args[2]!, grid);
  for await (const input of evaluator.vector(call.args[0]!, grid)) {
    const block = floatsOnly(input);
    const out = absentBlock(steps, block.labels, block.dropsName);
    for (let i = 0; i < block.labels.length; i++) {
      for (let s = 0; s < steps; s++) {
        const at = i * steps + s;
        if (isAbsent(block.words, at) || max[s]! < min[s]!) continue;
        out.values[at] = goMax(min[s]!, goMin(max[s]!, block.values[at]!));
      }
    }
    yield dropAbsentRows(out);
  }
}

function timestamp(evaluator: Evaluator, call: Call, grid: StepGrid): Blocks {
  const arg = unwrapParens(call.args[0]!);
  if (arg.kind === "selector" && arg.edge === "plain") {
    return dropNames(evaluator, arg, selectVector(evaluator, arg, grid, "times"), grid);
  }
  return dropNames(evaluator, arg, instantsOf(evaluator.vector(arg, grid), grid), grid);
}

/** As Prometheus: only a selector still knows its samples; of anything else there is no start time. */
function startTimestamp(evaluator: Evaluator, call: Call, grid: StepGrid): Blocks {
  const arg = unwrapParens(call.args[0]!);
  if (arg.kind !== "selector" || arg.edge !== "plain") return nothing(evaluator.vector(arg, grid));
  return dropNames(evaluator, arg, selectVector(evaluator, arg, grid, "starts"), grid);
}

async function* nothing(blocks: Blocks): Blocks {
  for await (const block of blocks) yield { ...block, labels: [] };
}

async function* instantsOf(blocks: Blocks, grid: StepGrid): Blocks {
  for await (const block of blocks) {
    for (let i = 0; i < block.labels.length; i++) {
      for (let s = 0; s < grid.count; s++) {
        const at = i * grid.count + s;
        if (!isAbsent(block.words, at)) block.values[at] = (grid.startMs + s * grid.stepMs) / 1000;
      }
    }
    yield { ...block, histograms: undefined };
  }
}

async function* vectorOfScalar(evaluator: Evaluator, call: Call, grid: StepGrid): Blocks {
  yield blockOf(grid.count, [[]], (await evaluator.scalar(call.args[0]!, grid)).slice());
}

function rangeFunction(name: string, plain: RangeFunction): VectorFunction {
  return (evaluator, call, grid) => {
    const rangeAt = name === "quantile_over_time" ? 1 : 0;
    const arg = call.args[rangeAt]!;
    const fn = forEdge(name, plain, arg);
    const blocks = rangeBlocks(evaluator, call, fn, rangeAt, grid);
    // As Prometheus: a name that a subquery's expression lost stays lost.
    return fn.keepsName ? blocks : dropNames(evaluator, arg, blocks, grid);
  };
}

function forEdge(name: string, plain: RangeFunction, arg: Expr): RangeFunction {
  const matrix = unwrapParens(arg);
  if (matrix.kind !== "matrix" || matrix.selector.edge === "plain") return plain;
  const { edge } = matrix.selector;
  const table = edge === "anchored" ? ANCHORED_FUNCTIONS : SMOOTHED_FUNCTIONS;
  const fn = table.get(name);
  if (fn !== undefined) return fn;
  throw new UserError(
    "execution",
    `${edge} modifier can only be used with: ${[...table.keys()].sort().join(", ")} - not with ${name}`,
  );
}

async function* rangeBlocks(
  evaluator: Evaluator,
  call: Call,
  fn: RangeFunction,
  rangeAt: number,
  grid: StepGrid,
): Blocks {
  const params: Float64Array[] = [];
  for (let i = 0; i < call.args.length; i++) {
    if (i === rangeAt) continue;
    const values = await evaluator.scalar(call.args[i]!, grid);
    checkParam(evaluator, call, i, values);
    params.push(values);
  }
  yield* rangeCall(evaluator, fn, call.args[rangeAt]!, params, grid);
}

function checkParam(evaluator: Evaluator, call: Call, index: number, values: Float64Array): void {
  if (call.name === "quantile_over_time") {
    for (const q of values) {
      if (q >= 0 && q <= 1) continue;
      evaluator.context.annotations.warn(
        `quantile value should be between 0 and 1, got ${formatFloatG(q)}`,
        call.args[index]!.pos,
      );
    }
  }
}

function build(): ReadonlyMap<string, VectorFunction> {
  const table = new Map<string, VectorFunction>();
  for (const [name, fn] of MATH) table.set(name, mathFunction(fn));
  for (const [name, fn] of CALENDAR) table.set(name, calendarFunction(fn));
  for (const [name, fn] of RANGE_FUNCTIONS) table.set(name, rangeFunction(name, fn));
  for (const [name, fn] of NATIVE_FUNCTIONS) {
    table.set(name, (evaluator, call, grid) => {
      const arg = call.args[0]!;
      return dropNames(evaluator, arg, ofNative(evaluator.vector(arg, grid), fn), grid);
    });
  }
  const others: readonly (readonly [string, VectorFunction])[] = [
    ["clamp", clamp],
    ["clamp_min", steppedFunction((value, min) => goMax(min, value), [0, 0])],
    ["clamp_max", steppedFunction((value, max) => goMin(max, value), [0, 0])],
    ["round", steppedFunction(round, [1, 0])],
    ["timestamp", timestamp],
    ["start_timestamp", startTimestamp],
    ["vector", vectorOfScalar],
    ["absent", absent],
    ["absent_over_time", absentOverTime],
    ["label_replace", labelReplace],
    ["label_join", labelJoin],
    ["sort", sort],
    ["sort_desc", sortDescending],
    ["sort_by_label", sortByLabel],
    ["sort_by_label_desc", sortByLabelDescending],
    ["histogram_quantile", histogramQuantile],
    ["histogram_quantiles", histogramQuantiles],
    ["histogram_fraction", histogramFraction],
    ["info", info],
  ];
  for (const [name, fn] of others) table.set(name, fn);
  return table;
}

/** As Prometheus: by the inverse, which loses fewer digits; ties go up. */
function round(value: number, toNearest: number): number {
  const inverse = 1 / toNearest;
  return Math.floor(value * inverse + 0.5) / inverse;
}

export const VECTOR_FUNCTIONS: ReadonlyMap<string, VectorFunction> = build();
