/** The series of each group, and their values step by step: for aggregations that compare the members of a group. */
import type { Aggregate } from "../ast.ts";
import type { Block } from "../block.ts";
import type { QueryContext } from "../context.ts";
import { fillTile, stepsPerTile, type StepTile, tileFor } from "../kernels/step_tiles.ts";
import type { Pacer } from "../pacer.ts";
import { Grouping } from "./grouping.ts";

/** Rows of each group, in order of appearance. */
export async function groupRows(
  context: QueryContext,
  node: Aggregate,
  block: Block,
): Promise<{ grouping: Grouping; rows: readonly number[][] }> {
  const grouping = new Grouping(node.grouping, node.without);
  const rows: number[][] = [];
  await context.pacer.rows(block.labels.length, (row) => {
    const slot = grouping.slotOf(block.labels[row]!);
    if (block.dropsName !== undefined && block.dropsName[row] !== 0) grouping.markDropping(slot);
    if (slot === rows.length) rows.push([row]);
    else rows[slot]!.push(row);
  });
  return { grouping, rows };
}

/**
 * Calls `each` for every group and some steps at a time: those from `from` up to `to`. It may rearrange the values
 * of a step. The loop turns between.
 */
export async function eachTile(
  pacer: Pacer,
  block: Block,
  rows: readonly (readonly number[])[],
  each: (slot: number, from: number, to: number, tile: StepTile) => void,
): Promise<void> {
  const { steps } = block;
  /** By the number of members, as most groups have the same. */
  let tile: StepTile | undefined;
  for (let slot = 0; slot < rows.length; slot++) {
    const members = rows[slot]!;
    if (tile?.stride !== members.length) tile = tileFor(members.length, steps);
    const stride = stepsPerTile(members.length, steps);
    for (let from = 0; from < steps; from += stride) {
      const to = Math.min(steps, from + stride);
      fillTile(tile, block, members, from, to);
      each(slot, from, to, tile);
      const turn = pacer.turn();
      if (turn !== undefined) await turn;
    }
  }
}
