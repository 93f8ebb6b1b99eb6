/**
 * A seeded data set for the query bench, sent by remote write in time order: CPU counters, classic histograms,
 * memory and load gauges, and an info metric of a number of hosts.
 */
import { createRng } from "../lib/core/rng.ts";
import { type Labels, labelsFromRecord } from "../lib/model/labels.ts";
import { encodeSnappy } from "../lib/remote/snappy_block.ts";
import { encodeWriteRequest } from "../lib/remote/write_request.ts";

export interface DataOptions {
  readonly endS: number;
  readonly hours: number;
  readonly stepS: number;
  readonly hostsCount: number;
  /** Default: all kinds. */
  readonly only?: "node_cpu_seconds_total";
}

export interface ModelSeries {
  readonly labels: Labels;
  value: number;
  next(value: number): number;
}

const MODES = ["idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user"];
const BOUNDS = ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"];
/**
 * Samples lie off the times that queries ask for, and counters start high: Prometheus before 3.0 counts a sample at
 * a window's left edge and extrapolates a young counter differently, and the answers are to be comparable.
 */
const OFF_GRID_S = 7;
/** Of one request: as much as Prometheus's sender would put into one. */
const SERIES_PER_REQUEST = 500;
const STEPS_PER_REQUEST = 20;

/** Answers how many samples were sent; rejects with the receiver's words when it refuses any. */
export async function loadData(url: string, options: DataOptions): Promise<number> {
  const series = modelSeries(options);
  const { endS, hours, stepS } = options;
  let sent = 0;
  for (let fromS = endS - hours * 3600; fromS < endS; fromS += STEPS_PER_REQUEST * stepS) {
    for (let first = 0; first < series.length; first += SERIES_PER_REQUEST) {
      const timeseries = series.slice(first, first + SERIES_PER_REQUEST).map((model) => {
        const steps = Math.min(STEPS_PER_REQUEST, Math.ceil((endS - fromS) / stepS));
        const tMs = Float64Array.from(
          { length: steps },
          (_, step) => (fromS + step * stepS - OFF_GRID_S) * 1000,
        );
        const values = tMs.map(() => model.value = model.next(model.value));
        sent += steps;
        return { labels: model.labels, tMs, values };
      });
      await post(url, encodeSnappy(encodeWriteRequest(timeseries)));
    }
  }
  return sent;
}

async function post(url: string, body: Uint8Array<ArrayBuffer>): Promise<void> {
  const response = await fetch(`${url}/api/v1/write`, {
    method: "POST",
    headers: {
      "content-type": "application/x-protobuf",
      "content-encoding": "snappy",
      "x-prometheus-remote-write-version": "0.1.0",
    },
    body,
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`remote write: ${response.status} ${text}`);
}

export function modelSeries({ hostsCount, only }: DataOptions): readonly ModelSeries[] {
  const rng = createRng(42);
  const random = () => rng.uint32() / 2 ** 32;
  const series: ModelSeries[] = [];
  const add = (labels: Record<string, string>, value: number, next: (value: number) => number) =>
    void series.push({ labels: labelsFromRecord(labels), value, next });
  const cents = (value: number) => Math.round(value * 100) / 100;
  for (let host = 0; host < hostsCount; host++) {
    const node = { instance: `host-${String(host).padStart(4, "0")}`, job: "node", zone: `zone-${host % 3}` };
    for (let cpu = 0; cpu < 8; cpu++) {
      for (const mode of MODES) {
        const step = mode === "idle" ? 12 : random() * 2;
        add(
          { ...node, __name__: "node_cpu_seconds_total", cpu: String(cpu), mode },
          cents(random() * 1e5),
          (value) => cents(value + step * (0.5 + random())),
        );
      }
    }
    if (only !== undefined) continue;
    for (let handler = 0; handler < 5; handler++) {
      const rate = random() * 30;
      let step = 0;
      for (const le of BOUNDS) {
        const mine = step += rate * random();
        add(
          {
            ...node,
            job: "api",
            __name__: "http_request_duration_seconds_bucket",
            handler: `/api/v${handler}`,
            le,
          },
          Math.round(mine * 1e4),
          (value) => value + Math.round(mine * (0.5 + random())),
        );
      }
    }
    for (let kind = 0; kind < 16; kind++) {
      add(
        { ...node, __name__: "node_memory_gauge_bytes", kind: `k${kind}` },
        1e9 * random(),
        (value) => Math.max(0, Math.round((value + (random() - 0.5) * 1e7) / 4096) * 4096),
      );
    }
    for (const span of ["1", "5", "15"]) {
      add(
        { ...node, __name__: `node_load${span}` },
        random() * 4,
        (value) => Math.max(0, cents(value + (random() - 0.5) * 0.2)),
      );
    }
    add({ ...node, __name__: "node_uname_info", release: `6.1.${host % 7}` }, 1, () => 1);
  }
  return series;
}
