import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { alignSeries, nearestSeries, stackColumns, toggleShown } from "../../ui/query/graph_data.ts";

const RANGE = { startSeconds: 100, endSeconds: 130, stepSeconds: 10 };

Deno.test("points fall on their steps and what is missing is a gap", () => {
  const { timesSeconds, values } = alignSeries([
    { metric: { a: "1" }, values: [[100, "1"], [120, "3.5"]] },
    { metric: { a: "2" }, values: [[110, "NaN"], [130, "+Inf"]] },
  ], RANGE);
  deepStrictEqual(timesSeconds, [100, 110, 120, 130]);
  deepStrictEqual(values, [[1, null, 3.5, null], [null, null, null, null]]);
});

Deno.test("steps of fractions of a second do not drift", () => {
  const range = { startSeconds: 1_700_000_000.1, endSeconds: 1_700_000_001.1, stepSeconds: 0.1 };
  const points = Array.from({ length: 11 }, (_, i) => [1_700_000_000.1 + i * 0.1, String(i)] as const);
  const { values } = alignSeries([{ metric: {}, values: points }], range);
  deepStrictEqual(values[0], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

Deno.test("a stack adds what is shown below, a gap stays a gap, a hidden series takes no room", () => {
  const columns = [[1, 1, 1], [2, null, 2], [3, 3, 3]];
  deepStrictEqual(stackColumns(columns, [true, true, true]), [[1, 1, 1], [3, null, 3], [6, 4, 6]]);
  deepStrictEqual(stackColumns(columns, [false, true, true]), [[null, null, null], [2, null, 2], [5, 3, 5]]);
});

Deno.test("the tooltip tells of the nearest series that is shown", () => {
  const drawn = [[1, 5], [2, 6], [3, null]];
  strictEqual(nearestSeries(drawn, [true, true, true], { step: 0, y: 2.9 }), 2);
  strictEqual(nearestSeries(drawn, [true, true, false], { step: 0, y: 2.9 }), 1);
  strictEqual(nearestSeries(drawn, [false, false, true], { step: 1, y: 5 }), undefined);
});

Deno.test("a click isolates a series, another click on it brings all back, with Ctrl it hides one", () => {
  deepStrictEqual(toggleShown([true, true, true], 1, { onlyThis: true }), [false, true, false]);
  deepStrictEqual(toggleShown([false, true, false], 1, { onlyThis: true }), [true, true, true]);
  deepStrictEqual(toggleShown([false, true, false], 2, { onlyThis: true }), [false, false, true]);
  deepStrictEqual(toggleShown([true, true, true], 0, { onlyThis: false }), [false, true, true]);
});
