/**
 * What a sample takes on disk: the same data by remote write to each server in turn, then a while for sealing and
 * merging, then a clean end. Prometheus and VictoriaMetrics keep a part of it in logs and small parts for hours, as
 * they do in use; what is in their blocks alone stands beside it.
 */
import { bytesUnder, pause } from "./measure.ts";
import { type DataOptions, loadData } from "./query_data.ts";
import type { Launch, Server } from "./servers.ts";

export interface DiskFigures {
  readonly server: string;
  readonly samplesCount: number;
  readonly bytesPerSample: number;
  /** Of sealed pages, or of blocks: undefined where the server does not tell them apart. */
  readonly sealedBytesPerSample: number | undefined;
}

export async function measureDisk(
  launches: readonly Launch[],
  data: DataOptions,
  restSeconds: number,
  directory: string,
): Promise<readonly DiskFigures[]> {
  const configPath = `${directory}/empty.yml`;
  await Deno.writeTextFile(configPath, "global: {}\n");
  const figures: DiskFigures[] = [];
  for (const launch of launches) {
    const server = await launch({ directory, configPath });
    const samplesCount = await loadData(server.url, data);
    if (server.name === "victoria-metrics") await flush(server);
    await pause(restSeconds);
    const sealed = await sealedBytes(server);
    await server.stop();
    figures.push({
      server: server.name,
      samplesCount,
      bytesPerSample: bytesUnder(server.dataPath) / samplesCount,
      sealedBytesPerSample: sealed === undefined ? undefined : sealed / samplesCount,
    });
  }
  return figures;
}

async function flush({ url }: Server): Promise<void> {
  for (const path of ["/internal/force_flush", "/internal/force_merge"]) {
    const response = await fetch(url + path);
    await response.body?.cancel();
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
  }
}

async function sealedBytes({ name, url }: Server): Promise<number | undefined> {
  if (name === "victoria-metrics") return undefined;
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^prometheus_tsdb_storage_blocks_bytes (\S+)$/m.exec(text)?.[1]);
}
