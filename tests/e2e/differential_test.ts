import assert from "node:assert/strict";
import { describe, runDifferential, summaryText } from "../promql/differential/run.ts";
import { withServers } from "../promql/differential/servers.ts";
import { hasPeer } from "./processes.ts";

const SEED = 11;
/** A few seconds; `bench/differential.ts` asks as many as one likes. */
const QUERIES = 600;
/** Else the generator asks for nothing. */
const SHARE_WITH_VALUES_MIN = 0.5;

const missing = !hasPeer("prometheus");

Deno.test({
  name: `${QUERIES} random queries: the same answers and the same refusals as Prometheus` +
    (missing ? " (skipped: prometheus is not installed)" : ""),
  ignore: missing,
  async fn() {
    const summary = await withServers(
      SEED,
      (pair) => runDifferential(pair, { seed: SEED, queries: QUERIES }),
    );
    assert.equal(summary.asked, QUERIES);
    assert.ok(summary.withValues > QUERIES * SHARE_WITH_VALUES_MIN, summaryText(summary));
    assert.ok(summary.failed > 0, summaryText(summary));
    assert.equal(summary.unexplained.length, 0, summary.unexplained.map(describe).join("\n"));
  },
});
