/**
 * Narthex beside Prometheus on this machine, in one run: what scraping costs, what a series costs in memory, and
 * how long queries take. Needs Debian's `prometheus` and `prometheus-node-exporter`.
 *
 *   deno task bench [ingest] [memory] [restart] [queries] [--quick]
 */
import { measureIngest } from "./ingest.ts";
import { geometricMean, printTable } from "./measure.ts";
import { measureQueries } from "./queries.ts";
import { loadData } from "./query_data.ts";
import { measureRestart } from "./restart.ts";
import { launchNarthex, launchPrometheus } from "./servers.ts";

const LAUNCHES = [launchPrometheus, launchNarthex] as const;
const PARTS = ["ingest", "memory", "restart", "queries"] as const;

const quick = Deno.args.includes("--quick");
const asked = PARTS.filter((part) => Deno.args.includes(part));
const parts = asked.length === 0 ? PARTS : asked;
const directory = await Deno.makeTempDir({ prefix: "narthex-bench-" });
try {
  if (parts.includes("ingest")) await ingest();
  if (parts.includes("memory")) await memory();
  if (parts.includes("restart")) await restart();
  if (parts.includes("queries")) await queries();
} finally {
  await Deno.remove(directory, { recursive: true });
}

/** 100 targets every second: CPU time a sample, from the wire to the store. */
async function ingest(): Promise<void> {
  const options = {
    targetsCount: 100,
    intervalSeconds: 1,
    warmSeconds: quick ? 15 : 45,
    windowSeconds: quick ? 15 : 60,
  };
  const figures = await measureIngest(LAUNCHES, options, await fresh("ingest"));
  console.log(`\nIngest, ${options.targetsCount} targets every ${options.intervalSeconds} s`);
  printTable([
    ["server", "samples/s", "CPU µs/sample", "ratio", "resident MiB", "disk B/sample"],
    ...figures.map((one) => [
      one.server,
      one.samplesPerSecond.toFixed(0),
      one.cpuMicrosecondsPerSample.toFixed(3),
      (one.cpuMicrosecondsPerSample / figures[0]!.cpuMicrosecondsPerSample).toFixed(2),
      one.residentMiB.toFixed(0),
      one.diskBytesPerSample.toFixed(2),
    ]),
  ]);
}

/** 1,000 targets every 10 s: resident memory a series. */
async function memory(): Promise<void> {
  const options = {
    targetsCount: quick ? 200 : 1_000,
    intervalSeconds: 10,
    warmSeconds: quick ? 40 : 120,
    windowSeconds: 30,
  };
  const figures = await measureIngest(LAUNCHES, options, await fresh("memory"));
  console.log(`\nMemory, ${options.targetsCount} targets every ${options.intervalSeconds} s`);
  printTable([
    ["server", "resident MiB", "B/series", "ratio", "CPU µs/sample"],
    ...figures.map((one) => [
      one.server,
      one.residentMiB.toFixed(0),
      one.residentBytesPerSeries.toFixed(0),
      (one.residentBytesPerSeries / figures[0]!.residentBytesPerSeries).toFixed(2),
      one.cpuMicrosecondsPerSample.toFixed(3),
    ]),
  ]);
}

/** 1,000 targets every 10 s for two and a half minutes, then `kill -9`: seconds to the first answered query. */
async function restart(): Promise<void> {
  const options = {
    targetsCount: quick ? 200 : 1_000,
    intervalSeconds: 10,
    warmSeconds: quick ? 40 : 150,
    windowSeconds: 0,
  };
  const figures = await measureRestart(LAUNCHES, options, await fresh("restart"));
  console.log(`\nRestart after kill -9, ${options.targetsCount} targets every ${options.intervalSeconds} s`);
  printTable([
    ["server", "series", "seconds", "ratio"],
    ...figures.map((one) => [
      one.server,
      String(one.seriesCount),
      one.seconds.toFixed(2),
      (one.seconds / figures[0]!.seconds).toFixed(2),
    ]),
  ]);
}

async function queries(): Promise<void> {
  const where = await fresh("queries");
  const configPath = `${where}/empty.yml`;
  await Deno.writeTextFile(configPath, "global: {}\n");
  const servers = await Promise.all(LAUNCHES.map((launch) => launch({ directory: where, configPath })));
  try {
    const data = {
      endS: Math.floor(Date.now() / 60_000) * 60 - 60,
      hours: quick ? 1 : 6,
      stepS: 15,
      hostsCount: quick ? 20 : 100,
    };
    for (const server of servers) {
      const startMs = performance.now();
      const samples = await loadData(server.url, data);
      console.log(
        `${server.name}: ${samples} samples by remote write in ${
          ((performance.now() - startMs) / 1000).toFixed(1)
        } s`,
      );
    }
    const figures = await measureQueries(servers, { ...data, rounds: quick ? 3 : 5 });
    console.log(`\nQueries over ${data.hours} h of ${data.hostsCount} hosts, median ms`);
    printTable([
      ["query", ...servers.map(({ name }) => name), "times faster", "answer"],
      ...figures.map((one) => [
        (one.instant ? "instant " : "") + one.query.slice(0, 90),
        ...one.medianMs.map((ms) => ms.toFixed(1)),
        (one.medianMs[0]! / one.medianMs[1]!).toFixed(2),
        one.answers[1]!,
      ]),
    ]);
    for (const kind of [false, true]) {
      const ratios = figures.filter(({ instant }) => instant === kind).map(({ medianMs: [a, b] }) => a! / b!);
      console.log(
        `${kind ? "instant" : "range"} queries, geometric mean: ${
          geometricMean(ratios).toFixed(2)
        } times faster`,
      );
    }
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

async function fresh(name: string): Promise<string> {
  const path = `${directory}/${name}`;
  await Deno.mkdir(path);
  return path;
}
