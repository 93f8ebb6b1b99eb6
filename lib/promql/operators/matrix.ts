/** A range vector as the result of an instant query: the samples of one window, series by series. */
import { wordsOf } from "../../model/stale.ts";
import { withoutName } from "../block.ts";
import type { Expr } from "../ast.ts";
import type { StepGrid } from "../block.ts";
import type { Evaluator } from "../context.ts";
import { compactCells } from "../kernels/cells.ts";
import { cellsWeight } from "../histogram_weight.ts";
import { compactColumn } from "../kernels/windows.ts";
import type { MatrixSeries } from "../result.ts";
import { dropsNameOf, rangeInput } from "./ranges.ts";

export async function matrixOf(
  evaluator: Evaluator,
  expr: Expr,
  grid: StepGrid,
): Promise<readonly MatrixSeries[]> {
  const { budget, pacer, samples } = evaluator.context;
  const input = rangeInput(evaluator, expr, grid);
  const endMs = input.endMs[0]!;
  const startMs = endMs - input.rangeMs;
  const out: MatrixSeries[] = [];
  let weight = 0;
  for await (const group of input.groups) {
    let from = 0;
    while (from < group.tMs.length && group.tMs[from]! <= startMs) from++;
    let to = from;
    while (to < group.tMs.length && group.tMs[to]! <= endMs) to++;
    if (from === to) continue;
    const drops = dropsNameOf(group);
    const tMs = group.tMs.subarray(from, to);
    for (let i = 0; i < group.series.length; i++) {
      const column = group.columns[i]!.subarray(from, to);
      const t = new Float64Array(tMs.length);
      const values = new Float64Array(tMs.length);
      const words = wordsOf(column);
      const count = group.histograms === undefined
        ? compactColumn(tMs, column, words, t, values)
        : compactCells(tMs, words, t, wordsOf(values));
      if (count === 0) continue;
      weight += cellsWeight(wordsOf(values), count, group.histograms);
      budget.hold(count);
      const labels = group.series[i]!;
      out.push({
        labels: drops !== undefined && drops[i] !== 0 ? withoutName(labels) : labels,
        tMs: t.subarray(0, count),
        values: values.subarray(0, count),
        histograms: group.histograms,
      });
    }
    const turn = pacer.turn();
    if (turn !== undefined) await turn;
  }
  // As Prometheus: of a subquery that is the result itself, what it looked at on its way counts.
  const { inner } = input;
  samples.addAtOnce(inner?.counts.total ?? weight, inner?.counts.read ?? weight);
  return out;
}
