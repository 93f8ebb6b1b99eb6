/**
 * Two hours of made-up but lifelike series, the same for each seed: counters that reset, gauges, classic histograms,
 * a series with gaps, one that ends. Times lie off every grid that a query uses, so that no window's edge meets a
 * sample.
 */
import type { Rng } from "../../lib/core/ports.ts";
import type { WriteSeries } from "../../lib/remote/write_request.ts";

export const STEP_MS = 15_000;
export const SPAN_MS = 2 * 3600_000;
/** Of every sample beyond a multiple of the step. */
export const OFF_GRID_MS = 3_217;

const HOSTS = ["alpha", "beta", "gamma", "delta"];
const CODES = ["200", "301", "404", "500", "503"];
const METHODS = ["GET", "POST"];
const BUCKETS = ["0.005", "0.01", "0.05", "0.1", "0.5", "1", "5", "+Inf"];

type Values = (step: number) => number | undefined;

/** `startMs` is a multiple of the step; the first sample comes `OFF_GRID_MS` after it. */
export function metricHistory(rng: Rng, startMs: number): readonly WriteSeries[] {
  const random = () => rng.uint32() / 2 ** 32;
  const steps = SPAN_MS / STEP_MS;
  const made: WriteSeries[] = [];
  function add(labels: Readonly<Record<string, string>>, values: Values, end?: "stale"): void {
    const tMs: number[] = [];
    const kept: number[] = [];
    for (let step = 0; step < steps; step++) {
      const value = values(step);
      if (value === undefined) continue;
      tMs.push(startMs + step * STEP_MS + OFF_GRID_MS);
      kept.push(value);
    }
    const out = new Float64Array(kept.length + (end === undefined ? 0 : 1));
    out.set(kept);
    if (end === "stale") {
      // By its bits: as a number a NaN may lose its payload.
      new Uint32Array(out.buffer).set(Uint32Array.of(2, 0x7ff00000), 2 * kept.length);
      tMs.push(tMs.at(-1)! + STEP_MS);
    }
    made.push({
      labels: Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)).flat(),
      tMs: Float64Array.from(tMs),
      values: out,
    });
  }
  function counter(perStep: number, resets = 0): Values {
    let total = Math.floor(random() * 1000);
    return () => {
      if (random() < resets) total = 0;
      else total += Math.floor(random() * 2 * perStep);
      return total;
    };
  }
  function gauge(middle: number, swing: number): Values {
    const phase = random() * 6;
    return (step) => middle + swing * Math.sin(phase + step / 20) + (random() - 0.5) * swing / 3;
  }

  for (const [h, host] of HOSTS.entries()) {
    const target = { instance: `${host}:9100`, job: "node" };
    for (let cpu = 0; cpu < 2; cpu++) {
      for (const mode of ["idle", "user", "system", "iowait"]) {
        const seconds = counter(1400, 0.002);
        add(
          { __name__: "cpu_seconds_total", ...target, cpu: String(cpu), mode },
          (step) => seconds(step)! / 100,
        );
      }
    }
    for (const device of ["sda", "sdb"]) {
      add({ __name__: "disk_bytes", ...target, device }, gauge(5e9 * (h + 1), 1e9));
      add({ __name__: "disk_reads_total", ...target, device }, counter(30));
    }
    add({ __name__: "memory_bytes", ...target }, gauge(8e9, 2e9));
    add({ __name__: "load1", ...target }, gauge(1.5, 1.2));
    add({ __name__: "boot_time_seconds", ...target }, () => 1.7e9 + h * 86_400.5);
    add({ __name__: "host_info", ...target, version: `1.${h}.0`, zone: h < 2 ? "east" : "west" }, () => 1);
    add({ __name__: "up", ...target }, (step) => (step + 40 * h) % 160 < 3 ? 0 : 1);
    const app = { instance: `${host}:8080`, job: "api" };
    for (const method of METHODS) {
      for (const code of CODES) {
        add({ __name__: "requests_total", ...app, method, code }, counter(code === "200" ? 90 : 4, 0.004));
      }
      const counts = BUCKETS.map(() => 0);
      let seconds = 0;
      const rows = Array.from({ length: steps }, () => {
        const events = Math.floor(random() * 40);
        for (let i = 0; i < events; i++) {
          const took = -Math.log(1 - random()) * 0.08 * (h + 1);
          seconds += took;
          BUCKETS.forEach((bound, b) => {
            if (took <= (bound === "+Inf" ? Infinity : Number(bound))) counts[b]!++;
          });
        }
        return { counts: [...counts], seconds };
      });
      for (const [b, le] of BUCKETS.entries()) {
        add({ __name__: "latency_seconds_bucket", ...app, method, le }, (step) => rows[step]!.counts[b]!);
      }
      add({ __name__: "latency_seconds_count", ...app, method }, (step) => rows[step]!.counts.at(-1)!);
      add({ __name__: "latency_seconds_sum", ...app, method }, (step) => rows[step]!.seconds);
    }
    add(
      { __name__: "queue_depth", ...app, queue: "mail ☂" },
      (step) => step % 50 < 30 ? step % 7 : undefined,
    );
    const ending = gauge(20, 5);
    add(
      { __name__: "session_count", ...app },
      (step) => step < 250 + 20 * h ? Math.round(ending(step)!) : undefined,
      "stale",
    );
  }
  const odd = { instance: "odd:1", job: "odd" };
  add({ __name__: "odd_values", ...odd, what: "inf" }, (step) => step % 9 === 0 ? Infinity : step);
  add({ __name__: "odd_values", ...odd, what: "nan" }, (step) => step % 11 === 0 ? NaN : -step);
  add({ __name__: "odd_values", ...odd, what: "tiny" }, (step) => (step % 13) * 5e-324);
  add({ __name__: "odd_values", ...odd, what: "huge" }, (step) => step * 1e300);
  add({ __name__: "odd_values", ...odd, what: "negative" }, (step) => step % 5 === 0 ? -0 : -step / 3);
  return made;
}
