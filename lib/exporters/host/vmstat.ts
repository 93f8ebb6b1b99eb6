/** Paging counters from /proc/vmstat: the fields that node_exporter keeps by default. */
import { type Collector, fieldsOf, linesOf, numberFrom } from "./collector.ts";

/** As node_exporter's --collector.vmstat.fields. */
const FIELDS = /^(oom_kill|pgpg|pswp|pg.*fault).*/;

export function vmstatCollector(): Collector {
  return {
    name: "vmstat",
    async collect(host, families) {
      for (const line of linesOf(await host.readText("/proc/vmstat"))) {
        const [name, value] = fieldsOf(line);
        if (!FIELDS.test(name!)) continue;
        families.untyped(
          `node_vmstat_${name}`,
          `/proc/vmstat information field ${name}.`,
          numberFrom(value, "/proc/vmstat"),
        );
      }
    },
  };
}
