/** CPU time by core and mode, from /proc/stat, and thermal throttling where the machine counts it. */
import { type Collector, fieldsOf, linesOf, numberFrom, readOptional } from "./collector.ts";

/** USER_HZ: fixed at 100 in the kernel's interface on every architecture that Deno runs on. */
const TICKS_PER_SECOND = 100;
const MODES = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"] as const;
/** As node_exporter: an idle counter that falls by more than this was reset by a CPU that came back. */
const IDLE_BACK_SECONDS_MAX = 3;

const SECONDS_HELP = "Seconds the CPUs spent in each mode.";
const GUEST_HELP = "Seconds the CPUs spent in guests (VMs) for each mode.";

export interface CpuTimes {
  readonly cpu: string;
  /** Seconds, in the order of `MODES`, then guest and guest nice. */
  readonly seconds: readonly number[];
}

export function parseCpuTimes(text: string): CpuTimes[] {
  const times: CpuTimes[] = [];
  for (const line of linesOf(text)) {
    const match = /^cpu([0-9]+)\s/.exec(line);
    if (match === null) continue;
    const fields = fieldsOf(line).slice(1, 11);
    const seconds = fields.map((field) => numberFrom(field, "/proc/stat") / TICKS_PER_SECOND);
    // Kernels before 2.6.33 have fewer columns: those modes are zero.
    while (seconds.length < 10) seconds.push(0);
    times.push({ cpu: match[1]!, seconds });
  }
  if (times.length === 0) throw new Error("/proc/stat: expected a line for each CPU, found none");
  return times;
}

/**
 * Counters that never go back by a little: iowait and idle of the kernel may, and a counter that falls reads as
 * a reset. A fall of idle by more than three seconds is a real one, and starts the core anew.
 */
export function steadyCpuTimes(previous: CpuTimes | undefined, next: CpuTimes): CpuTimes {
  const idleAt = MODES.indexOf("idle");
  if (previous === undefined || previous.seconds[idleAt]! - next.seconds[idleAt]! > IDLE_BACK_SECONDS_MAX) {
    return next;
  }
  return { cpu: next.cpu, seconds: next.seconds.map((value, i) => Math.max(value, previous.seconds[i]!)) };
}

export function cpuCollector(): Collector {
  let known = new Map<string, CpuTimes>();
  return {
    name: "cpu",
    async collect(host, families) {
      const current = new Map<string, CpuTimes>();
      for (const times of parseCpuTimes(await host.readText("/proc/stat"))) {
        const steady = steadyCpuTimes(known.get(times.cpu), times);
        current.set(times.cpu, steady);
        const cpu = times.cpu;
        MODES.forEach((mode, i) =>
          families.counter("node_cpu_seconds_total", SECONDS_HELP, steady.seconds[i]!, { cpu, mode })
        );
        families.counter("node_cpu_guest_seconds_total", GUEST_HELP, steady.seconds[8]!, {
          cpu,
          mode: "user",
        });
        families.counter("node_cpu_guest_seconds_total", GUEST_HELP, steady.seconds[9]!, {
          cpu,
          mode: "nice",
        });
      }
      known = current;
      for (const cpu of current.keys()) {
        const directory = `/sys/devices/system/cpu/cpu${cpu}`;
        const core = await readOptional(host, `${directory}/thermal_throttle/core_throttle_count`);
        if (core === undefined) continue;
        const packageId = await readOptional(host, `${directory}/topology/physical_package_id`) ?? "0";
        const coreId = await readOptional(host, `${directory}/topology/core_id`) ?? cpu;
        families.counter(
          "node_cpu_core_throttles_total",
          "Number of times this CPU core has been throttled.",
          numberFrom(core, directory),
          { package: packageId, core: coreId },
        );
        const whole = await readOptional(host, `${directory}/thermal_throttle/package_throttle_count`);
        if (whole === undefined) continue;
        families.counter(
          "node_cpu_package_throttles_total",
          "Number of times this CPU package has been throttled.",
          numberFrom(whole, directory),
          { package: packageId },
        );
      }
    },
  };
}
