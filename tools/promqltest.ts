/**
 * Runs PromQL scripts (`load`, `eval`) against the engine and counts the evals that pass:
 * `deno run -A tools/promqltest.ts [--verbose] FILE…`. Ends with status 1 when any fails.
 */
import { runScript } from "../lib/promql/script/runner.ts";

const verbose = Deno.args.includes("--verbose");
const files = Deno.args.filter((arg) => !arg.startsWith("--"));
if (files.length === 0) {
  console.error("usage: deno run -A tools/promqltest.ts [--verbose] FILE…");
  Deno.exit(2);
}

const ports = {
  clock: { monotonicMs: () => performance.now() },
  yieldToLoop: () => new Promise<void>((resolve) => setTimeout(resolve, 0)),
};

let passed = 0;
let failed = 0;
for (const file of files) {
  try {
    const report = await runScript(await Deno.readTextFile(file), ports);
    passed += report.passed;
    failed += report.failures.length;
    console.log(`${file}: ${report.passed} passed, ${report.failures.length} failed`);
    if (!verbose) continue;
    for (const { line, query, reason } of report.failures) {
      console.log(`  ${file}:${line}: ${query}\n    ${reason}`);
    }
  } catch (error) {
    failed++;
    console.log(`${file}: ${error instanceof Error ? error.message : error}`);
  }
}
console.log(`${passed} passed, ${failed} failed`);
if (failed > 0) Deno.exit(1);
