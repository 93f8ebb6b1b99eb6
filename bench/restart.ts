/**
 * How long a server that was killed hard takes to its first answered query, with a fleet's series in its head. Each
 * server in turn, on the data that it wrote itself.
 */
import { pause } from "./measure.ts";
import { exporterBodies, fleetConfig, type IngestOptions, startFleet } from "./ingest.ts";
import type { Launch } from "./servers.ts";

export interface RestartFigures {
  readonly server: string;
  readonly seriesCount: number;
  readonly seconds: number;
}

export async function measureRestart(
  launches: readonly Launch[],
  options: IngestOptions,
  directory: string,
): Promise<readonly RestartFigures[]> {
  const templates = await exporterBodies(directory);
  const figures: RestartFigures[] = [];
  for (const launch of launches) {
    await using fleet = await startFleet(options.targetsCount, templates);
    const configPath = `${directory}/fleet.yml`;
    await Deno.writeTextFile(configPath, fleetConfig(fleet.port, options));
    const first = await launch({ directory, configPath });
    await pause(options.warmSeconds);
    const seriesCount = await countSeries(first.url);
    await first.kill();
    const startMs = performance.now();
    const second = await launch({ directory, configPath });
    const answered = await countSeries(second.url);
    figures.push({ server: first.name, seriesCount, seconds: (performance.now() - startMs) / 1000 });
    if (answered < seriesCount * 0.9) {
      console.log(`${first.name}: only ${answered} of ${seriesCount} series came back`);
    }
    await second.stop();
  }
  return figures;
}

async function countSeries(url: string): Promise<number> {
  const params = new URLSearchParams({ query: 'count(last_over_time({job="fleet"}[5m]))' });
  for (;;) {
    const response = await fetch(`${url}/api/v1/query?${params}`);
    const text = await response.text();
    if (response.ok) return Number(JSON.parse(text).data.result[0]?.value[1] ?? 0);
    if (response.status !== 503) throw new Error(`${response.status} ${text}`);
    await pause(0.01);
  }
}
