/**
 * Narthex beside Prometheus on this machine, in one run: what scraping costs, what a series costs in memory, what
 * rules cost, how long queries take and how that grows. Queries stand beside VictoriaMetrics, too. Needs Debian's
 * `prometheus`, `prometheus-node-exporter` and `victoria-metrics`.
 *
 *   deno task bench [ingest] [memory] [restart] [rules] [queries] [scale] [stalls] [disk] [churn] [--quick]
 */
import { measureChurn } from "./churn.ts";
import { measureDisk } from "./disk.ts";
import { measureIngest } from "./ingest.ts";
import { geometricMean, printTable } from "./measure.ts";
import { measureQueries } from "./queries.ts";
import { loadData } from "./query_data.ts";
import { measureRestart } from "./restart.ts";
import { measureRules } from "./rules.ts";
import { measureScale } from "./scale.ts";
import { launchNarthex, launchPrometheus, launchVictoriaMetrics } from "./servers.ts";
import { measureStalls } from "./stalls.ts";

const LAUNCHES = [launchPrometheus, launchNarthex] as const;
const PARTS = [
  "ingest",
  "memory",
  "restart",
  "rules",
  "queries",
  "scale",
  "stalls",
  "disk",
  "churn",
] as const;

const quick = Deno.args.includes("--quick");
const asked = PARTS.filter((part) => Deno.args.includes(part));
const parts = asked.length === 0 ? PARTS : asked;
const directory = await Deno.makeTempDir({ prefix: "narthex-bench-" });
try {
  if (parts.includes("ingest")) await ingest();
  if (parts.includes("memory")) await memory();
  if (parts.includes("restart")) await restart();
  if (parts.includes("rules")) await rules();
  if (parts.includes("queries")) await queries();
  if (parts.includes("scale")) await scale();
  if (parts.includes("stalls")) await stalls();
  if (parts.includes("disk")) await disk();
  if (parts.includes("churn")) await churn();
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

/** 14,400 series over 6 h by remote write: bytes a sample. */
async function disk(): Promise<void> {
  const data = {
    endS: Math.floor(Date.now() / 60_000) * 60 - 60,
    hours: 6,
    stepS: 15,
    hostsCount: quick ? 20 : 100,
  };
  const launches = [...LAUNCHES, launchVictoriaMetrics];
  const figures = await measureDisk(launches, data, quick ? 45 : 90, await fresh("disk"));
  console.log(`\nDisk, ${data.hostsCount} hosts over ${data.hours} h`);
  printTable([
    ["server", "samples", "B/sample", "ratio", "sealed B/sample"],
    ...figures.map((one) => [
      one.server,
      String(one.samplesCount),
      one.bytesPerSample.toFixed(2),
      (one.bytesPerSample / figures[0]!.bytesPerSample).toFixed(2),
      one.sealedBytesPerSample?.toFixed(2) ?? "",
    ]),
  ]);
}

/** Narthex alone, a tenth of the series replaced every period: resident memory over time. */
async function churn(): Promise<void> {
  const options = {
    hostsCount: quick ? 20 : 100,
    periodsCount: quick ? 48 : 60,
    rowsAPeriod: 40,
    replacedShare: 0.1,
    retentionPeriods: 8,
  };
  const figures = await measureChurn(launchNarthex, options, await fresh("churn"));
  console.log(`\nChurn, ${figures.seriesCount} series, a tenth replaced each period`);
  printTable([
    ["period", "series", "cohorts", "resident MiB", "store MiB"],
    ...figures.points.map((one) => [
      String(one.period),
      String(one.headSeries),
      String(one.cohorts),
      one.residentMiB.toFixed(0),
      one.storeMiB.toFixed(0),
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

/** 1,000 groups of ten rules every 15 s over 20 targets: CPU time an evaluation of one rule. */
async function rules(): Promise<void> {
  const options = {
    groupsCount: quick ? 100 : 1_000,
    targetsCount: 20,
    intervalSeconds: 15,
    warmRounds: quick ? 2 : 3,
    windowRounds: quick ? 2 : 3,
  };
  const figures = await measureRules(LAUNCHES, options, await fresh("rules"));
  console.log(`\nRules, ${options.groupsCount} groups of ten every ${options.intervalSeconds} s`);
  printTable([
    [
      "server",
      "evaluations",
      "CPU s without",
      "CPU s with",
      "CPU µs/evaluation",
      "ratio",
      "missed",
      "failed",
      "series",
      "resident MiB",
    ],
    ...figures.map((one) => [
      one.server,
      String(one.evaluations),
      one.idleCpuSeconds.toFixed(2),
      one.busyCpuSeconds.toFixed(2),
      one.cpuMicrosecondsPerEvaluation.toFixed(1),
      (one.cpuMicrosecondsPerEvaluation / figures[0]!.cpuMicrosecondsPerEvaluation).toFixed(2),
      String(one.missed),
      String(one.failed),
      String(one.series),
      one.residentMiB.toFixed(0),
    ]),
  ]);
}

async function queries(): Promise<void> {
  const where = await fresh("queries");
  const configPath = `${where}/empty.yml`;
  await Deno.writeTextFile(configPath, "global: {}\n");
  const servers = await Promise.all(
    [...LAUNCHES, launchVictoriaMetrics].map((launch) => launch({ directory: where, configPath })),
  );
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
      [
        "query",
        ...servers.map(({ name }) => name),
        ...servers.slice(1).map(({ name }) => `${name} ×`),
        "answer",
      ],
      ...figures.map((one) => [
        (one.instant ? "instant " : "") + one.query.slice(0, 90),
        ...one.medianMs.map((ms) => ms.toFixed(1)),
        ...one.medianMs.slice(1).map((ms) => (one.medianMs[0]! / ms).toFixed(2)),
        one.answers[1]!,
      ]),
    ]);
    for (const kind of [false, true]) {
      const asked = figures.filter(({ instant }) => instant === kind);
      const means = servers.slice(1).map(({ name }, index) =>
        `${name} ${
          geometricMean(asked.map(({ medianMs }) => medianMs[0]! / medianMs[index + 1]!)).toFixed(2)
        }`
      );
      console.log(`${kind ? "instant" : "range"} queries, times faster, geometric mean: ${means.join(", ")}`);
    }
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

/** Ten times the series, and ten times the days: how much longer the same question takes, and what it holds. */
async function scale(): Promise<void> {
  const options = { hostsCount: quick ? 10 : 100, days: quick ? 0.3 : 3, rounds: 3 };
  const where = await fresh("scale");
  const configPath = `${where}/empty.yml`;
  await Deno.writeTextFile(configPath, "global: {}\n");
  const figures = await measureScale(LAUNCHES, { directory: where, configPath }, options);
  console.log("\nTen times the series (hosts) and ten times the range (days): median ms, and the growth");
  printTable([
    [
      "query",
      "what grows",
      ...figures.names.flatMap((name) => [name, "at 10×", "growth"]),
      "narthex peak MiB",
      "at 10×",
    ],
    ...figures.rows.map(({ query, grows, ms, peakMiB }) => [
      query,
      grows,
      ...ms.flatMap(([one, ten]) => [one.toFixed(1), ten.toFixed(1), (ten / one).toFixed(1)]),
      ...peakMiB.map((mib) => mib.toFixed(0)),
    ]),
  ]);
}

/** Narthex alone, 14,400 series over two hours: how long each of the heaviest questions holds the event loop. */
async function stalls(): Promise<void> {
  const where = await fresh("stalls");
  const configPath = `${where}/empty.yml`;
  await Deno.writeTextFile(configPath, "global: {}\n");
  const server = await launchNarthex({ directory: where, configPath });
  try {
    const data = {
      endS: Math.floor(Date.now() / 60_000) * 60 - 60,
      hours: quick ? 1 : 2,
      stepS: 15,
      hostsCount: quick ? 20 : 100,
    };
    await loadData(server.url, data);
    console.log(`\nStalls of the event loop, ${data.hours} h of ${data.hostsCount} hosts`);
    await measureStalls(server.url, { ...data, rounds: quick ? 2 : 3 });
  } finally {
    await server.stop();
  }
}

async function fresh(name: string): Promise<string> {
  const path = `${directory}/${name}`;
  await Deno.mkdir(path);
  return path;
}
