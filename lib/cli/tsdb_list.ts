/** `tsdb list`: what a store that no server holds has sealed, a row a source; a page is not opened for it. */
import { formatDurationMs } from "../core/time.ts";
import { blockStats } from "../storage/block_stats.ts";
import { SHARD_PREFIX, storageKeys } from "../storage/keys.ts";
import { openOffline } from "../storage/offline.ts";
import type { SubcommandArguments } from "./argument_reader.ts";
import type { CommandPorts } from "./commands.ts";
import { onePath } from "./tsdb_check.ts";
import { commandLog } from "./tsdb_ports.ts";

const HEADINGS = [
  "COHORT",
  "MIN TIME",
  "MAX TIME",
  "DURATION",
  "NUM CELLS",
  "NUM PAGES",
  "NUM SERIES",
  "SIZE",
  "NAME",
];
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

export async function listCommand(args: SubcommandArguments, ports: CommandPorts): Promise<number> {
  const path = onePath(args);
  const human = args.booleans.has("human-readable");
  const { kv, close } = await ports.tsdb.openStore(path, { create: false });
  try {
    const head = await openOffline({ kv, keys: storageKeys(SHARD_PREFIX), log: commandLog(ports) });
    const rows = blockStats(head).map(({ cohort, minMs, maxMs, cells, pages, series, bytes, name }) => [
      ...[String(cohort), timeText(minMs, human), timeText(maxMs, human), formatDurationMs(maxMs - minMs)],
      ...[String(cells), String(pages), String(series), sizeText(bytes, human), name],
    ]);
    ports.out(tableText([HEADINGS, ...rows]));
    return 0;
  } finally {
    close();
  }
}

function timeText(tMs: number, human: boolean): string {
  if (!human) return String(tMs);
  const text = Temporal.Instant.fromEpochMilliseconds(tMs).toString({ smallestUnit: "second" });
  return `${text.slice(0, 10)} ${text.slice(11, 19)} +0000 UTC`;
}

function sizeText(bytes: number, human: boolean): string {
  if (!human) return String(bytes);
  let unit = 0;
  let size = bytes;
  for (; size >= 1024 && unit < UNITS.length - 1; unit++) size /= 1024;
  return `${unit === 0 ? size : size.toFixed(1)}${UNITS[unit]}`;
}

/** Columns are as wide as what they hold, and two apart. */
export function tableText(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) => `${row.map((cell, i) => cell.padEnd(widths[i]!)).join("  ").trimEnd()}\n`).join(
    "",
  );
}
