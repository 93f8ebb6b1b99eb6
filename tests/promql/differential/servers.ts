/** Prometheus and Narthex side by side on the same series, for as long as `use` takes. */
import { createRng } from "../../../lib/core/rng.ts";
import { startNarthex, startPrometheus } from "../../e2e/processes.ts";
import { loadSeries, type Pair } from "./ask.ts";
import { differentialData } from "./data.ts";

/** The series lie years back: neither server may throw them away. */
const FLAGS = ["--web.enable-remote-write-receiver", "--storage.tsdb.retention.time=100y"];

/** `flags` are for both. */
export async function withServers<T>(
  seed: number,
  use: (pair: Pair) => Promise<T>,
  flags: readonly string[] = [],
): Promise<T> {
  const directory = await Deno.makeTempDir();
  try {
    const configPath = `${directory}/prometheus.yml`;
    await Deno.writeTextFile(configPath, "global:\n  scrape_interval: 15s\n  evaluation_interval: 1m\n");
    await using prometheus = await startPrometheus({
      dataPath: `${directory}/prometheus`,
      configPath,
      flags: [...FLAGS, ...flags],
    });
    await using narthex = await startNarthex({
      dataPath: `${directory}/narthex`,
      configPath,
      flags: [...FLAGS, ...flags, "--enable-feature=promql-experimental-functions"],
    });
    const data = differentialData(createRng(seed));
    await Promise.all([loadSeries(prometheus.url, data), loadSeries(narthex.url, data)]);
    return await use({ prometheusUrl: prometheus.url, narthexUrl: narthex.url });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
