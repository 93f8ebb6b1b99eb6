/** Sockets in use by protocol, from /proc/net/sockstat and sockstat6. */
import { type Collector, fieldsOf, linesOf, numberFrom, readOptional } from "./collector.ts";
import type { Families } from "./families.ts";

/** The kernel counts socket memory in pages: 4 KiB, but on arm64 kernels built for larger ones. */
const PAGE_BYTES = 4096;

export function addSockstat(families: Families, text: string, family: "IPv4" | "IPv6"): void {
  for (const line of linesOf(text)) {
    const [head, ...pairs] = fieldsOf(line);
    const protocol = head!.replace(/:$/, "");
    for (let i = 0; i + 1 < pairs.length; i += 2) {
      const field = pairs[i]!;
      const value = numberFrom(pairs[i + 1], "/proc/net/sockstat");
      if (protocol === "sockets") {
        families.gauge("node_sockstat_sockets_used", `Number of ${family} sockets in use.`, value);
        continue;
      }
      const add = (name: string, count: number) =>
        families.gauge(
          `node_sockstat_${protocol}_${name}`,
          `Number of ${protocol} sockets in state ${name}.`,
          count,
        );
      add(field, value);
      if (field === "mem") add("mem_bytes", value * PAGE_BYTES);
    }
  }
}

export function sockstatCollector(): Collector {
  return {
    name: "sockstat",
    async collect(host, families) {
      addSockstat(families, await host.readText("/proc/net/sockstat"), "IPv4");
      addSockstat(families, await readOptional(host, "/proc/net/sockstat6") ?? "", "IPv6");
    },
  };
}
