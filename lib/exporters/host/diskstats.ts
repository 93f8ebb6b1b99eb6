/** Disk counters from /proc/diskstats, and what udev knows of each disk. Partitions and loop devices are left out. */
import { type Collector, fieldsOf, linesOf, numberFrom, readOptional } from "./collector.ts";
import type { Families } from "./families.ts";
import type { HostPorts } from "./ports.ts";

/** As node_exporter's --collector.diskstats.device-exclude. */
const DEVICES_EXCLUDED = /^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$/;
/** The kernel counts sectors of this size, whatever the disk's own are. */
const SECTOR_BYTES = 512;
const MS = 0.001;

/** The columns after the device name, in the kernel's order. */
const COLUMNS = [
  ["counter", "node_disk_reads_completed_total", "The total number of reads completed successfully.", 1],
  ["counter", "node_disk_reads_merged_total", "The total number of reads merged.", 1],
  ["counter", "node_disk_read_bytes_total", "The total number of bytes read successfully.", SECTOR_BYTES],
  ["counter", "node_disk_read_time_seconds_total", "The total number of seconds spent by all reads.", MS],
  ["counter", "node_disk_writes_completed_total", "The total number of writes completed successfully.", 1],
  ["counter", "node_disk_writes_merged_total", "The number of writes merged.", 1],
  [
    "counter",
    "node_disk_written_bytes_total",
    "The total number of bytes written successfully.",
    SECTOR_BYTES,
  ],
  [
    "counter",
    "node_disk_write_time_seconds_total",
    "This is the total number of seconds spent by all writes.",
    MS,
  ],
  ["gauge", "node_disk_io_now", "The number of I/Os currently in progress.", 1],
  ["counter", "node_disk_io_time_seconds_total", "Total seconds spent doing I/Os.", MS],
  ["counter", "node_disk_io_time_weighted_seconds_total", "The weighted # of seconds spent doing I/Os.", MS],
  [
    "counter",
    "node_disk_discards_completed_total",
    "The total number of discards completed successfully.",
    1,
  ],
  ["counter", "node_disk_discards_merged_total", "The total number of discards merged.", 1],
  [
    "counter",
    "node_disk_discarded_sectors_total",
    "The total number of sectors discarded successfully.",
    1,
  ],
  [
    "counter",
    "node_disk_discard_time_seconds_total",
    "This is the total number of seconds spent by all discards.",
    MS,
  ],
  [
    "counter",
    "node_disk_flush_requests_total",
    "The total number of flush requests completed successfully",
    1,
  ],
  [
    "counter",
    "node_disk_flush_requests_time_seconds_total",
    "This is the total number of seconds spent by all flush requests.",
    MS,
  ],
] as const;

export interface DiskLine {
  readonly major: string;
  readonly minor: string;
  readonly device: string;
  readonly counts: readonly number[];
}

export function parseDiskstats(text: string): DiskLine[] {
  return linesOf(text).map((line) => {
    const fields = fieldsOf(line);
    if (fields.length < 4) throw new Error(`/proc/diskstats: expected 4 columns or more, got "${line}"`);
    const [major, minor, device] = fields as [string, string, string];
    const counts = fields.slice(3).map((field) => numberFrom(field, "/proc/diskstats"));
    return { major, minor, device, counts };
  });
}

export function diskstatsCollector(): Collector {
  return {
    name: "diskstats",
    async collect(host, families) {
      for (const line of parseDiskstats(await host.readText("/proc/diskstats"))) {
        if (DEVICES_EXCLUDED.test(line.device)) continue;
        await addDiskInfo(host, families, line);
        COLUMNS.forEach(([type, metric, help, factor], i) => {
          // Older kernels have fewer columns.
          const count = line.counts[i];
          if (count !== undefined) families[type](metric, help, count * factor, { device: line.device });
        });
      }
    },
  };
}

async function addDiskInfo(host: HostPorts, families: Families, line: DiskLine): Promise<void> {
  const { device, major, minor } = line;
  const udev = parseUdev(await readOptional(host, `/run/udev/data/b${major}:${minor}`) ?? "");
  const has = (name: string) => udev.get(name) ?? "";
  families.gauge("node_disk_info", "Info of /sys/block/<block_device>.", 1, {
    device,
    major,
    minor,
    path: has("ID_PATH"),
    wwn: has("ID_WWN"),
    model: has("ID_MODEL"),
    serial: has("ID_SERIAL_SHORT") || has("SCSI_IDENT_SERIAL"),
    revision: has("ID_REVISION"),
  });
  if (has("ID_FS_USAGE") === "") return;
  families.gauge("node_disk_filesystem_info", "Info about disk filesystem.", 1, {
    device,
    type: has("ID_FS_TYPE"),
    usage: has("ID_FS_USAGE"),
    uuid: has("ID_FS_UUID"),
    version: has("ID_FS_VERSION"),
  });
}

/** Lines `E:NAME=value` of udev's database; others are not properties. */
export function parseUdev(text: string): Map<string, string> {
  const properties = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^E:([^=]+)=(.*)$/.exec(line);
    if (match !== null) properties.set(match[1]!, match[2]!);
  }
  return properties;
}
