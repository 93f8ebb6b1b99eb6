/**
 * The heaviest questions, one at a time, and the longest that the event loop was held while each was answered, as
 * the server's own histogram tells it. Its buckets make the figure an upper bound. A stall holds other processes'
 * time too: on a busy machine the least of several rounds says most.
 *
 *   deno run -A bench/stalls.ts URL END_SECONDS HOURS   asks a server that runs already and has the data
 */
import { median, pause, printTable } from "./measure.ts";

/** What the server promises. */
const STALL_MS_MAX = 50;
/** Lateness is noticed at the tick after the work, and the page of metrics is made in a turn of its own. */
const SETTLE_SECONDS = 0.1;

interface Heavy {
  readonly kind: "range" | "instant" | "get";
  readonly text: string;
  readonly stepS?: number;
}

const ALL = '{__name__=~".+"}';
const CPU = "node_cpu_seconds_total";
/** Every series, distinct also without its name. */
const NAMED = `label_replace(${ALL}, "n", "$1", "__name__", "(.*)")`;
const BUCKETS = "http_request_duration_seconds_bucket";

function range(text: string, stepS = 60): Heavy {
  return { kind: "range", text, stepS };
}

function instant(text: string): Heavy {
  return { kind: "instant", text };
}

function get(text: string): Heavy {
  return { kind: "get", text };
}

const HEAVY: readonly Heavy[] = [
  range(ALL),
  range(`rate(${CPU}[5m])`),
  range(`quantile(0.9, ${CPU})`),
  range(`quantile(0.9, ${ALL})`),
  range(`topk(5, ${CPU})`),
  range(`topk(1000, ${ALL})`),
  range(`bottomk by (instance) (3, ${ALL})`),
  range(`count_values("value", ${BUCKETS}{le="+Inf"})`, 300),
  range(`count(count_values("value", node_load1))`),
  range(`histogram_quantile(0.9, rate(${BUCKETS}[5m]))`),
  range(`histogram_fraction(0, 0.1, rate(${BUCKETS}[5m]))`),
  range(`label_replace(${ALL}, "host", "$1", "instance", "host-(.*)")`),
  range(`label_join(${ALL}, "both", "-", "instance", "job")`),
  range(`${NAMED} + ${NAMED}`, 300),
  range(`${CPU} - ${CPU} offset 5m`),
  range(`${CPU} * on (instance) group_left (release) node_uname_info`),
  range(`${ALL} and ${ALL}`, 300),
  range(`${CPU} or ${BUCKETS}`),
  range(`${ALL} unless ${CPU}`),
  range(`absent(${ALL})`),
  range(`max_over_time(${CPU}[30m:1m])`, 300),
  range(`quantile_over_time(0.9, ${CPU}[1h])`, 300),
  range(`sum by (instance, cpu, mode) (rate(${CPU}[5m]))`),
  range(`abs(${NAMED})`),
  range(`clamp(${NAMED}, 0, 5)`),
  range(`timestamp(${CPU})`),
  range(`-${NAMED}`),
  range(`${ALL} > 10`),
  range(`${ALL} @ end()`),
  instant(ALL),
  instant(`${ALL}[1h]`),
  instant(`sort(${ALL})`),
  instant(`sort_desc(${ALL})`),
  instant(`topk(10000, ${ALL})`),
  instant(`quantile_over_time(0.9, ${CPU}[6h])`),
  instant(`histogram_quantile(0.9, ${BUCKETS})`),
  instant(`count_values("value", ${ALL})`),
  instant(`label_replace(${ALL}, "host", "$1", "instance", "host-(.*)")`),
  instant(`${NAMED} + ${NAMED}`),
  instant(`${ALL} unless ${CPU}`),
  get(`series?match[]=${encodeURIComponent(ALL)}`),
  get("labels"),
  get("label/__name__/values"),
  get("label/instance/values"),
  get(`label/instance/values?match[]=${encodeURIComponent(ALL)}`),
  get("status/tsdb"),
  get(`/federate?match[]=${encodeURIComponent(ALL)}`),
];

export interface StallsOptions {
  readonly endS: number;
  readonly hours: number;
  readonly rounds: number;
}

export async function measureStalls(url: string, options: StallsOptions): Promise<void> {
  const rows: string[][] = [];
  let above = 0;
  for (const heavy of HEAVY) {
    const stalls: number[] = [];
    const times: number[] = [];
    let outcome = "";
    for (let round = 0; round < options.rounds; round++) {
      const before = await stallCounts(url);
      const startMs = performance.now();
      outcome = await ask(url + pathOf(heavy, options));
      times.push(performance.now() - startMs);
      await pause(SETTLE_SECONDS);
      stalls.push(longestMs(before, await stallCounts(url)));
    }
    const least = Math.min(...stalls);
    if (least > STALL_MS_MAX) above++;
    rows.push([
      `${heavy.kind} ${decodeURIComponent(heavy.text)}`.slice(0, 76),
      median(times).toFixed(0),
      stalls.map(String).join(" "),
      least > STALL_MS_MAX ? "LONG" : "",
      outcome,
    ]);
  }
  printTable([["request", "ms", "longest stall ≤ ms, by round", "", "answer"], ...rows]);
  console.log(
    `${above} of ${HEAVY.length} held the event loop longer than ${STALL_MS_MAX} ms in every round`,
  );
}

function pathOf({ kind, text, stepS }: Heavy, { endS, hours }: StallsOptions): string {
  if (kind === "get") return text.startsWith("/") ? text : `/api/v1/${text}`;
  const lastS = endS - 15;
  const params = kind === "instant"
    ? { query: text, time: String(lastS) }
    : { query: text, start: String(endS - hours * 3600), end: String(lastS), step: String(stepS) };
  return `/api/v1/${kind === "instant" ? "query" : "query_range"}?${new URLSearchParams(params)}`;
}

/** Reads the answer to its end without keeping it; answers its size, or why there is none. */
async function ask(url: string): Promise<string> {
  const response = await fetch(url);
  if (!response.ok) return `${response.status} ${(await response.text()).slice(0, 60)}`;
  let bytes = 0;
  for await (const chunk of response.body!) bytes += chunk.length;
  return `${(bytes / 2 ** 20).toFixed(2)} MiB`;
}

/** Ticks by bucket: upper bound in milliseconds, and how many were at most as late, each including the ones before. */
async function stallCounts(url: string): Promise<ReadonlyMap<number, number>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const counts = new Map<number, number>();
  for (
    const [, le, count] of text.matchAll(/^narthex_event_loop_stall_seconds_bucket\{le="(.*)"\} (.*)$/gm)
  ) {
    counts.set(le === "+Inf" ? Infinity : Math.round(Number(le) * 1e6) / 1000, Number(count));
  }
  if (counts.size === 0) throw new Error(`${url}/metrics has no narthex_event_loop_stall_seconds`);
  return counts;
}

/** The bound of the highest bucket that has grown. */
function longestMs(before: ReadonlyMap<number, number>, after: ReadonlyMap<number, number>): number {
  let longest = 0;
  let below = 0;
  for (const [bound, count] of after) {
    const grown = count - before.get(bound)!;
    if (grown > below) longest = bound;
    below = grown;
  }
  return longest;
}

if (import.meta.main) {
  const [url, endS, hours] = Deno.args;
  if (url === undefined || !(Number(endS) > 0) || !(Number(hours) > 0)) {
    console.error("usage: bench/stalls.ts URL END_SECONDS HOURS");
    Deno.exit(2);
  }
  await measureStalls(url, { endS: Number(endS), hours: Number(hours), rounds: 3 });
}
