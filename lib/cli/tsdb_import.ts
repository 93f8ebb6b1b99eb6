/** `tsdb import`: brings samples of others into a store that no server holds, and says what became of them. */
import { UserError } from "../core/errors.ts";
import { ImportAccount } from "../storage/import/account.ts";
import { ImportWriter } from "../storage/import/import_writer.ts";
import { importBlocks } from "../storage/import/prometheus_blocks.ts";
import { importHead } from "../storage/import/prometheus_head.ts";
import { finishImport, sweepUnfinished } from "../storage/import/publish.ts";
import { SHARD_PREFIX, storageKeys } from "../storage/keys.ts";
import { openOffline } from "../storage/offline.ts";
import type { SubcommandArguments } from "./argument_reader.ts";
import type { CommandPorts } from "./commands.ts";
import { importOpenMetrics } from "./openmetrics_source.ts";
import { commandLog } from "./tsdb_ports.ts";

const KINDS = `expected "prometheus" or "openmetrics"`;
/** As promtool's create-blocks-from without an output directory. */
const DATA_PATH_DEFAULT = "data/";

export async function importCommand(args: SubcommandArguments, ports: CommandPorts): Promise<number> {
  const [kind, ...paths] = args.positional;
  const progress = args.booleans.has("quiet") ? () => {} : (line: string) => ports.err(`${line}\n`);
  if (kind === "prometheus") {
    const [from, to, ...rest] = paths;
    if (from === undefined || to === undefined) {
      throw new UserError("bad_data", "required argument 'prometheus-data-dir' or 'data-dir' not provided");
    }
    if (rest.length > 0) throw new UserError("bad_data", `unexpected ${rest[0]}`);
    return await importInto(to, ports, async (writer, account) => {
      const job = { files: ports.tsdb.files, directory: from, writer, account, progress };
      if (job.files.names(from) === undefined) {
        throw new UserError("not_found", `open ${from}: no such directory`);
      }
      const headFromMs = await importBlocks(job);
      await importHead(job, headFromMs);
    });
  }
  if (kind === "openmetrics") {
    const to = paths.at(-1);
    const from = paths.slice(0, -1);
    if (to === undefined || from.length === 0) {
      throw new UserError("bad_data", "required argument 'files' or 'data-dir' not provided");
    }
    return await importTexts(from, to, args, ports);
  }
  throw new UserError("bad_data", kind === undefined ? KINDS : `${KINDS}, got ${JSON.stringify(kind)}`);
}

/** `tsdb create-blocks-from openmetrics`, promtool's words for it. */
export async function createBlocksCommand(args: SubcommandArguments, ports: CommandPorts): Promise<number> {
  const [kind, from, to, ...rest] = args.positional;
  if (kind !== "openmetrics") {
    const got = kind === undefined ? "" : `, got ${JSON.stringify(kind)}`;
    throw new UserError("bad_data", `expected "openmetrics"${got}`);
  }
  if (from === undefined) throw new UserError("bad_data", "required argument 'input file' not provided");
  if (rest.length > 0) throw new UserError("bad_data", `unexpected ${rest[0]}`);
  return await importTexts([from], to ?? DATA_PATH_DEFAULT, args, ports);
}

async function importTexts(
  from: readonly string[],
  to: string,
  args: SubcommandArguments,
  ports: CommandPorts,
): Promise<number> {
  const progress = args.booleans.has("quiet") ? () => {} : (line: string) => ports.err(`${line}\n`);
  const labels = (args.values.get("label") ?? []).map(labelOf);
  return await importInto(to, ports, async (writer) => {
    for (const path of from) {
      const file = path === "-" ? await ports.tsdb.stdin() : ports.tsdb.files.open(path);
      try {
        await importOpenMetrics(file, writer, { labels, progress });
      } finally {
        file.close();
      }
    }
  });
}

function labelOf(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  if (at <= 0) throw new UserError("bad_data", `--label: expected NAME=VALUE, got ${JSON.stringify(text)}`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** 1 when something was damaged and left out, or nothing could be done. */
export async function importInto(
  path: string,
  ports: CommandPorts,
  run: (writer: ImportWriter, account: ImportAccount) => Promise<void>,
): Promise<number> {
  const keys = storageKeys(SHARD_PREFIX);
  const { kv, close } = await ports.tsdb.openStore(path, { create: true });
  try {
    await finishImport(kv, keys, []);
    const head = await openOffline({ kv, keys, log: commandLog(ports) });
    const swept = await sweepUnfinished(kv, keys);
    if (swept > 0) ports.err(`deleted ${swept} keys that an import without an end had left\n`);
    const { nextCohort, truncatedThrough } = head;
    const names = new Set(head.byName.keys());
    const writer = new ImportWriter({ kv, keys, nextCohort, names, truncatedThrough });
    const account = new ImportAccount();
    try {
      await run(writer, account);
    } catch (error) {
      await sweepUnfinished(kv, keys);
      throw error;
    }
    await writer.finish();
    ports.out(accountText(writer, account));
    return account.damaged > 0 ? 1 : 0;
  } finally {
    close();
  }
}

function accountText(writer: ImportWriter, account: ImportAccount): string {
  const perSample = writer.samples === 0 ? "" : ` (${(writer.bytes / writer.samples).toFixed(2)} a sample)`;
  return [
    `imported ${writer.series} series with ${writer.samples} samples: ${writer.bytes} bytes${perSample}`,
    ...account.skipped().map(([reason, count]) => `skipped ${count} ${reason}`),
    ...account.damage().map((what) => `damaged: ${what}`),
    ...account.damaged > account.damage().length
      ? [`damaged: ${account.damaged - account.damage().length} more`]
      : [],
    "A server deletes what is older than its retention: see --storage.tsdb.retention.time.",
    "",
  ].join("\n");
}
