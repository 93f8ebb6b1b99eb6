/** Streams of blocks: gathering them where an operator needs all series at once, and what befalls metric names. */
import { type Labels, labelsKey } from "../../model/labels.ts";
import {
  type Block,
  blockOf,
  type Blocks,
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
import type { Pacer } from "../pacer.ts";
import { concatBlocks, dropAbsentRowsPaced, pickRowsPaced, rowsBetweenTurns } from "./paced.ts";
import { rowsPerBlock } from "./selector.ts";

/** All blocks as one. Its cells count as held until `releaseBlock`. */
export async function collect(context: QueryContext, blocks: Blocks, steps: number): Promise<Block> {
  const { all, held } = await gather(context, blocks);
  const block = all.length === 0 ? emptyBlock(steps) : await concatBlocks(context.pacer, steps, all);
  context.budget.note(block, held);
  return block;
}

/** All blocks that have rows, and what they hold of the budget. */
export async function gather(
  context: QueryContext,
  blocks: Blocks,
): Promise<{ readonly all: readonly Block[]; readonly held: number }> {
  const all: Block[] = [];
  let held = 0;
  for await (const block of blocks) {
    if (block.labels.length === 0) continue;
    const weight = blockWeight(block);
    context.budget.hold(weight);
    held += weight;
    all.push(block);
  }
  return { all, held };
}

export function releaseBlock(context: QueryContext, block: Block): void {
  context.budget.releaseNoted(block);
}

/** A block that was gathered, in pieces as a stream has them, so that whoever works on them can pause between. */
export async function* inPieces(pacer: Pacer, block: Block): Blocks {
  const { steps, labels, values, dropsName, histograms } = block;
  const rows = rowsPerBlock(histograms === undefined ? steps : steps * HISTOGRAM_CELLS, 1);
  if (labels.length <= rows) {
    yield block;
    return;
  }
  for (let from = 0; from < labels.length; from += rows) {
    const to = Math.min(labels.length, from + rows);
    const cells = values.subarray(from * steps, to * steps);
    yield blockOf(steps, labels.slice(from, to), cells, dropsName?.subarray(from, to), histograms);
    const turn = pacer.turn();
    if (turn !== undefined) await turn;
  }
}

/** Makes label sets distinct that an operator may have made equal; needs all blocks at once. */
export async function* distinct(
  context: QueryContext,
  blocks: Blocks,
  steps: number,
  rule: RepeatRule,
): Blocks {
  const { all, held } = await gather(context, blocks);
  if (await areDistinct(context, all)) {
    context.budget.release(held);
    yield* inTurns(context.pacer, all);
    return;
  }
  const block = await concatBlocks(context.pacer, steps, all);
  const merged = await mergeRepeatsPaced(context, block, rule);
  context.budget.release(held);
  yield* inPieces(context.pacer, merged);
}

/** Blocks that are there already, with turns of the loop between. */
export async function* inTurns(pacer: Pacer, blocks: Iterable<Block>): Blocks {
  for (const block of blocks) {
    yield block;
    const turn = pacer.turn();
    if (turn !== undefined) await turn;
  }
}

/** Whether no label set comes twice: nearly always, and then nothing need be moved. */
async function areDistinct(context: QueryContext, blocks: readonly Block[]): Promise<boolean> {
  const seen = new Set<string>();
  let count = 0;
  for (const { labels } of blocks) {
    await context.pacer.rows(labels.length, (row) => seen.add(labelsKey(labels[row]!)));
    count += labels.length;
    if (seen.size < count) return false;
    const turn = context.pacer.turn();
    if (turn !== undefined) await turn;
  }
  return true;
}

/** Makes the label sets of a block of any size distinct. */
export async function mergeRepeatsPaced(
  context: QueryContext,
  block: Block,
  rule: RepeatRule,
): Promise<Block> {
  const merge = new RepeatMerge(block, rule);
  await context.pacer.rows(block.labels.length, (row) => merge.add(row));
  const { kept } = merge;
  return kept === undefined ? block : await pickRowsPaced(context.pacer, block, kept);
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

/** The blocks of a whole query, whose names are settled: as they come where none is left to do. Held to its end. */
export async function settledBlocks(
  context: QueryContext,
  blocks: Blocks,
  steps: number,
): Promise<readonly Block[]> {
  const { all } = await gather(context, blocks);
  if (all.every(({ dropsName }) => dropsName === undefined)) return all;
  const block = await concatBlocks(context.pacer, steps, all);
  return [await settleNames(context, await dropAbsentRowsPaced(context.pacer, block))];
}

/** Repeats the one step of each block over `steps` steps. */
export async function* broadcast(pacer: Pacer, blocks: Blocks, steps: number): Blocks {
  for await (const block of blocks) {
    const rows = block.labels.length;
    const values = new Float64Array(rows * steps);
    await pacer.rows(rows, (row) => {
      for (let s = 0; s < steps; s++) copyCells(values, row * steps + s, block.values, row, 1);
    }, rowsBetweenTurns(steps));
    yield* inPieces(pacer, blockOf(steps, block.labels, values, block.dropsName, block.histograms));
  }
}
