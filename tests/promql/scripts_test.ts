import { deepStrictEqual } from "node:assert/strict";
import { runScript } from "../../lib/promql/script/runner.ts";
import { TestPorts } from "./ports.ts";

for (
  const name of [
    "selectors",
    "subqueries",
    "rates",
    "matching",
    "aggregations",
    "names",
    "functions",
    "histograms",
  ]
) {
  Deno.test(`the engine answers as scripts/${name}.test expects`, async () => {
    const text = await Deno.readTextFile(`${import.meta.dirname}/scripts/${name}.test`);
    const report = await runScript(text, new TestPorts());
    deepStrictEqual(report.failures, []);
  });
}
