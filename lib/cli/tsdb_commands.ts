/** The commands over stored samples, as `commands.ts` lists them. */
import type { Command } from "./commands.ts";
import { checkCommand } from "./tsdb_check.ts";
import { createBlocksCommand, importCommand } from "./tsdb_import.ts";

const IMPORT_SPEC = { valued: ["label"], booleans: ["quiet"], short: { q: "quiet" } } as const;
const QUIET_HELP = ["-q, --quiet", "Print the final account only."] as const;
const LABEL_HELP = [
  "    --label=LABEL ...",
  "Label to attach to every series of a text, NAME=VALUE.",
] as const;

export const TSDB_COMMANDS: readonly Command[] = [
  {
    words: ["tsdb", "check"],
    usage: "tsdb check [<flags>] <data-dir>",
    summary: "Verify every key of a store that no server holds: exit code 1 when something is damaged.",
    spec: { valued: [], booleans: ["repair"], short: {} },
    flagHelp: [["    --repair", "Put aside what is damaged and rebuild what can be rebuilt."]],
    run: checkCommand,
  },
  {
    words: ["tsdb", "import"],
    usage: "tsdb import prometheus <prometheus-data-dir> <data-dir>\n" +
      "       narthex tsdb import openmetrics [<flags>] <files>... <data-dir>",
    summary:
      "Import the data directory of a Prometheus that does not run (blocks and write-ahead log), or OpenMetrics text " +
      'in which every sample has a timestamp ("-" is standard input).',
    spec: IMPORT_SPEC,
    flagHelp: [QUIET_HELP, LABEL_HELP],
    run: importCommand,
  },
  {
    words: ["tsdb", "create-blocks-from"],
    usage: "tsdb create-blocks-from openmetrics [<flags>] <input file> [<data-dir>]",
    summary: "Import OpenMetrics text, by promtool's words.",
    spec: IMPORT_SPEC,
    flagHelp: [QUIET_HELP, LABEL_HELP],
    run: createBlocksCommand,
  },
];
