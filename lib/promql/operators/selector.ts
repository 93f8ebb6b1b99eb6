/** Instant vector selectors: the newest sample of each series at each step. */
import { wordsOf } from "../../model/stale.ts";
import type { Labels } from "../../model/labels.ts";
import type { ColumnGroup } from "../../storage/source.ts";
import type { AtModifier, DurationExpr, VectorSelector } from "../ast.ts";
import { absentBlock, type Block, blockOf, type Blocks, type StepGrid } from "../block.ts";
import type { Evaluator, QueryContext } from "../context.ts";
import { findNewest, gatherNewest, gatherNewestTimes, gatherNewestWithGaps } from "../kernels/lookback.ts";
import { smoothedNewest } from "../kernels/extended.ts";

/** Cells a block of a stream: small enough to stay in the second-level cache while operators pass it on. */
export const BLOCK_CELLS_MAX = 1 << 16;

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
      Math.floor(BLOCK_CELLS_MAX / Math.max(1, steps)),
      Math.floor(BLOCK_SAMPLES_MAX / Math.max(1, samplesPerRow)),
    ),
  );
}

export type SelectorWants = "values" | "times";

export async function* selectVector(
  evaluator: Evaluator,
  selector: VectorSelector,
  grid: StepGrid,
  wants: SelectorWants,
): Blocks {
  const { context } = evaluator;
  const { budget, pacer, lookbackMs } = context;
  const endMs = lookedAtMs(evaluator, grid, selector.at, selector.offset);
  const smoothed = selector.edge === "smoothed";
  const groups = context.source.select({
    matchers: selector.matchers,
    range: {
      startMs: endMs[0]! - lookbackMs + 1,
      endMs: endMs[grid.count - 1]! + (smoothed ? lookbackMs : 0),
    },
    samplesMax: budget.samplesMax - budget.held,
  }, pacer.signal);
  const newest = new Int32Array(grid.count);
  for await (const group of groups) {
    budget.addRead(group.tMs.length * group.series.length);
    findNewest(group.tMs, endMs, lookbackMs, newest);
    const rows = rowsPerBlock(grid.count, group.tMs.length);
    for (let from = 0; from < group.series.length; from += rows) {
      const to = Math.min(group.series.length, from + rows);
      const block = smoothed
        ? gatherSmoothed(group, from, to, endMs, lookbackMs)
        : gather(group, from, to, { endMs, newest, lookbackMs, wants });
      if (block.labels.length > 0) yield block;
      const turn = pacer.turn();
      if (turn !== undefined) await turn;
    }
  }
}

interface Gather {
  readonly endMs: Float64Array;
  readonly newest: Int32Array;
  readonly lookbackMs: number;
  readonly wants: SelectorWants;
}

function gather(group: ColumnGroup, from: number, to: number, how: Gather): Block {
  const { endMs, newest, lookbackMs, wants } = how;
  const steps = endMs.length;
  const table = wants === "values" ? group.histograms : undefined;
  const room = absentBlock(steps, group.series.slice(from, to), undefined, table);
  const labels: Labels[] = [];
  for (let i = from; i < to; i++) {
    const outAt = labels.length * steps;
    const column = group.columns[i]!;
    let present: number;
    if (wants === "times") {
      present = gatherNewestTimes(group.tMs, wordsOf(column), endMs, lookbackMs, room.values, outAt);
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
  }
  return { ...room, labels };
}

function gatherSmoothed(
  group: ColumnGroup,
  from: number,
  to: number,
  endMs: Float64Array,
  lookbackMs: number,
): Block {
  const steps = endMs.length;
  const room = absentBlock(steps, group.series.slice(from, to));
  const labels: Labels[] = [];
  for (let i = from; i < to; i++) {
    const present = smoothedNewest(
      group.tMs,
      group.columns[i]!,
      endMs,
      lookbackMs,
      room.values,
      labels.length * steps,
    );
    if (present > 0) labels.push(group.series[i]!);
  }
  return blockOf(steps, labels, room.values);
}
