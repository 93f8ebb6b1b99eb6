/** label_replace and label_join: the same values under other labels. */
import { UserError } from "../../core/errors.ts";
import { type Labels, labelValue, METRIC_NAME, withLabel } from "../../model/labels.ts";
import { compileAnchored, type Regex } from "../../model/regex.ts";
import type { Call } from "../ast.ts";
import { type Blocks, relabelled, type StepGrid } from "../block.ts";
import type { Evaluator } from "../context.ts";
import { distinct } from "../operators/collect.ts";

/** UTF-8 names are allowed: anything that is text. */
function isLabelName(name: string): boolean {
  return name !== "" && name.isWellFormed() && !name.includes("\ufffd");
}

export async function* labelReplace(evaluator: Evaluator, call: Call, grid: StepGrid): Blocks {
  const [destination, replacement, source, pattern] = call.args.slice(1).map((arg) => evaluator.string(arg));
  let regex: Regex;
  try {
    regex = compileAnchored(pattern!);
  } catch (error) {
    throw new UserError("execution", `invalid regular expression in label_replace(): ${pattern}`, {
      cause: error,
    });
  }
  if (!isLabelName(destination!)) {
    throw new UserError("execution", `invalid destination label name in label_replace(): ${destination}`);
  }
  yield* relabel(evaluator, call, grid, destination!, (labels) => {
    const value = regex.expand(labelValue(labels, source!), replacement!);
    return value === undefined ? undefined : withLabel(labels, destination!, value);
  });
}

export async function* labelJoin(evaluator: Evaluator, call: Call, grid: StepGrid): Blocks {
  const [destination, separator, ...sources] = call.args.slice(1).map((arg) => evaluator.string(arg));
  for (const source of sources) {
    if (!isLabelName(source)) {
      throw new UserError("execution", `invalid source label name in label_join(): ${source}`);
    }
  }
  if (!isLabelName(destination!)) {
    throw new UserError("execution", `invalid destination label name in label_join(): ${destination}`);
  }
  yield* relabel(evaluator, call, grid, destination!, (labels) => {
    const value = sources.map((source) => labelValue(labels, source)).join(separator);
    return withLabel(labels, destination!, value);
  });
}

function relabel(
  evaluator: Evaluator,
  call: Call,
  grid: StepGrid,
  destination: string,
  change: (labels: Labels) => Labels | undefined,
): Blocks {
  return distinct(
    evaluator.context,
    relabelEach(evaluator.vector(call.args[0]!, grid), destination, change),
    grid.count,
    "merge",
  );
}

async function* relabelEach(
  blocks: Blocks,
  destination: string,
  change: (labels: Labels) => Labels | undefined,
): Blocks {
  for await (const block of blocks) {
    const drops = block.dropsName?.slice();
    const labels = block.labels.map((before, row) => {
      const after = change(before);
      if (after === undefined) return before;
      // A name that was just written is no longer one to be dropped.
      if (destination === METRIC_NAME && drops !== undefined) drops[row] = 0;
      return after;
    });
    yield relabelled(block, labels, drops);
  }
}
