/** Nanoseconds a point to write a range answer as JSON: integers, short decimals, full doubles. */
import type { MatrixSeries } from "../lib/promql/result.ts";
import { writeResultJson } from "../lib/http/query_json.ts";

const SERIES = 200;
const POINTS = 1000;
const tMs = Float64Array.from({ length: POINTS }, (_, i) => 1_700_000_000_000 + i * 15_000);

function matrixOf(valueAt: (s: number, i: number) => number): readonly MatrixSeries[] {
  return Array.from({ length: SERIES }, (_, s) => ({
    labels: ["__name__", "http_requests_total", "instance", `host-${s}`, "job", "api"],
    tMs,
    values: Float64Array.from({ length: POINTS }, (_, i) => valueAt(s, i)),
  }));
}

const sets = {
  integers: matrixOf((s, i) => s * 1000 + i * 7),
  hundredths: matrixOf((s, i) => Math.round((s * 3.7 + i * 0.31) * 100) / 100),
  doubles: matrixOf((s, i) => Math.sin(s + i) * 1000),
};

for (const [name, series] of Object.entries(sets)) {
  const result = {
    value: { kind: "matrix" as const, series },
    warnings: [],
    infos: [],
    stats: { samplesTotal: 0, samplesRead: 0, samplesPeak: 0, prepareMs: 0, evalMs: 0 },
  };
  let best = Infinity;
  let bytes = 0;
  for (let run = 0; run < 8; run++) {
    const startMs = performance.now();
    bytes = 0;
    for (const chunk of writeResultJson(result, { warnings: [], stats: undefined, totalMs: 0 })) {
      bytes += chunk.length;
    }
    best = Math.min(best, performance.now() - startMs);
  }
  console.log(`${name}: ${(best * 1e6 / (SERIES * POINTS)).toFixed(1)} ns a point, ${bytes} bytes`);
}
