/**
 * What scraping costs: CPU a sample, resident memory a series, bytes a sample on disk. Each server in turn scrapes
 * the same fleet; the other one is not running.
 */
import { bytesUnder, pause, usageOf } from "./measure.ts";
import { freePort, type Launch, type Server } from "./servers.ts";

export interface IngestOptions {
  readonly targetsCount: number;
  readonly intervalSeconds: number;
  readonly warmSeconds: number;
  readonly windowSeconds: number;
}

export interface IngestFigures {
  readonly server: string;
  readonly samplesPerSecond: number;
  readonly cpuMicrosecondsPerSample: number;
  readonly residentMiB: number;
  readonly residentBytesPerSeries: number;
  readonly diskBytesPerSample: number;
}

export async function measureIngest(
  launches: readonly Launch[],
  options: IngestOptions,
  directory: string,
): Promise<readonly IngestFigures[]> {
  const templates = await exporterBodies(directory);
  const figures: IngestFigures[] = [];
  for (const launch of launches) {
    await using fleet = await startFleet(options.targetsCount, templates);
    const configPath = `${directory}/fleet.yml`;
    await Deno.writeTextFile(configPath, fleetConfig(fleet.port, options));
    const server = await launch({ directory, configPath });
    try {
      figures.push(await measureOne(server, fleet.port, options));
    } finally {
      await server.stop();
    }
  }
  return figures;
}

async function measureOne(server: Server, fleetPort: number, options: IngestOptions): Promise<IngestFigures> {
  await pause(options.warmSeconds);
  const before = usageOf(server.pid);
  const servedBefore = await served(fleetPort);
  const startMs = performance.now();
  await pause(options.windowSeconds);
  const after = usageOf(server.pid);
  const servedAfter = await served(fleetPort);
  const samples = (servedAfter.scrapes - servedBefore.scrapes) * servedAfter.series;
  const samplesEver = servedAfter.scrapes * servedAfter.series;
  const seriesCount = options.targetsCount * servedAfter.series;
  return {
    server: server.name,
    samplesPerSecond: samples / ((performance.now() - startMs) / 1000),
    cpuMicrosecondsPerSample: ((after.cpuSeconds - before.cpuSeconds) * 1e6) / samples,
    residentMiB: after.residentMiB,
    residentBytesPerSeries: (after.residentMiB * 1024 * 1024) / seriesCount,
    diskBytesPerSample: bytesUnder(server.dataPath) / samplesEver,
  };
}

async function served(port: number): Promise<{ readonly scrapes: number; readonly series: number }> {
  return await (await fetch(`http://127.0.0.1:${port}/stats`)).json();
}

/** Two scrapes of a real node_exporter, five seconds apart. */
export async function exporterBodies(directory: string): Promise<readonly [string, string]> {
  const port = freePort();
  const exporter = new Deno.Command("prometheus-node-exporter", {
    args: [`--web.listen-address=127.0.0.1:${port}`],
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    const paths = [`${directory}/scrape_a.txt`, `${directory}/scrape_b.txt`] as const;
    await pause(1);
    for (const path of paths) {
      const response = await fetch(`http://127.0.0.1:${port}/metrics`);
      await Deno.writeTextFile(path, await response.text());
      await pause(5);
    }
    return paths;
  } finally {
    exporter.kill("SIGTERM");
    await exporter.status;
  }
}

export async function startFleet(targetsCount: number, templates: readonly [string, string]) {
  const port = freePort();
  const fleet = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      new URL("./fleet.ts", import.meta.url).pathname,
      String(port),
      String(targetsCount),
      ...templates,
    ],
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  while (!await served(port).then(() => true, () => false)) await pause(0.05);
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      fleet.kill("SIGTERM");
      await fleet.status;
    },
  };
}

export function fleetConfig(
  port: number,
  { targetsCount, intervalSeconds }: Pick<IngestOptions, "targetsCount" | "intervalSeconds">,
): string {
  const hosts = Array.from({ length: targetsCount }, (_, i) => `      - host-${i}`).join("\n");
  return `global:
  scrape_interval: ${intervalSeconds}s
  scrape_timeout: ${intervalSeconds}s
scrape_configs:
- job_name: fleet
  static_configs:
  - targets:
${hosts}
  relabel_configs:
  - source_labels: [__address__]
    regex: host-(.+)
    target_label: __metrics_path__
    replacement: /m/$1
  - source_labels: [__address__]
    target_label: instance
  - target_label: __address__
    replacement: 127.0.0.1:${port}
`;
}
