/** Prometheus's own scripts: how many of their evals pass. The counts may only rise. */
import { ok } from "node:assert/strict";
import { runScript } from "../../lib/promql/script/runner.ts";
import { TestPorts } from "./ports.ts";

const FOLDER = `${import.meta.dirname}/../../../shared/testdata/promqltest`;

const FLOORS: Readonly<Record<string, number>> = {
  "aggregators.test": 160,
  "at_modifier.test": 78,
  "collision.test": 2,
  "duration_expression.test": 59,
  "extended_vectors.test": 169,
  "fill-modifier.test": 46,
  "functions.test": 431,
  "histograms.test": 185,
  "info.test": 53,
  "limit.test": 37,
  "literals.test": 25,
  "native_histograms.test": 522,
  "operators.test": 214,
  "range_queries.test": 18,
  "staleness.test": 17,
  "start_timestamps.test": 26,
  "type_and_unit.test": 58,
};

function isPresent(): boolean {
  try {
    return Deno.statSync(FOLDER).isDirectory;
  } catch {
    return false;
  }
}

const present = isPresent();

for (const [file, floor] of Object.entries(FLOORS)) {
  Deno.test({
    name: `at least ${floor} evals of Prometheus's ${file} pass${
      present ? "" : " (skipped: no shared test data)"
    }`,
    ignore: !present,
    fn: async () => {
      const report = await runScript(await Deno.readTextFile(`${FOLDER}/${file}`), new TestPorts());
      ok(report.passed >= floor, `${report.passed} passed`);
    },
  });
}
