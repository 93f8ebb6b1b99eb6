/**
 * A function over the windows of one series that holds histograms or start times: sample by sample, window by window,
 * or, for functions that know floats only, the kernel of floats over what is left without the histograms.
 */
import type { FloatHistogram } from "../../model/histogram/float_histogram.ts";
import { histogramAt, holdsHistograms, isHistogram, putHistogram } from "../../model/histogram_cell.ts";
import { isGap, setAbsent, wordsOf } from "../../model/stale.ts";
import type { ColumnGroup } from "../../storage/source.ts";
import type { StepGrid } from "../block.ts";
import type { QueryContext } from "../context.ts";
import { gatherMixed, informIgnored, type MixedKernel, type MixedNotes } from "../kernels/mixed_window.ts";
import { compactColumn, findWindows, type SampleWindows } from "../kernels/windows.ts";
import { histogramWeight } from "../histogram_weight.ts";
import { WORK_VISITS_MAX } from "../pacer.ts";
import type { CountedWindows } from "../sample_counts.ts";
import type { RangeFunction, RangeInput, RowJob } from "./ranges.ts";

/**
 * What a function does with histograms: "floats" leaves them out with a remark, "all" takes every sample alike since
 * only times and numbers of samples matter, a kernel looks at the values.
 */
export type MixedRule = "floats" | "all" | MixedKernel;

export interface MixedTask {
  readonly context: QueryContext;
  readonly fn: RangeFunction;
  readonly grid: StepGrid;
  readonly input: RangeInput;
  /** Windows as far as samples are needed. */
  readonly reach: Pick<RangeInput, "endMs" | "rangeMs">;
  readonly evalMs: Float64Array;
}

export interface MixedResult {
  /** How many values were written, and how many of them are floats. */
  readonly present: number;
  readonly floats: number;
}

const NOTHING: MixedResult = { present: 0, floats: 0 };

/** Whether a column of a group has to be looked at sample by sample. */
export function isMixedColumn(task: MixedTask, group: ColumnGroup, i: number): boolean {
  if (task.fn.usesStartTimes === true && startTimesOf(task, group, i) !== undefined) return true;
  const column = group.columns[i]!;
  return group.histograms !== undefined && holdsHistograms(wordsOf(column), 0, column.length);
}

function startTimesOf({ context }: MixedTask, group: ColumnGroup, i: number): Float64Array | undefined {
  return context.usesStartTimes ? group.startTimesMs?.[i] : undefined;
}

/** Counts the windows of such a column, whatever the function does with what it holds. */
export function countMixed(
  { context, grid, reach }: MixedTask,
  { tMs, columns, histograms }: ColumnGroup,
  i: number,
  how: Pick<CountedWindows, "disjoint" | "fromStorage">,
): void {
  const words = wordsOf(columns[i]!);
  const times = new Float64Array(tMs.length);
  /** weights[j]: what the first j samples weigh. */
  const weights = new Int32Array(tMs.length + 1);
  let count = 0;
  for (let row = 0; row < tMs.length; row++) {
    if (isGap(words, row)) continue;
    const histogram = histogramAt(words, row, histograms);
    times[count] = tMs[row]!;
    weights[count + 1] = weights[count]! + (histogram === undefined ? 1 : histogramWeight(histogram));
    count++;
  }
  const lo = new Int32Array(grid.count);
  const hi = new Int32Array(grid.count);
  findWindows(times, count, reach.endMs, reach.rangeMs, lo, hi);
  let visits = 0;
  for (let s = 0; s < grid.count; s++) {
    lo[s] = weights[lo[s]!]!;
    hi[s] = weights[hi[s]!]!;
    visits += hi[s]! - lo[s]!;
  }
  context.samples.addWindows({ lo, hi, visits, columns: 1, ...how });
}

/** Writes the row that the job names; histograms go to the table. */
export async function mixedRow(
  task: MixedTask,
  group: ColumnGroup,
  i: number,
  job: RowJob,
  table: FloatHistogram[],
  notes: MixedNotes,
): Promise<MixedResult> {
  const { fn } = task;
  if (typeof fn.mixed === "function") return await eachWindow(task, fn.mixed, group, i, job, table, notes);
  const column = group.columns[i]!;
  const all = windowsOver(task, group.tMs, column);
  const floats = fn.mixed === "all" ? all : windowsOver(task, group.tMs, withoutHistograms(column));
  if (floats.count === 0) return NOTHING;
  if (fn.mixed === "floats" && ignoresAny(all.windows, floats.windows)) informIgnored(notes);
  const own = { ...job, windows: floats.windows, samplesCount: floats.count, rising: false };
  const present = await runInPieces(task, own, floats.visits);
  return { present, floats: present };
}

async function runInPieces({ fn, grid, context }: MixedTask, job: RowJob, visits: number): Promise<number> {
  const whole = fn.costs === "samples" || visits <= WORK_VISITS_MAX;
  const stride = whole ? grid.count : Math.max(1, Math.floor(grid.count * WORK_VISITS_MAX / visits));
  let present = 0;
  for (let from = 0; from < grid.count; from += stride) {
    present += fn.run(job, from, Math.min(grid.count, from + stride));
    const turn = context.pacer.turn();
    if (turn !== undefined) await turn;
  }
  return present;
}

async function eachWindow(
  task: MixedTask,
  kernel: MixedKernel,
  group: ColumnGroup,
  i: number,
  job: RowJob,
  table: FloatHistogram[],
  notes: MixedNotes,
): Promise<MixedResult> {
  const { grid, input, reach, context } = task;
  const samples = gatherMixed(group.tMs, group.columns[i]!, group.histograms, startTimesOf(task, group, i));
  const lo = new Int32Array(grid.count);
  const hi = new Int32Array(grid.count);
  findWindows(samples.tMs, samples.count, reach.endMs, reach.rangeMs, lo, hi);
  const words = wordsOf(job.out);
  const { rangeMs } = input;
  let present = 0;
  let floats = 0;
  for (let s = 0; s < grid.count; s++) {
    if (lo[s] === hi[s]) continue;
    const value = kernel({ samples, from: lo[s]!, to: hi[s]!, endMs: input.endMs[s]!, rangeMs, notes });
    const turn = context.pacer.turn();
    if (turn !== undefined) await turn;
    if (value === undefined) continue;
    present++;
    if (typeof value === "number") {
      job.out[job.outAt + s] = value;
      floats++;
    } else putHistogram(words, job.outAt + s, table, value);
  }
  return { present, floats };
}

function windowsOver(
  { grid, input, reach, evalMs }: MixedTask,
  tMs: Float64Array,
  column: Float64Array,
): { windows: SampleWindows; count: number; visits: number } {
  const windows: SampleWindows = {
    tMs: new Float64Array(tMs.length),
    values: new Float64Array(tMs.length),
    lo: new Int32Array(grid.count),
    hi: new Int32Array(grid.count),
    endMs: input.endMs,
    rangeMs: input.rangeMs,
    evalMs,
    extrapolation: undefined,
  };
  const count = compactColumn(tMs, column, wordsOf(column), windows.tMs, windows.values);
  const visits = findWindows(windows.tMs, count, reach.endMs, reach.rangeMs, windows.lo, windows.hi);
  return { windows, count, visits };
}

function withoutHistograms(column: Float64Array): Float64Array {
  const copy = column.slice();
  const words = wordsOf(copy);
  for (let i = 0; i < copy.length; i++) if (isHistogram(words, i)) setAbsent(words, i);
  return copy;
}

/** Whether some window has floats and, besides them, histograms. */
function ignoresAny(all: SampleWindows, floats: SampleWindows): boolean {
  for (let s = 0; s < all.lo.length; s++) {
    const ofFloats = floats.hi[s]! - floats.lo[s]!;
    if (ofFloats > 0 && all.hi[s]! - all.lo[s]! > ofFloats) return true;
  }
  return false;
}
