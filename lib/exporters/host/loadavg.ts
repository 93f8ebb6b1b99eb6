/** Load averages over 1, 5 and 15 minutes, from /proc/loadavg. */
import { type Collector, fieldsOf, numberFrom } from "./collector.ts";

const MINUTES = [1, 5, 15] as const;

export function loadavgCollector(): Collector {
  return {
    name: "loadavg",
    async collect(host, families) {
      const fields = fieldsOf(await host.readText("/proc/loadavg"));
      MINUTES.forEach((minutes, i) =>
        families.gauge(
          `node_load${minutes}`,
          `${minutes}m load average.`,
          numberFrom(fields[i], "/proc/loadavg"),
        )
      );
    },
  };
}
