/**
 * The host exporter's view of the machine: /proc and /sys as text, file systems through statfs. Reads only; a
 * file system that does not answer is given up after a limit, as a dead NFS mount would hang a scrape for ever.
 */
import { statfs } from "node:fs/promises";
import type { FileSystemStat, HostPorts } from "../exporters/host/ports.ts";

/** As node_exporter's --collector.filesystem.mount-timeout. */
const STATFS_TIMEOUT_MS = 5_000;

export function hostFiles(): HostPorts {
  return {
    readText: (path) => Deno.readTextFile(path),
    list: listNames,
    statfs: statFileSystem,
    machine: Deno.build.arch,
    timeZone: Temporal.Now.timeZoneId(),
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
  };
}

async function listNames(directory: string): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(directory)) names.push(entry.name);
  return names.sort();
}

async function statFileSystem(path: string): Promise<FileSystemStat> {
  const expired = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => expired.reject(new Error(`statfs ${path} did not answer in ${STATFS_TIMEOUT_MS} ms`)),
    STATFS_TIMEOUT_MS,
  );
  try {
    const stat = await Promise.race([statfs(path), expired.promise]);
    return {
      blockBytes: stat.bsize,
      blocksCount: stat.blocks,
      blocksFree: stat.bfree,
      blocksAvailable: stat.bavail,
      filesCount: stat.files,
      filesFree: stat.ffree,
    };
  } finally {
    clearTimeout(timer);
  }
}
