import { deepStrictEqual } from "node:assert/strict";
import { runScript } from "../../lib/promql/script/runner.ts";
import { TestPorts } from "../promql/ports.ts";
import { StoredSource } from "./stored_source.ts";

const OWN = new URL("../promql/scripts/", import.meta.url);
const SHARED = new URL("../../../shared/testdata/promqltest/", import.meta.url);

Deno.test("histograms that were stored, sealed and brought back after a crash evaluate as in memory", async () => {
  for (const name of ["rates"]) {
    const text = await Deno.readTextFile(new URL(`${name}.test`, OWN));
    const report = await runScript(text, new TestPorts(), new StoredSource());
    deepStrictEqual(report.failures, [], name);
  }
});

Deno.test("Prometheus's own script on native histograms passes over storage", async (test) => {
  let text: string;
  try {
    text = await Deno.readTextFile(new URL("native_histograms.test", SHARED));
  } catch {
    return void await test.step({ name: "skipped: no ../shared/testdata/promqltest", ignore: true, fn() {} });
  }
  const report = await runScript(text, new TestPorts(), new StoredSource());
  deepStrictEqual(report.failures, []);
});
