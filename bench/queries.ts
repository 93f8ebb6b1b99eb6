/**
 * A set of queries of the kinds that dashboards ask, timed against the servers in turn over the same data, and the
 * answers compared. A ratio above 1 is how many times faster than the first server.
 */
import { median } from "./measure.ts";
import type { Server } from "./servers.ts";

export interface QueryFigures {
  readonly query: string;
  readonly instant: boolean;
  /** In the order of the servers. */
  readonly medianMs: readonly number[];
  /** Of each server's answer to the first one's: `=`, or what differs. */
  readonly answers: readonly string[];
}

interface BenchQuery {
  readonly query: string;
  readonly stepS: number;
  readonly instant: boolean;
}

function range(query: string, stepS = 60): BenchQuery {
  return { query, stepS, instant: false };
}

function instant(query: string): BenchQuery {
  return { query, stepS: 0, instant: true };
}

const QUERIES: readonly BenchQuery[] = [
  range("sum by (mode) (rate(node_cpu_seconds_total[5m]))"),
  range('sum by (instance) (rate(node_cpu_seconds_total{mode!="idle"}[5m]))'),
  range('rate(node_cpu_seconds_total{instance="host-0007"}[5m])', 15),
  range("histogram_quantile(0.99, sum by (le, handler) (rate(http_request_duration_seconds_bucket[5m])))"),
  range("max_over_time(node_memory_gauge_bytes[1h])", 300),
  range("topk(5, sum by (instance) (rate(node_cpu_seconds_total[5m])))"),
  range('node_load1{instance="host-0001"}', 15),
  range("sum by (zone) (node_memory_gauge_bytes)"),
  range("quantile by (zone) (0.9, node_load5)"),
  range(
    'sum by (release) (rate(node_cpu_seconds_total{mode="user"}[5m]) * on (instance) group_left (release) node_uname_info)',
  ),
  range("max_over_time(sum by (zone) (rate(node_cpu_seconds_total[5m]))[30m:1m])", 300),
  range("avg_over_time(node_load1[30m]) > 1.5"),
  range('1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m])) / 12'),
  range('count by (__name__) ({__name__=~"node_.*"})', 300),
  instant("sum by (instance) (rate(node_cpu_seconds_total[5m]))"),
  instant('count({__name__=~".+"})'),
  instant("histogram_quantile(0.9, sum by (le) (rate(http_request_duration_seconds_bucket[1h])))"),
  instant("sum(increase(node_cpu_seconds_total[6h]))"),
];

export interface QueryBenchOptions {
  readonly endS: number;
  readonly hours: number;
  readonly rounds: number;
}

export async function measureQueries(
  servers: readonly Server[],
  options: QueryBenchOptions,
): Promise<readonly QueryFigures[]> {
  const figures: QueryFigures[] = [];
  for (const bench of QUERIES) {
    const times: number[][] = servers.map(() => []);
    const bodies: string[] = servers.map(() => "");
    // The first round warms caches and compilers, and is not counted. Servers take turns within a round.
    for (let round = 0; round <= options.rounds; round++) {
      for (const [index, server] of servers.entries()) {
        const startMs = performance.now();
        const response = await fetch(server.url + pathOf(bench, options));
        bodies[index] = await response.text();
        if (round > 0) times[index]!.push(performance.now() - startMs);
      }
    }
    figures.push({
      query: bench.query,
      instant: bench.instant,
      medianMs: times.map(median),
      answers: bodies.map((body) => compare(bodies[0]!, body)),
    });
  }
  return figures;
}

function pathOf({ query, stepS, instant }: BenchQuery, { endS, hours }: QueryBenchOptions): string {
  const lastS = endS - 15;
  const params = instant
    ? { query, time: String(lastS) }
    : { query, start: String(endS - hours * 3600), end: String(lastS), step: String(stepS) };
  // `nocache` is VictoriaMetrics' and turns off what it keeps of earlier answers; the others pass over it.
  return `/api/v1/${instant ? "query" : "query_range"}?${new URLSearchParams({ ...params, nocache: "1" })}`;
}

type Answer = Map<string, readonly (readonly [number, string])[]>;

function compare(first: string, second: string): string {
  const [a, b] = [answerOf(first), answerOf(second)];
  if (a === undefined || b === undefined) return `error: ${(a === undefined ? first : second).slice(0, 120)}`;
  if (a.size !== b.size) return `${b.size} series instead of ${a.size}`;
  let worst = 0;
  for (const [labels, points] of a) {
    const others = b.get(labels);
    if (others === undefined) return `no series ${labels}`;
    if (others.length !== points.length) return `${others.length} points instead of ${points.length}`;
    for (const [index, [, value]] of points.entries()) {
      const [x, y] = [Number(value), Number(others[index]![1])];
      if (x !== y && !(Number.isNaN(x) && Number.isNaN(y))) {
        worst = Math.max(worst, Math.abs(x - y) / Math.max(Math.abs(x), Math.abs(y)));
      }
    }
  }
  return worst < 1e-12 ? "=" : `off by ${worst.toExponential(1)}`;
}

function answerOf(body: string): Answer | undefined {
  const answer = JSON.parse(body);
  if (answer.status !== "success") return undefined;
  return new Map(
    answer.data.result.map((series: { metric: Record<string, string>; values?: []; value?: [] }) => [
      JSON.stringify(Object.entries(series.metric).sort()),
      series.values ?? [series.value],
    ]),
  );
}
