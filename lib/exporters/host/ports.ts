/**
 * What the host exporter needs of the world: text of /proc and /sys, statistics of file systems, and a clock.
 * `lib/sys/host_files.ts` implements it on Deno; tests implement it on fixture texts.
 */
export interface FileSystemStat {
  /** Bytes of a block. */
  readonly blockBytes: number;
  readonly blocksCount: number;
  readonly blocksFree: number;
  /** To a user without privileges. */
  readonly blocksAvailable: number;
  readonly filesCount: number;
  readonly filesFree: number;
}

export interface HostPorts {
  /** Rejects when the file is missing or unreadable. */
  readText(path: string): Promise<string>;
  /** Names of the entries of a directory, sorted; rejects when there is no such directory. */
  list(directory: string): Promise<readonly string[]>;
  /** Rejects when the path is missing or its file system does not answer. */
  statfs(path: string): Promise<FileSystemStat>;
  /** The machine's architecture as uname tells it: `x86_64`, `aarch64`. */
  readonly machine: string;
  /** IANA name of the machine's time zone. */
  readonly timeZone: string;
  /** Wall time in milliseconds since the epoch. */
  nowMs(): number;
  /** Never goes back; fractions of a millisecond. */
  monotonicMs(): number;
}
