/** Instant vector selectors: the newest sample of each series at each step. */
import { wordsOf } from "../../model/stale.ts";
import type { FloatHistogram } from "../../model/histogram/float_histogram.ts";
import { putHistogram } from "../../model/histogram_cell.ts";
import type { Labels } from "../../model/labels.ts";
import type { ColumnGroup } from "../../storage/source.ts";
import type { Annotations } from "../annotations.ts";
import type { AtModifier, DurationExpr, Position, VectorSelector } from "../ast.ts";
import { absentBlock, type Block, type Blocks, type StepGrid, tableOf } from "../block.ts";
import type { Evaluator, QueryContext } from "../context.ts";
import { gatherNewestCells } from "../kernels/cells.ts";
import { findNewest, gatherNewest, gatherNewestTimes, gatherNewestWithGaps } from "../kernels/lookback.ts";
import { mixedSmoothed } from "../kernels/mixed_extended.ts";
import { gatherMixed } from "../kernels/mixed_window.ts";
import { HISTOGRAM_CELLS } from "../histogram_weight.ts";
import { readGroups } from "./read.ts";
import { smoothedNewest } from "../kernels/extended.ts";

/** Cells a block of a stream: small enough to stay in the second-level cache while operators pass it on. */
export const BLOCK_CELLS_MAX = 1 << 16;

/** Series a block of a stream: work on labels takes microseconds each, and an instant query has one cell a series. */
const BLOCK_ROWS_MAX = 4096;

/** Samples that one block may be made of, which bounds the time between two turns of the event loop. */
export const BLOCK_SAMPLES_MAX = 1 << 20;

export function atMsOf(context: QueryContext, at: AtModifier): number {
  switch (at.kind) {
    case "time":
      return at.tMs;
    case "start":
      return context.startMs;
    case "end":
      return context.endMs;
  }
}

/** Where each step looks: its instant, moved by `@` and `offset`. */
export function lookedAtMs(
  evaluator: Evaluator,
  grid: StepGrid,
  at: AtModifier | undefined,
  offset: DurationExpr | undefined,
): Float64Array {
  const offsetMs = offset === undefined ? 0 : evaluator.durationMs(offset);
  const out = new Float64Array(grid.count);
  const fixed = at === undefined ? undefined : atMsOf(evaluator.context, at);
  for (let s = 0; s < grid.count; s++) out[s] = (fixed ?? grid.startMs + s * grid.stepMs) - offsetMs;
  return out;
}

export function rowsPerBlock(steps: number, samplesPerRow: number): number {
  return Math.max(
    1,
    Math.min(
      BLOCK_ROWS_MAX,
      Math.floor(BLOCK_CELLS_MAX / Math.max(1, steps)),
      Math.floor(BLOCK_SAMPLES_MAX / Math.max(1, samplesPerRow)),
    ),
  );
}

/** "starts": when the newest samples began to be counted, 0 where that is not known; both in seconds. */
export type SelectorWants = "values" | "times" | "starts";

export async function* selectVector(
  evaluator: Evaluator,
  selector: VectorSelector,
  grid: StepGrid,
  wants: SelectorWants,
): Blocks {
  const { context } = evaluator;
  const { samples, pacer, lookbackMs, annotations } = context;
  const endMs = lookedAtMs(evaluator, grid, selector.at, selector.offset);
  const smoothed = selector.edge === "smoothed";
  const groups = readGroups(context, selector, {
    startMs: endMs[0]! - lookbackMs + 1,
    endMs: endMs[grid.count - 1]! + (smoothed ? lookbackMs : 0),
  });
  const newest = new Int32Array(grid.count);
  for await (const group of groups) {
    findNewest(group.tMs, endMs, lookbackMs, newest);
    const cells = group.histograms === undefined ? grid.count : grid.count * HISTOGRAM_CELLS;
    const rows = rowsPerBlock(cells, group.tMs.length);
    for (let from = 0; from < group.series.length; from += rows) {
      const to = Math.min(group.series.length, from + rows);
      const { block, present } = smoothed
        ? gatherSmoothed(group, from, to, { endMs, lookbackMs, annotations, pos: selector.pos })
        : gather(group, from, to, { endMs, newest, lookbackMs, wants });
      // A histogram counts by its size, whatever of it is wanted.
      const counted = wants === "values" || group.histograms === undefined || smoothed
        ? block
        : gather(group, from, to, { endMs, newest, lookbackMs, wants: "values" }).block;
      samples.addBlock(counted, present);
      if (block.labels.length > 0) yield block;
      const turn = pacer.turn();
      if (turn !== undefined) await turn;
    }
  }
}

interface Gathered {
  readonly block: Block;
  /** How many of its cells hold a sample. */
  readonly present: number;
}

interface Gather {
  readonly endMs: Float64Array;
  readonly newest: Int32Array;
  readonly lookbackMs: number;
  readonly wants: SelectorWants;
}

function gather(group: ColumnGroup, from: number, to: number, how: Gather): Gathered {
  const { endMs, newest, lookbackMs, wants } = how;
  const steps = endMs.length;
  const table = wants === "values" ? group.histograms : undefined;
  const room = absentBlock(steps, group.series.slice(from, to), undefined, table);
  const labels: Labels[] = [];
  let all = 0;
  for (let i = from; i < to; i++) {
    const outAt = labels.length * steps;
    const column = group.columns[i]!;
    let present: number;
    if (wants === "starts") {
      present = gatherNewestTimes(group.tMs, wordsOf(column), endMs, lookbackMs, room.values, outAt);
      startsOf(group, i, room.values, outAt, steps);
    } else if (wants === "times") {
      present = gatherNewestTimes(group.tMs, wordsOf(column), endMs, lookbackMs, room.values, outAt);
    } else if (table !== undefined) {
      present = gatherNewestCells(group.tMs, wordsOf(column), endMs, lookbackMs, room.words, outAt);
    } else if (group.gaps[i]) {
      present = gatherNewestWithGaps(
        group.tMs,
        column,
        wordsOf(column),
        endMs,
        lookbackMs,
        room.values,
        outAt,
      );
    } else {
      present = gatherNewest(column, newest, room.values, outAt);
    }
    if (present > 0) labels.push(group.series[i]!);
    all += present;
  }
  return { block: { ...room, labels }, present: all };
}

/** Exchanges the times of samples, in seconds, for their start times. */
function startsOf(group: ColumnGroup, i: number, values: Float64Array, at: number, steps: number): void {
  const startTimesMs = group.startTimesMs?.[i];
  let from = 0;
  for (let s = at; s < at + steps; s++) {
    const value = values[s]!;
    if (value !== value) continue;
    while (group.tMs[from]! / 1000 < value) from++;
    values[s] = startTimesMs === undefined ? 0 : startTimesMs[from]! / 1000;
  }
}

interface Smoothing {
  readonly endMs: Float64Array;
  readonly lookbackMs: number;
  readonly annotations: Annotations;
  readonly pos: Position;
}

function gatherSmoothed(group: ColumnGroup, from: number, to: number, how: Smoothing): Gathered {
  const { endMs, lookbackMs } = how;
  const steps = endMs.length;
  const room = absentBlock(steps, group.series.slice(from, to));
  const labels: Labels[] = [];
  const histograms: FloatHistogram[] = [];
  let all = 0;
  for (let i = from; i < to; i++) {
    const outAt = labels.length * steps;
    const present = group.histograms === undefined
      ? smoothedNewest(group.tMs, group.columns[i]!, endMs, lookbackMs, room.values, outAt)
      : smoothedMixed(group, i, how, room, outAt, histograms);
    if (present > 0) labels.push(group.series[i]!);
    all += present;
  }
  return { block: { ...room, labels, histograms: tableOf(histograms) }, present: all };
}

function smoothedMixed(
  group: ColumnGroup,
  i: number,
  { endMs, lookbackMs, annotations, pos }: Smoothing,
  room: Block,
  outAt: number,
  table: FloatHistogram[],
): number {
  const samples = gatherMixed(group.tMs, group.columns[i]!, group.histograms, undefined);
  const notes = { annotations, pos, labels: group.series[i]! };
  let present = 0;
  for (let s = 0; s < endMs.length; s++) {
    const end = endMs[s]!;
    let from = 0;
    while (from < samples.count && samples.tMs[from]! <= end - lookbackMs) from++;
    let to = from;
    while (to < samples.count && samples.tMs[to]! <= end + lookbackMs) to++;
    const value = mixedSmoothed({ samples, from, to, endMs: end, rangeMs: lookbackMs, notes });
    if (value === undefined) continue;
    present++;
    if (typeof value === "number") room.values[outAt + s] = value;
    else putHistogram(room.words, outAt + s, table, value);
  }
  return present;
}
