/**
 * Work on blocks of any size, in pieces of a few milliseconds between which the event loop may turn. For a block of
 * a stream, which is small, the functions of the same names in block.ts do.
 */
import type { HistogramTable } from "../../model/histogram_cell.ts";
import type { Labels } from "../../model/labels.ts";
import { ABSENT_BITS, type Block, blockOf, copyCells, isRowAbsent } from "../block.ts";
import { JoinedTables } from "../joined_tables.ts";
import type { Pacer } from "../pacer.ts";

/** Cells that are written or looked at between two turns: a millisecond or two. */
const CELLS_BETWEEN_TURNS = 1 << 18;

/** How many rows of so many steps may be gone through between two turns, where a cell costs nanoseconds. */
export function rowsBetweenTurns(steps: number): number {
  return Math.max(1, Math.floor(CELLS_BETWEEN_TURNS / Math.max(1, steps)));
}

/** A block of absent rows. */
export async function absentBlockPaced(
  pacer: Pacer,
  steps: number,
  labels: readonly Labels[],
  dropsName?: Uint8Array,
  histograms?: HistogramTable,
): Promise<Block> {
  const values = new Float64Array(steps * labels.length);
  const bits = new BigUint64Array(values.buffer);
  for (let at = 0; at < bits.length; at += CELLS_BETWEEN_TURNS) {
    bits.fill(ABSENT_BITS, at, Math.min(bits.length, at + CELLS_BETWEEN_TURNS));
    const turn = pacer.turn();
    if (turn !== undefined) await turn;
  }
  return blockOf(steps, labels, values, dropsName, histograms);
}

/** Several blocks as one. Without a copy where they are pieces of one block, one after the other. */
export async function concatBlocks(pacer: Pacer, steps: number, blocks: readonly Block[]): Promise<Block> {
  if (blocks.length === 1) return blocks[0]!;
  let count = 0;
  let drops = false;
  const tables = new JoinedTables();
  for (const block of blocks) {
    count += block.labels.length;
    if (block.histograms !== undefined) {
      tables.add(block.words, block.labels.length * steps, block.histograms);
    }
    if (block.dropsName !== undefined) drops = true;
    const turn = pacer.turn();
    if (turn !== undefined) await turn;
  }
  const labels: Labels[] = new Array(count);
  const adjoining = areAdjoining(blocks);
  const values = adjoining
    ? new Float64Array(blocks[0]!.values.buffer, blocks[0]!.values.byteOffset, count * steps)
    : new Float64Array(count * steps);
  const dropsName = drops ? new Uint8Array(count) : undefined;
  let at = 0;
  for (const block of blocks) {
    const rows = block.labels.length;
    for (let i = 0; i < rows; i++) labels[at + i] = block.labels[i]!;
    if (!adjoining) values.set(block.values.subarray(0, rows * steps), at * steps);
    if (block.dropsName !== undefined) dropsName!.set(block.dropsName.subarray(0, rows), at);
    at += rows;
    const turn = pacer.turn();
    if (turn !== undefined) await turn;
  }
  return blockOf(steps, labels, values, dropsName, tables.table);
}

function areAdjoining(blocks: readonly Block[]): boolean {
  for (let i = 1; i < blocks.length; i++) {
    const before = blocks[i - 1]!;
    const { values } = blocks[i]!;
    const end = before.values.byteOffset + before.labels.length * before.steps * values.BYTES_PER_ELEMENT;
    if (values.buffer !== before.values.buffer || values.byteOffset !== end) return false;
  }
  return blocks.length > 0;
}

/** Only the given rows of a block, in that order. */
export async function pickRowsPaced(pacer: Pacer, block: Block, rows: readonly number[]): Promise<Block> {
  const { steps } = block;
  const values = new Float64Array(steps * rows.length);
  const drops = block.dropsName === undefined ? undefined : new Uint8Array(rows.length);
  const labels: Labels[] = [];
  await pacer.rows(rows.length, (i) => {
    const row = rows[i]!;
    labels.push(block.labels[row]!);
    copyCells(values, i * steps, block.values, row * steps, steps);
    if (drops !== undefined) drops[i] = block.dropsName![row]!;
  }, rowsBetweenTurns(steps));
  return blockOf(steps, labels, values, drops, block.histograms);
}

/** Without the rows that have no value at any step. */
export async function dropAbsentRowsPaced(pacer: Pacer, block: Block): Promise<Block> {
  const { steps, words } = block;
  const kept: number[] = [];
  await pacer.rows(block.labels.length, (i) => {
    if (!isRowAbsent(words, i * steps, (i + 1) * steps)) kept.push(i);
  }, rowsBetweenTurns(steps));
  return kept.length === block.labels.length ? block : await pickRowsPaced(pacer, block, kept);
}
