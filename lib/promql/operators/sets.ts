/** `and`, `or`, `unless` between two vectors: which cells of either side stay, by match group and step. */
import { isAbsent, setAbsent } from "../../model/stale.ts";
import type { Binary } from "../ast.ts";
import { type Block, type Blocks, concatBlocks, dropAbsentRows, type StepGrid } from "../block.ts";
import type { Evaluator } from "../context.ts";
import { collect, inPieces, mergeRepeatsPaced, releaseBlock } from "./collect.ts";
import { MatchGroups } from "./matching.ts";

export async function* setOperation(evaluator: Evaluator, node: Binary, grid: StepGrid): Blocks {
  const { context } = evaluator;
  const steps = grid.count;
  const left = await collect(context, evaluator.vector(node.left, grid), steps);
  const right = await collect(context, evaluator.vector(node.right, grid), steps);
  const groups = new MatchGroups(node.matching!);
  const leftSlots = await groups.slotsOf(left, context.pacer);
  const rightSlots = await groups.slotsOf(right, context.pacer);
  if (node.op === "or") {
    const present = presence(left, leftSlots, groups.count);
    keepCells(right, rightSlots, present, 0);
    const both = concatBlocks(steps, [dropAbsentRows(left), dropAbsentRows(right)]);
    releaseBlock(context, left);
    releaseBlock(context, right);
    yield* inPieces(await mergeRepeatsPaced(context, both, "merge"));
    return;
  }
  const present = presence(right, rightSlots, groups.count);
  keepCells(left, leftSlots, present, node.op === "and" ? 1 : 0);
  releaseBlock(context, left);
  releaseBlock(context, right);
  yield* inPieces(dropAbsentRows(left));
}

/** 1 for each slot and step at which some series of the slot has a value. */
function presence(block: Block, slots: Int32Array, slotsCount: number): Uint8Array {
  const { steps, words } = block;
  const present = new Uint8Array(slotsCount * steps);
  for (let i = 0; i < slots.length; i++) {
    const at = slots[i]! * steps;
    for (let s = 0; s < steps; s++) if (!isAbsent(words, i * steps + s)) present[at + s] = 1;
  }
  return present;
}

/** Clears the cells whose slot and step are not marked as wanted. */
function keepCells(block: Block, slots: Int32Array, present: Uint8Array, wanted: 0 | 1): void {
  const { steps, words } = block;
  for (let i = 0; i < slots.length; i++) {
    const at = slots[i]! * steps;
    for (let s = 0; s < steps; s++) if (present[at + s] !== wanted) setAbsent(words, i * steps + s);
  }
}
