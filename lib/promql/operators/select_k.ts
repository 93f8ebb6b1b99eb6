/** topk, bottomk, limitk: of each group at most k series a step, with their own labels. */
import { UserError } from "../../core/errors.ts";
import { formatFloatG } from "../../model/float.ts";
import { isAbsent } from "../../model/stale.ts";
import type { Aggregate } from "../ast.ts";
import type { Block, Blocks, StepGrid } from "../block.ts";
import type { Evaluator } from "../context.ts";
import { BestRows, compareBest } from "../kernels/choose_best.ts";
import type { Pacer } from "../pacer.ts";
import { sortedPaced } from "../sorted.ts";
import { withoutHistograms } from "./aggregate.ts";
import { collect, inPieces, inTurns, releaseBlock } from "./collect.ts";
import { eachTile, groupRows } from "./group_tiles.ts";
import { KeptCells } from "./kept_cells.ts";
import { pickRowsPaced, rowsBetweenTurns } from "./paced.ts";

export async function* selectK(evaluator: Evaluator, node: Aggregate, grid: StepGrid): Blocks {
  const { context } = evaluator;
  const { pacer } = context;
  const steps = grid.count;
  const ks = countsOf(await evaluator.scalar(node.param!, grid));
  const all = await collect(context, evaluator.vector(node.expr, grid), steps);
  const keepsAny = ks.some((k) => k >= 1);
  // As Prometheus: an ignored histogram is remarked on where the aggregation stands.
  const block = node.op === "limitk" || !keepsAny
    ? all
    : withoutHistograms(all, node.op, { annotations: context.annotations, pos: node.pos });
  const { rows } = await groupRows(context, node, block);
  const sign = node.op === "topk" ? 1 : -1;
  if (steps === 1) {
    const chosen = node.op === "limitk"
      ? await firstRows(pacer, block, rows, ks[0]!)
      : await bestRows(pacer, block, rows, ks[0]!, sign);
    releaseBlock(context, all);
    yield* inPieces(pacer, await pickRowsPaced(pacer, block, chosen));
    return;
  }
  const kept = new KeptCells(block);
  if (node.op === "limitk") await keepFirst(pacer, block, rows, ks, kept);
  else if (keepsAny) await keepBest(pacer, block, rows, ks, sign, kept);
  releaseBlock(context, all);
  yield* inTurns(pacer, kept.blocks());
}

const INT64_MAX = 2 ** 63;

function countsOf(params: Float64Array): Float64Array {
  return params.map((param) => {
    if (Number.isNaN(param)) throw new UserError("execution", "Parameter value is NaN");
    if (param >= INT64_MAX || param <= -INT64_MAX) {
      throw new UserError("execution", `Scalar value ${formatFloatG(param)} overflows int64`);
    }
    return Math.trunc(param);
  });
}

type Groups = readonly (readonly number[])[];

async function keepBest(
  pacer: Pacer,
  block: Block,
  groups: Groups,
  ks: Float64Array,
  sign: 1 | -1,
  kept: KeptCells,
): Promise<void> {
  const best = new BestRows();
  await eachTile(pacer, block, groups, (_, from, to, tile) => {
    for (let s = from; s < to; s++) {
      if (ks[s]! < 1) continue;
      const at = (s - from) * tile.stride;
      best.choose(sign, tile, at, at + tile.counts[s - from]!, ks[s]!);
      for (let i = 0; i < best.count; i++) kept.keep(best.rows[i]!, s);
    }
  });
}

/** At one step, in order: group by group, the best first. */
async function bestRows(
  pacer: Pacer,
  block: Block,
  groups: Groups,
  k: number,
  sign: 1 | -1,
): Promise<readonly number[]> {
  const chosen: number[] = [];
  if (k < 1) return chosen;
  const { values } = block;
  const best = new BestRows();
  const parts: number[][] = [];
  await eachTile(pacer, block, groups, (_, _from, _to, tile) => {
    best.choose(sign, tile, 0, tile.counts[0]!, k);
    parts.push(Array.from(best.rows.subarray(0, best.count)));
  });
  for (const part of parts) {
    const ordered = await sortedPaced(
      pacer,
      part,
      (a, b) => compareBest(sign, values[a]!, values[b]!) || a - b,
    );
    for (const row of ordered) chosen.push(row);
  }
  return chosen;
}

/** limitk takes what comes first. */
async function keepFirst(
  pacer: Pacer,
  { words, steps }: Block,
  groups: Groups,
  ks: Float64Array,
  kept: KeptCells,
): Promise<void> {
  const counts = new Int32Array(steps);
  for (const members of groups) {
    counts.fill(0);
    await pacer.rows(members.length, (m) => {
      const row = members[m]!;
      for (let s = 0; s < steps; s++) {
        if (counts[s]! >= ks[s]! || isAbsent(words, row * steps + s)) continue;
        counts[s]!++;
        kept.keep(row, s);
      }
    }, rowsBetweenTurns(steps));
    const turn = pacer.turn();
    if (turn !== undefined) await turn;
  }
}

async function firstRows(
  pacer: Pacer,
  { words }: Block,
  groups: Groups,
  k: number,
): Promise<readonly number[]> {
  const chosen: number[] = [];
  for (const members of groups) {
    let count = 0;
    for (let m = 0; m < members.length && count < k; m++) {
      if (isAbsent(words, members[m]!)) continue;
      chosen.push(members[m]!);
      count++;
    }
    const turn = pacer.turn();
    if (turn !== undefined) await turn;
  }
  return chosen;
}
