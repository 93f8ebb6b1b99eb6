/** sort and its kin. They order the result of an instant query; that of a range query is ordered by labels. */
import { compareLabels, labelValue } from "../../model/labels.ts";
import type { Call } from "../ast.ts";
import { type Block, type Blocks, floatsOnly, type StepGrid } from "../block.ts";
import type { Evaluator } from "../context.ts";
import { collect, inPieces, releaseBlock } from "../operators/collect.ts";
import { pickRowsPaced } from "../operators/paced.ts";
import { sortedPaced } from "../sorted.ts";

type RowOrder = (block: Block, a: number, b: number) => number;

async function* ordered(
  evaluator: Evaluator,
  call: Call,
  grid: StepGrid,
  order: RowOrder,
  keeps: "floats" | "all",
): Blocks {
  const { context } = evaluator;
  if (context.stepMs > 0) {
    context.annotations.warn(
      "sort is ineffective for range queries since results are always ordered by labels",
      call.pos,
    );
  }
  if (grid.count > 1) {
    for await (const block of evaluator.vector(call.args[0]!, grid)) {
      yield keeps === "all" ? block : floatsOnly(block);
    }
    return;
  }
  const all = await collect(context, evaluator.vector(call.args[0]!, grid), grid.count);
  const block = keeps === "all" ? all : floatsOnly(all);
  const rows = Array.from(block.labels, (_, row) => row);
  const sorted = await sortedPaced(context.pacer, rows, (a, b) => order(block, a, b) || a - b);
  releaseBlock(context, all);
  yield* inPieces(context.pacer, await pickRowsPaced(context.pacer, block, sorted));
}

/** NaN last both ways. */
function byValue(block: Block, a: number, b: number, sign: number): number {
  const x = block.values[a]!;
  const y = block.values[b]!;
  if (x !== x) return y !== y ? 0 : 1;
  if (y !== y) return -1;
  return x === y ? 0 : x < y ? -sign : sign;
}

export function sort(evaluator: Evaluator, call: Call, grid: StepGrid): Blocks {
  return ordered(evaluator, call, grid, (block, a, b) => byValue(block, a, b, 1), "floats");
}

export function sortDescending(evaluator: Evaluator, call: Call, grid: StepGrid): Blocks {
  return ordered(evaluator, call, grid, (block, a, b) => byValue(block, a, b, -1), "floats");
}

export function sortByLabel(evaluator: Evaluator, call: Call, grid: StepGrid): Blocks {
  return ordered(evaluator, call, grid, byLabels(evaluator, call, 1), "all");
}

export function sortByLabelDescending(evaluator: Evaluator, call: Call, grid: StepGrid): Blocks {
  return ordered(evaluator, call, grid, byLabels(evaluator, call, -1), "all");
}

function byLabels(evaluator: Evaluator, call: Call, sign: number): RowOrder {
  const names = call.args.slice(1).map((arg) => evaluator.string(arg));
  return (block, a, b) => {
    const x = block.labels[a]!;
    const y = block.labels[b]!;
    for (const name of names) {
      const order = compareNaturally(labelValue(x, name), labelValue(y, name));
      if (order !== 0) return sign * order;
    }
    return sign * compareLabels(x, y);
  };
}

const CHUNKS = /[0-9]+|[^0-9]+/g;

/** Runs of digits compare as numbers, the rest as text: `cpu2` before `cpu10`. */
export function compareNaturally(a: string, b: string): number {
  if (a === b) return 0;
  const x = a.match(CHUNKS) ?? [];
  const y = b.match(CHUNKS) ?? [];
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const left = x[i]!;
    const right = y[i]!;
    if (left === right) continue;
    if (isDigits(left) && isDigits(right)) {
      const order = compareDigits(left, right);
      if (order !== 0) return order;
    }
    return left < right ? -1 : 1;
  }
  return x.length - y.length || (a < b ? -1 : 1);
}

function isDigits(text: string): boolean {
  const code = text.charCodeAt(0);
  return code >= 48 && code <= 57;
}

function compareDigits(a: string, b: string): number {
  const x = a.replace(/^0+/, "");
  const y = b.replace(/^0+/, "");
  if (x.length !== y.length) return x.length - y.length;
  return x === y ? 0 : x < y ? -1 : 1;
}
