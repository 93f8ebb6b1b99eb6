/** Space and inodes of the mounted file systems that hold files of the machine's own: no virtual ones, no containers. */
import { type Collector, fieldsOf, linesOf, readOptional } from "./collector.ts";
import type { FileSystemStat, HostPorts } from "./ports.ts";

/** As node_exporter's --collector.filesystem.mount-points-exclude. */
const MOUNTS_EXCLUDED =
  /^\/(dev|proc|run\/credentials\/.+|sys|var\/lib\/docker\/.+|var\/lib\/containers\/storage\/.+)($|\/)/;
/** As node_exporter's --collector.filesystem.fs-types-exclude. */
const TYPES_EXCLUDED =
  /^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tracefs)$/;

export interface Mount {
  readonly device: string;
  readonly mountpoint: string;
  readonly fstype: string;
  readonly readOnly: boolean;
}

export function parseMountinfo(text: string): Mount[] {
  return linesOf(text).map((line) => {
    const fields = fieldsOf(line);
    const dash = fields.indexOf("-");
    if (dash < 6 || fields.length < dash + 4) {
      throw new Error(`/proc/1/mountinfo: expected 10 fields or more, got "${line}"`);
    }
    const options = `${fields[5]},${fields[dash + 3]}`.split(",");
    return {
      device: unescapeOctal(fields[dash + 2]!),
      mountpoint: unescapeOctal(fields[4]!),
      fstype: fields[dash + 1]!,
      readOnly: options.includes("ro"),
    };
  });
}

/** Blank, tab, newline and backslash stand as `\040` and the like. */
function unescapeOctal(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}

export function filesystemCollector(): Collector {
  return {
    name: "filesystem",
    async collect(host, families) {
      // Process 1 sees the mounts of the machine; without the right to look, this process's own must do.
      const text = await readOptional(host, "/proc/1/mountinfo") ??
        await host.readText("/proc/self/mountinfo");
      const seen = new Set<string>();
      const mounts = parseMountinfo(text).filter(({ mountpoint, fstype }) =>
        !MOUNTS_EXCLUDED.test(mountpoint) && !TYPES_EXCLUDED.test(fstype)
      );
      for (const mount of mounts) {
        const labels = { device: mount.device, mountpoint: mount.mountpoint, fstype: mount.fstype };
        const key = JSON.stringify(labels);
        if (seen.has(key)) continue;
        seen.add(key);
        const stat = await statOrUndefined(host, mount.mountpoint);
        const gauge = (name: string, help: string, value: number) =>
          families.gauge(`node_filesystem_${name}`, help, value, labels);
        gauge(
          "device_error",
          "Whether an error occurred while getting statistics for the given device.",
          stat === undefined ? 1 : 0,
        );
        gauge("readonly", "Filesystem read-only status.", mount.readOnly ? 1 : 0);
        if (stat === undefined) continue;
        const { blockBytes } = stat;
        gauge("size_bytes", "Filesystem size in bytes.", stat.blocksCount * blockBytes);
        gauge("free_bytes", "Filesystem free space in bytes.", stat.blocksFree * blockBytes);
        gauge(
          "avail_bytes",
          "Filesystem space available to non-root users in bytes.",
          stat.blocksAvailable * blockBytes,
        );
        gauge("files", "Filesystem total file nodes.", stat.filesCount);
        gauge("files_free", "Filesystem total free file nodes.", stat.filesFree);
      }
    },
  };
}

async function statOrUndefined(host: HostPorts, mountpoint: string): Promise<FileSystemStat | undefined> {
  try {
    return await host.statfs(mountpoint);
  } catch {
    // Told by node_filesystem_device_error.
    return undefined;
  }
}
