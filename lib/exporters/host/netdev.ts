/** Traffic by network device, from /proc/net/dev; packets without a handler from /sys, where alone they are told. */
import { type Collector, fieldsOf, linesOf, numberFrom, readOptional } from "./collector.ts";

/** The columns of /proc/net/dev after the device name, in the kernel's order. */
const COLUMNS = [
  "receive_bytes",
  "receive_packets",
  "receive_errs",
  "receive_drop",
  "receive_fifo",
  "receive_frame",
  "receive_compressed",
  "receive_multicast",
  "transmit_bytes",
  "transmit_packets",
  "transmit_errs",
  "transmit_drop",
  "transmit_fifo",
  "transmit_colls",
  "transmit_carrier",
  "transmit_compressed",
] as const;

export function parseNetDev(text: string): Map<string, readonly number[]> {
  const devices = new Map<string, readonly number[]>();
  // Two lines of headings.
  for (const line of linesOf(text).slice(2)) {
    const colon = line.lastIndexOf(":");
    if (colon < 0) throw new Error(`/proc/net/dev: expected "device: counts", got "${line.trim()}"`);
    const counts = fieldsOf(line.slice(colon + 1)).map((field) => numberFrom(field, "/proc/net/dev"));
    if (counts.length !== COLUMNS.length) {
      throw new Error(`/proc/net/dev: expected ${COLUMNS.length} counts, got ${counts.length}`);
    }
    devices.set(line.slice(0, colon).trim(), counts);
  }
  return devices;
}

export function netdevCollector(): Collector {
  return {
    name: "netdev",
    async collect(host, families) {
      const add = (statistic: string, value: number, device: string) =>
        families.counter(
          `node_network_${statistic}_total`,
          `Network device statistic ${statistic}.`,
          value,
          { device },
        );
      for (const [device, counts] of parseNetDev(await host.readText("/proc/net/dev"))) {
        COLUMNS.forEach((statistic, i) => add(statistic, counts[i]!, device));
        const nohandler = await readOptional(host, `/sys/class/net/${device}/statistics/rx_nohandler`);
        if (nohandler !== undefined) add("receive_nohandler", numberFrom(nohandler, "rx_nohandler"), device);
      }
    },
  };
}
