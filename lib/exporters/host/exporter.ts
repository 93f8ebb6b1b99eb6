/**
 * The built-in host exporter: the machine's CPU, memory, disks, network and file systems under node_exporter's
 * names, as text exposition 0.0.4. One collector that fails says so in `node_scrape_collector_success` and harms
 * no other. Holds no state but what keeps CPU counters from going back.
 */
import type { Collector } from "./collector.ts";
import { cpuCollector } from "./cpu.ts";
import { diskstatsCollector } from "./diskstats.ts";
import { entropyCollector } from "./entropy.ts";
import { Families } from "./families.ts";
import { filefdCollector } from "./filefd.ts";
import { filesystemCollector } from "./filesystem.ts";
import { osCollector, unameCollector } from "./identity.ts";
import { loadavgCollector } from "./loadavg.ts";
import { meminfoCollector } from "./meminfo.ts";
import { netdevCollector } from "./netdev.ts";
import { netstatCollector } from "./netstat.ts";
import type { HostPorts } from "./ports.ts";
import { pressureCollector } from "./pressure.ts";
import { sockstatCollector } from "./sockstat.ts";
import { statCollector } from "./stat.ts";
import { timeCollector } from "./time.ts";
import { vmstatCollector } from "./vmstat.ts";

export interface HostExporter {
  collect(): Promise<Uint8Array<ArrayBuffer>>;
}

export interface HostExporterBuild {
  readonly version: string;
  readonly revision: string;
  readonly branch: string;
  /** Where node_exporter names its Go version, the runtime's. */
  readonly goversion: string;
}

const BUILD_HELP =
  "A metric with a constant '1' value labeled by version, revision, branch, goversion from which node_exporter was built, and the goos and goarch for the build.";

export function hostCollectors(): readonly Collector[] {
  return [
    cpuCollector(),
    diskstatsCollector(),
    entropyCollector(),
    filefdCollector(),
    filesystemCollector(),
    loadavgCollector(),
    meminfoCollector(),
    netdevCollector(),
    netstatCollector(),
    osCollector(),
    pressureCollector(),
    sockstatCollector(),
    statCollector(),
    timeCollector(),
    unameCollector(),
    vmstatCollector(),
  ];
}

export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export function createHostExporter(
  ports: HostPorts,
  build: HostExporterBuild = { version: "", revision: "", branch: "", goversion: "" },
  collectors: readonly Collector[] = hostCollectors(),
): HostExporter {
  return {
    async collect() {
      const families = new Families();
      await Promise.all(collectors.map((collector) => run(collector, ports, families)));
      families.gauge("node_exporter_build_info", BUILD_HELP, 1, {
        ...build,
        goos: "linux",
        goarch: goArchitecture(ports.machine),
      });
      return families.text();
    },
  };
}

async function run(collector: Collector, ports: HostPorts, families: Families): Promise<void> {
  const startMs = ports.monotonicMs();
  let success = 1;
  try {
    await collector.collect(ports, families);
  } catch {
    // As node_exporter: the scrape goes on, and the success gauge tells.
    success = 0;
  }
  const labels = { collector: collector.name };
  families.gauge(
    "node_scrape_collector_duration_seconds",
    "node_exporter: Duration of a collector scrape.",
    (ports.monotonicMs() - startMs) / 1000,
    labels,
  );
  families.gauge(
    "node_scrape_collector_success",
    "node_exporter: Whether a collector succeeded.",
    success,
    labels,
  );
}

function goArchitecture(machine: string): string {
  return machine === "x86_64" ? "amd64" : machine === "aarch64" ? "arm64" : machine;
}
