/**
 * How a query's cost grows: the same question over a tenth of the series and over all, and over a tenth of the days
 * and over all. The peak is the resident memory that Narthex reaches during a question.
 */
import { median } from "./measure.ts";
import { loadData } from "./query_data.ts";
import type { Launch, LaunchOptions, Server } from "./servers.ts";

export interface ScaleOptions {
  /** A tenth of what the larger question covers. */
  readonly hostsCount: number;
  readonly days: number;
  readonly rounds: number;
}

export interface ScaleRow {
  readonly query: string;
  readonly grows: "hosts" | "days";
  /** Of each server: at one and at ten. */
  readonly ms: readonly (readonly [number, number])[];
  readonly peakMiB: readonly [number, number];
}

export interface ScaleFigures {
  readonly names: readonly string[];
  readonly rows: readonly ScaleRow[];
}

interface Question {
  readonly query: string;
  readonly hours: number;
  readonly stepS: number;
}

const METRIC = "node_cpu_seconds_total";
const TIMES = 10;
/** Of a range over days: what a dashboard a thousand pixels wide asks for. */
const POINTS = 720;
const HOSTS_OF_DAYS = 10;
const HOURS_OF_HOSTS = 1;
const RETENTION_DAYS = 60;

/** MATCH stands for what chooses the hosts, WINDOW for a range of some steps. */
const QUERIES = [
  `sum by (mode) (rate(${METRIC}MATCH[WINDOW]))`,
  `max_over_time(${METRIC}MATCH[WINDOW])`,
  `topk(5, sum by (instance) (rate(${METRIC}MATCH[WINDOW])))`,
  `quantile by (mode) (0.9, ${METRIC}MATCH)`,
  `sum by (instance) (${METRIC}MATCH) / on (instance) count by (instance) (${METRIC}MATCH)`,
];

export async function measureScale(
  launches: readonly Launch[],
  launchOptions: LaunchOptions,
  { hostsCount, days, rounds }: ScaleOptions,
): Promise<ScaleFigures> {
  const endS = Math.floor(Date.now() / 60_000) * 60 - 60;
  const rows: ScaleRow[] = [];
  let names: readonly string[] = [];

  const measure = async (
    grows: "hosts" | "days",
    data: { hostsCount: number; hours: number; stepS: number },
    questionsOf: (query: string) => readonly [Question, Question],
  ) => {
    const directory = `${launchOptions.directory}/${grows}`;
    await Deno.mkdir(directory);
    const servers = await Promise.all(
      launches.map((launch) => launch({ ...launchOptions, directory, retentionDays: RETENTION_DAYS })),
    );
    names = servers.map(({ name }) => name);
    try {
      for (const server of servers) await loadData(server.url, { endS, only: METRIC, ...data });
      for (const query of QUERIES) {
        const [one, ten] = questionsOf(query);
        const small = await timeOf(servers, one, endS, rounds);
        const large = await timeOf(servers, ten, endS, rounds);
        rows.push({
          query,
          grows,
          ms: small.ms.map((ms, index) => [ms, large.ms[index]!] as const),
          peakMiB: [small.peakMiB, large.peakMiB],
        });
      }
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
    }
  };

  await measure(
    "hosts",
    { hostsCount: hostsCount * TIMES, hours: HOURS_OF_HOSTS, stepS: 15 },
    (query) => {
      const wanted = query.replaceAll("WINDOW", "5m");
      // Hosts are numbered in four digits: the first tenth by its leading ones.
      const tenth = `{instance=~"host-${"0".repeat(4 - Math.log10(hostsCount))}.*"}`;
      const ask = (match: string) => ({
        query: wanted.replaceAll("MATCH", match),
        hours: HOURS_OF_HOSTS,
        stepS: 15,
      });
      return [ask(tenth), ask("")];
    },
  );
  await measure(
    "days",
    { hostsCount: HOSTS_OF_DAYS, hours: days * TIMES * 24, stepS: 60 },
    (query) => {
      const ask = (days: number) => {
        const stepS = Math.max(60, Math.round((days * 86_400) / POINTS / 60) * 60);
        const wanted = query.replaceAll("MATCH", "").replaceAll("WINDOW", `${stepS * 2}s`);
        return { query: wanted, hours: days * 24, stepS };
      };
      return [ask(days), ask(days * TIMES)];
    },
  );
  return { names, rows };
}

async function timeOf(
  servers: readonly Server[],
  { query, hours, stepS }: Question,
  endS: number,
  rounds: number,
): Promise<{ readonly ms: readonly number[]; readonly peakMiB: number }> {
  const times: number[][] = servers.map(() => []);
  const narthex = servers.find(({ name }) => name === "narthex");
  if (narthex !== undefined) resetPeak(narthex.pid);
  const params = new URLSearchParams({
    query,
    start: String(endS - hours * 3600),
    end: String(endS - 15),
    step: String(stepS),
  });
  for (let round = 0; round <= rounds; round++) {
    for (const [index, server] of servers.entries()) {
      const startMs = performance.now();
      const response = await fetch(`${server.url}/api/v1/query_range?${params}`);
      const text = await response.text();
      if (!response.ok) throw new Error(`${server.name}: ${query}: ${text.slice(0, 200)}`);
      if (round > 0) times[index]!.push(performance.now() - startMs);
    }
  }
  return { ms: times.map(median), peakMiB: narthex === undefined ? 0 : peakMiBOf(narthex.pid) };
}

/** The kernel's own high-water mark begins anew (proc(5), clear_refs). */
function resetPeak(pid: number): void {
  Deno.writeTextFileSync(`/proc/${pid}/clear_refs`, "5");
}

function peakMiBOf(pid: number): number {
  const peak = /VmHWM:\s+([0-9]+)/.exec(Deno.readTextFileSync(`/proc/${pid}/status`));
  return Number(peak![1]) / 1024;
}
