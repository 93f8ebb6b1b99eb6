/** Functions that give a scalar: a value a step. */
import { UserError } from "../../core/errors.ts";
import type { Call } from "../ast.ts";
import type { StepGrid } from "../block.ts";
import type { Evaluator } from "../context.ts";
import { goMax, goMin } from "./math.ts";
import { scalarOf } from "./presence.ts";

export async function scalarCall(evaluator: Evaluator, call: Call, grid: StepGrid): Promise<Float64Array> {
  const { context } = evaluator;
  switch (call.name) {
    case "time": {
      const out = new Float64Array(grid.count);
      for (let s = 0; s < grid.count; s++) out[s] = (grid.startMs + s * grid.stepMs) / 1000;
      return out;
    }
    case "pi":
      return constant(grid, Math.PI);
    case "start":
      return constant(grid, context.startMs / 1000);
    case "end":
      return constant(grid, context.endMs / 1000);
    case "step":
      return constant(grid, context.stepMs / 1000);
    case "range":
      return constant(grid, (context.endMs - context.startMs) / 1000);
    case "scalar":
      return await scalarOf(evaluator, call, grid);
    case "min_of":
      return await pairwise(evaluator, call, grid, goMin);
    case "max_of":
      return await pairwise(evaluator, call, grid, goMax);
    default:
      throw new UserError("execution", `function ${JSON.stringify(call.name)} is not supported yet`);
  }
}

function constant(grid: StepGrid, value: number): Float64Array {
  return new Float64Array(grid.count).fill(value);
}

async function pairwise(
  evaluator: Evaluator,
  call: Call,
  grid: StepGrid,
  fn: (a: number, b: number) => number,
): Promise<Float64Array> {
  const a = await evaluator.scalar(call.args[0]!, grid);
  const b = await evaluator.scalar(call.args[1]!, grid);
  return a.map((value, s) => fn(value, b[s]!));
}
