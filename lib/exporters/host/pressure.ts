/** Pressure stall information: time that tasks waited for CPU, I/O and memory, from /proc/pressure. */
import { type Collector, fieldsOf, linesOf, numberFrom } from "./collector.ts";

/** Resource, line, metric, help. The kernel's `full` line of cpu means nothing for the whole system. */
const METRICS = [
  [
    "cpu",
    "some",
    "node_pressure_cpu_waiting_seconds_total",
    "Total time in seconds that processes have waited for CPU time",
  ],
  [
    "io",
    "some",
    "node_pressure_io_waiting_seconds_total",
    "Total time in seconds that processes have waited due to IO congestion",
  ],
  [
    "io",
    "full",
    "node_pressure_io_stalled_seconds_total",
    "Total time in seconds no process could make progress due to IO congestion",
  ],
  [
    "memory",
    "some",
    "node_pressure_memory_waiting_seconds_total",
    "Total time in seconds that processes have waited for memory",
  ],
  [
    "memory",
    "full",
    "node_pressure_memory_stalled_seconds_total",
    "Total time in seconds no process could make progress due to memory congestion",
  ],
] as const;

/** Line (`some`, `full`) → microseconds of its `total=`. */
export function parsePressure(text: string, source: string): Map<string, number> {
  const totals = new Map<string, number>();
  for (const line of linesOf(text)) {
    const [kind, ...pairs] = fieldsOf(line);
    const total = pairs.find((pair) => pair.startsWith("total="))?.slice("total=".length);
    totals.set(kind!, numberFrom(total, source));
  }
  return totals;
}

export function pressureCollector(): Collector {
  return {
    name: "pressure",
    async collect(host, families) {
      for (const [resource, line, metric, help] of METRICS) {
        const source = `/proc/pressure/${resource}`;
        const total = parsePressure(await host.readText(source), source).get(line);
        if (total !== undefined) families.counter(metric, help, total / 1000 / 1000);
      }
    },
  };
}
