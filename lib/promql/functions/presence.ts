/** Whether there is anything at all: absent, absent_over_time; and scalar. */
import { type Labels, labelsOf, METRIC_NAME } from "../../model/labels.ts";
import { isHistogram } from "../../model/histogram_cell.ts";
import { isAbsent } from "../../model/stale.ts";
import type { Call, Expr } from "../ast.ts";
import { absentBlock, type Blocks, dropAbsentRows, type StepGrid } from "../block.ts";
import type { Evaluator } from "../context.ts";
import { unwrapParens } from "../invariant.ts";
import { rangeCall } from "../operators/ranges.ts";
import { RANGE_FUNCTIONS } from "./range.ts";

export function absent(evaluator: Evaluator, call: Call, grid: StepGrid): Blocks {
  const arg = call.args[0]!;
  return absence(evaluator.vector(arg, grid), labelsOfAbsent(arg), grid);
}

export function absentOverTime(evaluator: Evaluator, call: Call, grid: StepGrid): Blocks {
  const arg = call.args[0]!;
  const present = RANGE_FUNCTIONS.get("present_over_time")!;
  return absence(rangeCall(evaluator, present, arg, [], grid), labelsOfAbsent(arg), grid);
}

/** One series: 1 at each step at which no block has a value. */
async function* absence(blocks: Blocks, labels: Labels, grid: StepGrid): Blocks {
  const steps = grid.count;
  const seen = new Uint8Array(steps);
  for await (const block of blocks) {
    for (let i = 0; i < block.labels.length; i++) {
      for (let s = 0; s < steps; s++) if (!isAbsent(block.words, i * steps + s)) seen[s] = 1;
    }
  }
  const out = absentBlock(steps, [labels]);
  for (let s = 0; s < steps; s++) if (seen[s] === 0) out.values[s] = 1;
  yield dropAbsentRows(out);
}

/** The labels that the selector's `=` matchers fix: by one of them, and no other matcher after it. */
function labelsOfAbsent(arg: Expr): Labels {
  const bare = unwrapParens(arg);
  const selector = bare.kind === "matrix" ? bare.selector : bare;
  if (selector.kind !== "selector") return [];
  const fixed = new Map<string, string>();
  const named = new Set<string>();
  for (const matcher of selector.matchers) {
    if (matcher.name === METRIC_NAME) continue;
    if (matcher.op === "=" && !named.has(matcher.name)) {
      fixed.set(matcher.name, matcher.value);
      named.add(matcher.name);
    } else fixed.delete(matcher.name);
  }
  return labelsOf(fixed);
}

/** The value of the only series at each step, else NaN. */
export async function scalarOf(evaluator: Evaluator, call: Call, grid: StepGrid): Promise<Float64Array> {
  const steps = grid.count;
  const counts = new Uint32Array(steps);
  const out = new Float64Array(steps).fill(NaN);
  for await (const block of evaluator.vector(call.args[0]!, grid)) {
    for (let i = 0; i < block.labels.length; i++) {
      for (let s = 0; s < steps; s++) {
        if (isAbsent(block.words, i * steps + s) || isHistogram(block.words, i * steps + s)) continue;
        counts[s]!++;
        out[s] = block.values[i * steps + s]!;
      }
    }
  }
  for (let s = 0; s < steps; s++) if (counts[s] !== 1) out[s] = NaN;
  return out;
}
