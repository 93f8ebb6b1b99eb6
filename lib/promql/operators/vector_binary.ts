/**
 * Arithmetic and comparison between two vectors. Match groups are resolved once a series. A group with one series
 * on either side (nearly all) is one pass over a row; a group with more is checked, step by step, for matches that
 * are not allowed, before its pairs are computed.
 */
import { UserError } from "../../core/errors.ts";
import { compareLabels, type Labels, labelsKey } from "../../model/labels.ts";
import { absentColumn, isAbsent, setAbsent, wordsOf } from "../../model/stale.ts";
import type { FloatHistogram } from "../../model/histogram/float_histogram.ts";
import type { Annotations } from "../annotations.ts";
import type { Binary, Position, VectorMatching } from "../ast.ts";
import {
  absentBlock,
  type Block,
  type Blocks,
  dropAbsentRows,
  mergeRepeats,
  type StepGrid,
  tableOf,
} from "../block.ts";
import type { Evaluator } from "../context.ts";
import { arithmeticRows, comparisonRows, isArithmetic, isComparison, isTrim } from "../kernels/arithmetic.ts";
import { type MixedCells, mixedRows } from "../kernels/mixed_binary.ts";
import { unsupported } from "./binary.ts";
import { collect, releaseBlock } from "./collect.ts";
import { HISTOGRAM_CELLS } from "../histogram_weight.ts";
import { MatchGroups, printLabels, resultLabels, rowsBySlot, type SlotRows } from "./matching.ts";
import { rowsBetweenTurns } from "./paced.ts";
import type { Pacer } from "../pacer.ts";
import { rowsPerBlock } from "./selector.ts";

/** A pair costs the labels of its result, some microseconds. */
const PAIRS_BETWEEN_TURNS = 512;
const SLOTS_BETWEEN_TURNS = 64;

interface Join {
  readonly node: Binary;
  readonly matching: VectorMatching;
  readonly groups: MatchGroups;
  /** The side whose series may be many in a group; the left one of a one-to-one match. */
  readonly many: Block;
  readonly one: Block;
  /** 1 for each step at which `many` has some value. */
  readonly manySteps: () => Uint8Array;
  readonly fillMany: number | undefined;
  readonly fillOne: number | undefined;
  /** Whether the sides were exchanged (group_right), so that operands must be exchanged back. */
  readonly swapped: boolean;
  readonly dropsName: boolean;
  readonly marksName: boolean;
  /** Where remarks go. */
  readonly annotations: Annotations;
  readonly pos: Position;
}

/** One row of the result: which cells it is computed from. */
interface Pair {
  readonly labels: Labels;
  readonly many: MixedCells;
  readonly one: MixedCells;
}

export async function* vectorBinary(evaluator: Evaluator, node: Binary, grid: StepGrid): Blocks {
  const { context } = evaluator;
  const steps = grid.count;
  const matching = node.matching!;
  const left = await collect(context, evaluator.vector(node.left, grid), steps);
  const right = await collect(context, evaluator.vector(node.right, grid), steps);
  const swapped = matching.card === "one-to-many";
  const groups = new MatchGroups(matching);
  const many = swapped ? right : left;
  const one = swapped ? left : right;
  let manySteps: Uint8Array | undefined;
  const join: Join = {
    manySteps: () => manySteps ??= stepsWithValues(many, steps),
    node,
    matching,
    groups,
    many,
    one,
    // As Prometheus: with group_right, too, fill_left fills the side whose series are many.
    fillMany: matching.fillLeft,
    fillOne: matching.fillRight,
    swapped,
    dropsName: isArithmetic(node.op) || (node.bool && !context.delayedNameRemoval),
    marksName: node.bool && context.delayedNameRemoval,
    annotations: context.annotations,
    pos: node.pos,
  };
  const manySlots = await groups.slotsOf(many, context.pacer);
  const oneSlots = await groups.slotsOf(one, context.pacer);
  const manyRows = rowsBySlot(manySlots, groups.count);
  const oneRows = rowsBySlot(oneSlots, groups.count);
  const mixed = left.histograms !== undefined || right.histograms !== undefined;
  const room = rowsPerBlock(mixed ? steps * HISTOGRAM_CELLS : steps, steps);
  let pairs: Pair[] = [];
  // As Prometheus: before anything is matched.
  for (let slot = 0; slot < groups.count; slot++) {
    if (oneRows.starts[slot + 1]! - oneRows.starts[slot]! > 1) {
      refuseRepeatedOne(join, rowsOf(oneRows, slot), steps);
    }
    const turn = context.pacer.turn();
    if (turn !== undefined) await turn;
  }
  for (let slot = 0; slot < groups.count; slot++) {
    for (const pair of await pairsOfSlot(context.pacer, join, slot, manyRows, oneRows, steps)) {
      pairs.push(pair);
      if (pairs.length < room) continue;
      yield compute(join, pairs, steps);
      pairs = [];
      const turn = context.pacer.turn();
      if (turn !== undefined) await turn;
    }
    if (slot % SLOTS_BETWEEN_TURNS !== 0) continue;
    const turn = context.pacer.turn();
    if (turn !== undefined) await turn;
  }
  if (pairs.length > 0) yield compute(join, pairs, steps);
  releaseBlock(context, left);
  releaseBlock(context, right);
}

function cellsOf(block: Block, row: number): MixedCells {
  const { values, words, histograms } = block;
  return { values, words, at: row * block.steps, histograms };
}

function rowsOf(by: SlotRows, slot: number): readonly number[] {
  return Array.from(by.rows.subarray(by.starts[slot]!, by.starts[slot + 1]!));
}

async function pairsOfSlot(
  pacer: Pacer,
  join: Join,
  slot: number,
  manyRows: SlotRows,
  oneRows: SlotRows,
  steps: number,
): Promise<readonly Pair[]> {
  const { matching, many, one } = join;
  const ms = rowsOf(manyRows, slot);
  const os = rowsOf(oneRows, slot);
  const fills = join.fillMany !== undefined || join.fillOne !== undefined;
  if (!fills && (ms.length === 0 || os.length === 0)) return [];
  if (matching.card === "one-to-one" && ms.length > 1) refuseRepeatedMany(join, ms, os, steps);
  const pairs: Pair[] = [];
  const addPairs = (m: number): void => {
    for (const o of os) {
      pairs.push({
        labels: resultLabels(many.labels[m]!, one.labels[o]!, matching, join.dropsName),
        many: cellsOf(many, m),
        one: cellsOf(one, o),
      });
    }
  };
  if (ms.length === 1) addPairs(ms[0]!);
  else await pacer.rows(ms.length, (i) => addPairs(ms[i]!), PAIRS_BETWEEN_TURNS);
  if (fills) fillPairs(join, ms, os, steps, pairs);
  if (pairs.length > 1 && matching.card !== "one-to-one") await refuseEqualResults(pacer, pairs, steps);
  return pairs;
}

/** Pairs of which one side is a fill value: where the group has no series on that side. */
function fillPairs(
  join: Join,
  ms: readonly number[],
  os: readonly number[],
  steps: number,
  pairs: Pair[],
): void {
  const { matching, many, one, groups } = join;
  if (join.fillOne !== undefined) {
    const fill = fillCells(join.fillOne, one, os, steps);
    for (const m of ms) {
      const labels = many.labels[m]!;
      pairs.push({
        labels: resultLabels(labels, groups.labelsOf(labels), matching, join.dropsName),
        many: cellsOf(many, m),
        one: fill,
      });
    }
  }
  if (join.fillMany !== undefined) {
    const fill = fillCells(join.fillMany, many, ms, steps);
    for (const o of os) {
      const labels = one.labels[o]!;
      pairs.push({
        labels: resultLabels(groups.labelsOf(labels), labels, matching, join.dropsName),
        many: fill,
        one: cellsOf(one, o),
      });
    }
  }
}

/** The fill value at each step at which none of the rows has a value. */
function fillCells(fill: number, block: Block, rows: readonly number[], steps: number): MixedCells {
  const values = new Float64Array(steps).fill(fill);
  const words = wordsOf(values);
  for (let s = 0; s < steps; s++) {
    if (rows.some((row) => !isAbsent(block.words, row * steps + s))) setAbsent(words, s);
  }
  return { values, words, at: 0, histograms: undefined };
}

function refuseRepeatedOne(join: Join, rows: readonly number[], steps: number): void {
  const { one } = join;
  const fills = join.fillMany !== undefined || join.fillOne !== undefined;
  const matchable = join.manySteps();
  for (let s = 0; s < steps; s++) {
    // As Prometheus: where the other side has nothing, nothing is looked at.
    if (!fills && matchable[s] === 0) continue;
    let seen = -1;
    for (const row of rows) {
      if (isAbsent(one.words, row * steps + s)) continue;
      if (seen >= 0) throw repeatedOneError(join, one.labels[seen]!, one.labels[row]!);
      seen = row;
    }
  }
}

/** 1 for each step at which some row has a value. */
function stepsWithValues(block: Block, steps: number): Uint8Array {
  const out = new Uint8Array(steps);
  const rows = block.labels.length;
  let missing = steps;
  for (let row = 0; row < rows && missing > 0; row++) {
    for (let s = 0; s < steps; s++) {
      if (out[s] === 1 || isAbsent(block.words, row * steps + s)) continue;
      out[s] = 1;
      missing--;
    }
  }
  return out;
}

function repeatedOneError(join: Join, first: Labels, second: Labels): UserError {
  const group = printLabels(join.groups.labelsOf(second));
  const side = join.swapped ? "left" : "right";
  const [a, b] = compareLabels(first, second) <= 0 ? [first, second] : [second, first];
  return new UserError(
    "execution",
    `found duplicate series for the match group ${group} on the ${side} hand-side of the operation: ` +
      `[${printLabels(a)}, ${printLabels(b)}];many-to-many matching not allowed: ` +
      "matching labels must be unique on one side",
  );
}

function refuseRepeatedMany(join: Join, ms: readonly number[], os: readonly number[], steps: number): void {
  const { many, one } = join;
  for (let s = 0; s < steps; s++) {
    const partnered = join.fillOne !== undefined || os.some((row) => !isAbsent(one.words, row * steps + s));
    if (!partnered) continue;
    let present = 0;
    for (const row of ms) if (!isAbsent(many.words, row * steps + s)) present++;
    if (present > 1) {
      throw new UserError(
        "execution",
        "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)",
      );
    }
  }
}

async function refuseEqualResults(pacer: Pacer, pairs: readonly Pair[], steps: number): Promise<void> {
  const seen = new Map<string, Float64Array>();
  await pacer.rows(pairs.length, (i) => {
    const pair = pairs[i]!;
    const key = labelsKey(pair.labels);
    let taken = seen.get(key);
    if (taken === undefined) {
      taken = absentColumn(steps);
      seen.set(key, taken);
    }
    const words = wordsOf(taken);
    for (let s = 0; s < steps; s++) {
      if (isAbsent(pair.many.words, pair.many.at + s) || isAbsent(pair.one.words, pair.one.at + s)) continue;
      if (!isAbsent(words, s)) {
        throw new UserError(
          "execution",
          "multiple matches for labels: grouping labels must ensure unique matches",
        );
      }
      taken[s] = 1;
    }
  }, Math.min(PAIRS_BETWEEN_TURNS, rowsBetweenTurns(steps)));
}

function computeMixed(join: Join, pairs: readonly Pair[], steps: number): Block {
  const { node, swapped } = join;
  const labels = pairs.map((pair) => pair.labels);
  const drops = join.marksName ? new Uint8Array(pairs.length).fill(1) : undefined;
  const block = absentBlock(steps, labels, drops);
  const histograms: FloatHistogram[] = [];
  pairs.forEach(({ many, one }, i) => {
    const out = { values: block.values, words: block.words, at: i * steps, histograms };
    const [left, right] = swapped ? [one, many] : [many, one];
    mixedRows(node.op, node.bool ? "bool" : "left", left, right, out, steps, join);
  });
  return mergeRepeats(dropAbsentRows({ ...block, histograms: tableOf(histograms) }), "merge");
}

function compute(join: Join, pairs: readonly Pair[], steps: number): Block {
  const { node, swapped } = join;
  if (join.many.histograms !== undefined || join.one.histograms !== undefined || isTrim(node.op)) {
    return computeMixed(join, pairs, steps);
  }
  const { op } = node;
  const labels = pairs.map((pair) => pair.labels);
  const drops = join.marksName ? new Uint8Array(pairs.length).fill(1) : undefined;
  const block = absentBlock(steps, labels, drops);
  for (let i = 0; i < pairs.length; i++) {
    const pair = pairs[i]!;
    const left = swapped ? pair.one : pair.many;
    const right = swapped ? pair.many : pair.one;
    const out = { values: block.values, words: block.words, at: i * steps };
    if (isArithmetic(op)) arithmeticRows(op, left, right, out, steps);
    else if (isComparison(op)) comparisonRows(op, node.bool ? "bool" : "left", left, right, out, steps);
    else throw unsupported(op);
  }
  return mergeRepeats(dropAbsentRows(block), "merge");
}
