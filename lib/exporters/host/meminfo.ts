/** Memory statistics from /proc/meminfo: one gauge a field, kilobytes as bytes. */
import { type Collector, fieldsOf, linesOf, numberFrom } from "./collector.ts";

export function parseMeminfo(text: string): Map<string, number> {
  const values = new Map<string, number>();
  for (const line of linesOf(text)) {
    const [field, value, unit] = fieldsOf(line);
    const number = numberFrom(value, "/proc/meminfo");
    // Active(anon): → Active_anon
    const name = field!.replace(/:$/, "").replace(/\((.*)\)/, "_$1");
    if (unit === undefined) values.set(name, number);
    else if (unit === "kB") values.set(`${name}_bytes`, number * 1024);
    else throw new Error(`/proc/meminfo: expected unit "kB", got ${JSON.stringify(unit)}`);
  }
  return values;
}

export function meminfoCollector(): Collector {
  return {
    name: "meminfo",
    async collect(host, families) {
      for (const [name, value] of parseMeminfo(await host.readText("/proc/meminfo"))) {
        const metric = `node_memory_${name}`;
        const help = `Memory information field ${name}.`;
        if (name.endsWith("_total")) families.counter(metric, help, value);
        else families.gauge(metric, help, value);
      }
    },
  };
}
