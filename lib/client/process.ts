/**
 * The `process_*` metrics as the Prometheus clients expose them on Linux, from the text of files under `/proc`, and
 * the memory of the JavaScript engine. Reading files is the caller's; a file that is missing or odd leaves out
 * its metrics.
 */
import { type MetricFamily, singleFamily } from "./family.ts";

/** USER_HZ, which Linux has fixed at 100 for every program on every architecture that Deno runs on. */
const CLOCK_TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

export interface ProcTexts {
  /** `/proc/self/stat` */
  readonly selfStat: string | undefined;
  /** `/proc/self/limits` */
  readonly selfLimits: string | undefined;
  /** `/proc/stat`, for the time of the boot. */
  readonly stat: string | undefined;
  /** Entries of `/proc/self/fd`. */
  readonly openFds: number | undefined;
}

export interface EngineMemory {
  readonly heapUsedBytes: number;
  readonly heapTotalBytes: number;
  readonly externalBytes: number;
}

export interface ProcessFacts {
  readonly cpuSeconds: number | undefined;
  readonly residentBytes: number | undefined;
  readonly virtualBytes: number | undefined;
  readonly openFds: number | undefined;
  readonly maxFds: number | undefined;
  readonly startSeconds: number | undefined;
  readonly heapUsedBytes: number | undefined;
  readonly heapTotalBytes: number | undefined;
  readonly externalBytes: number | undefined;
}

export function processFacts(texts: ProcTexts, memory: EngineMemory | undefined): ProcessFacts {
  // The command's name, in parentheses, may hold spaces and parentheses: fields are counted from the last one.
  const stat = texts.selfStat;
  const fields = stat === undefined ? [] : stat.slice(stat.lastIndexOf(")") + 2).trim().split(/\s+/);
  const userTicks = numberAt(fields, 11);
  const systemTicks = numberAt(fields, 12);
  const startTicks = numberAt(fields, 19);
  const residentPages = numberAt(fields, 21);
  const bootSeconds = firstNumber(texts.stat, /^btime ([0-9]+)$/m);
  return {
    cpuSeconds: userTicks === undefined || systemTicks === undefined
      ? undefined
      : (userTicks + systemTicks) / CLOCK_TICKS_PER_SECOND,
    residentBytes: residentPages === undefined ? undefined : residentPages * PAGE_BYTES,
    virtualBytes: numberAt(fields, 20),
    openFds: texts.openFds,
    maxFds: firstNumber(texts.selfLimits, /^Max open files\s+([0-9]+)/m),
    startSeconds: startTicks === undefined || bootSeconds === undefined
      ? undefined
      : bootSeconds + startTicks / CLOCK_TICKS_PER_SECOND,
    heapUsedBytes: memory?.heapUsedBytes,
    heapTotalBytes: memory?.heapTotalBytes,
    externalBytes: memory?.externalBytes,
  };
}

export function processFamilies(facts: ProcessFacts): readonly MetricFamily[] {
  return [
    singleFamily(
      "counter",
      "process_cpu_seconds_total",
      "Total user and system CPU time spent in seconds.",
      facts.cpuSeconds,
    ),
    singleFamily(
      "gauge",
      "process_resident_memory_bytes",
      "Resident memory size in bytes.",
      facts.residentBytes,
    ),
    singleFamily(
      "gauge",
      "process_virtual_memory_bytes",
      "Virtual memory size in bytes.",
      facts.virtualBytes,
    ),
    singleFamily("gauge", "process_open_fds", "Number of open file descriptors.", facts.openFds),
    singleFamily("gauge", "process_max_fds", "Maximum number of open file descriptors.", facts.maxFds),
    singleFamily(
      "gauge",
      "process_start_time_seconds",
      "Start time of the process since unix epoch in seconds.",
      facts.startSeconds,
    ),
    singleFamily(
      "gauge",
      "deno_memory_heap_used_bytes",
      "JavaScript heap in use in bytes.",
      facts.heapUsedBytes,
    ),
    singleFamily(
      "gauge",
      "deno_memory_heap_total_bytes",
      "JavaScript heap reserved in bytes.",
      facts.heapTotalBytes,
    ),
    singleFamily(
      "gauge",
      "deno_memory_external_bytes",
      "Memory of buffers outside the JavaScript heap in bytes.",
      facts.externalBytes,
    ),
  ];
}

function numberAt(fields: readonly string[], index: number): number | undefined {
  const field = fields[index];
  return field !== undefined && /^[0-9]+$/.test(field) ? Number(field) : undefined;
}

function firstNumber(text: string | undefined, pattern: RegExp): number | undefined {
  const digits = text === undefined ? undefined : pattern.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
