/** `and`, `or`, `unless` between two vectors: which cells of either side stay, by match group and step. */
import { isAbsent, setAbsent } from "../../model/stale.ts";
import type { Binary } from "../ast.ts";
import type { Block, Blocks, StepGrid } from "../block.ts";
import type { Evaluator } from "../context.ts";
import { collect, inPieces, mergeRepeatsPaced, releaseBlock } from "./collect.ts";
import type { Pacer } from "../pacer.ts";
import { MatchGroups } from "./matching.ts";
import { concatBlocks, dropAbsentRowsPaced, rowsBetweenTurns } from "./paced.ts";

export async function* setOperation(evaluator: Evaluator, node: Binary, grid: StepGrid): Blocks {
  const { context } = evaluator;
  const steps = grid.count;
  const left = await collect(context, evaluator.vector(node.left, grid), steps);
  const right = await collect(context, evaluator.vector(node.right, grid), steps);
  const { pacer } = context;
  const groups = new MatchGroups(node.matching!);
  const leftSlots = await groups.slotsOf(left, pacer);
  const rightSlots = await groups.slotsOf(right, pacer);
  if (node.op === "or") {
    const present = await presence(pacer, left, leftSlots, groups.count);
    await keepCells(pacer, right, rightSlots, present, 0);
    const both = await concatBlocks(pacer, steps, [
      await dropAbsentRowsPaced(pacer, left),
      await dropAbsentRowsPaced(pacer, right),
    ]);
    releaseBlock(context, left);
    releaseBlock(context, right);
    yield* inPieces(pacer, await mergeRepeatsPaced(context, both, "merge"));
    return;
  }
  const present = await presence(pacer, right, rightSlots, groups.count);
  await keepCells(pacer, left, leftSlots, present, node.op === "and" ? 1 : 0);
  releaseBlock(context, left);
  releaseBlock(context, right);
  yield* inPieces(pacer, await dropAbsentRowsPaced(pacer, left));
}

/** 1 for each slot and step at which some series of the slot has a value. */
async function presence(
  pacer: Pacer,
  { steps, words }: Block,
  slots: Int32Array,
  slotsCount: number,
): Promise<Uint8Array> {
  const present = new Uint8Array(slotsCount * steps);
  await pacer.rows(slots.length, (i) => {
    markPresent(words, i * steps, steps, present, slots[i]! * steps);
  }, rowsBetweenTurns(steps));
  return present;
}

function markPresent(words: Uint32Array, from: number, count: number, present: Uint8Array, at: number): void {
  for (let s = 0; s < count; s++) if (!isAbsent(words, from + s)) present[at + s] = 1;
}

/** Clears the cells whose slot and step are not marked as wanted. */
async function keepCells(
  pacer: Pacer,
  { steps, words }: Block,
  slots: Int32Array,
  present: Uint8Array,
  wanted: 0 | 1,
): Promise<void> {
  await pacer.rows(slots.length, (i) => {
    keepRow(words, i * steps, steps, present, slots[i]! * steps, wanted);
  }, rowsBetweenTurns(steps));
}

function keepRow(
  words: Uint32Array,
  from: number,
  count: number,
  present: Uint8Array,
  at: number,
  wanted: 0 | 1,
): void {
  for (let s = 0; s < count; s++) if (present[at + s] !== wanted) setAbsent(words, from + s);
}
