/** Open files of the whole machine, from /proc/sys/fs/file-nr: allocated, unused, maximum. */
import { type Collector, fieldsOf, numberFrom } from "./collector.ts";

const SOURCE = "/proc/sys/fs/file-nr";

export function filefdCollector(): Collector {
  return {
    name: "filefd",
    async collect(host, families) {
      const [allocated, , maximum] = fieldsOf(await host.readText(SOURCE));
      families.gauge(
        "node_filefd_allocated",
        "File descriptor statistics: allocated.",
        numberFrom(allocated, SOURCE),
      );
      families.gauge(
        "node_filefd_maximum",
        "File descriptor statistics: maximum.",
        numberFrom(maximum, SOURCE),
      );
    },
  };
}
