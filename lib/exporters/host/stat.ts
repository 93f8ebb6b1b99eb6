/** Totals since boot from /proc/stat: interrupts, context switches, forks, boot time, processes. */
import { type Collector, fieldsOf, linesOf, numberFrom } from "./collector.ts";

/** Line of /proc/stat → metric. */
const METRICS = [
  ["intr", "counter", "node_intr_total", "Total number of interrupts serviced."],
  ["ctxt", "counter", "node_context_switches_total", "Total number of context switches."],
  ["processes", "counter", "node_forks_total", "Total number of forks."],
  ["btime", "gauge", "node_boot_time_seconds", "Node boot time, in unixtime."],
  ["procs_running", "gauge", "node_procs_running", "Number of processes in runnable state."],
  [
    "procs_blocked",
    "gauge",
    "node_procs_blocked",
    "Number of processes blocked waiting for I/O to complete.",
  ],
] as const;

export function statCollector(): Collector {
  return {
    name: "stat",
    async collect(host, families) {
      const totals = new Map<string, string>();
      for (const line of linesOf(await host.readText("/proc/stat"))) {
        const [name, total] = fieldsOf(line);
        if (total !== undefined) totals.set(name!, total);
      }
      for (const [line, type, metric, help] of METRICS) {
        families[type](metric, help, numberFrom(totals.get(line), `/proc/stat, line ${line}`));
      }
    },
  };
}
