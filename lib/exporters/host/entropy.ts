/** The kernel's entropy pool. */
import { type Collector, numberFrom } from "./collector.ts";

const DIRECTORY = "/proc/sys/kernel/random";

export function entropyCollector(): Collector {
  return {
    name: "entropy",
    async collect(host, families) {
      const read = async (name: string) =>
        numberFrom(await host.readText(`${DIRECTORY}/${name}`), `${DIRECTORY}/${name}`);
      families.gauge(
        "node_entropy_available_bits",
        "Bits of available entropy.",
        await read("entropy_avail"),
      );
      families.gauge("node_entropy_pool_size_bits", "Bits of entropy pool.", await read("poolsize"));
    },
  };
}
