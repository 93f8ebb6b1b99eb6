/** Streams of blocks: gathering them where an operator needs all series at once, and what befalls metric names. */
import type { Labels } from "../../model/labels.ts";
import {
  type Block,
  blockOf,
  type Blocks,
  concatBlocks,
  copyCells,
  emptyBlock,
  relabelled,
  RepeatMerge,
  type RepeatRule,
  withoutName,
  withoutNames,
} from "../block.ts";
import type { QueryContext } from "../context.ts";
import { blockWeight, HISTOGRAM_CELLS } from "../histogram_weight.ts";
import { rowsPerBlock } from "./selector.ts";

/** All blocks as one. Its cells count as held until `releaseBlock`. */
export async function collect(context: QueryContext, blocks: Blocks, steps: number): Promise<Block> {
  const all: Block[] = [];
  let held = 0;
  for await (const block of blocks) {
    if (block.labels.length === 0) continue;
    const weight = blockWeight(block);
    context.budget.hold(weight);
    held += weight;
    all.push(block);
  }
  const block = all.length === 0 ? emptyBlock(steps) : concatBlocks(steps, all);
  context.budget.note(block, held);
  return block;
}

export function releaseBlock(context: QueryContext, block: Block): void {
  context.budget.releaseNoted(block);
}

/**
 * A block that was gathered, as what it is passed on as: whole, since cells of floats cost nanoseconds, or in pieces
 * where it has histograms, which cost microseconds each, so that whoever works on them can pause between.
 */
export function* inPieces(block: Block): Generator<Block> {
  const { steps, labels, values, dropsName, histograms } = block;
  const rows = rowsPerBlock(steps * HISTOGRAM_CELLS, 1);
  if (histograms === undefined || labels.length <= rows) {
    yield block;
    return;
  }
  for (let from = 0; from < labels.length; from += rows) {
    const to = Math.min(labels.length, from + rows);
    const cells = values.subarray(from * steps, to * steps);
    yield blockOf(steps, labels.slice(from, to), cells, dropsName?.subarray(from, to), histograms);
  }
}

/** Makes label sets distinct that an operator may have made equal; needs all blocks at once. */
export async function* distinct(
  context: QueryContext,
  blocks: Blocks,
  steps: number,
  rule: RepeatRule,
): Blocks {
  const all = await collect(context, blocks, steps);
  const merged = await mergeRepeatsPaced(context, all, rule);
  releaseBlock(context, all);
  yield* inPieces(merged);
}

/** Makes the label sets of a block of any size distinct. */
export async function mergeRepeatsPaced(
  context: QueryContext,
  block: Block,
  rule: RepeatRule,
): Promise<Block> {
  const merge = new RepeatMerge(block, rule);
  await context.pacer.rows(block.labels.length, (row) => merge.add(row));
  return merge.result();
}

/** The block of a function that drops metric names: at once, or, if the query delays it, marked. */
export function nameless(context: QueryContext, block: Block): Block {
  if (!context.delayedNameRemoval) return relabelled(block, withoutNames(block.labels));
  return relabelled(block, block.labels, new Uint8Array(block.labels.length).fill(1));
}

/** Carries out the delayed removal of names. The block has no absent rows. */
export async function settleNames(context: QueryContext, block: Block): Promise<Block> {
  const drops = block.dropsName;
  if (drops === undefined) return block;
  const labels: Labels[] = [];
  await context.pacer.rows(block.labels.length, (row) => {
    labels.push(drops[row] === 0 ? block.labels[row]! : withoutName(block.labels[row]!));
  });
  return await mergeRepeatsPaced(context, relabelled(block, labels), "merge");
}

/** Repeats the one step of each block over `steps` steps. */
export async function* broadcast(blocks: Blocks, steps: number): Blocks {
  for await (const block of blocks) {
    const rows = block.labels.length;
    const values = new Float64Array(rows * steps);
    for (let row = 0; row < rows; row++) {
      for (let s = 0; s < steps; s++) copyCells(values, row * steps + s, block.values, row, 1);
    }
    yield blockOf(steps, block.labels, values, block.dropsName, block.histograms);
  }
}
