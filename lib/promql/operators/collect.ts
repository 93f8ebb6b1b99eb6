/** Streams of blocks: gathering them where an operator needs all series at once, and what befalls metric names. */
import { type Labels, METRIC_NAME } from "../../model/labels.ts";
import { isAbsent } from "../../model/stale.ts";
import {
  type Block,
  blockOf,
  type Blocks,
  concatBlocks,
  copyCells,
  dropAbsentRows,
  emptyBlock,
  mergeRepeats,
  relabelled,
  type RepeatRule,
  withoutName,
  withoutNames,
} from "../block.ts";
import type { QueryContext } from "../context.ts";

/** All blocks as one. Its cells count as held until `releaseBlock`. */
export async function collect(context: QueryContext, blocks: Blocks, steps: number): Promise<Block> {
  const all: Block[] = [];
  for await (const block of blocks) {
    if (block.labels.length === 0) continue;
    context.budget.hold(block.labels.length * steps);
    all.push(block);
  }
  return all.length === 0 ? emptyBlock(steps) : concatBlocks(steps, all);
}

export function releaseBlock(context: QueryContext, block: Block): void {
  context.budget.release(block.labels.length * block.steps);
}

/** Makes label sets distinct that an operator may have made equal; needs all blocks at once. */
export async function* distinct(
  context: QueryContext,
  blocks: Blocks,
  steps: number,
  rule: RepeatRule,
): Blocks {
  const all = await collect(context, blocks, steps);
  const merged = mergeRepeats(all, rule);
  releaseBlock(context, all);
  yield merged;
}

/** The block of a function that drops metric names: at once, or, if the query delays it, marked. */
export function nameless(context: QueryContext, block: Block): Block {
  if (!context.delayedNameRemoval) return relabelled(block, withoutNames(block.labels));
  return relabelled(block, block.labels, new Uint8Array(block.labels.length).fill(1));
}

/** Carries out the delayed removal of names. */
export function settleNames(block: Block): Block {
  const drops = block.dropsName;
  if (drops === undefined) return block;
  let changed = false;
  const labels = block.labels.map((of, row): Labels => {
    if (drops[row] === 0) return of;
    changed = true;
    return withoutName(of);
  });
  if (!changed) return relabelled(block, block.labels);
  return mergeRepeats(relabelled(dropAbsentRows(block), labelsOfPresent(block, labels)), "merge");
}

function labelsOfPresent(block: Block, labels: readonly Labels[]): readonly Labels[] {
  const { steps, words } = block;
  return labels.filter((_, row) => {
    for (let i = row * steps; i < (row + 1) * steps; i++) if (!isAbsent(words, i)) return true;
    return false;
  });
}

/** Repeats the one step of each block over `steps` steps. */
export async function* broadcast(blocks: Blocks, steps: number): Blocks {
  for await (const block of blocks) {
    const rows = block.labels.length;
    const values = new Float64Array(rows * steps);
    for (let row = 0; row < rows; row++) {
      for (let s = 0; s < steps; s++) copyCells(values, row * steps + s, block.values, row, 1);
    }
    yield blockOf(steps, block.labels, values, block.dropsName);
  }
}

export function hasName(labels: Labels): boolean {
  for (let i = 0; i < labels.length; i += 2) if (labels[i] === METRIC_NAME) return true;
  return false;
}
