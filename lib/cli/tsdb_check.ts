/** `tsdb check`: walks a store that no server holds, prints what it found, and, when asked to, mends it. */
import { UserError } from "../core/errors.ts";
import { checkStore } from "../storage/check/check_store.ts";
import { repairStore } from "../storage/check/repair.ts";
import { SHARD_PREFIX, storageKeys } from "../storage/keys.ts";
import type { SubcommandArguments } from "./argument_reader.ts";
import type { CommandPorts } from "./commands.ts";
import { commandLog } from "./tsdb_ports.ts";

/** 0: clean; 1: something is damaged, or was before it was mended. */
export async function checkCommand(args: SubcommandArguments, ports: CommandPorts): Promise<number> {
  const path = onePath(args);
  const { kv, close } = await ports.tsdb.openStore(path, { create: false });
  try {
    const store = { kv, keys: storageKeys(SHARD_PREFIX), log: commandLog(ports) };
    const { findings, summary } = await checkStore(store, ({ where, problem, harmless }) => {
      ports.out(`${harmless ? "note" : "damage"}: ${where}: ${problem}\n`);
    });
    const damaged = findings.filter((finding) => !finding.harmless).length;
    ports.out(
      `${summary.keys} keys, ${summary.cohorts} cohorts, ${summary.series} series, ${summary.pages} pages with ` +
        `${summary.samples} samples in ${summary.pageBytes} bytes, ${summary.exemplars} exemplars, ` +
        `${summary.records} records in the journal: ` +
        `${damaged === 0 ? "no damage" : `${damaged} damaged`}` +
        `${findings.length > damaged ? `, ${findings.length - damaged} left by interrupted runs` : ""}\n`,
    );
    if (args.booleans.has("repair") && findings.length > 0) {
      await repairStore(findings, store, (deed) => ports.out(`repair: ${deed}\n`));
      const after = await checkStore(store, () => {});
      const left = after.findings.filter((finding) => !finding.harmless);
      for (const { where, problem } of left) ports.out(`left: ${where}: ${problem}\n`);
      ports.out(`after the repair: ${left.length === 0 ? "no damage" : `${left.length} damaged`}\n`);
    }
    return damaged > 0 ? 1 : 0;
  } finally {
    close();
  }
}

export function onePath(args: SubcommandArguments): string {
  const [path, ...rest] = args.positional;
  if (path === undefined) throw new UserError("bad_data", "required argument 'data-dir' not provided");
  if (rest.length > 0) throw new UserError("bad_data", `unexpected ${rest[0]}`);
  return path;
}
