/**
 * Range vectors: the samples of a selector or a subquery as column groups, and the functions over their windows.
 * Window bounds are found once a group for its columns without gaps; a column with gaps is compacted first. The
 * values of a subquery are a column group too: their steps are its timestamps.
 */
import { assert } from "../../core/assert.ts";
import { type FloatHistogram, withHint } from "../../model/histogram/float_histogram.ts";
import type { HistogramTable } from "../../model/histogram_cell.ts";
import type { Labels } from "../../model/labels.ts";
import { wordsOf } from "../../model/stale.ts";
import type { ColumnGroup } from "../../storage/source.ts";
import type { Expr, RangeEdge, Subquery } from "../ast.ts";
import { absentBlock, type Blocks, type StepGrid, tableOf } from "../block.ts";
import type { Evaluator, QueryContext } from "../context.ts";
import { unwrapParens } from "../invariant.ts";
import { compactColumn, findWindows, type SampleWindows } from "../kernels/windows.ts";
import { WORK_VISITS_MAX } from "../pacer.ts";
import type { SampleCounts, SubqueryReader } from "../sample_counts.ts";
import { readGroups } from "./read.ts";
import { countMixed, isMixedColumn, mixedRow, type MixedRule, type MixedTask } from "./mixed_ranges.ts";
import { HISTOGRAM_CELLS } from "../histogram_weight.ts";
import { lookedAtMs, rowsPerBlock } from "./selector.ts";

export interface RangeInput {
  readonly groups: AsyncIterable<ColumnGroup>;
  /** Where each step's window ends, and how long it is; extended edges reach further. */
  readonly endMs: Float64Array;
  readonly rangeMs: number;
  readonly edge: RangeEdge;
  /** Where the samples come from a subquery: what it counts while its groups are read. */
  readonly inner: { readonly counts: SampleCounts; readonly reader: SubqueryReader } | undefined;
}

export function rangeInput(evaluator: Evaluator, expr: Expr, grid: StepGrid): RangeInput {
  const inner = unwrapParens(expr);
  if (inner.kind === "subquery") return subqueryInput(evaluator, inner, grid);
  assert(inner.kind === "matrix", "a range vector is a matrix selector or a subquery");
  const { context } = evaluator;
  const { selector } = inner;
  const rangeMs = evaluator.positiveDurationMs(inner.range);
  const endMs = lookedAtMs(evaluator, grid, selector.at, selector.offset);
  const { edge } = selector;
  const before = edge === "plain" ? 0 : context.lookbackMs;
  const after = edge === "smoothed" ? context.lookbackMs : 0;
  const groups = readGroups(context, selector, {
    startMs: endMs[0]! - rangeMs - before + 1,
    endMs: endMs[grid.count - 1]! + after,
  });
  return { groups, endMs, rangeMs, edge, inner: undefined };
}

function subqueryInput(evaluator: Evaluator, subquery: Subquery, grid: StepGrid): RangeInput {
  const rangeMs = evaluator.positiveDurationMs(subquery.range);
  const stepMs = subquery.step === undefined
    ? evaluator.context.noStepSubqueryIntervalMs
    : evaluator.positiveDurationMs(subquery.step);
  const endMs = lookedAtMs(evaluator, grid, subquery.at, subquery.offset);
  // As Prometheus: steps lie on multiples of the step since the epoch, the window is left-open.
  const startMs = (Math.floor((endMs[0]! - rangeMs) / stepMs) + 1) * stepMs;
  const lastMs = endMs[grid.count - 1]!;
  const count = lastMs < startMs ? 0 : Math.floor((lastMs - startMs) / stepMs) + 1;
  refuseGrid(evaluator.context, count);
  const reader = { startMs, stepMs, endMs, rangeMs };
  const counts = evaluator.context.samples.ofSubquery(count, reader);
  const steps: StepGrid = { startMs, stepMs, count };
  return {
    groups: count === 0 ? noGroups() : blocksAsGroups(evaluator.counting(counts), subquery.expr, steps),
    endMs,
    rangeMs,
    edge: "plain",
    inner: { counts, reader },
  };
}

async function* noGroups(): AsyncIterable<ColumnGroup> {}

async function* blocksAsGroups(
  evaluator: Evaluator,
  expr: Expr,
  grid: StepGrid,
): AsyncIterable<ColumnGroup> {
  const tMs = new Float64Array(grid.count);
  for (let s = 0; s < grid.count; s++) tMs[s] = grid.startMs + s * grid.stepMs;
  /** Blocks may share a table. */
  const tables = new WeakMap<HistogramTable, HistogramTable>();
  for await (const block of evaluator.vector(expr, grid)) {
    const columns: Float64Array[] = [];
    const gaps: boolean[] = [];
    for (let i = 0; i < block.labels.length; i++) {
      columns.push(block.values.subarray(i * block.steps, (i + 1) * block.steps));
      gaps.push(true);
    }
    const { labels, dropsName } = block;
    const histograms = block.histograms === undefined ? undefined : unsureTable(block.histograms, tables);
    yield { tMs, series: labels, columns, gaps, dropsName, histograms } as SubqueryGroup;
  }
}

function unsureTable(
  table: HistogramTable,
  known: WeakMap<HistogramTable, HistogramTable>,
): HistogramTable {
  let unsureOnes = known.get(table);
  if (unsureOnes === undefined) known.set(table, unsureOnes = table.map(unsure));
  return unsureOnes;
}

/** Between two steps a subquery skips samples, and with them resets. */
function unsure(histogram: FloatHistogram): FloatHistogram {
  return histogram.counterResetHint === "gauge" ? histogram : withHint(histogram, "unknown");
}

/** A group that came of a subquery: the names that its series lose at the end of the query. */
interface SubqueryGroup extends ColumnGroup {
  readonly dropsName: Uint8Array | undefined;
}

export function dropsNameOf(group: ColumnGroup): Uint8Array | undefined {
  return "dropsName" in group ? (group as SubqueryGroup).dropsName : undefined;
}

/** One series' windows on their way through a kernel. Reused from series to series. */
export interface RowJob {
  windows: SampleWindows;
  /** Samples in `windows.tMs` and `windows.values`, which may be longer. */
  samplesCount: number;
  /** True promises that no sample is below the one before it. */
  rising: boolean;
  readonly params: readonly Float64Array[];
  out: Float64Array;
  outAt: number;
  /** Room for a kernel's index lists, as long as the row. */
  scratch: Int32Array;
}

export interface RangeFunction {
  /** Writes steps `from` up to `to`; answers how many values it wrote. */
  readonly run: (job: RowJob, from: number, to: number) => number;
  /** Whether a step costs its whole window, so that many wide windows must be cut into pieces of work. */
  readonly costs: "windows" | "samples";
  readonly keepsName: boolean;
  readonly mixed: MixedRule;
  /** Whether it goes by the start times of samples, where there are any. */
  readonly usesStartTimes?: boolean;
  /** Called for each series that has a value which is a float. */
  readonly remark?: (context: QueryContext, labels: Labels, arg: Expr) => void;
}

export async function* rangeCall(
  evaluator: Evaluator,
  fn: RangeFunction,
  arg: Expr,
  params: readonly Float64Array[],
  grid: StepGrid,
): Blocks {
  const { context } = evaluator;
  const { samples, pacer } = context;
  const input = rangeInput(evaluator, arg, grid);
  const reach = reachOf(context, input);
  const evalMs = new Float64Array(grid.count);
  for (let s = 0; s < grid.count; s++) evalMs[s] = grid.startMs + s * grid.stepMs;
  const shared = emptyWindows(grid.count, input, evalMs);
  const own = emptyWindows(grid.count, input, evalMs);
  let compactT = NOTHING;
  let compactV = NOTHING;
  const job: RowJob = {
    windows: shared,
    samplesCount: 0,
    rising: false,
    params,
    out: NOTHING,
    outAt: 0,
    scratch: new Int32Array(0),
  };
  let sharedVisits = 0;
  const task: MixedTask = { context, fn, grid, input, reach, evalMs };
  const disjoint = areDisjoint(reach);
  const fromStorage = input.inner === undefined;
  for await (const group of input.groups) {
    const mayMix = group.histograms !== undefined ||
      (context.usesStartTimes && group.startTimesMs !== undefined);
    const rowsCount = group.tMs.length;
    if (group.tMs !== shared.tMs) {
      shared.tMs = group.tMs;
      shared.extrapolation = undefined;
      sharedVisits = findWindows(group.tMs, rowsCount, reach.endMs, reach.rangeMs, shared.lo, shared.hi);
    }
    holdWidest(context, shared);
    let columns = 0;
    const drops = dropsNameOf(group);
    if (job.scratch.length < rowsCount) job.scratch = new Int32Array(rowsCount);
    const cells = mayMix ? grid.count * HISTOGRAM_CELLS : grid.count;
    const rows = rowsPerBlock(cells, rowsCount);
    for (let at = 0; at < group.series.length; at += rows) {
      const end = Math.min(group.series.length, at + rows);
      const room = absentBlock(grid.count, group.series.slice(at, end));
      const labels: Labels[] = [];
      const flags: number[] = [];
      const histograms: FloatHistogram[] = [];
      for (let i = at; i < end; i++) {
        const series = group.series[i]!;
        if (mayMix && isMixedColumn(task, group, i)) {
          countMixed(task, group, i, { disjoint, fromStorage });
          job.out = room.values;
          job.outAt = labels.length * grid.count;
          const notes = { annotations: context.annotations, pos: arg.pos, labels: series };
          const result = await mixedRow(task, group, i, job, histograms, notes);
          if (result.present === 0) continue;
          labels.push(series);
          if (drops !== undefined) flags.push(drops[i]!);
          if (result.floats > 0) fn.remark?.(context, series, arg);
          continue;
        }
        const column = group.columns[i]!;
        let visits = sharedVisits;
        if (group.gaps[i]) {
          if (compactT.length < rowsCount) {
            compactT = new Float64Array(rowsCount);
            compactV = new Float64Array(rowsCount);
          }
          const count = compactColumn(group.tMs, column, wordsOf(column), compactT, compactV);
          visits = findWindows(compactT, count, reach.endMs, reach.rangeMs, own.lo, own.hi);
          own.tMs = compactT;
          own.extrapolation = undefined;
          own.values = compactV;
          job.windows = own;
          job.rising = false;
          job.samplesCount = count;
          samples.addWindows({ lo: own.lo, hi: own.hi, visits, columns: 1, disjoint, fromStorage });
        } else {
          columns++;
          shared.values = column;
          job.windows = shared;
          job.rising = group.rising?.[i] ?? false;
          job.samplesCount = rowsCount;
        }
        if (visits === 0) continue;
        job.out = room.values;
        job.outAt = labels.length * grid.count;
        let present = 0;
        if (fn.costs === "samples" || visits <= WORK_VISITS_MAX) {
          present = fn.run(job, 0, grid.count);
        } else {
          const stride = Math.max(1, Math.floor(grid.count * WORK_VISITS_MAX / visits));
          for (let from = 0; from < grid.count; from += stride) {
            present += fn.run(job, from, Math.min(grid.count, from + stride));
            const turn = pacer.turn();
            if (turn !== undefined) await turn;
          }
        }
        if (present === 0) continue;
        labels.push(series);
        if (drops !== undefined) flags.push(drops[i]!);
        fn.remark?.(context, series, arg);
      }
      if (labels.length > 0) {
        const dropsName = drops === undefined ? undefined : Uint8Array.from(flags);
        yield { ...room, labels, dropsName, histograms: tableOf(histograms) };
      }
      const turn = pacer.turn();
      if (turn !== undefined) await turn;
    }
    samples.addWindows({
      lo: shared.lo,
      hi: shared.hi,
      visits: sharedVisits,
      columns,
      disjoint,
      fromStorage,
    });
  }
  if (input.inner !== undefined) samples.addSubquery(input.inner.counts, input.inner.reader);
}

/** Where steps are no closer than windows are long. Otherwise windows overlap, or touch. */
function areDisjoint({ endMs, rangeMs }: Pick<RangeInput, "endMs" | "rangeMs">): boolean {
  return endMs.length > 1 && endMs[1]! - endMs[0]! >= rangeMs;
}

/** A row of so many steps could not be held: refused before it is made. */
export function refuseGrid(context: QueryContext, steps: number): void {
  context.budget.hold(steps);
  context.budget.release(steps);
}

const NOTHING = new Float64Array(0);

/** Windows as far as samples are needed: extended edges look one lookback further. */
function reachOf(context: QueryContext, input: RangeInput): { endMs: Float64Array; rangeMs: number } {
  if (input.edge === "plain") return input;
  const before = context.lookbackMs;
  const after = input.edge === "smoothed" ? context.lookbackMs : 0;
  return {
    endMs: after === 0 ? input.endMs : input.endMs.map((endMs) => endMs + after),
    rangeMs: input.rangeMs + before + after,
  };
}

function emptyWindows(steps: number, input: RangeInput, evalMs: Float64Array): SampleWindows {
  return {
    tMs: evalMs,
    values: evalMs,
    lo: new Int32Array(steps),
    hi: new Int32Array(steps),
    endMs: input.endMs,
    rangeMs: input.rangeMs,
    evalMs,
    extrapolation: undefined,
  };
}

/** As Prometheus: the samples of one window count as held while it is looked at. */
function holdWidest(context: QueryContext, windows: SampleWindows): void {
  let widest = 0;
  for (let s = 0; s < windows.lo.length; s++) widest = Math.max(widest, windows.hi[s]! - windows.lo[s]!);
  context.budget.hold(widest);
  context.budget.release(widest);
}
